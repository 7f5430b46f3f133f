"""Answer with JSON as the API does: UTF-8, compact, `application/json; charset=UTF-8`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from tintype.simulator import bodies, problems

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

MEDIA_TYPE = "application/json; charset=UTF-8"
BODY_BYTES_MAX = 32 * 1024 * 1024


def encode(body: Any) -> bytes:
    """Return the bytes of a JSON body."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def reply(body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a JSON answer."""
    return Response(encode(body), status, headers, MEDIA_TYPE)


def nothing(status: int = 204) -> Response:
    """Return an answer without a body (204, or 202 for what is done later)."""
    return Response(b"", status, media_type="text/plain; charset=UTF-8")


async def read_object(request: Request) -> dict[str, Any]:
    """Return the JSON object of a request's body; an empty body is an empty object.

    Raises Problem: 400 for a body that is not JSON, 413 for one beyond 32 MiB, 422 for one that is no object.
    """
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > BODY_BYTES_MAX:
            raise problems.Problem(413, "Request body is too large")
    if not raw.strip():
        return {}
    try:
        body = json.loads(raw, parse_constant=_refuse_constant)
        encode(body)  # a lone surrogate cannot be sent back, so it is refused here
    except (ValueError, RecursionError) as error:
        raise problems.Problem(400, "The request body is not valid JSON") from error
    if not isinstance(body, dict):
        kind, description = bodies.wrong_type("object", body)
        raise problems.invalid_fields([(kind, "", description)])
    return body


def _refuse_constant(name: str) -> None:
    raise ValueError(name)
