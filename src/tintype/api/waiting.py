"""Wait for a generation's end inside a request, as long as its caller wants and the server runs."""

from __future__ import annotations

import asyncio
import contextlib
import re
from typing import TYPE_CHECKING

from tintype.domain.generation import State
from tintype.store import films, generations

if TYPE_CHECKING:
    from starlette.requests import Request

    from tintype.api.gateway import Gateway

WAIT_MAX_S = 60
_LOOK_S = 0.1
_SLACK_S = 10.0
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


async def until_made(here: Gateway, order_id: str, *, timeout_s: float) -> bool:
    """Wait until an order's film has ended; whether it has."""
    now = asyncio.get_running_loop().time
    ends_at = now() + timeout_s
    for clip in await generations.of_order(here.core.database, order_id):
        if not await until_final(here, clip.id, timeout_s=max(ends_at - now(), 0.0)):
            return False
    # Nobody tells of a film's end; joining takes seconds, and a look a moment.
    while not here.stopping.is_set():
        film = await films.get(here.core.database, order_id)
        if film is not None and film.is_final:
            return True
        if now() >= ends_at:
            break
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(here.stopping.wait(), _LOOK_S)
    return False


def allow(request: Request, seconds: float) -> None:
    """Let a request take so long, where the layer around all routes would end it before."""
    limit: asyncio.Timeout | None = getattr(request.state, "limit", None)
    if limit is not None and not limit.expired():
        limit.reschedule(asyncio.get_running_loop().time() + seconds + _SLACK_S)


async def _follow(here: Gateway, ident: str) -> bool:
    while True:
        async with contextlib.aclosing(here.core.feed.watch(ident)) as events:
            async for event in events:
                if event.state is None:
                    return False
                if State(event.state).is_final:
                    return True
        # A reader that was too slow is told to begin anew.
