"""Say what was wrong the way the API says it: problem+json with the recorded words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """An answer that refuses a request.

    `detail` is the sentence for people, `title` the short name where the API has one, `members` are further
    members of the body (`retry_after`, `invalid_fields`), `headers` go into the answer as they are.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        title: str | None = None,
        headers: Mapping[str, str] | None = None,
        media_type: str = MEDIA_TYPE,
        **members: Any,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.title = title
        self.headers = dict(headers or {})
        self.media_type = media_type
        self.members = members

    def body(self) -> dict[str, Any]:
        """Return the members of the answer's body in the API's order."""
        body: dict[str, Any] = {} if self.title is None else {"title": self.title}
        return body | {"detail": self.detail, "status": self.status} | self.members

    def response(self) -> Response:
        """Return the answer to send."""
        content = json.dumps(self.body(), ensure_ascii=False, separators=(",", ":")).encode()
        return Response(content, self.status, self.headers, self.media_type)


def missing_token() -> Problem:
    """Return the 401 for a request without an `Authorization` header."""
    return Problem(401, "You did not pass an authentication token", title="Unauthenticated")


def invalid_token() -> Problem:
    """Return the 401 for a token that is no account's."""
    return Problem(401, "You did not pass a valid authentication token", title="Unauthenticated")


def insufficient_credit() -> Problem:
    """Return the 402 for a create on an account without credit."""
    return Problem(
        402,
        "You have insufficient credit to run this model. Go to "
        "https://replicate.com/account/billing#billing to purchase credit. Once you purchase credit, "
        "please wait a few minutes before trying again.",
        title="Insufficient credit",
    )


def not_found(detail: str = "The requested resource could not be found.") -> Problem:
    """Return the 404 with the given sentence."""
    return Problem(404, detail)


def invalid_version() -> Problem:
    """Return the 422 for a version that does not exist or is somebody else's."""
    return Problem(
        422,
        "The specified version does not exist (or perhaps you don't have permission to use it?)",
        title="Invalid version or not permitted",
    )


def invalid_fields(fields: Sequence[tuple[str, str, str]]) -> Problem:
    """Return the 422 that lists every fault of a body.

    Each of `fields` is (type, field, description) in the vocabulary of gojsonschema; `field` is `input.seed`
    for a value in the input and empty for a fault of the whole body.
    """
    return Problem(
        422,
        "".join(f"- {field or '(root)'}: {description}\n" for _, field, description in fields),
        title="Input validation failed",
        invalid_fields=[{"type": kind, "field": field, "description": text} for kind, field, text in fields],
    )


def throttled(retry_after_s: int, *, low_credit: bool = False) -> Problem:
    """Return the 429 that asks to wait, in the body and in a `Retry-After` header."""
    reduced = (
        "Your rate limit for creating predictions is reduced to 6 requests per minute with a burst of 1 "
        "requests while you have less than $5.0 in credit. "
    )
    return Problem(
        429,
        f"Request was throttled. {reduced if low_credit else ''}Your rate limit resets in ~{retry_after_s}s.",
        headers={
            "Retry-After": str(retry_after_s),
            "ratelimit-remaining": "0",
            "ratelimit-reset": str(retry_after_s),
        },
        retry_after=retry_after_s,
    )


def too_large() -> Problem:
    """Return the 413 for an upload of more than 100 MB."""
    return Problem(413, "Files must be less than 100MB in size")
