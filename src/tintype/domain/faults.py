"""Say what is wrong with a body in the words of the JSON-schema checker that Replicate answers with. Pure.

    faults.of_input(model.inputs, {"num_outputs": 9})
    # [Fault("required", "input", "prompt is required"), Fault("number_lte", "input.num_outputs", "Must be less …")]

Inputs that a model does not know are no fault: they are ignored, here and upstream.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tintype.domain.catalogue import Field

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s\\]+")


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: its kind, where it is (`input.seed`; empty for the body as a whole), and a sentence about it."""

    type: str
    field: str
    description: str


def of_input(fields: Mapping[str, Field], values: Mapping[str, Any]) -> list[Fault]:
    """Return every fault of an input; none where it suits."""
    found = [
        Fault("required", "input", f"{field.name} is required")
        for field in fields.values()
        if field.required and field.name not in values
    ]
    for name, field in fields.items():
        if name in values:
            found += _of_value(field, values[name])
    return found


def plain(fields: Mapping[str, Field], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return an input without faults as its model takes it: 4.0 is a whole number in JSON."""
    return {
        name: int(value) if name in fields and fields[name].type == "integer" and _is_whole(value) else value
        for name, value in values.items()
    }


def required(names: Iterable[str], where: Mapping[str, Any]) -> list[Fault]:
    """Return a fault for each name that a body lacks."""
    return [Fault("required", "", f"{name} is required") for name in names if name not in where]


def unknown(names: Iterable[str], known: Iterable[str]) -> list[Fault]:
    """Return a fault for each name that no body has."""
    taken = frozenset(known)
    return [
        Fault("additional_property_not_allowed", "", f"Additional property {name} is not allowed")
        for name in names
        if name not in taken
    ]


def wrong_type(field: str, value: Any, *, expected: str) -> Fault:
    """Return the fault of a value that is of another JSON type."""
    return Fault("invalid_type", field, f"Invalid type. Expected: {expected}, given: {type_of(value)}")


def one_of(field: str, value: Any, choices: Iterable[Any], *, name: str | None = None) -> list[Fault]:
    """Return a fault where a value is none of the choices."""
    allowed = list(choices)
    if any(value == choice and isinstance(value, bool) == isinstance(choice, bool) for choice in allowed):
        return []
    written = ", ".join(json.dumps(choice, ensure_ascii=False) for choice in allowed)
    return [Fault("enum", field, f"{name or field} must be one of the following: {written}")]


def not_a_uri(field: str) -> Fault:
    """Return the fault of a text that should be a URI."""
    return Fault("format", field, "Does not match format 'uri'")


def listed(found: Iterable[Fault]) -> str:
    """Return faults as one text, a line for each."""
    return "".join(f"- {fault.field or '(root)'}: {fault.description}\n" for fault in found)


def type_of(value: Any) -> str:
    """Return the JSON type of a value."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float() | Decimal():
            return "integer" if _is_whole(value) else "number"
        case str():
            return "string"
        case list():
            return "array"
    return "object"


def _of_value(field: Field, value: Any) -> list[Fault]:
    where = f"input.{field.name}"
    if (value is None and field.nullable) or field.type == "object":
        return []
    found = type_of(value)
    if found != field.type and (found, field.type) != ("integer", "number"):
        return [wrong_type(where, value, expected=field.type)]
    if field.choices:
        return one_of(where, value, field.choices, name=field.name)
    match value:
        case str() if field.takes_file and not _URI.match(value):
            return [not_a_uri(where)]
        case list():
            return _of_items(field, where, value)
        case bool():
            return []
        case int() | float() | Decimal():
            return _of_number(field, where, value)
    return []


def _of_number(field: Field, where: str, value: float | Decimal) -> list[Fault]:
    if field.minimum is not None and value < field.minimum:
        sentence = f"Must be greater than or equal to {_written(field.minimum)}"
        return [Fault("number_gte", where, sentence)]
    if field.maximum is not None and value > field.maximum:
        return [Fault("number_lte", where, f"Must be less than or equal to {_written(field.maximum)}")]
    return []


def _of_items(field: Field, where: str, values: list[Any]) -> list[Fault]:
    found = []
    for number, value in enumerate(values):
        place = f"{where}.{number}"
        if field.items is not None and type_of(value) not in {
            field.items,
            "integer" * (field.items == "number"),
        }:
            found.append(wrong_type(place, value, expected=field.items))
        elif field.takes_file and isinstance(value, str) and not _URI.match(value):
            found.append(not_a_uri(place))
    return found


def _is_whole(value: Any) -> bool:
    if isinstance(value, bool):
        return False
    return isinstance(value, int) or (isinstance(value, float | Decimal) and value == value // 1)


def _written(number: Decimal) -> str:
    return str(int(number)) if number == number.to_integral_value() else str(number)
