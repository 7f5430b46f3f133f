"""What comes before the application: a request's head has to arrive whole, soon, and at a size that a head has.

The server that this builds on waits for a head as long as it takes and keeps however much of it comes; a single caller
could fill its memory, and many could hold all its connections.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    import asyncio

HEAD_MAX_BYTES = 256 * 1024
"""The most of a head that is kept while the rest of it is missing."""
HEAD_S = 20.0
"""How long a head may take to arrive, from the connection or from its own first byte."""
_TOO_LARGE = "431 Request Header Fields Too Large", "The head of the request is too large."
_TOO_SLOW = "408 Request Timeout", "The head of the request did not arrive in time."


class Connection(HttpToolsProtocol):
    """One connection of a caller. `head_s` is how long a head may take."""

    # Beside the base's attributes: with more than thirty, each connection would have a table of their names.
    __slots__ = ("_is_in_head", "_kept_bytes", "_limit")

    head_s = HEAD_S

    def __init__(self, *positional: Any, **named: Any) -> None:
        super().__init__(*positional, **named)
        self._is_in_head = True
        self._kept_bytes = 0
        self._limit: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as the base has it
        """Start waiting for the first head."""
        super().connection_made(transport)
        self._limit = self.loop.call_later(self.head_s, self._refuse, _TOO_SLOW)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._rest()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came, unless it is a head that does not end."""
        was_in_head = self._is_in_head
        super().data_received(data)
        if not self._is_in_head or self.transport.is_closing():
            return
        if was_in_head:
            self._kept_bytes += len(data)
        if self._kept_bytes > HEAD_MAX_BYTES:
            self._refuse(_TOO_LARGE)
        elif self._limit is None:
            self._limit = self.loop.call_later(self.head_s, self._refuse, _TOO_SLOW)

    def on_message_begin(self) -> None:
        """Note that a head has begun."""
        self._is_in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Note that a head is whole."""
        self._is_in_head = False
        self._kept_bytes = 0
        self._rest()
        super().on_headers_complete()

    def _rest(self) -> None:
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None

    def _refuse(self, why: tuple[str, str]) -> None:
        """Say so where no other answer is under way, and close the connection."""
        self._rest()
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete:  # type: ignore[redundant-expr] # None at first
            status, text = why
            self.transport.write(
                f"HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\n"
                f"content-length: {len(text)}\r\nconnection: close\r\n\r\n{text}".encode()
            )
        self.transport.close()
