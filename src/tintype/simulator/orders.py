"""Read the body and the headers of a create, and refuse what the API refuses, in its words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tintype.simulator import problems, validation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tintype.simulator.models import Model
    from tintype.simulator.records import Account
    from tintype.simulator.world import World

KEYS = ("input", "stream", "webhook", "webhook_events_filter")
EVENTS = ("start", "output", "logs", "completed")
HIDDEN = "hidden"
WAIT_S_MAX = 60
CANCEL_AFTER_S_MIN = 5
CANCEL_AFTER_S_MAX = 86_400
URL_LENGTH_MAX = 2048
_WAIT = re.compile(r"wait(?:=([1-9][0-9]?))?")
_DURATION = re.compile(r"(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?")
_VERSION = re.compile(r"(?:([\w.-]+/[\w.-]+):)?([0-9a-f]{64})")

Fault = tuple[str, str, str]


def check(body: Mapping[str, Any], *, has_version: bool) -> None:
    """Look at everything in the body but the input's own values. Raises Problem 422 with all faults."""
    known = (*KEYS, "version") if has_version else KEYS
    faults: list[Fault] = [
        ("additional_property_not_allowed", "", f"Additional property {key} is not allowed")
        for key in body
        if key not in known
    ]
    required = ("version", "input") if has_version else ("input",)
    faults += [("required", "", f"{key} is required") for key in required if key not in body]
    faults += _typed(body)
    if faults:
        raise problems.invalid_fields(faults)


def check_input(model: Model, values: Mapping[str, Any]) -> None:
    """Look at the input's values. Raises Problem 422 with all faults."""
    faults = validation.check(model, values)
    if faults:
        raise problems.invalid_fields([(fault.type, fault.field, fault.description) for fault in faults])


def version(world: World, account: Account, text: str) -> tuple[str, Model, str]:
    """Return slug, model and shown version for one of the three spellings. Raises Problem 422."""
    named = _VERSION.fullmatch(text)
    if named is None:
        model = world.models.get(text)
        if model is None or not model.official:
            raise problems.invalid_version()
        return model.slug, model, HIDDEN
    found = world.find_version(named[2], account.token)
    if found is None or (named[1] is not None and named[1] != found[0]):
        raise problems.invalid_version()
    slug, model = found
    return slug, model, HIDDEN if model.official and slug == model.slug else named[2]


def events(body: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Return the events that were asked for, None for the usual ones."""
    wanted = body.get("webhook_events_filter")
    return None if wanted is None else tuple(wanted)


def wait_s(header: str | None) -> int | None:
    """Return how long the answer may wait, None for a preference that is not understood: it is ignored."""
    wanted = None if header is None else _WAIT.fullmatch(header.strip())
    if wanted is None:
        return None
    seconds = WAIT_S_MAX if wanted[1] is None else int(wanted[1])
    return seconds if seconds <= WAIT_S_MAX else None


def cancel_after_s(header: str | None) -> float | None:
    """Return the seconds of a `Cancel-After` header: 90, 90s, 5m, 1h30m45s. Raises Problem 422."""
    if header is None:
        return None
    text = header.strip().lower()
    named = _DURATION.fullmatch(text)
    if text.isascii() and text.isdigit() and len(text) < 10:
        seconds = int(text)
    elif text and named is not None:
        hours, minutes, rest = (int(part or 0) for part in named.groups())
        seconds = 3600 * hours + 60 * minutes + rest
    else:
        raise problems.Problem(422, "Cancel-After is not a duration; write it like 90, 90s, 5m or 1h30m45s")
    if not CANCEL_AFTER_S_MIN <= seconds <= CANCEL_AFTER_S_MAX:
        raise problems.Problem(422, "Cancel-After must be at least 5 seconds and at most 24 hours")
    return float(seconds)


def _typed(body: Mapping[str, Any]) -> list[Fault]:
    faults: list[Fault] = []
    for key, expected, kinds in _TYPES:
        value = body.get(key)
        if (
            key in body
            and not isinstance(value, kinds)
            and not (value is None and key not in {"input", "version"})
        ):
            faults.append(("invalid_type", key, f"Invalid type. Expected: {expected}, given: {_type(value)}"))
    url = body.get("webhook")
    if isinstance(url, str) and not _is_url(url):
        faults.append(("format", "webhook", "Does not match format 'uri'"))
    wanted = body.get("webhook_events_filter")
    if isinstance(wanted, list):
        allowed = ", ".join(f'"{event}"' for event in EVENTS)
        for index, event in enumerate(wanted):
            if event not in EVENTS:
                place = f"webhook_events_filter.{index}"
                faults.append(("enum", place, f"{place} must be one of the following: {allowed}"))
    return faults


_TYPES: tuple[tuple[str, str, type], ...] = (
    ("version", "string", str),
    ("input", "object", dict),
    ("stream", "boolean", bool),
    ("webhook", "string", str),
    ("webhook_events_filter", "array", list),
)


def _type(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    names = {str: "string", dict: "object", list: "array", int: "integer", float: "number"}
    return names[type(value)]


def _is_url(text: str) -> bool:
    if len(text) > URL_LENGTH_MAX or not text.isprintable() or " " in text:
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
