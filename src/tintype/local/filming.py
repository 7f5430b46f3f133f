"""Films in one's own process: a clip of each image, joined into one."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tintype.domain import errors
from tintype.service.requests import Request

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tintype.local.generation import Generation
    from tintype.local.studio import Studio


@dataclass(frozen=True, slots=True)
class Film:
    """A film joined of clips: where it is, its length in seconds, and the generations that made the clips."""

    path: Path
    seconds: float
    clips: tuple[Generation, ...]


async def make(
    studio: Studio,
    images: Sequence[Path | bytes | str],
    *,
    to: Path,
    prompt: str,
    model: str,
    crossfade_s: float,
    timeout_s: float | None,
    inputs: Mapping[str, Any],
) -> Film:
    """Make a film; see `Studio.video`."""
    known = studio.core.catalogue.find(model)
    if not images or known.image_input is None:
        raise errors.InputError(
            "a film is made of at least one image, by a model that takes one: tintype models"
        )
    from tintype.media import video  # noqa: PLC0415 - brings PyAV, before anything is bought

    name = known.image_input.name
    asked = [Request(model, {"prompt": prompt, **inputs, name: image}) for image in images]
    begun = await studio.submit_all(asked, kind="video")
    clips = [(await studio.wait(one.id, timeout_s=timeout_s)) for one in begun]
    for clip in clips:
        clip.raise_for_failure()
    async with contextlib.AsyncExitStack() as stack:
        paths = [
            await stack.enter_async_context(studio.core.files.local(clip.outputs[0].sha256)) for clip in clips
        ]
        made = await asyncio.to_thread(video.join, paths, to, crossfade_s=crossfade_s)
    return Film(made.path, float(made.seconds), tuple(clips))


__all__ = ["Film", "make"]
