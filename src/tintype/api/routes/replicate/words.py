"""How Replicate says things: errors in its shape and words, faults of a body by field, pages, and where we are.

A problem of ours is written as `{title?, detail, status, invalid_fields?, retry_after?}` below `/replicate` (rule 25).
"""

from __future__ import annotations

import base64
import binascii
import math
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from tintype.api import auth, gateway, problems, routing
from tintype.api.problems import Problem
from tintype.api.schemas.replicate import ReplicateProblem
from tintype.domain import faults, ids
from tintype.service import predictions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import BaseModel
    from starlette.requests import Request

    from tintype.domain.access import Caller, Scope
    from tintype.domain.faults import Fault

Cursor = Annotated[str | None, Query(description="From `next` of the page before.")]

PREFIX = "/replicate"
BASE = predictions.BASE
NOT_FOUND = "The requested resource could not be found."
_UNAUTHENTICATED = "Unauthenticated"
_TITLES = {402: "Insufficient credit", 403: "Forbidden"}
_CREDIT = "You have insufficient credit to run this model: "
_INVALID = "Input validation failed"
_VERSION = (
    "Invalid version or not permitted",
    "The specified version does not exist (or perhaps you don't have permission to use it?)",
)


def mounted(own: APIRouter) -> APIRouter:
    """Return routes below `/replicate/v1`, and below `/replicate` for clients that leave `/v1` out."""
    both = APIRouter(route_class=routing.Route)
    both.include_router(own, prefix=BASE)
    both.include_router(own, prefix=PREFIX, include_in_schema=False)
    return both


def own_router(tag: str, *, needs: Scope | None = None) -> APIRouter:
    """Make a router for `mounted`; `needs` is a scope that all its routes ask for."""
    needed = [] if needs is None else [Depends(auth.Requires(needs))]
    return routing.router(tags=[f"replicate: {tag}"], dependencies=needed)


def refuses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Document the refusals of a route in this shape."""
    always = {400, 401, 403, 422, 429, 500, 502, 503, 504}
    return {status: routing.shaped(ReplicateProblem, status) for status in sorted(always | set(statuses))}


def takes(shape: type[BaseModel]) -> dict[str, Any]:
    """Document the body of a route that reads it itself: `openapi_extra=takes(…)`."""
    schema = shape.model_json_schema()
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def invalid(found: Sequence[Fault]) -> Problem:
    """Return the refusal of a body that has faults."""
    return Problem(
        "bad_input",
        faults.listed(found),
        facts={
            "invalid_fields": [
                {"type": one.type, "field": one.field, "description": one.description} for one in found
            ]
        },
    )


def invalid_version() -> Problem:
    """Return the refusal of a version that nobody has seen."""
    return Problem("bad_input", _VERSION[1], facts={"title": _VERSION[0]})


def not_found(detail: str = NOT_FOUND) -> Problem:
    """Return the refusal of what is not there, or not the caller's."""
    return Problem("not_found", detail)


def too_large(detail: str) -> Problem:
    """Return the refusal of a body that is too large."""
    return Problem("too_large", detail)


def write(problem: Problem, request_id: str) -> dict[str, Any]:  # noqa: ARG001 - the header has the id
    """Write a problem as Replicate does."""
    status, detail = problem.status_code, problem.detail
    title = problem.facts.get("title") or _TITLES.get(status)
    more: dict[str, Any] = {}
    match problem.code:
        case "key_missing":
            title = _UNAUTHENTICATED
            how = f": {detail}" if auth.MAKE_A_KEY in detail else ""
            detail = f"You did not pass an authentication token{how}"
        case "key_refused":
            title, detail = _UNAUTHENTICATED, "You did not pass a valid authentication token"
        case "budget_exceeded":
            detail = f"{_CREDIT}{detail}."
        case "limit_reached" | "too_many_requests":
            wait_s = max(math.ceil(problem.retry_after_s or 1.0), 1)
            detail = f"Request was throttled. Your rate limit resets in ~{wait_s}s. ({detail})"
            more["retry_after"] = wait_s
        case "unknown_generation" | "unknown_model" | "unknown_order":
            detail = NOT_FOUND
        case "bad_input":
            fields = problem.facts.get("invalid_fields") or _of_ours(problem.facts.get("fields"))
            if fields:
                title, more["invalid_fields"] = _INVALID, fields
    if problem.retry_after_s is not None and "retry_after" not in more and status in {429, 503}:
        more["retry_after"] = max(math.ceil(problem.retry_after_s), 1)
    told: dict[str, Any] = {} if title is None else {"title": title}
    return told | {"detail": detail, "status": status} | more


def _of_ours(fields: Any) -> list[dict[str, str]]:
    """Write faults that were found before a body was read, in a query for one."""
    return [
        {"type": "invalid", "field": one["field"], "description": one["detail"]}
        for one in (fields if isinstance(fields, list) else ())
    ]


problems.speak(PREFIX, write)


def answer(told: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Answer with JSON."""
    return Response(predictions.written(told), status, headers, "application/json; charset=utf-8")


def base(request: Request) -> str:
    """Return where the caller reaches this API: origin and path, `/v1` included."""
    return gateway.of(request).origin_of(request) + BASE


def username(caller: Caller) -> str:
    """Return what an account is called whose key this is: the key's id."""
    return caller.key


def path(request: Request) -> str:
    """Return which resource of the API is asked for, without what stands before it."""
    return str(request.scope["path"]).removeprefix(PREFIX).removeprefix("/v1")


async def an_object(request: Request) -> dict[str, Any]:
    """Return a JSON body that is an object. Raises Problem."""
    body = await request.json()
    if not isinstance(body, dict):
        raise invalid([faults.wrong_type("(root)", body, expected="object")])
    return body


def places(cursor: str | None) -> tuple[str | None, str | None]:
    """Return the id to go on behind, and the one to go back before. Raises Problem for what is no cursor of ours."""
    if not cursor:
        return None, None
    try:
        pairs = dict(parse_qsl(base64.b64decode(cursor, validate=True).decode(), strict_parsing=True))
    except (binascii.Error, ValueError):
        pairs = {}
    place = pairs.get("p", "")
    if not ids.is_ulid(place):
        raise Problem("bad_cursor", "Invalid cursor")
    return (None, place) if pairs.get("r") == "1" else (place, None)


def link(request: Request, place: str | None, *, is_back: bool = False) -> str | None:
    """Return the address of the page behind an id, or before it; None where there is none."""
    if place is None:
        return None
    text = base64.b64encode(urlencode({**({"r": "1"} if is_back else {}), "p": place}).encode()).decode()
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    return f"{base(request)}{path(request)}?{urlencode([*kept, ('cursor', text)])}"
