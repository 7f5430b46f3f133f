"""A simulator on a real socket in the test's own event loop, so that a test can move its clock by hand."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
import uvicorn

from tintype.simulator import app, connections, models
from tintype.simulator.settings import Settings
from tintype.simulator.world import World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping

TOKEN = "r8_tests"
FLUX = "black-forest-labs/flux-schnell"
LLAMA = "meta/meta-llama-3-8b-instruct"
COMMUNITY = "851-labs/background-remover"


class _Server(uvicorn.Server):
    """A server that notices at once when it is to stop."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.stopping = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def main_loop(self) -> None:
        await self.stopping.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002 - overridden
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        if self.server_state.tasks:
            await asyncio.wait(list(self.server_state.tasks), timeout=1)
        await self.lifespan.shutdown()


@asynccontextmanager
async def serving(application: Any) -> AsyncIterator[str]:
    """Serve an ASGI application on a free port and yield its origin."""
    # With the protocol named, as asyncio sends small answers at once only then.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            application,
            http=connections.Protocol,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            date_header=False,
            timeout_graceful_shutdown=1,
        )
        server = _Server(config)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:
            assert not task.done(), task
            await asyncio.sleep(0)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.stopping.set()
        await task


@dataclass
class Simulator:
    """A running simulator: its world to look into, and a client with a token."""

    world: World
    url: str
    http: httpx2.AsyncClient
    stop: Callable[[], Awaitable[None]]
    """Stop it before the test ends, as for a restart."""

    async def create(self, values: dict[str, Any], *, model: str = FLUX, **options: Any) -> dict[str, Any]:
        headers = options.pop("headers", {})
        body = {"version": model, "input": values, **options}
        answer = await self.http.post("/v1/predictions", json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    async def get(self, identity: str) -> dict[str, Any]:
        answer = await self.http.get(f"/v1/predictions/{identity}")
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    async def cancel(self, identity: str) -> dict[str, Any]:
        answer = await self.http.post(f"/v1/predictions/{identity}/cancel")
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    async def begun(self, count: int = 1) -> list[Any]:
        """Return the predictions as soon as there are so many."""
        async with asyncio.timeout(10):
            while len(self.world.predictions) < count:  # noqa: ASYNC110 - nobody tells of a create before it answers
                await asyncio.sleep(0)
        return list(self.world.predictions)

    async def watched(self, identity: str) -> None:
        """Return when somebody waits for that prediction."""
        async with asyncio.timeout(10):
            while identity not in self.world.runs._waiters:  # noqa: ASYNC110 - nobody tells of a reader
                await asyncio.sleep(0)


@pytest.fixture(scope="session")
def catalogue() -> Mapping[str, models.Model]:
    """The models, read once for all tests."""
    return models.load()


@pytest.fixture
async def start(catalogue: Mapping[str, models.Model]) -> AsyncIterator[Callable[..., Any]]:
    """Start a simulator with the given settings; it is stopped with the test."""
    async with AsyncExitStack() as stack:

        async def _start(**settings: Any) -> Simulator:
            world = World(Settings(**{"speed": float("inf"), **settings}), catalogue=catalogue)
            own = await stack.enter_async_context(AsyncExitStack())
            url = await own.enter_async_context(serving(app.build(world)))
            client = httpx2.AsyncClient(
                base_url=url, headers={"authorization": f"Bearer {TOKEN}"}, timeout=20
            )
            return Simulator(world, url, await own.enter_async_context(client), own.aclose)

        yield _start


@dataclass
class Receiver:
    """Takes webhooks and answers with what `statuses` holds, then 200."""

    got: list[dict[str, Any]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    url: str = ""
    answer: bytes = b""
    hold: asyncio.Event | None = None
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            while True:
                message = await receive()
                await send({"type": f"{message['type']}.complete"})
                if message["type"] == "lifespan.shutdown":
                    return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        query = scope["query_string"].decode()
        self.got.append({"path": scope["path"], "query": query, "headers": headers, "body": body})
        self._changed.set()
        if self.hold is not None:
            await self.hold.wait()
        status = self.statuses.pop(0) if self.statuses else 200
        answer = [(b"location", b"/elsewhere")] if 300 <= status < 400 else []
        await send({"type": "http.response.start", "status": status, "headers": answer})
        await send({"type": "http.response.body", "body": self.answer})

    async def until(self, count: int) -> list[dict[str, Any]]:
        """Return what arrived as soon as it is so many."""
        async with asyncio.timeout(10):
            while len(self.got) < count:
                self._changed.clear()
                await self._changed.wait()
        return self.got


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A listener for webhooks on a port of its own."""
    taken = Receiver()
    async with serving(taken) as url:
        taken.url = url
        yield taken
        if taken.hold is not None:
            taken.hold.set()
