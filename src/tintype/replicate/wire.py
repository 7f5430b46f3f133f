"""Calls and replies: what is sent, how an answer is read, which error a refusal is. Pure.

A `Call` names no origin and holds no token: both are added by the transport as the last thing before it is
sent, so that nothing on the way can print them.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, urlencode

from pydantic import BaseModel, TypeAdapter, ValidationError

from tintype.domain import errors
from tintype.replicate import results

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

M = TypeVar("M", bound=BaseModel)

WAIT_MAX_S = 60
"""The longest `Prefer: wait` that the API grants."""
WAIT_MARGIN_S = 10.0
"""How much longer than the wait the answer may take."""

_VERSION_ID = re.compile(r"[0-9a-f]{64}")
_MODEL = re.compile(r"(?P<owner>[A-Za-z0-9][\w.-]*)/(?P<name>[A-Za-z0-9][\w.-]*)")
_EVENTS = frozenset({"start", "output", "logs", "completed"})


class Kind(StrEnum):
    """Whether doing a call twice does harm."""

    REPEATABLE = "repeatable"
    CREATE = "create"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file on its way to `POST /files`; `content` is bytes or a seekable binary file."""

    name: str
    content_type: str
    content: Any = field(repr=False)
    metadata: Mapping[str, Any] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Target:
    """What a create runs: exactly one of a version, a model (`owner/name`) or a deployment."""

    path: str
    model: str | None = None
    version: str | None = None
    deployment: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One call to the API. `path` is below `/v1`; `url` replaces it where the API gave an address.

    `read_s` is how long the answer may take, None for the client's own figure. `is_still_good` is asked on the
    open connection as the last thing before the first byte leaves; where it says no, nothing is sent.
    """

    method: str
    path: str
    kind: Kind = Kind.REPEATABLE
    query: Mapping[str, str] | None = field(default=None, repr=False)
    url: str | None = field(default=None, repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    body: bytes | None = field(default=None, repr=False)
    upload: Upload | None = field(default=None, repr=False)
    read_s: float | None = None
    with_token: bool = True
    target: Target | None = None
    input: Mapping[str, Any] | None = field(default=None, repr=False)
    webhook: str | None = field(default=None, repr=False)
    is_still_good: Callable[[], bool] | None = field(default=None, repr=False)

    @property
    def asks_to_wait(self) -> bool:
        """Whether upstream is asked to hold the answer."""
        return any(name == "Prefer" for name, _ in self.headers)

    @property
    def rest(self) -> str:
        """The path with its query, encoded."""
        return f"{self.path}?{urlencode(self.query)}" if self.query else self.path


@dataclass(frozen=True, slots=True)
class Reply:
    """One whole answer. `headers` have lower-case names."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def date(self) -> datetime | None:
        """The upstream's clock, from the `Date` header, in UTC."""
        return parse_date(self.headers.get("date"))


def parse_date(text: str | None) -> datetime | None:
    """Read an HTTP date as UTC, or None where there is none that can be read."""
    if not text:
        return None
    try:
        return results.in_utc(parsedate_to_datetime(text))
    except (ValueError, OverflowError):
        return None


# ---- requests


def part(text: str) -> str:
    """Encode one path segment; refuses what cannot be one."""
    if not text.strip() or text in {".", ".."}:
        raise errors.InputError(f"{text!r} cannot be an id or a name")
    try:
        return quote(text, safe="")
    except UnicodeEncodeError:
        raise errors.InputError(f"{text!r} cannot be an id or a name: it is no Unicode") from None


def model_path(ref: str) -> str:
    """`owner/name` as the path of the model."""
    found = _MODEL.fullmatch(ref)
    if not found:
        raise errors.InputError(f"{ref!r} does not name a model; write owner/name")
    return f"/models/{part(found['owner'])}/{part(found['name'])}"


def target(
    ref: str | None, *, version: str | None = None, model: str | None = None, deployment: str | None = None
) -> Target:
    """Say where a create goes.

    `ref` is `owner/name`, `owner/name:version` or a version of 64 hex digits; instead of it one of the three
    can be named. Raises InputError for anything else.
    """
    given = [one for one in (ref, version, model, deployment) if one is not None]
    if len(given) != 1:
        raise errors.InputError("say what to run by exactly one of: a reference, version, model, deployment")
    if deployment is not None:
        if not _MODEL.fullmatch(deployment):
            raise errors.InputError(f"{deployment!r} does not name a deployment; write owner/name")
        owner, name = deployment.split("/")
        return Target(path=f"/deployments/{part(owner)}/{part(name)}/predictions", deployment=deployment)
    text = given[0]
    name, colon, digits = text.rpartition(":")
    if not colon:
        name, digits = ("", text) if _VERSION_ID.fullmatch(text) else (text, "")
    if name and not _MODEL.fullmatch(name):
        raise errors.InputError(f"{text!r} names no model; write owner/name or owner/name:version")
    if digits or colon or version is not None:
        if not _VERSION_ID.fullmatch(digits):
            raise errors.InputError(
                f"{text!r} names no version: a version is 64 hex digits, and official models are run without one"
            )
        return Target(path="/predictions", model=name or None, version=digits)
    return Target(path=f"{model_path(name)}/predictions", model=name)


def dump(value: Any) -> bytes:
    """Write JSON; refuses NaN, infinities, lone surrogates and what JSON has no form for."""
    try:
        return json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError) as fault:
        # The text of the fault names a type or a rule, but a UnicodeEncodeError quotes the value itself.
        what = "it holds text that is not Unicode" if isinstance(fault, UnicodeError) else str(fault)
        raise errors.InputError(f"this cannot be sent as JSON: {what}") from None


def check_webhook(webhook: str | None, events: Any) -> list[str] | None:
    """Check a webhook's events; gives them as a list."""
    if events is None:
        return None
    names = [events] if isinstance(events, str) else list(events)
    if webhook is None:
        raise errors.InputError("webhook events are named, but no webhook is")
    unknown = [name for name in names if name not in _EVENTS]
    if unknown:
        raise errors.InputError(f"{unknown[0]!r} is no webhook event; there are {', '.join(sorted(_EVENTS))}")
    return names


def create(
    where: Target,
    plain_input: Mapping[str, Any],
    *,
    wait_s: int | None,
    webhook: str | None = None,
    webhook_events: Any = None,
    cancel_after_s: float | None = None,
    read_s: float,
    is_still_good: Callable[[], bool] | None = None,
) -> Call:
    """Build the create of a prediction. The input is JSON by now: files have become addresses.

    `wait_s` from 1 to 60 asks upstream to hold the answer; None or 0 does not. Raises InputError.
    """
    body: dict[str, Any] = {"input": plain_input}
    if where.version is not None:
        body["version"] = where.version
    if webhook is not None:
        body["webhook"] = webhook
    events = check_webhook(webhook, webhook_events)
    if events is not None:
        body["webhook_events_filter"] = events
    headers: list[tuple[str, str]] = []
    if wait_s:
        if not 1 <= wait_s <= WAIT_MAX_S:
            raise errors.InputError(f"wait_s is {wait_s}; it can be 1 to {WAIT_MAX_S} seconds, or 0 for none")
        headers.append(("Prefer", f"wait={int(wait_s)}"))
        read_s = max(read_s, wait_s + min(read_s, WAIT_MARGIN_S))
    if cancel_after_s is not None:
        if not 5 <= cancel_after_s < math.inf:
            raise errors.InputError(f"cancel_after_s is {cancel_after_s}; the least is 5 seconds")
        headers.append(("Cancel-After", f"{int(cancel_after_s)}s"))
    return Call(
        "POST",
        where.path,
        Kind.CREATE,
        headers=tuple(headers),
        body=dump(body),
        read_s=read_s,
        target=where,
        input=plain_input,
        webhook=webhook,
        is_still_good=is_still_good,
    )


def timestamp(moment: datetime) -> str:
    """Write a time for a query, in UTC; a naive one is refused."""
    if moment.tzinfo is None:
        raise errors.InputError(
            "a time without a zone could mean two things; give it one, such as datetime.UTC"
        )
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


# ---- replies


def read(kind: type[M], reply: Reply) -> M:
    """Read a record; raises ServerError when the body is not one."""
    try:
        return kind.model_validate_json(reply.body)
    except ValidationError as fault:
        raise unreadable(reply, kind.__name__.partition("[")[0].lower()) from plain(fault)


def read_list(kind: type[M], reply: Reply) -> list[M]:
    """Read a bare list of records; raises ServerError when the body is not one."""
    try:
        return TypeAdapter(list[kind]).validate_json(reply.body)  # type: ignore[valid-type] # a type at run time
    except ValidationError as fault:
        raise unreadable(reply, f"list of {kind.__name__.lower()}") from plain(fault)


def plain(fault: ValidationError) -> ValueError:
    """A validation fault without the values that it quotes."""
    first = fault.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(str(step) for step in first["loc"]) or "the body"
    return ValueError(f"{where}: {first['type']}, {fault.error_count()} faults in all")


def unreadable(reply: Reply, what: str) -> errors.ServerError:
    """The error of an answer that should hold something and does not."""
    return errors.ServerError(
        f"Replicate's answer (HTTP {reply.status}) does not hold a readable {what}",
        status=reply.status,
        can_retry=True,
    )


def problem(reply: Reply, call: Call) -> errors.UpstreamError:
    """The typed error of a reply that is not a success, in upstream's words where it has some."""
    body = _members(reply.body)
    status = reply.status
    words = _words(body)
    wait = retry_after_s(reply, body)
    if status == 401:
        return errors.AuthenticationError(
            f"Replicate refuses this token (401): {words or 'unauthenticated'}. "
            "Make a new one at replicate.com/account/api-tokens",
            status=status,
        )
    if status == 402:
        return errors.PaymentError(
            f"the account has no credit (402): {words or 'insufficient credit'}. "
            "Add credit at replicate.com/account/billing",
            status=status,
        )
    if status == 403:
        return errors.PermissionDenied(
            f"this token may not do this (403): {words or 'forbidden'}", status=status
        )
    if status in {404, 410}:
        return errors.NotFound(
            f"Replicate does not know {call.path} ({status}){': ' + words if words else ''}",
            status=status,
        )
    if status == 429:
        return errors.RateLimited(
            f"too many requests (429): {words or 'throttled'}",
            status=status,
            can_retry=True,
            retry_after_s=wait,
        )
    if status == 408 or status >= 500:
        return errors.ServerError(
            f"Replicate could not answer {call.method} {call.path} (HTTP {status}){': ' + words if words else ''}",
            status=status,
            can_retry=True,
            retry_after_s=wait,
        )
    if 400 <= status < 500:
        refused = errors.InvalidInput(
            f"Replicate refuses the request ({status}): {words or 'no reason given'}", status=status
        )
        refused.fields = _fields(body)
        return refused
    return unreadable(reply, "answer")


def retry_after_s(reply: Reply, body: Mapping[str, Any] | None = None) -> float | None:
    """How long upstream asks to wait: the longer of its `Retry-After` header and its body's `retry_after`."""
    members = _members(reply.body) if body is None else body
    asked: list[float] = []
    given = members.get("retry_after")
    if isinstance(given, int | float) and not isinstance(given, bool) and 0 <= given < 86_400:
        asked.append(float(given))
    header = reply.headers.get("retry-after", "").strip()
    if header.isdecimal():
        asked.append(float(min(int(header[:9]), 86_400)))
    elif header:
        until, now = parse_date(header), reply.date
        if until is not None and now is not None:
            asked.append(min(max(0.0, (until - now).total_seconds()), 86_400.0))
    return max(asked, default=None)


def _members(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _words(body: Mapping[str, Any]) -> str:
    """Upstream's own sentence: `detail`, then `title`, then `message`; at most 500 characters of it."""
    for name in ("detail", "title", "message"):
        text = body.get(name)
        if isinstance(text, str) and text.strip():
            return " ".join(text.split())[:500]
    return ""


def _fields(body: Mapping[str, Any]) -> tuple[errors.InvalidField, ...]:
    listed = body.get("invalid_fields")
    if not isinstance(listed, list):
        return ()
    return tuple(
        errors.InvalidField(
            type=str(one.get("type", "")),
            field=str(one.get("field", "")),
            description=str(one.get("description", "")),
        )
        for one in listed
        if isinstance(one, dict)
    )


def prediction_id(body: bytes) -> str | None:
    """The id of a prediction in a body that may be cut short or otherwise broken."""
    found = re.search(rb'"id"\s*:\s*"([a-z0-9]{26})"', body)
    return found[1].decode() if found else None


def prediction(reply: Reply) -> results.Prediction:
    """Read a prediction."""
    return read(results.Prediction, reply)
