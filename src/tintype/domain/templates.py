"""Fill rows into a template: `a {color} boat in {place}`. Pure.

A name in braces stands for the row's value of that name; `{{` and `}}` stand for the braces themselves.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_PART = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


class Unfilled(ValueError):
    """A template that cannot be filled; `name` is what it names, empty where it is no template at all."""

    def __init__(self, name: str, message: str) -> None:
        self.name = name
        super().__init__(message)


def names(template: str) -> frozenset[str]:
    """Return what a template names. Raises Unfilled for a brace that stands alone."""
    found = set()
    for part in _PART.finditer(template):
        if part[1] is not None:
            if not part[1].strip():
                raise Unfilled("", "the template has {} without a name in it")
            found.add(part[1].strip())
        elif part[0] in {"{", "}"}:
            raise Unfilled("", f"the template has a {part[0]} that stands alone; write {part[0] * 2} for one")
    return frozenset(found)


def fill(template: str, values: Mapping[str, Any]) -> str:
    """Return the template with the row's values. Raises Unfilled naming what the row lacks."""

    def value(part: re.Match[str]) -> str:
        return part[0][0] if part[1] is None else _text(part[1].strip(), values)

    return _PART.sub(value, template)


def is_whole(template: str) -> str | None:
    """Return the name where a template is nothing but that: then the row's value stands as it is."""
    part = _PART.fullmatch(template)
    return part[1].strip() if part is not None and part[1] is not None else None


def _text(name: str, values: Mapping[str, Any]) -> str:
    found = values.get(name)
    match found:
        case None | "":
            raise Unfilled(name, f"the template names {name!r}, which this row does not have")
        case bool():
            return "true" if found else "false"
        case str() | int() | float():
            return str(found)
    raise Unfilled(name, f"{name!r} is no text and no number, so it cannot stand in a template")


__all__ = ["Unfilled", "fill", "is_whole", "names"]
