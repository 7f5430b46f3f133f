"""Where upstream's webhooks arrive in tests: an HTTP server that hands them to the inbox."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from tintype.domain.errors import UpstreamError, WebhookRefused
from tintype.service.buying import HOOKS
from tintype.store.errors import DatabaseAway

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

    from tintype.service.inbox import Inbox


class Doorstep:
    """Takes webhooks in, once there is an inbox; `statuses` are its answers."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.inbox: Inbox | None = None
        self.statuses: list[int] = []

    async def answer(self, request: Request) -> Response:
        """Take a delivery."""
        status = 503
        if self.inbox is not None:
            try:
                await self.inbox.receive(
                    request.path_params["token"], dict(request.headers), await request.body()
                )
                status = 200
            except WebhookRefused:
                status = 401
            except (DatabaseAway, UpstreamError):
                status = 503
        self.statuses.append(status)
        return Response(status_code=status)


@asynccontextmanager
async def doorstep() -> AsyncIterator[Doorstep]:
    """Listen on a free port of this machine."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    door = Doorstep(f"http://127.0.0.1:{listening.getsockname()[1]}")
    app = Starlette(routes=[Route(HOOKS + "{token}", door.answer, methods=["POST"])])
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield door
    finally:
        server.should_exit = True
        await serving
        listening.close()
