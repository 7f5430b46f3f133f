"""A shorter way to the routes that are called most: no matching of routes, no solving of dependencies.

Those take the framework as long as the rest of an admission, and what they leave behind holds a third of the memory of
a request that waits. A shortcut answers a request that is like nearly all
others. It gives up before it has done anything where one is not, and that request goes the long way from its beginning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tintype.api.bodies import StrictRequest
from tintype.api.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    Shortcut = Callable[[StrictRequest], Awaitable[Response | None]]
    """Answers a request, or returns None before it has done anything: then the long way is taken."""


class Shortcuts:
    """Wraps an application; `ways` has a shortcut by method and path."""

    def __init__(self, app: ASGIApp, ways: Mapping[tuple[str, str], Shortcut]) -> None:
        self._app = app
        self._ways = ways

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, by its shortcut if it has one."""
        way = self._ways.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        if way is None:
            await self._app(scope, receive, send)
            return
        # Nothing is matched, and it is counted as the route that it stands for.
        scope["state"]["route"] = scope["path"]
        tape = _Tape(receive)
        answer = await way(StrictRequest(scope, tape.record))
        if answer is None:
            await self._app(scope, tape.play, send)
        else:
            await answer(scope, receive, send)


class _Tape:
    """What was received, to be received once more."""

    __slots__ = ("_heard", "_receive")

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._heard: list[Message | Problem] = []

    async def record(self) -> Message:
        """Receive, and keep it; a refusal of what comes too."""
        try:
            message = await self._receive()
        except Problem as problem:
            self._heard.append(problem)
            raise
        self._heard.append(message)
        return message

    async def play(self) -> Message:
        """Receive what was kept, and then what comes next."""
        if not self._heard:
            return await self._receive()
        heard = self._heard.pop(0)
        if isinstance(heard, Problem):
            raise heard
        return heard


__all__ = ["Shortcuts"]
