"""What went wrong, as an answer: one table from code to status, one shape (RFC 9457), others where SDKs expect them.

    raise problems.Problem("not_json", "the body is not JSON: …")

Errors of the services become problems here and nowhere else. No text of an unforeseen exception leaves, except in
debug mode on loopback.
"""

from __future__ import annotations

import itertools
import json
import math
import re
from typing import TYPE_CHECKING, Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from tintype.domain import errors
from tintype.domain.catalogue import nearest
from tintype.domain.errors import UnknownModel
from tintype.service import areas, budgets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from starlette.requests import Request

MEDIA_TYPE = "application/problem+json"
PAGES = "/problems/"
"""Where a problem's page is served, followed by its code."""

FIELDS_MAX = 50
"""How many faults of a request are told."""

# code → status, and a title that is the same for every problem of the code.
TABLE: dict[str, tuple[int, str]] = {
    "not_json": (400, "The body is not JSON"),
    "bad_cursor": (400, "The cursor is not one of ours"),
    "bad_request": (400, "The request cannot be understood"),
    "not_made": (400, "What was asked for was not made, and is not to be asked for again by itself"),
    "key_missing": (401, "An API key is needed"),
    "key_refused": (401, "The API key is not accepted"),
    "webhook_refused": (401, "The webhook is not upstream's"),
    "budget_exceeded": (402, "The budget has no room"),
    "not_allowed": (403, "The API key may not do this"),
    "model_not_allowed": (403, "The API key may not use this model"),
    "origin_refused": (403, "The request comes from a foreign page"),
    "not_found": (404, "There is nothing here"),
    "unknown_generation": (404, "There is no such generation"),
    "unknown_order": (404, "There is no such order"),
    "unknown_model": (404, "There is no such model"),
    "file_unknown": (404, "There is no such file"),
    "not_there": (404, "What was named is not there"),
    "key_unknown": (404, "There is no such key"),
    "method_not_allowed": (405, "This method is not offered here"),
    "name_taken": (409, "The name is taken"),
    "idempotency_conflict": (409, "The Idempotency-Key was used for something else"),
    "not_possible_now": (409, "The state does not allow it"),
    "gone": (410, "It was here and is not any more"),
    "too_large": (413, "The body is too large"),
    "unsupported_media_type": (415, "The body's type is not taken here"),
    "range_not_there": (416, "The range is not in the file"),
    "bad_input": (422, "The input does not fit"),
    "invalid_input": (422, "Upstream refused the input"),
    "limit_reached": (429, "A limit has no room"),
    "too_many_attempts": (429, "Too many wrong API keys"),
    "too_many_requests": (429, "Too many requests"),
    "internal": (500, "A fault of the gateway's own"),
    "configuration": (500, "The gateway is set up wrongly"),
    "generation_failed": (502, "The generation ended without success"),
    "upstream": (502, "Upstream did not do it"),
    "upstream_payment": (503, "Upstream asks for credit"),
    "upstream_auth": (503, "Upstream refuses the gateway's token"),
    "upstream_busy": (503, "Upstream is called too often"),
    "upstream_paused": (503, "Upstream refuses the account for now"),
    "busy": (503, "The gateway does too much of this at the moment"),
    "database_away": (503, "The database does not answer"),
    "storage": (503, "The file storage does not work"),
    "stopping": (503, "The gateway is stopping"),
    "timeout": (504, "It takes longer than the answer may"),
}

# Upstream's own refusals of the account are the operator's to mend, and never the caller's fault.
_OPERATOR = {
    errors.PaymentError: (
        "upstream_payment",
        "Replicate asks the operator's account for credit; the operator adds it at replicate.com/account/billing",
    ),
    errors.AuthenticationError: (
        "upstream_auth",
        "Replicate refuses the gateway's token; the operator sets a good one: tintype token set",
    ),
    errors.PermissionDenied: (
        "upstream_auth",
        "Replicate does not let the gateway's token do this; the operator sets one that may",
    ),
    errors.RateLimited: (
        "upstream_busy",
        "Replicate is called too often at the moment; ask again a little later",
    ),
}
_AGAIN_S = 15.0


class Problem(HTTPException):
    """An answer that is not what was asked for.

    `code` is one of the table's, `detail` says what was wrong and what to do, `facts` are further members of the
    answer, `retry_after_s` becomes Retry-After.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        facts: Mapping[str, Any] | None = None,
        retry_after_s: float | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(TABLE[code][0], detail)
        self.code = code
        self.facts = dict(facts or {})
        self.retry_after_s = retry_after_s
        self.own_headers = dict(headers or {})

    @property
    def title(self) -> str:
        """What all problems of this code have in common."""
        return TABLE[self.code][1]


_SHAPE = re.compile(r"[\[(]")
_DIALECTS: dict[str, Callable[[Problem, str], dict[str, Any]]] = {}


def speak(prefix: str, write: Callable[[Problem, str], dict[str, Any]]) -> None:
    """Write the problems of all paths below a prefix in another shape; `write` gets the problem and request id."""
    _DIALECTS[prefix] = write


def of(error: Exception, fields: Iterable[str] = ()) -> Problem | None:
    """Return the problem that an error is; None for one that nobody foresaw. `fields` are the body's names."""
    match error:
        case Problem():
            return error
        case RequestValidationError():
            return _of_validation(error, list(fields))
        case HTTPException():
            return _of_status(error)
        case UnknownModel():
            facts = {"nearest": error.nearest} if error.nearest else {}
            return Problem("unknown_model", str(error), facts=facts)
        case errors.LimitReached():
            return _of_limit(error)
        case errors.UpstreamError():
            return _of_upstream(error)
        case errors.TintypeError():
            code = error.code if error.code in TABLE else _family(error)
            more: dict[str, Any] = {}
            if isinstance(error, areas.Unfit):
                more["fields"] = [{"field": f"input.{error.name}", "detail": str(error)}]
            return Problem(code, str(error), facts=more, retry_after_s=error.retry_after_s)
    return None


def pace(limit: object, left: object, *, resets_at_s: float) -> dict[str, str]:
    """Return the headers that tell a limit, what is left of it, and when it begins anew, in seconds of Unix time."""
    return {
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Remaining": str(left),
        "X-RateLimit-Reset": str(math.ceil(resets_at_s)),
    }


def hint(name: str, known: Sequence[str]) -> str:
    """Say which name was meant, or which there are."""
    close = nearest(name, known)
    if close is not None:
        return f"did you mean {close!r}?"
    return f"known are {', '.join(known)}" if known else "none is known here"


def internal(error: Exception, *, is_shown: bool) -> Problem:
    """Return the problem of an unforeseen error; its text is shown in debug mode only."""
    detail = "something went wrong inside the gateway; its log has the rest under this request_id"
    facts = {"exception": f"{type(error).__name__}: {error}"} if is_shown else None
    return Problem("internal", detail, facts=facts)


def answer(request: Request, problem: Problem) -> Response:
    """Write a problem as the caller's part of the API does it."""
    request_id = request.scope.get("state", {}).get("request_id", "")
    body, media_type = _document(problem, request_id), MEDIA_TYPE
    path = request.scope["path"]
    for prefix, write in _DIALECTS.items():
        if path.startswith(prefix):
            body, media_type = write(problem, request_id), "application/json"
    headers = dict(problem.own_headers)
    if problem.retry_after_s is not None:
        headers["Retry-After"] = str(max(math.ceil(problem.retry_after_s), 1))
    if problem.status_code == 401:
        headers.setdefault("WWW-Authenticate", "Bearer")
    content = json.dumps(body, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")
    return Response(content, problem.status_code, headers, media_type)


def _document(problem: Problem, request_id: str) -> dict[str, Any]:
    document: dict[str, Any] = {
        "type": f"{PAGES}{problem.code}",
        "title": problem.title,
        "status": problem.status_code,
        "detail": problem.detail,
        "code": problem.code,
        "request_id": request_id,
    }
    if problem.retry_after_s is not None:
        document["retry_after_s"] = round(problem.retry_after_s, 3)
    return document | problem.facts


def _of_limit(error: errors.LimitReached) -> Problem:
    """Money that is used up is a 402; pace, quotas and work at once are a 429."""
    code = "budget_exceeded" if error.measure == "money" else "limit_reached"
    facts: dict[str, Any] = {
        "limit": {
            "scope": error.scope,
            "subject": error.subject,
            "measure": error.measure,
            "period": budgets.period_shown(error.period),
            "amount": budgets.shown(error.measure, error.amount),
        },
        "free": budgets.shown(error.measure, error.free),
        "asked": budgets.shown(error.measure, error.asked),
        "frees_at": None if error.frees_at is None else error.frees_at.isoformat(),
    }
    wait_s = error.retry_after_s
    if code == "limit_reached" and wait_s is None:
        # Work at once has no window; how soon one of it ends, nobody knows.
        wait_s = 1.0
    return Problem(code, str(error), facts=facts, retry_after_s=wait_s, headers=_pace_told(error))


def _pace_told(error: errors.LimitReached) -> dict[str, str]:
    """Return the headers that say what is left of a limit that begins anew at a time; none for money."""
    if error.measure == "money" or error.frees_at is None:
        return {}
    amount, free = (budgets.shown(error.measure, one) for one in (error.amount, error.free))
    return pace(amount, free, resets_at_s=error.frees_at.timestamp())


def _of_upstream(error: errors.UpstreamError) -> Problem:
    for kind, (code, detail) in _OPERATOR.items():
        if isinstance(error, kind):
            return Problem(code, f"{detail}.", retry_after_s=error.retry_after_s or _AGAIN_S)
    match error:
        case errors.NotFound():
            return Problem("not_found", str(error))
        case errors.InvalidInput():
            fields = [{"field": one.field, "detail": one.description} for one in error.fields]
            return Problem("invalid_input", str(error), facts={"fields": fields} if fields else None)
        case errors.TimedOut():
            return Problem("timeout", str(error))
    return Problem("upstream", str(error), retry_after_s=error.retry_after_s)


def _family(error: errors.TintypeError) -> str:
    match error:
        case errors.InputError():
            return "bad_input"
        case errors.ConfigurationError():
            return "configuration"
    return "storage" if error.code.startswith(("storage", "object")) else "internal"


def _of_status(error: HTTPException) -> Problem:
    """Return the problem behind a status that the framework answers by itself."""
    by_status = {404: "not_found", 405: "method_not_allowed", 413: "too_large", 415: "unsupported_media_type"}
    code = by_status.get(error.status_code, "bad_request")
    details = {
        "not_found": "nothing is served at this path; /openapi.json lists what is",
        "method_not_allowed": "this path does not take that method; the Allow header lists those it takes",
    }
    return Problem(code, details.get(code, str(error.detail)), headers=error.headers)


def _of_validation(error: RequestValidationError, known: list[str]) -> Problem:
    found = error.errors()
    fields = [_field(one, known) for one in itertools.islice(found, FIELDS_MAX)]
    if not fields:
        return Problem("bad_input", "the request does not fit.")
    first = fields[0]
    more = f" ({len(found) - 1} more)" if len(found) > 1 else ""
    return Problem("bad_input", f"{first['field']}: {first['detail']}{more}", facts={"fields": fields})


def _field(one: Mapping[str, Any], known: list[str]) -> dict[str, str]:
    """Say where and what; never the value, which may be a secret."""
    # What is in brackets names a shape that was tried, not a field.
    place = [str(part) for part in one["loc"] if not _SHAPE.search(str(part))]
    name = ".".join(place[1:] or place)
    detail = str(one["msg"]).removeprefix("Value error, ")
    if one["type"] == "extra_forbidden":
        is_known = known and len(place) == 2
        detail = f"there is no such field; {hint(place[-1], known)}" if is_known else "there is no such field"
    return {"field": name[:200], "detail": detail[:500]}
