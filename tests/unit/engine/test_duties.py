"""Things done side by side end together, whatever becomes of a cancellation."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

import pytest

from tintype.engine import duties

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any


async def for_ever() -> None:
    await asyncio.Event().wait()


async def swallowing(times: int) -> None:
    """Go on after so many cancellations, as if they had never come."""
    for _ in range(times):
        with contextlib.suppress(asyncio.CancelledError):
            await for_ever()
    await for_ever()


async def failing_on_its_way_out() -> None:
    try:
        await for_ever()
    finally:
        raise OSError("the connection broke")


async def failing() -> None:
    raise LookupError("not there")


@pytest.mark.parametrize("other", [for_ever(), swallowing(1), swallowing(2), failing_on_its_way_out()])
async def test_one_that_fails_ends_the_others(other: Coroutine[Any, Any, None]) -> None:
    """Whoever lost a cancellation is cancelled again; the failure is told, and every failure with it."""
    is_over = asyncio.Event()
    began = time.monotonic()

    with pytest.raises(ExceptionGroup) as caught:
        await duties.together(other, failing(), is_over=is_over)

    assert is_over.is_set()
    assert LookupError in {type(one) for one in caught.value.exceptions}
    assert time.monotonic() - began < 1


@pytest.mark.parametrize("times", [0, 1, 3])
async def test_a_cancellation_is_never_lost(times: int) -> None:
    """However many are swallowed, and however often it is cancelled, it ends as cancelled."""
    task = asyncio.create_task(
        duties.together(swallowing(times), failing_on_its_way_out(), is_over=asyncio.Event())
    )
    await asyncio.sleep(0)

    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=0.1)

    assert task.cancelled()


async def test_who_looks_for_the_end_ends_by_itself() -> None:
    """The event is set before anything is cancelled."""
    is_over = asyncio.Event()
    seen: list[bool] = []

    async def looking() -> None:
        try:
            await for_ever()
        finally:
            seen.append(is_over.is_set())

    with pytest.raises(ExceptionGroup):
        await duties.together(looking(), failing(), is_over=is_over)

    assert seen == [True]


async def test_it_is_done_until_it_ends_or_shall_end() -> None:
    """Its result and its failure come through; told to stop, it is ended however often that takes."""
    stopping = asyncio.Event()

    await duties.until(stopping, asyncio.sleep(0))
    with pytest.raises(LookupError):
        await duties.until(stopping, failing())
    asyncio.get_running_loop().call_later(0.05, stopping.set)
    async with asyncio.timeout(2):
        await duties.until(stopping, swallowing(2))
    assert stopping.is_set()
