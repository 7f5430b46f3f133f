"""Wait for a generation's end inside a request, as long as its caller wants and the server runs."""

from __future__ import annotations

import asyncio
import math
import re
from typing import TYPE_CHECKING, Any, Self

from starlette.requests import ClientDisconnect

from tintype.api import gateway
from tintype.domain.generation import State
from tintype.store import films, generations

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from starlette.requests import Request
    from starlette.types import Receive

    from tintype.api.gateway import Gateway

WAIT_MAX_S = 60
_LOOK_S = 0.25
_SLACK_S = 10.0
# Names ignore case, and a value may be quoted (RFC 7240).
_PREFER = re.compile(r"""(?:^|,)\s*wait(?:\s*=\s*("?)(\d{1,6})\1)?\s*(?:[,;]|$)""", re.IGNORECASE | re.ASCII)


def preferred_s(prefer: str | None) -> int | None:
    """Return the seconds of `Prefer: wait=n`, at most 60, as `wait` alone; None for what is not understood."""
    found = _PREFER.search(prefer or "")
    if found is None:
        return None
    seconds = WAIT_MAX_S if found[2] is None else min(int(found[2]), WAIT_MAX_S)
    return seconds or None


def granted_s(request: Request, wanted_s: int) -> int:
    """Let a request wait as long as it wants and the server allows (`TINTYPE_REQUEST_TIMEOUT_S`); returns how long."""
    granted = min(wanted_s, int(gateway.of(request).settings.request_timeout_s))
    allow(request, granted)
    return granted


async def until_final(here: Gateway, ident: str, *, timeout_s: float, request: Request | None = None) -> bool:
    """Wait until a generation has ended; whether it has. It goes on, whatever comes of the waiting.

    With a `request` the waiting ends when its caller hangs up: raises ClientDisconnect.
    """
    return await until_all_final(here, [ident], timeout_s=timeout_s, request=request)


async def until_all_final(
    here: Gateway, idents: Sequence[str], *, timeout_s: float, request: Request | None = None
) -> bool:
    """Wait until several generations have ended, so long in all; whether they have. As with one."""
    async with _Ears(here, request, timeout_s) as ears:
        for ident in idents:
            if not await _ended(here, ident, ears):
                return False
    return True


async def until_made(
    here: Gateway, order_id: str, *, timeout_s: float, request: Request | None = None
) -> bool:
    """Wait until an order's film has ended; whether it has. As with a generation."""
    async with _Ears(here, request, timeout_s) as ears:
        for clip in await generations.of_order(here.core.database, order_id):
            if not await _ended(here, clip.id, ears):
                return False
        # Nobody tells of a film's end; joining takes seconds, and a look a moment.
        while True:
            film = await films.get(here.core.database, order_id)
            if film is not None and film.is_final:
                return True
            if ears.are_done():
                return False
            await ears.listen(_LOOK_S)


def allow(request: Request, seconds: float) -> None:
    """Let a request take so long, where the layer around all routes would end it before."""
    limit: asyncio.Timeout | None = getattr(request.state, "limit", None)
    if limit is not None and not limit.expired():
        limit.reschedule(asyncio.get_running_loop().time() + seconds + _SLACK_S)


class _Ears:
    """Hears what ends a waiting: the server stops, the caller hangs up, the time is over.

    Thousands may wait at once, so it has no task of its own where the request is listened to already
    (`request.state.leaving`), and wakes one future, whoever makes a sound.
    """

    __slots__ = ("_ends_at", "_here", "_is_own", "_leaving", "_loop", "_sound")

    def __init__(self, here: Gateway, request: Request | None, timeout_s: float) -> None:
        self._here = here
        self._loop = asyncio.get_running_loop()
        self._ends_at = self._loop.time() + timeout_s
        self._sound: asyncio.Future[None] | None = None
        self._leaving: asyncio.Future[Any] | None = (
            None if request is None else getattr(request.state, "leaving", None)
        )
        self._is_own = request is not None and self._leaving is None
        if request is not None and self._leaving is None:
            self._leaving = asyncio.ensure_future(until_gone(request.receive))

    async def __aenter__(self) -> Self:
        self._here.stopping.tell(self.wake)
        if self._leaving is not None:
            self._leaving.add_done_callback(self.wake)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._here.stopping.forget(self.wake)
        if self._leaving is not None:
            self._leaving.remove_done_callback(self.wake)
            if self._is_own:
                self._leaving.cancel()
                await asyncio.gather(self._leaving, return_exceptions=True)

    def wake(self, _: object = None) -> None:
        """Make a sound."""
        if self._sound is not None and not self._sound.done():
            self._sound.set_result(None)

    def are_done(self) -> bool:
        """Whether the waiting is over without what was waited for. Raises ClientDisconnect for a caller who left."""
        if self._leaving is not None and self._leaving.done():
            raise ClientDisconnect
        return self._here.stopping.is_set() or self._loop.time() >= self._ends_at

    async def listen(self, seconds: float = math.inf) -> None:
        """Wait for a sound, at most so long; the end of the time is one."""
        self._sound = self._loop.create_future()
        timer = self._loop.call_at(min(self._loop.time() + seconds, self._ends_at), self.wake)
        try:
            await self._sound
        finally:
            timer.cancel()
            self._sound = None


async def _ended(here: Gateway, ident: str, ears: _Ears) -> bool:
    # A reader that was too slow begins anew, and so does one whose generation is there no more.
    while True:
        reader = await here.core.feed.follow(ident, after=None, ring=ears.wake)
        try:
            while not reader.line.is_full:
                while (event := reader.take()) is not None:
                    if event.state is None or State(event.state).is_final:
                        return event.state is not None
                if reader.is_over:
                    break
                if ears.are_done():
                    return False
                await ears.listen()
        finally:
            here.core.feed.leave(reader)


async def until_gone(receive: Receive) -> None:
    """Wait until a caller hangs up, whose body was read."""
    while (await receive())["type"] != "http.disconnect":
        pass
