"""Decide whether inputs suit a model, and read them from text. Pure."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tintype.domain import catalogue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tintype.domain.catalogue import Field, Model

WORDS = {
    "true": True,
    "yes": True,
    "on": True,
    "1": True,
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}
# An address, a file in itself, or what stands for a stored file and for what another generation makes.
_FILE = re.compile(r"https?://[^\s/?#\\]|data:|tintype:(?:sha256|output):", re.IGNORECASE)


class UnfitInput(ValueError):
    """An input that its model does not take; `name` is the input, the message says what is allowed."""

    def __init__(self, name: str, message: str) -> None:
        self.name = name
        super().__init__(message)


def field(model: Model, name: str) -> Field:
    """Return the input of this name. Raises UnfitInput naming the nearest one."""
    found = model.inputs.get(name)
    if found is not None:
        return found
    close = catalogue.nearest(name, model.inputs)
    hint = f"did you mean {close!r}?" if close else f"it takes {', '.join(model.inputs)}"
    raise UnfitInput(name, f"{model.slug} has no input {name!r}; {hint}")


def read(model: Model, name: str, text: str) -> Any:
    """Read the value of an input from text, as its type wants it. Raises UnfitInput."""
    wanted = field(model, name)
    value = _read_as(wanted, text)
    check(wanted, value)
    return value


def read_freely(text: str) -> Any:
    """Read a value for a model whose inputs are not known: JSON where it is JSON, else the text itself.

    A number that the API could not hold exactly, as NaN or 1e999, stays text.
    """
    try:
        value = json.loads(text, parse_constant=lambda word: word)
    except (ValueError, RecursionError):
        return text
    return text if value in (float("inf"), float("-inf")) else value


def check_all(model: Model, values: Mapping[str, Any]) -> None:
    """Raise UnfitInput for the first unknown, missing or unsuitable input."""
    for name, value in values.items():
        check(field(model, name), value)
    for wanted in model.inputs.values():
        if wanted.required and values.get(wanted.name) is None:
            raise UnfitInput(wanted.name, f"{model.slug} needs the input {wanted.name!r}")


def check(wanted: Field, value: Any) -> None:
    """Raise UnfitInput where a value is not of the field's type, choices or range."""
    if value is None and wanted.nullable:
        return
    if not _is_of_type(wanted, value):
        raise UnfitInput(wanted.name, f"{wanted.name} {value!r} is not {_described(wanted.type)}")
    if wanted.choices and value not in wanted.choices:
        raise UnfitInput(wanted.name, f"{wanted.name} {value!r} is not allowed; {allowed(wanted)}")
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        low, high = wanted.minimum, wanted.maximum
        if (low is not None and value < low) or (high is not None and value > high):
            raise UnfitInput(wanted.name, f"{wanted.name} {value} is out of range; {allowed(wanted)}")


def check_file(wanted: Field, value: Any) -> None:
    """Raise UnfitInput where an input that takes files is given what names none; paths and bytes are files too."""
    if not wanted.takes_file or value is None:
        return
    for part in value if isinstance(value, list | tuple) else [value]:
        is_none = isinstance(part, bool | int | float | dict | list) or part is None
        if is_none or (isinstance(part, str) and not _FILE.match(part)):
            raise UnfitInput(
                wanted.name,
                f"{wanted.name} {str(part)[:60]!r} is no file; give the address of one, https://…, a data URI or an "
                "upload's URL",
            )


def allowed(wanted: Field) -> str:
    """Say in words which values a field takes, as `allowed: 1:1, 4:3` or `allowed: 1 to 4`."""
    if wanted.choices:
        return "allowed: " + ", ".join(str(choice) for choice in wanted.choices)
    if wanted.minimum is not None and wanted.maximum is not None:
        return f"allowed: {wanted.minimum} to {wanted.maximum}"
    if wanted.minimum is not None:
        return f"allowed: {wanted.minimum} and more"
    if wanted.maximum is not None:
        return f"allowed: up to {wanted.maximum}"
    return f"allowed: {_described(wanted.type)}"


def _read_as(wanted: Field, text: str) -> Any:
    try:
        match wanted.type:
            case "integer":
                return int(text)
            case "number":
                return _number(text)
            case "boolean":
                return WORDS[text.strip().casefold()]
            case "array":
                return _list(text)
            case _:
                return text
    except (ValueError, KeyError, ArithmeticError):
        raise UnfitInput(
            wanted.name, f"{wanted.name} {text!r} is not {_described(wanted.type)}; {allowed(wanted)}"
        ) from None


def _number(text: str) -> int | float:
    number = Decimal(text)
    # Beyond 64 bits no input has a meaning, and the digits of 1e999999999 would fill the memory.
    if not number.is_finite() or abs(number.adjusted()) > 18:
        raise ValueError(text)
    return int(number) if number == number.to_integral_value() else float(number)


def _list(text: str) -> list[Any]:
    if text.lstrip().startswith("["):
        value = json.loads(text)
        if not isinstance(value, list):
            raise ValueError(text)
        return value
    return [part.strip() for part in text.split(",") if part.strip()]


def _is_of_type(wanted: Field, value: Any) -> bool:
    match wanted.type:
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
        case "array":
            return isinstance(value, list)
        case _:
            # A file may still be a path or bytes here; the client turns it into a URL.
            return wanted.takes_file or isinstance(value, str)


def _described(type_: str) -> str:
    words = {"integer": "a whole number", "number": "a number", "boolean": "true or false", "array": "a list"}
    return words.get(type_, "text")
