"""What comes before the application: a request's head has to arrive whole, soon, and at a size that a head has.

The server that this builds on waits for a head as long as it takes and keeps however much of it comes; a single caller
could fill its memory, and many could hold all its connections. So could who is answered before its body came and drips
the rest: it has the time of a head to send that. When it stops it closes connections on which a request
may be under way; here they are given a moment in which that is answered.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    import socket

HEAD_MAX_BYTES = 256 * 1024
"""The most of a head that is kept while the rest of it is missing."""
HEAD_S = 20.0
"""How long a head may take to arrive, from the connection or from its own first byte."""
FIRST_S, NEXT_S = 1.0, 0.25
"""How long a first request may take to arrive at a server that stops, and a further one."""
_TOO_LARGE = "431 Request Header Fields Too Large", "The head of the request is too large."
_TOO_SLOW = "408 Request Timeout", "The head of the request did not arrive in time."


class Config(uvicorn.Config):
    """A server's configuration, which knows the newest of its connections: others can be made like it."""

    newest: Connection | None = None


class Connection(HttpToolsProtocol):
    """One connection of a caller. `head_s` is how long a head may take, `first_s` how long one when all is to end."""

    # Beside the base's attributes: with more than thirty, each connection would have a table of their names.
    __slots__ = ("_is_in_head", "_kept_bytes", "_limit")

    head_s = HEAD_S
    first_s = FIRST_S

    def __init__(self, *positional: Any, **named: Any) -> None:
        super().__init__(*positional, **named)
        self._is_in_head = True
        self._kept_bytes = 0
        self._limit: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as the base has it
        """Start waiting for the first head."""
        super().connection_made(transport)
        if isinstance(self.config, Config):
            self.config.newest = self
        self._limit = self.loop.call_later(self.head_s, self._refuse, _TOO_SLOW)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._rest()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came, unless it is a head that does not end."""
        was_in_head = self._is_in_head
        super().data_received(data)
        if self.transport.is_closing():
            return
        if not self._is_in_head:
            if self._is_idle() and self._limit is None:
                # The rest of what was answered before it came; the base waits without a limit from here on.
                self._limit = self.loop.call_later(self.head_s, self._close)
            return
        if was_in_head:
            self._kept_bytes += len(data)
        if self._kept_bytes > HEAD_MAX_BYTES:
            self._refuse(_TOO_LARGE)
        elif self._limit is None:
            self._limit = self.loop.call_later(self.head_s, self._refuse, _TOO_SLOW)

    def on_message_begin(self) -> None:
        """Note that a head has begun; each but the first has a time of its own."""
        self._is_in_head = True
        if self.cycle is not None:
            self._rest()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Note that a head is whole."""
        self._is_in_head = False
        self._kept_bytes = 0
        self._rest()
        super().on_headers_complete()

    def shutdown(self) -> None:
        """Close when what was asked is answered; who asks nothing is given a moment, as it may be under way."""
        if self._is_idle():
            wait_s = self.first_s if self.cycle is None else NEXT_S  # type: ignore[redundant-expr] # None at first
            self.loop.call_later(wait_s, self._close)
        else:
            super().shutdown()

    def _close(self) -> None:
        if not self.transport.is_closing() and self._is_idle():
            self.transport.close()

    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete  # type: ignore[redundant-expr] # None at first

    def _rest(self) -> None:
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None

    def _refuse(self, why: tuple[str, str]) -> None:
        """Say so where no other answer is under way, and close the connection."""
        self._rest()
        if self.transport.is_closing():
            return
        if self._is_idle():
            status, text = why
            self.transport.write(
                f"HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\n"
                f"content-length: {len(text)}\r\nconnection: close\r\n\r\n{text}".encode()
            )
        self.transport.close()


def let_in(queue: socket.socket, config: Config) -> None:
    """Answer those who wait in the queue of a listening socket, as a server does that stops already."""
    if (like := config.newest) is None:
        # Nobody was ever connected to this process, and its loop may not run.
        return
    queue.setblocking(False)
    while True:
        try:
            line, _ = queue.accept()
        except ConnectionAbortedError:
            # Who left while waiting.
            continue
        except OSError:
            # Nobody is left, or nothing more can be opened.
            return
        letting = like.loop.create_task(_let_in(line, like))
        like.tasks.add(letting)
        letting.add_done_callback(like.tasks.discard)


async def _let_in(line: socket.socket, like: Connection) -> None:
    line.setblocking(False)
    # Who left meanwhile, or speaks no TLS where it is spoken, is none to answer.
    with contextlib.suppress(OSError):
        _, made = await like.loop.connect_accepted_socket(
            lambda: type(like)(like.config, like.server_state, like.app_state), line, ssl=like.config.ssl
        )
        made.shutdown()
