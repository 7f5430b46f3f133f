"""Put the routes together: `router` for a host app, `build` for an application of its own."""

from __future__ import annotations

import os
import pkgutil
from contextlib import asynccontextmanager
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import iter_route_contexts
from pydantic.json_schema import models_json_schema
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

import tintype
from tintype.api import examples, gateway, limits, middleware, problems, routes, routing, shortcuts
from tintype.api.routes import generations, openai
from tintype.api.schemas.openai import ErrorTold
from tintype.api.schemas.replicate import ReplicateProblem
from tintype.api.schemas.shapes import Problem
from tintype.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence
    from contextlib import AbstractAsyncContextManager

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp

    from tintype.api.gateway import Gateway
    from tintype.settings import Settings

    Opening = Callable[[], AbstractAsyncContextManager[Gateway]]
    Lifespan = Callable[[Any], AbstractAsyncContextManager[dict[str, Any]]]

TAGS = {
    "generations": "Ask for pictures and films, look at them, cancel, repeat, rate and delete them.",
    "orders": "Several generations, admitted together or not at all.",
    "estimates": "Everything about a request before it is made, and which model to take for a budget.",
    "events": "What happens, live: server-sent events that can be resumed.",
    "generate": "A picture or a film in one call.",
    "files": "Files to be given as input.",
    "media": "What was made, behind links that nobody can guess.",
    "keys": "API keys: made, shown once, rotated, revoked.",
    "budgets": "Budgets and quotas of everybody, projects, keys and end users.",
    "usage": "What was asked for and what it cost.",
    "deliveries": "Callbacks: their log, and sending them again.",
    "operating": "How fast upstream is called, and every act of administration.",
    "openai": "Pictures for those who speak OpenAI's API.",
    "replicate: predictions": "Replicate's API: what is made, through the gateway's budgets and storage.",
    "replicate: streams": "Replicate's API: text as it is written.",
    "replicate: files": "Replicate's API: files to be given as input.",
    "replicate: models": "Replicate's API: models, versions, collections, hardware.",
    "replicate: account": "Replicate's API: who the key is, and its webhook secret.",
    "replicate: administration": "Replicate's API: deployments, trainings, models of the account, for admins.",
    "webhooks": "Where upstream tells what became of predictions.",
    "health": "Whether it runs, can do its work, and how it is.",
}
# What is called most, and what thousands may wait in.
_WAYS = {
    ("POST", "/api/generations"): generations.submit_shortly,
    ("POST", openai.ROUTE): openai.generate_shortly,
}
# What routes refuse in, named in their documentation (`routing.refuses`, `routing.shaped`).
_REFUSALS = (Problem, ErrorTold, ReplicateProblem)

DESCRIPTION = """\
AI images and video on Replicate: paid once, never over budget, nothing lost, no leaks.
Amounts are decimal texts in dollars, exact to the nano-dollar. Errors are problems (RFC 9457) with a stable `code`.
"""


def collected(opening: Opening | None = None) -> APIRouter:
    """Return all routes as one router, with the lifespan that opens the gateway they work with.

    Each module of `tintype.api.routes` offers `router`; a new one is found by itself. An app that includes it under a
    prefix does not start: ConfigurationError.
    """
    whole = APIRouter(lifespan=_without_prefix(_lifespan(opening)))
    for one in _routers():
        whole.include_router(one)
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
        lifespan=_lifespan(opening),
    )
    # Each by itself: a router within a router has all its routes built once more.
    for one in _routers():
        app.include_router(one)
    app.add_exception_handler(HTTPException, _refuse)
    # The framework's own way to change what it describes.
    app.openapi = lambda: described(app)  # type: ignore[method-assign]
    return middleware.Front(
        shortcuts.Shortcuts(app, _WAYS),
        randomness=os.urandom,
        body_max_bytes=made.body_max_bytes,
        request_s=made.request_timeout_s + middleware.REQUEST_SLACK_S,
        is_debug=made.debug,
        around=partial(_letting_in, origins=made.cors_origins) if made.cors_origins else None,
    )


def _letting_in(answers: ASGIApp, *, origins: Sequence[str]) -> ASGIApp:
    """Let pages of these origins read what is answered."""
    return CORSMiddleware(
        answers,
        allow_origins=origins,
        allow_methods=["*"],
        # Which headers a page sends is no secret of ours: SDKs send dozens of their own, and a key is a header too.
        allow_headers=["*"],
        expose_headers=[
            *("Idempotency-Replayed", "Location", "Preference-Applied", "Retry-After", "X-Request-Id"),
            *limits.HEADERS,
        ],
    )


def _lifespan(opening: Opening | None) -> Lifespan:
    @asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[dict[str, Any]]:
        async with (opening or _mounted)() as made:
            yield {"gateway": made}

    return lifespan


def _without_prefix(lifespan: Lifespan) -> Lifespan:
    """Refuse to open for an app that has the routes elsewhere: limits, links and webhooks go by their whole paths."""

    @asynccontextmanager
    async def checked(app: Any) -> AsyncIterator[dict[str, Any]]:
        paths = {one.path for one in iter_route_contexts(app.routes)}
        own = {one.path for one in iter_route_contexts(next(_routers()).routes)}
        if not own <= paths:
            raise ConfigurationError(
                "tintype.api.router is included under a prefix, which it does not take: its links would lead nowhere; "
                "include it without one, or run `tintype serve` beside the app"
            )
        async with lifespan(app) as state:
            yield state

    return checked


@asynccontextmanager
async def _mounted() -> AsyncIterator[Gateway]:
    """Open the gateway in a server of somebody else's, which would wait for streams that nobody ends."""
    async with gateway.opened() as made:
        with made.stopping.told_by_signals():
            yield made


def _routers() -> Iterator[APIRouter]:
    for module in sorted(info.name for info in pkgutil.walk_packages(routes.__path__, f"{routes.__name__}.")):
        found = getattr(import_module(module), "router", None)
        if found is not None:
            yield found


async def _refuse(request: Request, error: Exception) -> Response:
    problem = problems.of(error)
    assert problem is not None  # noqa: S101 - it is registered for such errors alone
    return problems.answer(request, problem)


def described(app: FastAPI) -> dict[str, Any]:
    """Describe the API (OpenAPI 3.1), once."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
            tags=[{"name": name, "description": words} for name, words in TAGS.items()],
        )
        schemas = made.setdefault("components", {}).setdefault("schemas", {})
        _with_headers(made)
        _, refusals = models_json_schema(
            [(shape, "serialization") for shape in _REFUSALS], ref_template=f"{routing.SHAPES}{{model}}"
        )
        schemas |= refusals["$defs"]
        examples.add(made)
        app.openapi_schema = made
    return app.openapi_schema


def _with_headers(made: dict[str, Any]) -> None:
    """Describe the headers that answers have wherever they come from."""
    for methods in made["paths"].values():
        for stated in methods.values():
            answers = stated.get("responses", {})
            named = any(one["name"].lower() == "idempotency-key" for one in stated.get("parameters", ()))
            for status, told in answers.items():
                told.setdefault("headers", {}).update(_headers(status, buys="402" in answers, is_named=named))


def _headers(status: str, *, buys: bool, is_named: bool) -> dict[str, Any]:
    """Return the headers of answers with a status.

    What `buys` something is counted by rates, and that or what `is_named` by a key is told with its place.
    """
    headers: dict[str, Any] = {
        "X-Request-Id": {
            "description": "The request's id: taken from the request, or made; the log has it too.",
            "schema": {"type": "string"},
        }
    }
    if status == "429" or (buys and status.startswith("2")):
        headers |= limits.described()
    if (buys or is_named) and status.startswith("2"):
        headers |= {
            "Location": {
                "description": "Where to look at what was asked for.",
                "schema": {"type": "string"},
            },
            limits.REPLAYED: {
                "description": "`true` where it was asked for before, under the same Idempotency-Key, or of the proof.",
                "schema": {"type": "string"},
            },
        }
    if status in {"429", "503"}:
        headers["Retry-After"] = {
            "description": "In how many seconds to ask again.",
            "schema": {"type": "integer", "minimum": 1},
        }
    return headers
