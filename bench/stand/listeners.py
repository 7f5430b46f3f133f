"""Hold many connections to a server: requests that wait for their answer, and streams of events.

with listeners.streams(server, count=5000) as heard:
    heard.last_ms()          # one event, and how long it took to the last of them
"""

from __future__ import annotations

import asyncio
import json
import select
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

import uvloop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.stand import peers

_OPENING_AT_ONCE = 200
_WAIT_S = 60.0


@contextmanager
def waiting(server: peers.Server, *, count: int) -> Iterator[None]:
    """Hold requests for a picture, none of which is answered; begins when the server has taken them all in."""
    place = urlsplit(server.url)
    # Other words than those of the load, whose last requests were hung up on: who asks in equal words joins them.
    body = server.body.replace(b"lighthouse", b"windmill")
    head = (
        f"POST {place.path} HTTP/1.1\r\nHost: {place.netloc}\r\nAuthorization: {server.authorization}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with ExitStack() as stack:
        answers = select.poll()
        for _ in range(count):
            one = stack.enter_context(socket.create_connection((place.hostname or "", place.port or 80)))
            one.sendall(head.encode() + body)
            answers.register(one, select.POLLIN)
        until_quiet(server)
        assert not answers.poll(0), "a request was answered that was to wait"
        yield


def until_quiet(server: peers.Server) -> None:
    """Wait until a server has done all that it can: it uses next to nothing for a second."""
    end = time.monotonic() + _WAIT_S
    while time.monotonic() < end:
        before = server.cpu_s()
        time.sleep(1.0)
        if server.cpu_s() - before < 0.1:
            return


@dataclass(frozen=True, slots=True)
class Heard:
    """Open streams in a process of their own."""

    server: peers.Server
    process: subprocess.Popen[str]

    def last_ms(self) -> float:
        """Cause an event; returns the time from asking for it until the last stream has it."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("next\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "armed\n"
        begun = time.monotonic()
        assert self.server.ask() == 202
        return (float(self.process.stdout.readline()) - begun) * 1000


@contextmanager
def streams(server: peers.Server, *, count: int, path: str = "/api/events") -> Iterator[Heard]:
    """Open streams of all events, each on a connection of its own."""
    place = urlsplit(server.origin)
    order = {
        "host": place.hostname,
        "port": place.port,
        "count": count,
        "request": f"GET {path} HTTP/1.1\r\nHost: {place.netloc}\r\nAuthorization: {server.authorization}\r\n"
        "Accept: text/event-stream\r\n\r\n",
    }
    process = subprocess.Popen(
        [sys.executable, __file__, json.dumps(order)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n", "the streams did not open"
        yield Heard(server, process)
    finally:
        process.kill()
        process.wait()


class _Stream(asyncio.Protocol):
    """One stream: told of its head once, of events while it is armed."""

    def __init__(self, crowd: _Crowd) -> None:
        self._crowd = crowd
        self._is_open = False
        self.is_armed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._crowd.request)

    def data_received(self, data: bytes) -> None:
        if not self._is_open:
            assert data.startswith(b"HTTP/1.1 200"), data[:200]
            self._is_open = True
            self._crowd.one_more()
        elif self.is_armed and b"data:" in data:
            self.is_armed = False
            self._crowd.one_more()

    def connection_lost(self, fault: Exception | None) -> None:
        sys.exit(f"a stream ended: {fault}")


class _Crowd:
    """All streams."""

    def __init__(self, count: int, request: bytes) -> None:
        self.request = request
        self.streams = [_Stream(self) for _ in range(count)]
        self._left = count
        self._all = asyncio.Event()

    def one_more(self) -> None:
        """Count one that has what is waited for."""
        self._left -= 1
        if not self._left:
            self._all.set()

    def arm(self) -> None:
        """Wait for one event at each, from now on."""
        self._left = len(self.streams)
        self._all.clear()
        for one in self.streams:
            one.is_armed = True

    async def everybody(self) -> float:
        """Wait until the last has it; returns that moment."""
        await asyncio.wait_for(self._all.wait(), _WAIT_S)
        return time.monotonic()


async def _hold(host: str, port: int, count: int, request: str) -> None:
    loop = asyncio.get_running_loop()
    crowd = _Crowd(count, request.encode())
    turns = asyncio.Semaphore(_OPENING_AT_ONCE)

    async def connect(one: _Stream) -> None:
        async with turns:
            await loop.create_connection(lambda: one, host, port)

    await asyncio.gather(*map(connect, crowd.streams))
    await crowd.everybody()
    print("open", flush=True)
    while await loop.run_in_executor(None, sys.stdin.readline):
        crowd.arm()
        print("armed", flush=True)
        print(await crowd.everybody(), flush=True)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_hold(**json.loads(sys.argv[1])))
