"""Read the rules of a fault script, and say which field is wrong where one is."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

On = Literal["request", "webhook", "output"]
When = Literal["before", "after"]

ACTS: Mapping[str, tuple[str, ...]] = {
    "request": ("answer", "delay", "reset", "truncate", "malform", "drip", "black_hole", "ignore_wait"),
    "webhook": ("drop", "double", "delay", "reorder", "missign"),
    "output": ("missing", "truncate", "slow"),
}
EVENTS = ("start", "output", "logs", "completed")
RULES_MAX = 1_000
SECONDS_MAX = 3_600.0
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # what RFC 9110 lets a header be called


class RuleError(ValueError):
    """A rule that cannot be meant; `field` is its place in the script, such as `rules[0].status`."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One line of a script.

    `path` is a shell pattern over the path, whose `/v1` does not count, or over the whole URL of a webhook. `when` says
    whether the request is processed before the fault shows: a reset `after` a create leaves a prediction that
    is billed. `skip` lets the first matches pass, `count` is how often the rule fires at most. `delay_s`
    counts wall seconds. `keep` is the share of the body that a truncated or malformed answer still has.
    """

    do: str
    on: On = "request"
    method: str = "*"
    path: str = "*"
    token: str | None = None
    event: str | None = None
    skip: int = 0
    count: int | None = None
    probability: float = 1.0
    when: When = "before"
    status: int = 500
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    delay_s: float = 1.0
    bytes_per_s: int = 1_024
    keep: float = 0.5

    def shown(self) -> dict[str, Any]:
        """Return the rule as JSON."""
        return {item.name: getattr(self, item.name) for item in fields(self)}


def parse(script: Any, *, place: str = "rules") -> list[Rule]:
    """Return the rules of a JSON list. Raises RuleError for the first thing that is wrong."""
    if not isinstance(script, list):
        raise RuleError(place, "must be a list of rules")
    if len(script) > RULES_MAX:
        raise RuleError(place, f"holds {len(script)} rules; {RULES_MAX} are the most")
    return [_rule(rule, f"{place}[{index}]") for index, rule in enumerate(script)]


def _rule(rule: Any, place: str) -> Rule:
    if not isinstance(rule, dict):
        raise RuleError(place, "must be an object")
    for name in rule:
        if name not in _CHECKS:
            raise RuleError(f"{place}.{name}", f"is not known; a rule has {', '.join(_CHECKS)}")
    if "do" not in rule:
        raise RuleError(f"{place}.do", "is required")
    on = rule.get("on", "request")
    for name, value in rule.items():
        expected = _CHECKS[name](value)
        if expected is not None:
            raise RuleError(f"{place}.{name}", f"must be {expected}")
    if rule["do"] not in ACTS[on]:
        raise RuleError(f"{place}.do", f"must be one of {', '.join(ACTS[on])} for {on}")
    return Rule(**rule | ({"path": _without_v1(rule["path"])} if "path" in rule else {}))


def _without_v1(path: str) -> str:
    """Return a pattern as paths are compared: `/v1` is optional there, so it is in a rule."""
    return path[3:] if path.startswith("/v1/") else path


# Each check returns what was expected, or None where the value is fine.


def _one_of(*allowed: str) -> Callable[[Any], str | None]:
    return lambda value: None if value in allowed else f"one of {', '.join(allowed)}"


def _text(value: Any) -> str | None:
    return None if isinstance(value, str) and value else "a text"


def _text_or_null(value: Any) -> str | None:
    return None if value is None else _text(value)


def _method(value: Any) -> str | None:
    is_method = isinstance(value, str) and (value == "*" or (value.isascii() and value.isupper()))
    return None if is_method else "a method in capitals, such as POST, or *"


def _event(value: Any) -> str | None:
    return None if value is None or value in EVENTS else f"one of {', '.join(EVENTS)}"


def _whole(low: int, high: int) -> Callable[[Any], str | None]:
    def check(value: Any) -> str | None:
        fits = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
        return None if fits else f"a whole number from {low} to {high}"

    return check


def _number(low: float, high: float) -> Callable[[Any], str | None]:
    def check(value: Any) -> str | None:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        fits = is_number and math.isfinite(value) and low <= value <= high
        return None if fits else f"a number from {low:g} to {high:g}"

    return check


def _count(value: Any) -> str | None:
    return None if value is None else _whole(1, 10**9)(value)


def _headers(value: Any) -> str | None:
    fits = isinstance(value, dict) and all(
        _NAME.fullmatch(name) and isinstance(text, str) and text.isascii() and text.isprintable()
        for name, text in value.items()
    )
    return None if fits else "an object of header names and printable ASCII texts"


def _anything(_: Any) -> str | None:
    return None


_CHECKS: Mapping[str, Callable[[Any], str | None]] = {
    "on": _one_of(*ACTS),
    "do": _text,
    "method": _method,
    "path": _text,
    "token": _text_or_null,
    "event": _event,
    "skip": _whole(0, 10**9),
    "count": _count,
    "probability": _number(0, 1),
    "when": _one_of("before", "after"),
    "status": _whole(200, 599),
    "headers": _headers,
    "body": _anything,
    "delay_s": _number(0, SECONDS_MAX),
    "bytes_per_s": _whole(1, 10**9),
    "keep": _number(0, 1),
}
