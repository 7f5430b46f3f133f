"""How the routes of the API behave, whatever app they are mounted in: strict bodies, errors as problems.

router = routing.router("/api/things", tags=["things"])
"""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from tintype.api import auth, gateway, problems
from tintype.api.bodies import StrictRequest
from tintype.api.middleware import REQUEST_SLACK_S, Front

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from fastapi.dependencies.models import Dependant
    from starlette.routing import Match
    from starlette.types import Receive, Scope, Send

    from tintype.api.gateway import Gateway

_IS_HEAD = "tintype.is_head"
# Their clients are not ours to correct: what the services themselves ignore is ignored there.
_FOREIGN = ("replicate", "openai")
_UNOPENED = (
    "the gateway was not opened, as the lifespan of tintype.api.router did not run; include it in the outermost app: "
    "`mount` runs no lifespan of what it mounts"
)
SHAPES = "#/components/schemas/"

log = logging.getLogger("tintype.api")


class Route(APIRoute):
    """A route that needs nothing of the app that it is mounted in.

    Its errors are problems when they leave it; where the layer around all routes is not there, it is around this one;
    and what is asked for by GET may be asked for by HEAD.
    """

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Say whether it is this route that is asked for."""
        return super().matches({**scope, "method": "GET"} if self._is_head(scope) else scope)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that is for it."""
        state = scope.get("state", {})
        here: Gateway | None = state.get("gateway")
        if here is None:
            log.error("no answer to %s %s: %s", scope["method"], self.path, _UNOPENED)
            await problems.answer(Request(scope), problems.Problem("configuration", _UNOPENED))(
                scope, receive, send
            )
            return
        if "visit" in state:
            await self._handled(scope, receive, send)
            return
        front = Front(
            self._handled,
            randomness=os.urandom,
            body_max_bytes=here.settings.body_max_bytes,
            request_s=here.settings.request_timeout_s + REQUEST_SLACK_S,
            is_debug=here.settings.debug,
        )
        await front(scope, receive, send)

    async def _handled(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._is_head(scope):
            scope = {**scope, "method": "GET", _IS_HEAD: True}
        if scope["method"] not in (self.methods or ()):
            raise HTTPException(405, headers={"Allow": ", ".join(self._offered(scope))})
        await super().handle(scope, receive, send)

    def _offered(self, scope: Scope) -> list[str]:
        """Return the methods that are offered at this route's path; each route knows its own alone."""
        found = list(iter_route_contexts(scope["app"].routes))
        paths = {one.path for one in found if one.original_route is self}
        methods = {method for one in found if one.path in paths for method in one.methods or ()}
        return sorted(methods | ({"HEAD"} if "GET" in methods else set()))

    def _is_head(self, scope: Scope) -> bool:
        return scope.get("method") == "HEAD" and "GET" in (self.methods or ())

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request."""
        handle = super().get_route_handler()
        parts = list(_parts(self.dependant))
        # What opens by itself takes no key; it is handed on by others, who add their own words to the query.
        key = next((part.call for part in parts if isinstance(part.call, auth.Requires)), None)
        known = sorted({name for part in parts for name in _asked(part)})
        is_foreign = any(str(tag).startswith(_FOREIGN) for tag in self.tags)
        fields = _names(self.body_field.field_info.annotation if self.body_field else None)

        async def answered(request: Request) -> Response:
            try:
                _refuse_nul(request)
                if key is not None:
                    if request.scope["query_string"] and not is_foreign:
                        _refuse_unknown(request, known)
                    # Before the body is read, which may be large and hostile.
                    await key.met(request)
                answer = await handle(StrictRequest(request.scope, request.receive))
                return _without_body(answer) if is_head(request) else answer
            except ClientDisconnect:
                raise
            except Exception as error:
                problem = problems.of(error, fields)
                if problem is None:
                    log.exception("no answer to %s %s", request.method, self.path)
                    problem = problems.internal(error, is_shown=gateway.of(request).shows_faults(request))
                return problems.answer(request, problem)

        return answered


def is_head(request: Request) -> bool:
    """Whether only the head of an answer is asked for."""
    return request.method == "HEAD" or request.scope.get(_IS_HEAD, False)


def router(prefix: str = "", *, tags: list[str] | None = None, **options: Any) -> APIRouter:
    """Make a router of such routes; every one documents the problems that any may answer with."""
    return APIRouter(prefix=prefix, tags=list(tags or ()), route_class=Route, **options)


def refuses(*statuses: int, is_open: bool = False) -> dict[int | str, dict[str, Any]]:
    """Document the problems that a route answers with: `responses=refuses(404, 409)`.

    What every route that takes a key may answer is among them; `is_open` says that this one takes none.
    """
    always = {422, 500, 503, 504} if is_open else {400, 401, 403, 422, 429, 500, 503, 504}
    return {status: _documented(status) for status in sorted(always | set(statuses))}


def shaped(shape: type[BaseModel], status: int) -> dict[str, Any]:
    """Document a problem that has another shape than ours.

    The shape is named, not handed over: the framework would build what reads it once more for each route and status.
    """
    return {
        "description": "; ".join(title for of, title in problems.TABLE.values() if of == status),
        "content": {"application/json": {"schema": {"$ref": f"{SHAPES}{shape.__name__}"}}},
    }


def _without_body(answer: Response) -> Response:
    """Keep what would be said before the body, so that neither a file nor a stream is begun."""
    bare = Response(status_code=answer.status_code)
    bare.raw_headers = answer.raw_headers
    return bare


def _refuse_nul(request: Request) -> None:
    """What is asked for by its path and query is looked for in the database, which knows no such sign."""
    for part, has_nul in (
        ("path", "\0" in request.scope["path"]),
        ("query", b"%00" in request.scope["query_string"]),
    ):
        if has_nul:
            raise problems.Problem(
                "bad_input", f"the {part} holds a NUL character, which cannot be looked for."
            )


def _refuse_unknown(request: Request, known: list[str]) -> None:
    """A filter that is misspelt would silently list everything."""
    fields = [
        {"field": name[:200], "detail": f"there is no such parameter; {problems.hint(name, known)}"}
        for name in dict.fromkeys(request.query_params)
        if name not in known
    ]
    if fields:
        first = fields[0]
        raise problems.Problem("bad_input", f"{first['field']}: {first['detail']}", facts={"fields": fields})


def _parts(whole: Dependant) -> Iterator[Dependant]:
    yield whole
    for part in whole.dependencies:
        yield from _parts(part)


def _asked(part: Dependant) -> Iterator[str]:
    """Give the names that a part of a route takes from the query; a model's are those of its fields."""
    for one in part.query_params:
        shape = one.field_info.annotation
        if isinstance(shape, type) and issubclass(shape, BaseModel):
            yield from (field.alias or name for name, field in shape.model_fields.items())
        else:
            yield one.alias


def _documented(status: int) -> dict[str, Any]:
    titles = {code: title for code, (of, title) in problems.TABLE.items() if of == status}
    return {
        "description": "; ".join(f"{code}: {title}" for code, title in titles.items()),
        "content": {
            problems.MEDIA_TYPE: {
                "schema": {"$ref": f"{SHAPES}Problem"},
                "examples": {
                    code: {
                        "value": {
                            "type": f"{problems.PAGES}{code}",
                            "title": title,
                            "status": status,
                            "detail": f"{title}.",
                            "code": code,
                            "request_id": "01jd9zv6m8q4t2x7c5r3b1n0ka",
                        }
                    }
                    for code, title in titles.items()
                },
            }
        },
    }


def _names(annotation: Any) -> tuple[str, ...]:
    is_model = isinstance(annotation, type) and issubclass(annotation, BaseModel)
    return tuple(annotation.model_fields) if is_model else ()
