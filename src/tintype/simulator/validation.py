"""Check a prediction's input against its model, in the words of upstream's JSON-schema checker."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tintype.simulator.models import Field, Model


@dataclass(frozen=True, slots=True)
class InvalidField:
    """One fault of an input: what kind, where (`input` or `input.name`), and a sentence about it."""

    type: str
    field: str
    description: str


def check(model: Model, input: Mapping[str, Any]) -> list[InvalidField]:  # noqa: A002 - the API's own word
    """Return all faults of an input, none where it is valid. Keys unknown to the model are ignored."""
    faults = [
        InvalidField("required", "input", f"{name} is required")
        for name in model.required
        if name not in input
    ]
    for name, field in model.inputs.items():
        if name in input:
            faults += _check_value(field, input[name])
    return faults


def detail(faults: list[InvalidField]) -> str:
    """Return the faults as upstream lists them in `detail`: a line each, every line ended."""
    return "".join(f"- {fault.field}: {fault.description}\n" for fault in faults)


def _check_value(field: Field, value: Any) -> list[InvalidField]:
    where = f"input.{field.name}"
    if value is None and field.nullable:
        return []
    if not _is_type(field.type, value):
        return [_invalid_type(where, field.type, value)]
    faults = []
    if field.enum is not None and not any(_equal(value, choice) for choice in field.enum):
        choices = ", ".join(json.dumps(choice, ensure_ascii=False) for choice in field.enum)
        faults.append(InvalidField("enum", where, f"{field.name} must be one of the following: {choices}"))
    if field.type in {"integer", "number"}:
        faults += _check_range(field, where, value)
    elif field.type == "string":
        faults += _check_text(field, where, value)
    elif field.type == "array":
        faults += _check_items(field, where, value)
    return faults


def _check_range(field: Field, where: str, value: float) -> list[InvalidField]:
    if field.minimum is not None and value < field.minimum:
        sentence = f"Must be greater than or equal to {_written(field.minimum)}"
        return [InvalidField("number_gte", where, sentence)]
    if field.maximum is not None and value > field.maximum:
        return [InvalidField("number_lte", where, f"Must be less than or equal to {_written(field.maximum)}")]
    return []


def _check_text(field: Field, where: str, value: str) -> list[InvalidField]:
    faults = []
    if field.length_min is not None and len(value) < field.length_min:
        sentence = f"String length must be greater than or equal to {field.length_min}"
        faults.append(InvalidField("string_gte", where, sentence))
    if field.length_max is not None and len(value) > field.length_max:
        sentence = f"String length must be less than or equal to {field.length_max}"
        faults.append(InvalidField("string_lte", where, sentence))
    if field.format == "uri" and not _is_uri(value):
        faults.append(InvalidField("format", where, "Does not match format 'uri'"))
    return faults


def _check_items(field: Field, where: str, value: list[Any]) -> list[InvalidField]:
    faults = []
    if field.items_max is not None and len(value) > field.items_max:
        sentence = f"Array must have at most {field.items_max} items"
        faults.append(InvalidField("array_max_items", where, sentence))
    if field.items is not None:
        for number, item in enumerate(value):
            there = f"{where}.{number}"
            if not _is_type(field.items["type"], item):
                faults.append(_invalid_type(there, field.items["type"], item))
            elif field.items.get("format") == "uri" and not _is_uri(item):
                faults.append(InvalidField("format", there, "Does not match format 'uri'"))
    return faults


def _invalid_type(where: str, wanted: str, value: Any) -> InvalidField:
    return InvalidField("invalid_type", where, f"Invalid type. Expected: {wanted}, given: {_type_of(value)}")


def _is_type(wanted: str, value: Any) -> bool:
    found = _type_of(value)
    return found == wanted or (wanted == "number" and found == "integer")


def _type_of(value: Any) -> str:
    """Return the JSON type of a value; a number without a fraction is an integer, however it is written."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float | Decimal):
        return "integer" if value == value // 1 else "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def _equal(value: Any, choice: Any) -> bool:
    # In Python True equals 1; in JSON it does not.
    return value == choice and isinstance(value, bool) == isinstance(choice, bool)


def _is_uri(value: str) -> bool:
    """Return whether a text has a scheme and something behind it, and no backslash or blank."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s\\]", value) is not None and "\\" not in value


def _written(number: float) -> str:
    return str(int(number)) if number == int(number) else str(number)
