"""Do several things side by side that end together, also where a cancellation gets lost on its way.

A connection pool may swallow one when a connection comes at the same moment, a failure on the way out may take its
place, and a task group cancels only once. So what is to end is told by an event, and cancelled again until it has
ended.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Coroutine

AGAIN_S = 0.25
"""How long a task gets to end in order before it is cancelled once more."""


async def together(*duties: Coroutine[Any, Any, None], is_over: asyncio.Event) -> None:
    """Do them until the first ends or fails, or this is cancelled; then end them all.

    `is_over` is set before any is cancelled, for a duty to look at. Raises all that failed, as a group.
    """
    tasks = [asyncio.ensure_future(one) for one in duties]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        is_over.set()
        await end(*tasks)
    faults = [fault for task in tasks if not task.cancelled() and (fault := task.exception()) is not None]
    if faults:
        raise BaseExceptionGroup("duties failed", faults)


async def until(stopping: asyncio.Event, act: Coroutine[Any, Any, None]) -> None:
    """Do it to its end, or less when the event is set. Raises what it raises."""
    doing = asyncio.ensure_future(act)
    waiting = asyncio.ensure_future(stopping.wait())
    try:
        await asyncio.wait({doing, waiting}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
        await end(doing)
    if not doing.cancelled():
        doing.result()


async def end(*tasks: asyncio.Future[Any]) -> None:
    """Cancel tasks until they have ended. Whoever is cancelled meanwhile is so when they have."""
    cancelled: asyncio.CancelledError | None = None
    while left := [task for task in tasks if not task.done()]:
        for task in left:
            task.cancel()
        try:
            await asyncio.wait(left, timeout=AGAIN_S)
        except asyncio.CancelledError as error:
            cancelled = error
    for task in tasks:
        # Looked at, so that nobody complains that it was not.
        if not task.cancelled():
            task.exception()
    if cancelled is not None:
        raise cancelled
