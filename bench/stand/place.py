"""What the benches of the core stand on: an embedded server, a static upstream, and a core with a door for webhooks.

async with place.core(server.url, data, stub, webhooks=True) as core:
…
"""

from __future__ import annotations

import asyncio
import socket
import tempfile
import time
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from bench.stand import upstream
from tintype import bootstrap, settings
from tintype.domain.access import Actor
from tintype.domain.budget import Measure, Scope
from tintype.replicate import settings as replicate_settings
from tintype.service.requests import Request
from tintype.store import embedded, limits

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from starlette.requests import Request as HttpRequest

    from tintype.store.database import Database

ACTOR = Actor(key="local", user="alice", project="shop")
MODEL = "black-forest-labs/flux-schnell"
PER_MINUTE = 1_000_000
_PLENTY = 10**15


@contextmanager
def server() -> Iterator[tuple[str, Path]]:
    """Run an embedded server in a folder of its own; gives its URL and the folder."""
    with tempfile.TemporaryDirectory(prefix="tt-") as name:
        folder = Path(name)
        # The server's own account has to reach it.
        folder.chmod(0o755)
        with embedded.server(folder / "data") as running:
            yield running.url, folder / "data"


def environment(data: Path, stub: upstream.Running, *, public_url: str | None) -> dict[str, str]:
    """Name the settings under which a process works against the stub."""
    given = {
        "TINTYPE_DATA": str(data),
        "TINTYPE_REPLICATE_URL": stub.url,
        "REPLICATE_API_TOKEN": upstream.TOKEN,
        "TINTYPE_WEBHOOK_SECRET": upstream.SECRET,
        "TINTYPE_CREATES_PER_MINUTE": str(PER_MINUTE),
        "TINTYPE_CALLS_PER_MINUTE": str(PER_MINUTE),
    }
    return given if public_url is None else given | {"TINTYPE_PUBLIC_URL": public_url}


@asynccontextmanager
async def core(data: Path, stub: upstream.Running, *, has_webhooks: bool) -> AsyncIterator[bootstrap.Core]:
    """Build a core in this process, with a door for webhooks where it is to have them; nobody works yet."""
    async with AsyncExitStack() as stack:
        listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
        stack.callback(listening.close)
        port = listening.getsockname()[1]
        made = settings.load(
            dotenv=data / "none.env",
            data=data,
            public_url=f"http://127.0.0.1:{port}" if has_webhooks else None,
            webhook_secret=upstream.SECRET,
            creates_per_minute=PER_MINUTE,
            calls_per_minute=PER_MINUTE,
        )
        database = await stack.enter_async_context(
            bootstrap.open_database(made, application="tintype serve bench")
        )
        there = replicate_settings.resolve(upstream.TOKEN, base_url=stub.url)
        built = await stack.enter_async_context(bootstrap.core_on(database, made, there))
        if has_webhooks:
            await stack.enter_async_context(_door(built, listening))
        yield built


@asynccontextmanager
async def _door(built: bootstrap.Core, listening: socket.socket) -> AsyncIterator[None]:
    async def receive(request: HttpRequest) -> Response:
        await built.inbox.receive(request.path_params["token"], request.headers, await request.body())
        return Response(status_code=204)

    app = Starlette(routes=[Route("/hooks/replicate/{token}", receive, methods=["POST"])])
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off", access_log=False))
    task = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield
    finally:
        server.should_exit = True
        await task


@asynccontextmanager
async def working(built: bootstrap.Core) -> AsyncIterator[None]:
    """Let a core empty its queues meanwhile."""
    task = asyncio.create_task(built.work())
    await built.worker.is_ready.wait()
    try:
        yield
    finally:
        built.worker.stop()
        await task


async def limit(database: Database) -> None:
    """Make four budgets that everybody shares, and two quotas."""
    for scope, subject in (
        (Scope.ALL, ""),
        (Scope.PROJECT, "shop"),
        (Scope.KEY, "local"),
        (Scope.USER, "local/alice"),
    ):
        await limits.put(
            database, scope=scope, subject=subject, measure=Measure.MONEY, period="month", amount=_PLENTY
        )
    for measure, period in ((Measure.IMAGES, "day"), (Measure.CONCURRENT, "total")):
        await limits.put(
            database, scope=Scope.KEY, subject="local", measure=measure, period=period, amount=_PLENTY
        )


def picture() -> Request:
    """Return a request like any other."""
    return Request(MODEL, {"prompt": "a lighthouse on a cliff, oil on canvas", "num_outputs": 1})


async def states(database: Database) -> dict[str, int]:
    """Count generations by state."""
    async with database.connection() as session:
        cursor = await session.connection.execute(b"SELECT state, count(*) FROM generations GROUP BY state")
        return dict(await cursor.fetchall())


async def reach(database: Database, state: str, count: int, *, within_s: float) -> float:
    """Wait until so many are in a state; returns the time by the monotonic clock."""
    end = time.monotonic() + within_s
    while True:
        found = await states(database)
        now = time.monotonic()
        if found.get(state, 0) >= count:
            return now
        if now > end:
            raise TimeoutError(f"{count} were to be {state} within {within_s:g} s; they are {found}")
        await asyncio.sleep(0.02)
