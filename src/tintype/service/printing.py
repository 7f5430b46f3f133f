"""Finishing steps that are done here, for nothing: trimming a picture, making the file for a print shop.

    if await printing.begun(row, db=db): …        # a generation's outputs are stored, and steps are left to do
    lost = await printing.make(ident, tools)      # the job; None when all is done

They are part of the generation whose outputs they work on: it has succeeded when they are done. They make one more
output of each, once, however often the job is begun; what a model made stays as it is. The order's plan says what is to
be done.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tintype.domain import events, steps
from tintype.domain.generation import State
from tintype.media import disk, files_errors, pool
from tintype.media.kinds import Kind
from tintype.store import generations, outputs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from tintype.media.files import Files, Stored
    from tintype.store.database import Database
    from tintype.store.generations import Generation
    from tintype.store.outputs import Output

TIME_MAX_S = 180.0
MEMORY_MAX_BYTES = 4 * 1024 * 1024 * 1024
"""Address space for a sheet of 200 million pixels, a copy of it, and the libraries."""
FILE_MAX_BYTES = 1024 * 1024 * 1024
GIVE_UP_S = 6 * 3600.0
"""After so long a store that does not take the file is waited for no more."""
_PIECE_BYTES = 1024 * 1024

_log = logging.getLogger("tintype.printing")


@dataclass(frozen=True, slots=True)
class Tools:
    """What files are finished with. `printers` is a pool with room and time for posters."""

    db: Database
    files: Files
    printers: pool.Pool
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class _Left:
    """Steps that are left to do on a stored output."""

    on: Output
    texts: tuple[str, ...]


def pool_of() -> pool.Pool:
    """Return a pool for pictures as large as posters, one at a time."""
    return pool.Pool(
        processes=1,
        memory_max_bytes=MEMORY_MAX_BYTES,
        time_max_s=TIME_MAX_S,
        file_max_bytes=FILE_MAX_BYTES,
    )


async def begun(row: Generation, *, db: Database) -> bool:
    """Defer the job where steps are left to do on a generation's stored outputs; whether there are any."""
    if not await _left(row, db):
        return False
    await db.value("enqueue_job", queue="print", id=row.id, priority=0, after_s=0.0)
    return True


async def make(ident: str, tools: Tools) -> events.Unfinished | None:
    """Do what steps are left on a generation's outputs. Doing so again is harmless.

    Raises FilesError while the store does not work, so that the job is done again.
    """
    row = await generations.get(tools.db, ident)
    if row is None or row.state != State.CAPTURING:
        return None
    try:
        for one in await _left(row, tools.db):
            await _make_one(one, tools)
    except (pool.WorkFailed, files_errors.ObjectMissing, files_errors.ObjectTooLarge) as fault:
        # Trying again would end the same way.
        return _lost(ident, fault)
    except files_errors.FilesError as fault:
        since = row.completed_at or row.created_at
        if (tools.now() - since).total_seconds() < GIVE_UP_S:
            raise
        return _lost(ident, fault)
    return None


def _lost(ident: str, fault: Exception) -> events.Unfinished:
    _log.warning("%s is not finished: %s", ident, fault)
    return events.Unfinished(f"The picture is made and kept, and could not be finished: {fault}")


async def _left(row: Generation, db: Database) -> list[_Left]:
    if row.order_id is None:
        return []
    planned: Mapping[str, Sequence[str]] | None = await db.value("steps_planned", id=row.id)
    if not planned:
        return []
    kept = {one.position: one for one in await outputs.of(db, row.id)}
    return [
        _Left(kept[int(output)], tuple(texts))
        for output, texts in sorted(planned.items(), key=lambda one: int(one[0]))
        if int(output) in kept and steps.MADE_HERE + int(output) not in kept
    ]


async def _make_one(one: _Left, tools: Tools) -> None:
    target = disk.new_draft(tools.files.drafts)
    try:
        async with tools.files.local(one.on.sha256) as source:
            made = await _worked(one, source=str(source), target=str(target), printers=tools.printers)
        stored = await _stored(target, tools)
    finally:
        await asyncio.to_thread(target.unlink, missing_ok=True)
    row = _row(one, made, stored)
    async with tools.db.transaction() as work:
        await outputs.name(work, sha256=row.sha256, content_type=row.content_type, size_bytes=row.size_bytes)
        if not await tools.files.has(row.sha256):
            raise files_errors.StorageAway("an equal file was deleted at the same moment", can_retry=True)
        await outputs.put(work, row)
        if Kind(row.content_type) is Kind.PNG:
            await work.value("enqueue_job", queue="thumbnail", id=row.generation_id, priority=0, after_s=0.0)


async def _worked(one: _Left, *, source: str, target: str, printers: pool.Pool) -> Mapping[str, Any]:
    told = {"source": source, "target": target, "steps": list(one.texts), "ident": one.on.generation_id}
    try:
        return await printers.run("finish", **told)
    except pool.WorkFailed as fault:
        if not fault.has_died:
            raise
        # Where memory is short the system ends such a process first, whatever it does: what was paid for gets another.
        _log.warning("%s is finished again: %s", one.on.generation_id, fault)
        return await printers.run("finish", **told)


def _row(one: _Left, made: Mapping[str, Any], stored: Stored) -> Output:
    return outputs.Output(
        generation_id=one.on.generation_id,
        position=steps.MADE_HERE + one.on.position,
        sha256=stored.hash,
        upstream_sha256=one.on.upstream_sha256,
        upstream_url=None,
        content_type=made["kind"],
        size_bytes=stored.size_bytes,
        width=made["width"],
        height=made["height"],
        note=steps.JOINED.join(one.texts),
    )


async def _stored(target: Path, tools: Tools) -> Stored:
    async with tools.files.draft() as draft:
        with target.open("rb") as file:
            while piece := await asyncio.to_thread(file.read, _PIECE_BYTES):
                await draft.write(piece)
        await draft.end()
        return await draft.keep()


__all__ = ["Tools", "begun", "make", "pool_of"]
