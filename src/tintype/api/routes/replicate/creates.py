"""Read what a create asks for, and refuse what Replicate refuses, in its words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tintype.api.problems import Problem
from tintype.api.routes.replicate import words
from tintype.domain import faults
from tintype.service import givens, requests
from tintype.service.predictions import EVENTS, EVENTS_USUAL
from tintype.service.requests import DEADLINE_LEAST_S, DEADLINE_MOST_S

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tintype.domain.faults import Fault
    from tintype.service.versions import Runnable

KEYS = ("input", "stream", "webhook", "webhook_events_filter")
URL_MAX = 2048
_DURATION = re.compile(r"(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?")
_WAIT = re.compile(r"wait(?:=([1-9][0-9]?))?")
_LINK = re.compile(r"^https?://[^/?#]+/(?:(?:api/|replicate/(?:v1/)?)files|media|share)/", re.IGNORECASE)
_TYPES = {
    "version": "string",
    "input": "object",
    "stream": "boolean",
    "webhook": "string",
    "webhook_events_filter": "array",
}
_MAY_BE_NULL = frozenset({"stream", "webhook", "webhook_events_filter"})


def check(body: Mapping[str, Any], *, has_version: bool) -> None:
    """Look at everything in a body but the values of its input. Raises Problem 422 with all faults."""
    known = (*KEYS, "version") if has_version else KEYS
    found = faults.unknown(body, known)
    found += faults.required(("version", "input") if has_version else ("input",), body)
    for name, expected in _TYPES.items():
        value = body.get(name)
        if name not in body or (value is None and name in _MAY_BE_NULL):
            continue
        if name in known and faults.type_of(value) != expected:
            found.append(faults.wrong_type(name, value, expected=expected))
    found += _of_webhook(body)
    if found:
        raise words.invalid(found)


def check_input(what: Runnable, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return an input as its model takes it. Raises Problem 422 with all faults; what is unknown is ignored."""
    found = [faults.not_a_uri(f"input.{name}") for name, value in values.items() if givens.is_mark(value)]
    found += faults.of_input(what.inputs or {}, values)
    if found:
        raise words.invalid(found)
    return faults.plain(what.inputs or {}, values)


def links(values: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return what an input holds that may be links of ours, by field and place; other places are empty."""
    found = {}
    for name, value in values.items():
        parts = [
            part if isinstance(part, str) and _LINK.search(part[:URL_MAX]) else ""
            for part in (value if isinstance(value, list) else [value])
        ]
        if any(parts):
            found[name] = parts
    return found


def events(body: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...] | None]:
    """Return the events that a webhook is told of, and those that were asked for: None for the usual ones."""
    stated = body.get("webhook_events_filter")
    if stated is None:
        return EVENTS_USUAL, None
    return tuple(dict.fromkeys(stated)), tuple(stated)


def wait_s(prefer: str | None) -> int | None:
    """Return how long an answer may wait; None for a preference that is not understood, which is ignored."""
    found = None if prefer is None else _WAIT.fullmatch(prefer.strip())
    if found is None:
        return None
    seconds = 60 if found[1] is None else int(found[1])
    return seconds if seconds <= 60 else None


def cancel_after_s(stated: str | None) -> float | None:
    """Return the seconds of a `Cancel-After` header such as 90, 90s, 5m or 1h30m45s. Raises Problem 422.

    Upstream ends every run after half an hour, so no more than that is asked for.
    """
    if stated is None:
        return None
    text = stated.strip().lower()
    found = _DURATION.fullmatch(text)
    if text.isascii() and text.isdigit() and len(text) < 10:
        seconds = int(text)
    elif text and found is not None:
        hours, minutes, rest = (int(part or 0) for part in found.groups())
        seconds = 3600 * hours + 60 * minutes + rest
    else:
        raise Problem("bad_input", "Cancel-After is not a duration; write it like 90, 90s, 5m or 1h30m45s")
    if not DEADLINE_LEAST_S <= seconds <= 86_400:
        raise Problem("bad_input", "Cancel-After must be at least 5 seconds and at most 24 hours")
    return min(float(seconds), requests.DEADLINE_MOST_S)


def _of_webhook(body: Mapping[str, Any]) -> list[Fault]:
    found = []
    url, wanted = body.get("webhook"), body.get("webhook_events_filter")
    if isinstance(url, str) and not _is_web(url):
        found.append(faults.not_a_uri("webhook"))
    if isinstance(wanted, list):
        for number, event in enumerate(wanted):
            found += faults.one_of(f"webhook_events_filter.{number}", event, EVENTS)
    return found


def _is_web(text: str) -> bool:
    if len(text) > URL_MAX or not text.isprintable() or " " in text:
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


__all__ = ["DEADLINE_MOST_S", "cancel_after_s", "check", "check_input", "events", "links", "wait_s"]
