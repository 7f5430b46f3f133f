"""An event loop that tells what goes over its connections: which request is about to leave, or was answered.

with asyncio.Runner(loop_factory=lambda: wires.Loop(at)) as runner: …
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    At = Callable[[str], None]

_HALF_S = 0.01
_FIRST_LINE = re.compile(rb"(GET|POST) (\S+) HTTP/1\.1\r\n")
_ASKED = (
    ("create", b"POST", re.compile(rb"/v1/(?:.+/)?predictions")),
    ("output", b"GET", re.compile(rb"/pbxt/.+")),
    ("callback", b"POST", re.compile(rb"/callbacks")),
    ("admission", b"POST", re.compile(rb"/api/generations")),
    ("a webhook is kept", b"POST", re.compile(rb"/hooks/replicate/.+")),
)
# What is told before the piece of that number of a request leaves, and after; a head is a piece, a body the next.
_BEFORE = {
    ("create", 0): "before the bytes leave",
    ("create", 1): "during the POST",
    ("callback", 0): "before callback",
}
_AFTER = {("create", 1): "request sent"}
_ANSWERED = {"create": "after the POST", "callback": "during callback"}


class Loop(asyncio.SelectorEventLoop):
    """Tells `at` of the points that lie on a connection."""

    def __init__(self, at: At) -> None:
        super().__init__()
        self._at = at

    async def create_connection(self, protocol_factory: Any, *args: Any, **options: Any) -> Any:
        """Connect, and listen to what is asked and answered."""
        wire = _Asking(protocol_factory(), self._at)
        transport, _ = await super().create_connection(lambda: wire, *args, **options)
        return _Line(transport, wire), wire.inner

    async def create_server(self, protocol_factory: Any, *args: Any, **options: Any) -> Any:
        """Serve, and listen to what is asked and answered."""
        return await super().create_server(lambda: _Answering(protocol_factory(), self._at), *args, **options)


class _Line:
    """A transport that says what is about to be written."""

    def __init__(self, transport: Any, wire: _Wire) -> None:
        self._transport = transport
        self._wire = wire

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        self._wire.write(self._transport, data)


class _Wire(asyncio.Protocol):
    """Stands between a connection and the program's own protocol."""

    def __init__(self, inner: Any, at: At) -> None:
        self.inner = inner
        self._at = at
        self._kind = ""

    def connection_made(self, transport: Any) -> None:
        self.inner.connection_made(_Line(transport, self))

    def data_received(self, data: bytes) -> None:
        self.inner.data_received(data)

    def eof_received(self) -> bool | None:
        ended: bool | None = self.inner.eof_received()
        return ended

    def connection_lost(self, error: Exception | None) -> None:
        self.inner.connection_lost(error)

    def pause_writing(self) -> None:
        self.inner.pause_writing()

    def resume_writing(self) -> None:
        self.inner.resume_writing()

    def write(self, transport: Any, data: bytes) -> None:
        transport.write(data)


class _Asking(_Wire):
    """A connection on which this process asks."""

    def __init__(self, inner: Any, at: At) -> None:
        super().__init__(inner, at)
        self._pieces = 0
        self._held: list[bytes] = []

    def write(self, transport: Any, data: bytes) -> None:
        kind = _kind(data)
        if kind:
            self._kind, self._pieces = kind, 0
        piece = (self._kind, self._pieces)
        self._at(_BEFORE.get(piece, ""))
        transport.write(data)
        self._at(_AFTER.get(piece, ""))
        self._pieces += 1

    def data_received(self, data: bytes) -> None:
        kind, self._kind = self._kind, ""
        self._at(_ANSWERED.get(kind, ""))
        if self._held:
            self._held.append(data)
        elif kind == "output":
            # One half is taken in before the point, the other after it.
            half = len(data) // 2
            self.inner.data_received(data[:half])
            self._held = [data[half:]]
            asyncio.get_running_loop().call_later(_HALF_S, self._go_on)
        else:
            self.inner.data_received(data)

    def eof_received(self) -> bool | None:
        self._let_go()
        return super().eof_received()

    def connection_lost(self, error: Exception | None) -> None:
        self._let_go()
        super().connection_lost(error)

    def _go_on(self) -> None:
        self._at("during capture")
        self._let_go()

    def _let_go(self) -> None:
        held, self._held = b"".join(self._held), []
        if held:
            self.inner.data_received(held)


class _Answering(_Wire):
    """A connection on which this process answers."""

    def data_received(self, data: bytes) -> None:
        kind = _kind(data)
        if kind:
            self._kind = kind
            self._at(f"before {kind}")
        self.inner.data_received(data)

    def write(self, transport: Any, data: bytes) -> None:
        if data.startswith(b"HTTP/1.1 2") and self._kind:
            self._at(f"after {self._kind}")
        transport.write(data)


def _kind(data: bytes) -> str:
    """Return which request begins with these bytes; nothing for the bytes of any other."""
    begins = _FIRST_LINE.match(data)
    if begins is None:
        return ""
    method, path = begins.groups()
    return next((kind for kind, how, where in _ASKED if how == method and where.fullmatch(path)), "")
