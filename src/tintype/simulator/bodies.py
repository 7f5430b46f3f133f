"""Check the body of a request field by field, and answer with every fault at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tintype.simulator import problems

if TYPE_CHECKING:
    import re

Fault = tuple[str, str]
"""Kind and description of a fault, in the vocabulary of gojsonschema."""
Check = Callable[[Any], Fault | None]

NAMES = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}


def check(
    body: Mapping[str, Any],
    fields: Mapping[str, Check],
    *,
    required: tuple[str, ...] = (),
    is_closed: bool = False,
) -> None:
    """Raise a 422 that names each missing and each wrong field.

    Keys that are not in `fields` are refused where the body `is_closed`, else ignored.
    """
    faults = [("required", "", f"{name} is required") for name in required if name not in body]
    if is_closed:
        faults += [
            ("additional_property_not_allowed", "", f"Additional property {name} is not allowed")
            for name in body
            if name not in fields
        ]
    for name, test in fields.items():
        if name in body and (fault := test(body[name])) is not None:
            faults.append((fault[0], name, fault[1]))
    if faults:
        raise problems.invalid_fields(faults)


def text(value: Any) -> Fault | None:
    """A string of one character or more."""
    if not isinstance(value, str):
        return wrong_type("string", value)
    return None if value else ("string_gte", "String length must be greater than or equal to 1")


def matching(pattern: re.Pattern[str], made_of: str) -> Check:
    """Return the check for a string that a pattern matches as a whole; `made_of` says what that is."""

    def test(value: Any) -> Fault | None:
        if not isinstance(value, str):
            return wrong_type("string", value)
        return None if pattern.fullmatch(value) else ("pattern", f"Must be made of {made_of}")

    return test


def text_or_null(value: Any) -> Fault | None:
    """A string, which may be empty, or null."""
    return None if value is None or isinstance(value, str) else wrong_type("string", value)


def web_url(value: Any) -> Fault | None:
    """A URL of http or https with a host."""
    if not isinstance(value, str):
        return wrong_type("string", value)
    try:
        parts = urlsplit(value)
    except ValueError:
        return "format", "Does not match format 'uri'"
    is_web = parts.scheme.lower() in ("http", "https") and bool(parts.hostname)
    return None if is_web else ("format", "Does not match format 'uri'")


def mapping(value: Any) -> Fault | None:
    """A JSON object."""
    return None if isinstance(value, dict) else wrong_type("object", value)


def whole(low: int, high: int) -> Check:
    """Return the check for a whole number in a range."""

    def test(value: Any) -> Fault | None:
        if not isinstance(value, int) or isinstance(value, bool):
            return wrong_type("integer", value)
        if value < low:
            return "number_gte", f"Must be greater than or equal to {low}"
        return None if value <= high else ("number_lte", f"Must be less than or equal to {high}")

    return test


def one_of(*allowed: str) -> Check:
    """Return the check for one of some strings."""

    def test(value: Any) -> Fault | None:
        if value in allowed:
            return None
        return "enum", "must be one of the following: " + ", ".join(f'"{one}"' for one in allowed)

    return test


def some_of(*allowed: str) -> Check:
    """Return the check for a list of some strings."""

    def test(value: Any) -> Fault | None:
        if not isinstance(value, list):
            return wrong_type("array", value)
        return next((fault for item in value if (fault := one_of(*allowed)(item)) is not None), None)

    return test


def wrong_type(expected: str, value: Any) -> Fault:
    """Return the fault of a value that has another JSON type than expected."""
    given = "null" if value is None else NAMES.get(type(value), "unknown")
    return "invalid_type", f"Invalid type. Expected: {expected}, given: {given}"
