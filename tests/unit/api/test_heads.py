"""A head that does not end, or does not come, costs the server nothing."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING, Any

import uvicorn

from tintype.api import heads

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import ASGIApp, Receive, Scope, Send

ASKED = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
PIECE = 32 * 1024


class Impatient(heads.Connection):
    """Waits for a head as long as a test does."""

    head_s = 0.2


class Stopping(heads.Connection):
    """Belongs to a server that begins to stop when somebody has connected."""

    first_s = 30.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as the base has it
        """Stop."""
        super().connection_made(transport)
        self.shutdown()


class StoppingSoon(Stopping):
    """The same, and waits for nobody."""

    first_s = 0.01


async def _greets(scope: Scope, receive: Receive, send: Send) -> None:
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"hi"})


async def _refuses(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer before the body came."""
    await send({"type": "http.response.start", "status": 401, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"no"})


def _config(connection: type[heads.Connection] = heads.Connection, app: ASGIApp = _greets) -> heads.Config:
    options: dict[str, Any] = {"http": connection, "lifespan": "off", "log_config": None, "ws": "none"}
    config = heads.Config(app, **options)
    config.load()
    return config


@contextlib.asynccontextmanager
async def _served(
    config: heads.Config | None = None,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Run a server with such connections, and give one to it."""
    config = config or _config()
    server = uvicorn.Server(config)
    state: dict[str, Any] = {}
    connection: Any = config.http_protocol_class
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(
        lambda: connection(config, server.server_state, state), "127.0.0.1", 0
    )
    async with listening:
        reader, writer = await asyncio.open_connection(*listening.sockets[0].getsockname())
        yield reader, writer
        writer.close()


async def _answered(reader: asyncio.StreamReader) -> bytes:
    return await asyncio.wait_for(reader.read(), 10)


async def test_a_head_that_does_not_come_is_not_waited_for() -> None:
    async with _served(_config(Impatient)) as (reader, _):
        assert (await _answered(reader)).startswith(b"HTTP/1.1 408 ")


async def test_a_head_that_drips_is_not_waited_for() -> None:
    async with _served(_config(Impatient)) as (reader, writer):
        writer.write(ASKED + b"X-Slow: ")

        assert (await _answered(reader)).startswith(b"HTTP/1.1 408 ")


async def test_the_second_head_of_a_connection_has_the_same_limit() -> None:
    async with _served(_config(Impatient)) as (reader, writer):
        writer.write(ASKED + b"\r\n")
        assert (await reader.readuntil(b"hi")).startswith(b"HTTP/1.1 200 ")
        writer.write(ASKED)

        assert (await _answered(reader)).startswith(b"HTTP/1.1 408 ")


async def test_who_has_connected_is_answered_by_a_server_that_stops() -> None:
    """A request that was under way has its answer; who sends nothing is closed to."""
    async with _served(_config(Stopping)) as (reader, writer):
        writer.write(ASKED + b"\r\n")
        assert (await reader.readuntil(b"hi")).startswith(b"HTTP/1.1 200 ")
    async with _served(_config(StoppingSoon)) as (reader, _):
        assert await _answered(reader) == b""


async def test_who_waits_in_the_queue_of_a_server_that_stops_is_let_in() -> None:
    """The system would reset them when the listening socket is closed."""
    with socket.create_server(("127.0.0.1", 0)) as queue:
        reader, writer = await asyncio.open_connection(*queue.getsockname())
        writer.write(ASKED + b"\r\n")
        async with _served(made := _config()) as (other, asking):
            asking.write(ASKED + b"\r\n")
            await other.readuntil(b"hi")

            heads.let_in(queue, made)
    assert (await reader.readuntil(b"hi")).startswith(b"HTTP/1.1 200 ")
    writer.close()


async def test_a_head_that_does_not_end_is_refused() -> None:
    async with _served() as (reader, writer):
        writer.write(ASKED + b"X-Large: ")
        # A little over what is kept, and no more: what comes after the end would reset the connection.
        for _ in range(heads.HEAD_MAX_BYTES // PIECE + 1):
            writer.write(b"a" * PIECE)
            await writer.drain()

        assert (await _answered(reader)).startswith(b"HTTP/1.1 431 ")


async def test_a_body_may_take_longer_than_a_head() -> None:
    async with _served(_config(Impatient)) as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 400001\r\n\r\n" + b"a" * 400_000)
        # Longer than the limit of a head: the timer would have rung by then.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(reader.read(1), 2 * Impatient.head_s)
        writer.write(b"a")

        assert b"200 OK" in await asyncio.wait_for(reader.readuntil(b"hi"), 10)


async def test_who_was_answered_before_its_body_came_has_little_time_to_send_it() -> None:
    async with _served(_config(Impatient, _refuses)) as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000000\r\n\r\na")
        assert (await reader.readuntil(b"no")).startswith(b"HTTP/1.1 401 ")
        writer.write(b"a")

        assert await _answered(reader) == b""


async def test_who_sends_the_rest_of_an_answered_body_at_once_goes_on() -> None:
    async with _served(_config(app=_refuses)) as (reader, writer):
        for _ in range(3):
            writer.write(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 400001\r\n\r\na")
            assert (await reader.readuntil(b"no")).startswith(b"HTTP/1.1 401 ")
            writer.write(b"a" * 400_000)


async def test_what_is_no_head_keeps_no_connection() -> None:
    """Empty lines between two requests are allowed, and wait for nothing."""
    async with _served(_config(Impatient)) as (reader, writer):
        writer.write(ASKED + b"\r\n")
        await reader.readuntil(b"hi")
        writer.write(b"\r\n")

        assert await _answered(reader) == b""
