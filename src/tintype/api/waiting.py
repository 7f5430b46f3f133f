"""Wait for a generation's end inside a request, as long as its caller wants and the server runs."""

from __future__ import annotations

import asyncio
import contextlib
import re
from typing import TYPE_CHECKING, Any, Self

from starlette.requests import ClientDisconnect

from tintype.domain.generation import State
from tintype.store import films, generations

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from starlette.requests import Request

    from tintype.api.gateway import Gateway

WAIT_MAX_S = 60
_LOOK_S = 0.25
_SLACK_S = 10.0
_PREFER = re.compile(r"(?:^|,)\s*wait(?:\s*=\s*(\d{1,6}))?\s*(?:[,;]|$)")


def preferred_s(prefer: str | None) -> int | None:
    """Return the seconds of `Prefer: wait=n`, `wait` alone being 60; None for what is not understood."""
    found = _PREFER.search(prefer or "")
    if found is None:
        return None
    seconds = WAIT_MAX_S if found[1] is None else int(found[1])
    return seconds if 1 <= seconds <= WAIT_MAX_S else None


async def until_final(here: Gateway, ident: str, *, timeout_s: float, request: Request | None = None) -> bool:
    """Wait until a generation has ended; whether it has. It goes on, whatever comes of the waiting.

    With a `request` the waiting ends when its caller hangs up: raises ClientDisconnect.
    """
    async with _Ears(here, request) as ears:
        return await _ended(here, ident, ears, timeout_s)


async def until_all_final(
    here: Gateway, idents: Sequence[str], *, timeout_s: float, request: Request | None = None
) -> bool:
    """Wait until several generations have ended, so long in all; whether they have. As with one."""
    now = asyncio.get_running_loop().time
    ends_at = now() + timeout_s
    async with _Ears(here, request) as ears:
        for ident in idents:
            if not await _ended(here, ident, ears, max(ends_at - now(), 0.0)):
                return False
    return True


async def until_made(
    here: Gateway, order_id: str, *, timeout_s: float, request: Request | None = None
) -> bool:
    """Wait until an order's film has ended; whether it has. As with a generation."""
    now = asyncio.get_running_loop().time
    ends_at = now() + timeout_s
    async with _Ears(here, request) as ears:
        for clip in await generations.of_order(here.core.database, order_id):
            if not await _ended(here, clip.id, ears, max(ends_at - now(), 0.0)):
                return False
        # Nobody tells of a film's end; joining takes seconds, and a look a moment.
        while True:
            film = await films.get(here.core.database, order_id)
            if film is not None and film.is_final:
                return True
            left_s = ends_at - now()
            if left_s <= 0 or await ears.hear(timeout_s=min(_LOOK_S, left_s)):
                return False


def allow(request: Request, seconds: float) -> None:
    """Let a request take so long, where the layer around all routes would end it before."""
    limit: asyncio.Timeout | None = getattr(request.state, "limit", None)
    if limit is not None and not limit.expired():
        limit.reschedule(asyncio.get_running_loop().time() + seconds + _SLACK_S)


class _Ears:
    """Hears what ends a waiting early: the server stops, or the caller hangs up."""

    def __init__(self, here: Gateway, request: Request | None) -> None:
        self._sounds: set[asyncio.Future[Any]] = {asyncio.ensure_future(here.stopping.wait())}
        self._leaving = None if request is None else asyncio.ensure_future(_until_gone(request))
        if self._leaving is not None:
            self._sounds.add(self._leaving)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for sound in self._sounds:
            sound.cancel()
        await asyncio.gather(*self._sounds, return_exceptions=True)

    async def hear(self, *others: asyncio.Future[Any], timeout_s: float) -> bool:
        """Wait for a sound, at most so long, or less when one of the others is done; whether there was a sound.

        Raises ClientDisconnect when it was the caller's leaving.
        """
        among = {*self._sounds, *others}
        done, _ = await asyncio.wait(among, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        if self._leaving in done:
            raise ClientDisconnect
        return bool(done & self._sounds)


async def _ended(here: Gateway, ident: str, ears: _Ears, timeout_s: float) -> bool:
    following = asyncio.ensure_future(_follow(here, ident))
    try:
        await ears.hear(following, timeout_s=timeout_s)
        return following.done() and following.result()
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


async def _until_gone(request: Request) -> bool:
    while (await request.receive())["type"] != "http.disconnect":
        pass
    return True


async def _follow(here: Gateway, ident: str) -> bool:
    while True:
        async with contextlib.aclosing(here.core.feed.watch(ident)) as events:
            async for event in events:
                if event.state is None:
                    return False
                if State(event.state).is_final:
                    return True
        # A reader that was too slow is told to begin anew.
