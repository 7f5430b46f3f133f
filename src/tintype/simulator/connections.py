"""Reach the TCP connection of a request, to cut it as a network does."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    import asyncio

    from starlette.types import Receive, Scope

_EXTENSION = "tintype.transport"
# Closing with a linger time of 0 sends RST instead of FIN.
_NO_LINGER = struct.pack("ii", 1, 0)


class Protocol(HttpToolsProtocol):
    """The server's HTTP protocol, which hands its transport to the application."""

    def on_message_begin(self) -> None:
        """Begin a request and put the transport into its scope."""
        super().on_message_begin()
        # The type of a scope's extensions is open: servers name their own.
        self.scope["extensions"] = {_EXTENSION: cast("dict[object, object]", self.transport)}


def reset(scope: Scope) -> None:
    """Cut the connection at once: the peer sees a reset, and what was not sent yet is lost."""
    transport = _transport(scope)
    connection: socket.socket | None = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    transport.abort()


def close(scope: Scope) -> None:
    """End the connection after what was written so far: the peer sees a proper end."""
    _transport(scope).close()


async def until_gone(receive: Receive) -> None:
    """Read the rest of the request and return when the connection has ended."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _transport(scope: Scope) -> asyncio.Transport:
    return cast("asyncio.Transport", scope["extensions"][_EXTENSION])
