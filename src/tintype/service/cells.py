"""The cells of a batch's rows: templates filled in, texts read as what they stand for. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tintype.domain import errors, inputs, pictures, templates, wording

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tintype.domain.catalogue import Model


class Broken(Exception):
    """A row that nothing can be bought for; `place` is the column that is wrong, as it can be kept."""

    def __init__(self, place: str, message: str) -> None:
        self.place = _kept(place)
        super().__init__(_kept(message))


def texts(values: Any) -> list[str]:
    """Return all texts in a value, however deep."""
    match values:
        case str():
            return [values]
        case dict():
            return [text for part in values.values() for text in texts(part)]
        case list() | tuple():
            return [text for part in values for text in texts(part)]
    return []


def filled(value: Any, row: Mapping[str, Any]) -> Any:
    """Fill a row into the texts of a value; one that is nothing but a name becomes the row's value as it stands."""
    match value:
        case str():
            name = templates.is_whole(value)
            return row[name] if name is not None and name in row else templates.fill(value, row)
        case dict():
            return {key: filled(part, row) for key, part in value.items()}
        case list() | tuple():
            return [filled(part, row) for part in value]
    return value


def read(model: Model | None, name: str, value: Any) -> Any:
    """Read a cell as its input wants it. Raises Broken."""
    if not isinstance(value, str):
        return value
    if model is None:
        return inputs.read_freely(value)
    if name not in model.inputs:
        return value
    if model.inputs[name].takes_file and is_data(value):
        # Its comma divides nothing.
        return [value] if model.inputs[name].type == "array" else value
    try:
        return inputs.read(model, name, value)
    except inputs.UnfitInput as fault:
        raise Broken(name, str(fault)) from None


def number(name: str, value: Any) -> int:
    """Read a whole number. Raises Broken."""
    if isinstance(value, str) and value.strip().lstrip("+-").isdecimal() and len(value) < 30:
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise Broken(name, f"{name} is {str(value)[:40]!r}, and has to be a whole number")


def text(name: str, value: Any) -> str:
    """Read a text. Raises Broken."""
    if not isinstance(value, str):
        raise Broken(name, f"{name} is no text")
    return value


def pixels(text: str) -> tuple[int, int]:
    """Read width and height. Raises Broken."""
    try:
        return pictures.pixels(text)
    except ValueError as fault:
        raise Broken("size", str(fault)) from None


def truth(name: str, value: Any) -> bool:
    """Read yes or no. Raises Broken."""
    try:
        return bool(wording.NAMES[name](value))
    except ValueError as fault:
        raise Broken(name, str(fault)) from None


def parted(
    model: Model | None, stated: Mapping[str, Any], *, is_sized: bool
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Part what is stated by name, as text or as it is, into common words and the model's inputs. Raises Broken."""
    common: dict[str, Any] = {}
    own: dict[str, Any] = {}
    for name, value in stated.items():
        said = _said(model, name, value) if name in wording.NAMES and isinstance(value, str) else value
        try:
            words, rest = wording.parted(model, {name: said})
        except errors.InputError as fault:
            raise Broken(name, str(fault)) from None
        common |= words
        own |= rest
    return wording.ranked(model, common, own, is_sized=is_sized)


def _said(model: Model | None, name: str, value: str) -> Any:
    if model is not None and name in model.inputs:
        try:
            return inputs.read(model, name, value)
        except inputs.UnfitInput:
            return value
    return number(name, value) if name == "seed" else value


def is_url(value: Any) -> bool:
    """Whether a value is an address."""
    return isinstance(value, str) and value[:8].lower().startswith(("https://", "http://"))


def is_data(value: Any) -> bool:
    """Whether a value is a data URI."""
    return isinstance(value, str) and value[:5].lower() == "data:"


def _kept(text: str) -> str:
    """Return a text with what no database keeps written out."""
    return text.encode(errors="backslashreplace").decode().replace("\0", "\\0")


__all__ = [
    "Broken",
    "filled",
    "is_data",
    "is_url",
    "number",
    "parted",
    "pixels",
    "read",
    "text",
    "texts",
    "truth",
]
