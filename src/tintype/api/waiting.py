"""Wait for a generation's end inside a request, as long as its caller wants and the server runs."""

from __future__ import annotations

import asyncio
import contextlib
import re
from typing import TYPE_CHECKING

from tintype.domain.generation import State

if TYPE_CHECKING:
    from tintype.api.gateway import Gateway

WAIT_MAX_S = 60
_PREFER = re.compile(r"(?:^|,)\s*wait(?:\s*=\s*(\d{1,6}))?\s*(?:[,;]|$)")


def preferred_s(prefer: str | None) -> int | None:
    """Return the seconds of `Prefer: wait=n`, `wait` alone being 60; None for what is not understood."""
    found = _PREFER.search(prefer or "")
    if found is None:
        return None
    seconds = WAIT_MAX_S if found[1] is None else int(found[1])
    return seconds if 1 <= seconds <= WAIT_MAX_S else None


async def until_final(here: Gateway, ident: str, *, timeout_s: float) -> bool:
    """Wait until a generation has ended; whether it has. It goes on, whatever comes of the waiting."""
    following = asyncio.ensure_future(_follow(here, ident))
    stopping = asyncio.ensure_future(here.stopping.wait())
    try:
        await asyncio.wait({following, stopping}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        return following.done() and following.result()
    finally:
        for task in (following, stopping):
            task.cancel()
        await asyncio.gather(following, stopping, return_exceptions=True)


async def _follow(here: Gateway, ident: str) -> bool:
    while True:
        async with contextlib.aclosing(here.core.feed.watch(ident)) as events:
            async for event in events:
                if event.state is None:
                    return False
                if State(event.state).is_final:
                    return True
        # A reader that was too slow is told to begin anew.
