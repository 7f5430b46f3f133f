"""Compare a JSON value with a list of its fields: which must be there, and of which types.

A field is a path such as `results[].urls.get`; `$` is the value itself and `[]` each item of an array. Types
are object, array, string, url, datetime, number, bool and null.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_DATETIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")
_URL = re.compile(r"https?://[^\s/]+(/\S*)?|data:\S+")
# What a recording saw as a narrower kind of text is still a text, where a text is allowed.
_WIDER = {"datetime": "string", "url": "string"}


@dataclass(frozen=True, slots=True)
class Field:
    """What is known of one field."""

    types: frozenset[str]
    optional: bool = False


def faults(fields: Mapping[str, Field], value: Any) -> list[str]:
    """Return what is missing or of another type, each as `path: what`; none where all fields fit."""
    found: list[str] = []
    for path, known in fields.items():
        steps = [] if path == "$" else [step for step in re.split(r"\.|(\[\])", path) if step]
        for place in _places(value, steps):
            if place is _MISSING:
                if not known.optional:
                    found.append(f"{path}: is missing")
            elif not _fits(place, known.types):
                found.append(f"{path}: is {kind(place)}, not {' or '.join(sorted(known.types))}")
    return list(dict.fromkeys(found))


def kind(value: Any) -> str:
    """Return the type of a value, the narrowest of the eight."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "datetime" if _DATETIME.fullmatch(value) else "url" if _URL.fullmatch(value) else "string"
    return "array" if isinstance(value, list) else "object"


_MISSING = object()


def _places(value: Any, steps: list[str]) -> Iterator[Any]:
    """Yield the value at the end of the steps, once for each item of the arrays on the way.

    Below null, or below something of another type, there is nothing to compare: that is told by the field
    above.
    """
    if not steps:
        yield value
    elif steps[0] == "[]":
        for item in value if isinstance(value, list) else ():
            yield from _places(item, steps[1:])
    elif isinstance(value, dict):
        if steps[0] in value:
            yield from _places(value[steps[0]], steps[1:])
        elif len(steps) == 1:
            yield _MISSING


def _fits(value: Any, types: frozenset[str]) -> bool:
    narrow = kind(value)
    return narrow in types or _WIDER.get(narrow) in types
