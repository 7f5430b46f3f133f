"""The tests themselves reach nothing but loopback."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from typing import TYPE_CHECKING

import pytest
from pytest_socket import SocketConnectBlockedError

if TYPE_CHECKING:
    from collections.abc import Callable

# TEST-NET-1: reserved for documentation, routed nowhere.
_ELSEWHERE = ("192.0.2.1", 443)


def test_a_socket_to_another_machine_is_refused() -> None:
    """The guard answers before anything leaves the machine."""
    with (
        socket.socket() as sock,
        pytest.warns(UserWarning, match=r"192\.0\.2\.1"),
        pytest.raises(SocketConnectBlockedError),
    ):
        sock.connect(_ELSEWHERE)


async def test_asyncio_to_another_machine_is_refused() -> None:
    """The guard holds for asyncio's streams too."""
    with pytest.warns(UserWarning, match=r"192\.0\.2\.1"), pytest.raises(SocketConnectBlockedError):
        await asyncio.open_connection(*_ELSEWHERE)


def test_a_thread_to_another_machine_is_refused() -> None:
    """The guard holds in threads that a test starts, such as a server's."""
    seen: list[BaseException] = []

    def call() -> None:
        try:
            socket.create_connection(_ELSEWHERE, timeout=1)
        except RuntimeError as refused:
            seen.append(refused)

    with pytest.warns(UserWarning, match=r"192\.0\.2\.1"):
        _in_a_thread(call)

    assert [type(error) for error in seen] == [SocketConnectBlockedError]


async def test_loopback_is_open() -> None:
    """Servers on loopback are what the tests use."""
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    assert await reader.read() == b""
    writer.close()
    server.close()
    await server.wait_closed()


def test_no_token_of_the_caller_is_in_the_environment() -> None:
    """A developer's token must not buy anything during a test run."""
    assert not [name for name in os.environ if name.startswith(("REPLICATE_", "TINTYPE_"))]


def _in_a_thread(act: Callable[[], None]) -> None:
    thread = threading.Thread(target=act)
    thread.start()
    thread.join()
