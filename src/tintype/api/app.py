"""Put the routes together: `router` for a host app, `build` for an application of its own."""

from __future__ import annotations

import os
import pkgutil
from contextlib import asynccontextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Match

import tintype
from tintype.api import gateway, middleware, problems, routes, shortcuts
from tintype.api.routes import generations
from tintype.api.schemas.shapes import Problem

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp

    from tintype.api.gateway import Gateway
    from tintype.settings import Settings

    Opening = Callable[[], AbstractAsyncContextManager[Gateway]]

_SLACK_S = 10.0

DESCRIPTION = """\
AI images and video on Replicate: paid once, never over budget, nothing lost, no leaks.
Amounts are decimal texts in dollars, exact to the nano-dollar. Errors are problems (RFC 9457) with a stable `code`.
"""


def collected(opening: Opening | None = None) -> APIRouter:
    """Return all routes as one router, with the lifespan that opens the gateway they work with.

    Each module of `tintype.api.routes` offers `router`; a new one is found by itself.
    """

    @asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[dict[str, Any]]:
        async with (opening or gateway.opened)() as made:
            yield {"gateway": made}

    whole = APIRouter(lifespan=lifespan)
    for module in sorted(info.name for info in pkgutil.walk_packages(routes.__path__, f"{routes.__name__}.")):
        found = getattr(import_module(module), "router", None)
        if found is not None:
            whole.include_router(found)
    return whole


def build(opening: Opening | None = None, *, made: Settings) -> ASGIApp:
    """Return the application for these settings. `opening` opens the gateway, by the settings when it is left out."""
    app = FastAPI(
        title="Tintype",
        version=tintype.__version__,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.include_router(collected(opening))
    app.add_exception_handler(HTTPException, _refuse)
    # The framework's own way to change what it describes.
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]
    if made.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=made.cors_origins,
            allow_methods=["*"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID", "Prefer"],
            expose_headers=["Preference-Applied", "Retry-After", "X-Request-Id"],
        )
    # Where pages elsewhere may call, every answer goes through the layer that says so.
    ways = {} if made.cors_origins else {("POST", "/api/generations"): generations.submit_shortly}
    return middleware.Front(
        shortcuts.Shortcuts(app, ways),
        randomness=os.urandom,
        body_max_bytes=made.body_max_bytes,
        # Routes that wait have the setting itself, and tell what goes on; this is for all others.
        request_s=made.request_timeout_s + _SLACK_S,
        is_debug=made.debug,
    )


async def _refuse(request: Request, error: Exception) -> Response:
    problem = problems.of(error)
    assert problem is not None  # noqa: S101 - it is registered for such errors alone
    if problem.status_code == 405:
        # Each route knows its own method alone.
        problem.own_headers["Allow"] = ", ".join(_methods(request))
    return problems.answer(request, problem)


def _methods(request: Request) -> list[str]:
    """Return the methods that are offered at the path of a request: its own, not those of one with a parameter."""
    found = [
        one
        for one in iter_route_contexts(request.app.routes)
        if one.matches(request.scope)[0] is not Match.NONE
    ]
    return sorted({method for one in found if one.path == found[0].path for method in one.methods or ()})


def _document(app: FastAPI) -> dict[str, Any]:
    """Describe the API (OpenAPI 3.1), once."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
            tags=app.openapi_tags,
        )
        schemas = made.setdefault("components", {}).setdefault("schemas", {})
        schemas["Problem"] = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        app.openapi_schema = made
    return app.openapi_schema
