"""Both clients under the same tests: what is asked of one is asked of the other, in an event loop of its own."""

from __future__ import annotations

import asyncio
import inspect
import socket
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from tintype import AsyncClient, Client, Limits
from tintype.replicate.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tintype.testing import Simulator

HASTY = Policy(pauses_s=(0.01, 0.02, 0.04))


class Asked:
    """A client that is asked by a function, and answers whether it blocks or is awaited.

    `ask(lambda client: client.predictions.get(id))` gives the result; an iteration gives a list of its items.
    """

    def __init__(self, client: Any, runner: asyncio.Runner) -> None:
        self.client = client
        self._runner = runner

    def ask(self, question: Callable[[Any], Any]) -> Any:
        """Ask, and wait for the whole answer."""

        async def answer() -> Any:
            asked = question(self.client)
            if inspect.isawaitable(asked):
                return await asked
            if hasattr(asked, "__aiter__"):
                return [item async for item in asked]
            return asked

        if isinstance(self.client, AsyncClient):
            return self._runner.run(answer())
        asked = question(self.client)
        return list(asked) if inspect.isgenerator(asked) else asked

    def close(self) -> None:
        """Close the client."""
        if isinstance(self.client, AsyncClient):
            self._runner.run(self.client.aclose())
        else:
            self.client.close()


@pytest.fixture(params=[Client, AsyncClient], ids=["blocking", "async"])
def make(request: pytest.FixtureRequest) -> Iterator[Callable[..., Asked]]:
    """Make a client of either kind, with short pauses and without limits unless told otherwise."""
    with asyncio.Runner() as runner, ExitStack() as stack:

        def build(url: str, token: str = "r8_tests", **options: Any) -> Asked:
            known = {"limits": Limits.none(), "policy": HASTY}
            asked = Asked(request.param(token, base_url=url, **{**known, **options}), runner)
            stack.callback(asked.close)
            return asked

        yield build


@pytest.fixture
def both(make: Callable[..., Asked], simulator: Simulator) -> Asked:
    """A client of either kind at the simulator."""
    return make(simulator.url, simulator.token)


class Listener:
    """A server on a real socket that answers each request with the next of its scripted replies.

    A reply is the raw bytes to send, or None to close the connection without a word; after one that says
    `Connection: close` it is closed. `requests` holds what
    came, head and body together; `connections` the number of the connection that each came on.
    """

    def __init__(self, replies: list[bytes | None]) -> None:
        self.replies = list(replies)
        self.requests: list[bytes] = []
        self.connections: list[int] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self) -> None:
        number = 0
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self._open.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection, number), daemon=True)
            self._threads.append(thread)
            thread.start()
            number += 1

    def _serve(self, connection: socket.socket, number: int) -> None:
        with connection:
            while (request := _read_request(connection)) is not None:
                with self._lock:
                    self.requests.append(request)
                    self.connections.append(number)
                    reply = self.replies.pop(0) if self.replies else None
                if reply is None:
                    return
                try:
                    connection.sendall(reply)
                except OSError:
                    return
                if b"\r\nConnection: close\r\n" in reply:
                    return

    def close(self) -> None:
        """Stop listening, end every connection and wait for the threads."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for connection in self._open:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        for thread in self._threads:
            thread.join(5)


def _read_request(connection: socket.socket) -> bytes | None:
    data = b""
    while b"\r\n\r\n" not in data:
        try:
            piece = connection.recv(65_536)
        except OSError:
            return None
        if not piece:
            return None
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (
            int(line.split(b":")[1])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length:")
        ),
        0,
    )
    while len(body) < length:
        body += connection.recv(65_536)
    return head + b"\r\n\r\n" + body


def answer(status: int = 200, body: bytes = b"{}", *headers: str) -> bytes:
    """A whole HTTP answer as it goes over the wire."""
    lines = [
        f"HTTP/1.1 {status} X",
        f"Content-Length: {len(body)}",
        "Content-Type: application/json",
        *headers,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@pytest.fixture
def listen() -> Iterator[Callable[..., Listener]]:
    """Start servers that answer as scripted."""
    with ExitStack() as stack:

        def start(*replies: bytes | None) -> Listener:
            listener = Listener(list(replies))
            stack.callback(listener.close)
            return listener

        yield start
