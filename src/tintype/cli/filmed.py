"""Bring a film that the core has joined into a folder, its poster beside it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tintype.cli import files, runs, screen

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tintype.cli.runs import Broken, Done
    from tintype.local.studio import Studio


@dataclass(frozen=True, slots=True)
class Saved:
    """A film on disk: its order, length and pixels, what it cost, and its poster where there is one."""

    order_id: str
    path: Path
    poster: Path | None
    size: int
    seconds: float
    width: int | None
    height: int | None
    cost_nano_usd: int


async def save(open_studio: Studio, order_id: str, *, folder: Path, name: str) -> Saved:
    """Wait for a film and save it. Raises GenerationFailed where it cannot be joined."""
    from tintype.local import filming  # noqa: PLC0415 - not needed to refuse wrong input

    made = await filming.made(open_studio, order_id)
    folder = files.folder(folder)
    with files.new_file(folder, name, ".mp4") as (path, file):
        reading = await open_studio.core.files.open(made.sha256 or "")
        async for piece in reading.pieces:
            await asyncio.to_thread(file.write, piece)
    told = await filming.told(open_studio, made, path)
    poster = None
    if told.poster is not None:
        with files.new_file(folder, f"{path.stem}-poster", ".webp") as (poster, file):
            file.write(told.poster)
    return Saved(
        order_id=order_id,
        path=screen.shown(path),
        poster=None if poster is None else screen.shown(poster),
        size=made.size_bytes or 0,
        seconds=told.seconds,
        width=told.width,
        height=told.height,
        cost_nano_usd=told.cost_nano_usd,
    )


def files_of(film: Saved | None, ended: Sequence[Done | Broken]) -> list[dict[str, Any]]:
    """Name the files that a command saved, for JSON: the film, or those of each run."""
    if film is not None:
        return [{"path": str(film.path), "bytes": film.size}]
    return [file for one in ended if isinstance(one, runs.Done) for file in runs.document(one)]


__all__ = ["Saved", "files_of", "save"]
