"""A small pooler in front of PostgreSQL: hands server connections out per transaction, or per session."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import socket
import struct
from typing import TYPE_CHECKING

import psycopg

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_SSL = 80877103
_GSS = 80877104
_READY = b"Z"


class Pooler:
    """Speaks enough of PostgreSQL's protocol to stand between a driver and a server."""

    def __init__(self, url: str, *, per_transaction: bool) -> None:
        self._url = url
        self._per_transaction = per_transaction
        self._held: list[psycopg.Connection] = []
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client until it says farewell."""
        server: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        try:
            await self._greet(reader, writer)
            while True:
                kind, message = await _message(reader)
                if kind == b"X":
                    break
                if server is None:
                    # The one given back last goes out first, as in PgBouncer.
                    server = self._idle.pop() if self._idle else await self._connect()
                server[1].write(message)
                if kind in b"QS" and await self._answer(server[0], writer) and self._per_transaction:
                    self._idle.append(server)
                    server = None
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            if server:
                self._idle.append(server)
            writer.close()

    async def close(self) -> None:
        """Close the connections to the server."""
        for _, writer in self._idle:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
        for connection in self._held:
            connection.close()

    async def _greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            length, code = struct.unpack("!ii", await reader.readexactly(8))
            await reader.readexactly(length - 8)
            if code not in {_SSL, _GSS}:
                break
            writer.write(b"N")
        facts = {"server_version": "18.0", "client_encoding": "UTF8", "server_encoding": "UTF8"}
        answers = [_packed(b"R", struct.pack("!i", 0))]
        answers += [_packed(b"S", f"{name}\0{value}\0".encode()) for name, value in facts.items()]
        # A process number and key of its own, by which a cancel request would find its way.
        answers.append(_packed(b"K", struct.pack("!i", 1_000_000 + secrets.randbelow(1_000_000)) + bytes(4)))
        writer.write(b"".join([*answers, _packed(_READY, b"I")]))
        await writer.drain()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Log in by the driver's means, then speak for oneself on its socket."""
        connection = await asyncio.to_thread(lambda: psycopg.connect(self._url))
        self._held.append(connection)
        return await asyncio.open_connection(sock=socket.socket(fileno=os.dup(connection.fileno())))

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Pass an answer on to its end; True when no transaction is open after it."""
        while True:
            kind, message = await _message(reader)
            writer.write(message)
            if kind == _READY:
                await writer.drain()
                return message[5:6] == b"I"


@contextlib.asynccontextmanager
async def running(url: str, *, per_transaction: bool) -> AsyncIterator[str]:
    """Run a pooler and return the URL by which one connects through it."""
    pooler = Pooler(url, per_transaction=per_transaction)
    clients: set[asyncio.Task[None]] = set()

    def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        clients.add(asyncio.ensure_future(pooler.serve(reader, writer)))

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    try:
        yield f"postgresql://tintype@127.0.0.1:{server.sockets[0].getsockname()[1]}/postgres"
    finally:
        server.close()
        await asyncio.wait_for(asyncio.gather(*clients), 10)
        await pooler.close()


async def _message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readexactly(5)
    return head[:1], head + await reader.readexactly(struct.unpack("!i", head[1:])[0] - 4)


def _packed(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body
