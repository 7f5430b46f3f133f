"""Put the routes together into one ASGI application."""

from __future__ import annotations

import asyncio
import logging
import pkgutil
from contextlib import asynccontextmanager
from importlib import import_module
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect
from starlette.routing import Router

from tintype.simulator import gate, problems, routes
from tintype.simulator.clock import BATCH_S

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.responses import Response
    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from tintype.simulator.world import World

log = logging.getLogger("tintype.simulator")


def build(world: World) -> ASGIApp:
    """Return the application of a world.

    Each module of `tintype.simulator.routes` offers `routes(world)`; their paths are written without `/v1`
    and are served with and without it. An answer leaves only when what it tells of is in the journal.
    """
    found: list[BaseRoute] = []
    for module in sorted(info.name for info in pkgutil.iter_modules(routes.__path__)):
        found += import_module(f"{routes.__name__}.{module}").routes(world)

    @asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[None]:
        world.resume()
        world.clock.attach(asyncio.get_running_loop())
        try:
            yield
        finally:
            world.clock.detach()
            await world.close()

    router = Router(found, redirect_slashes=False, default=_not_found, lifespan=lifespan)
    # Faults come last, so that what a request did is in the journal whatever its client gets to see.
    return gate.Gate(Front(router, world), world.faults, world.clock, world.traffic)


class Front:
    """The layer around the routes: `/v1` is optional, answers wait for the journal, surprises are a 500."""

    def __init__(self, app: ASGIApp, world: World) -> None:
        self._app = app
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path: str = scope["path"]
        if path.startswith("/v1/"):
            scope["path"] = path[3:]
            scope["full_path"] = path
        world = self._world
        has_started = False

        async def send_safely(message: Message) -> None:
            nonlocal has_started
            if message["type"] == "http.response.start":
                pending = world.journal.settle()
                if pending is not None:
                    await asyncio.shield(pending)
                has_started = True
            await send(message)

        try:
            world.clock.run_due(batch_s=BATCH_S)
            await self._app(scope, receive, send_safely)
        except problems.Problem as problem:
            await problem.response()(scope, receive, send_safely)
        except ClientDisconnect:
            # It left in the middle of its own request: nobody is there to be answered.
            return
        except Exception:
            log.exception("no answer to %s %s", scope["method"], path)
            if has_started:
                raise
            await problems.Problem(500, "Internal server error").response()(scope, receive, send)


async def _not_found(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        answer: Response = problems.not_found().response()
        await answer(scope, receive, send)
