"""A host on loopback that answers as it is told: outputs for capture, receivers for callbacks."""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@dataclass(frozen=True)
class Says:
    """An answer. `length` is announced in place of the body's own; -1 announces none and closes."""

    body: bytes = b""
    status: int = 200
    type: str = "application/octet-stream"
    length: int | None = None
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Asked:
    """A request that came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Outlet:
    """Answers by path: the next of a queue, and its last one for ever. What came is in `asked`."""

    url: str = ""
    answers: dict[str, deque[Says]] = field(default_factory=lambda: defaultdict(deque))
    asked: list[Asked] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)

    def says(self, path: str, *answers: Says) -> str:
        """Set the answers of a path; returns its URL."""
        self.answers[path] = deque(answers)
        return f"{self.url}{path}"

    def count(self, path: str) -> int:
        """How often a path was asked for."""
        return sum(one.path == path for one in self.asked)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            method, path, _ = head[0].split(" ")
            headers = {
                name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])
            }
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            self.asked.append(Asked(method, path, headers, body))
            self.came.set()
            queue = self.answers.get(path) or deque([Says(b"not here", status=404)])
            answer = queue.popleft() if len(queue) > 1 else queue[0]
            lines = [f"HTTP/1.1 {answer.status} X", f"Content-Type: {answer.type}", "Connection: close"]
            lines += [f"{name}: {value}" for name, value in answer.headers]
            if answer.length != -1:
                lines.append(
                    f"Content-Length: {len(answer.body) if answer.length is None else answer.length}"
                )
            writer.write("\r\n".join([*lines, "", ""]).encode() + answer.body)
            await writer.drain()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


@contextlib.asynccontextmanager
async def running() -> AsyncIterator[Outlet]:
    """Listen on a free port of this machine."""
    outlet = Outlet()
    server = await asyncio.start_server(outlet._serve, "127.0.0.1", 0)
    outlet.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield outlet
    finally:
        server.close()
