"""The jobs that store what was made and finish it here; what came of it is told to the only one who changes states."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tintype.domain import events
from tintype.service import capture, measuring, printing
from tintype.store import generations, outputs

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tintype.domain import charges
    from tintype.media.files import Files
    from tintype.observing import Observer
    from tintype.service.progress import Progress
    from tintype.store.database import Database
    from tintype.store.generations import Generation

    Task = Callable[[str], Awaitable[None]]


def capturing(tools: capture.Tools, progress: Progress, observer: Observer) -> Task:
    """Return the job that stores outputs; where steps are left to do on them here, it defers the one that does."""

    async def store(ident: str) -> None:
        began = time.monotonic()
        outcome = await capture.capture(ident, tools)
        match outcome:
            case events.Captured():
                row = await generations.get(tools.db, ident)
                if row is not None and not await printing.begun(row, db=tools.db):
                    observer.captured(row.model, time.monotonic() - began)
                    await progress.captured(row, await _made(row, progress, db=tools.db, files=tools.files))
            case events.CaptureLost():
                await progress.apply(ident, outcome)
            case capture.Again(after_s):
                await capture.enqueue(tools.db, ident, after_s=after_s)

    return store


def finishing(tools: printing.Tools, progress: Progress) -> Task:
    """Return the job that does the steps which nothing is bought for; the capture that it defers finds them done."""

    async def finish(ident: str) -> None:
        lost = await printing.make(ident, tools)
        if lost is None:
            await capture.enqueue(tools.db, ident)
            return
        row = await generations.get(tools.db, ident)
        if row is not None:
            await progress.apply(ident, lost, made=await _made(row, progress, db=tools.db, files=tools.files))

    return finish


async def _made(row: Generation, progress: Progress, *, db: Database, files: Files) -> charges.Made:
    kept = await outputs.of(db, row.id)
    return await measuring.of(row, kept, model=progress.priced(row), files=files)


__all__ = ["capturing", "finishing"]
