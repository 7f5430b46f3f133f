"""Fit the words in which other image APIs ask for a picture to the inputs of a model. Pure.

    pictures.fitted(model, Words(size=(1536, 1024), quality="high", output_format="jpeg"))

What a model has no input for is left out with a sentence; what it has an input for comes as near as its choices allow.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tintype.domain.catalogue import Field, Model

TRANSPARENT = "transparent"
"""The background that is none."""
SHAPES = frozenset({"aspect_ratio", "size", "resolution", "image_size", "width", "height"})
"""The inputs that say how wide and high a picture is to be."""
_SIZES = ("size", "resolution", "image_size")
_PIXELS = re.compile(r"\d{3,5}x\d{3,5}")
_RATIO = re.compile(r"(\d{1,4}(?:\.\d)?)[:x](\d{1,4}(?:\.\d)?)")
# Models that take width and height take multiples of this.
_STEP = 64
# What pictures have at least and at most that are made in a shape, and in no size that is stated.
_SHAPED_PIXELS = (256 * 256, 2048 * 2048)
# How much longer or flatter the nearest shape may be.
_LIKE = math.log(2)
# What two ratios differ in by rounding to whole pixels.
_EQUAL = 0.02
_QUALITIES = ("low", "medium", "high", "xhigh", "max")
_QUALITY_NAMES = {"standard": "medium", "hd": "high"}
_FORMAT_NAMES = {"jpeg": "jpg", "jpg": "jpeg"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What is asked for; None where nothing is said.

    `size` is width and height in pixels, `aspect_ratio` is like `4:3`, and of no meaning beside a size.
    """

    size: tuple[int, int] | None = None
    aspect_ratio: str | None = None
    quality: str | None = None
    output_format: str | None = None
    output_compression: int | None = None
    background: str | None = None
    style: str | None = None


@dataclass(slots=True)
class Fitted:
    """The inputs that say it, and sentences about what they do not say.

    `too_far` says that a size was asked for which the model makes nothing like.
    """

    inputs: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    too_far: str | None = None


def fitted(model: Model, words: Words) -> Fitted:
    """Return the inputs with which a model comes as near as it can."""
    found = Fitted()
    if words.size is not None:
        _size(model, *words.size, found)
    elif words.aspect_ratio is not None:
        _shape(model, words.aspect_ratio, found)
    if words.quality is not None:
        _quality(model, words.quality, found)
    if words.output_format is not None:
        names = (words.output_format, _FORMAT_NAMES.get(words.output_format, words.output_format))
        _choice(model, "output_format", names, found)
    if words.output_compression is not None:
        _number(model, "output_quality", words.output_compression, "output_compression", found)
    if words.background is not None and not (words.background == TRANSPARENT and model.is_transparent):
        _choice(model, "background", (words.background,), found)
        if words.background == TRANSPARENT and TRANSPARENT not in found.inputs.values():
            found.warnings[-1] += "; the finishing step remove-background does it"
    if words.style is not None:
        _choice(model, "style", (words.style,), found)
    return found


def check_ratio(text: str) -> None:
    """Raise ValueError for what is no shape such as `4:3`."""
    sides = _RATIO.fullmatch(text)
    if sides is None or not float(sides[1]) or not float(sides[2]):
        raise ValueError(f"{text[:20]!r} is no aspect ratio; write it as 4:3")


def pixels(text: str) -> tuple[int, int]:
    """Read a size such as `1536x1024`. Raises ValueError for what is none."""
    sides = re.fullmatch(r"([1-9]\d{0,4})x([1-9]\d{0,4})", text.strip().lower())
    if sides is None:
        raise ValueError(f"{text[:40]!r} is no size; write it as 1024x1024, or auto")
    return int(sides[1]), int(sides[2])


def _size(model: Model, width: int, height: int, found: Fitted) -> None:
    wanted = f"{width}x{height}"
    for name in _SIZES:
        if name in model.inputs and wanted in model.inputs[name].choices:
            found.inputs[name] = wanted
            return
    sides = (model.inputs.get("width"), model.inputs.get("height"))
    if sides[0] is not None and sides[1] is not None and _takes(sides[0], width) and _takes(sides[1], height):
        for name in ("aspect_ratio", *_SIZES):
            if name in model.inputs and "custom" in model.inputs[name].choices:
                found.inputs[name] = "custom"
        found.inputs |= {"width": width, "height": height}
        return
    for name in ("aspect_ratio", *_SIZES):
        near = _nearest(model.inputs[name].choices, width / height) if name in model.inputs else None
        if near is not None:
            found.inputs[name] = near[0]
            _tell_size(model, width, height, near, found)
            return
    if sides[0] is not None and sides[1] is not None:
        made = _sides(model, width / height)
        found.inputs |= made
        found.warnings.append(
            f"{model.slug} makes no {wanted}; of this shape it makes {made['width']}x{made['height']}"
        )
        if abs(math.log(width * height / made["width"] / made["height"])) > 2 * _LIKE:
            found.too_far = found.warnings[-1]
        return
    found.warnings.append(f"{model.slug} has no input for a size, so {wanted} was left out")


def _tell_size(model: Model, width: int, height: int, near: tuple[str, float], found: Fitted) -> None:
    """Tell what becomes of a size that is made as the nearest of a model's choices, where that is not the same."""
    choice, distance = near
    least, most = _SHAPED_PIXELS
    is_size = _PIXELS.fullmatch(choice) is not None
    is_other_area = not is_size and not least <= width * height <= most
    if is_size:
        found.warnings.append(f"{model.slug} makes no {width}x{height}; the nearest size is {choice}")
    elif distance > _EQUAL or is_other_area:
        found.warnings.append(f"{model.slug} makes no {width}x{height}; the nearest shape is {choice}")
    if distance > _LIKE or is_other_area:
        found.too_far = found.warnings[-1]


def _shape(model: Model, aspect_ratio: str, found: Fitted) -> None:
    """Ask for a shape: as it is written, else by the nearest that the model has, else by width and height."""
    field = model.inputs.get("aspect_ratio")
    if field is not None and (not field.choices or aspect_ratio in field.choices):
        found.inputs["aspect_ratio"] = aspect_ratio
        return
    sides = _RATIO.fullmatch(aspect_ratio)
    if sides is None or not float(sides[1]) or not float(sides[2]):
        # What is no shape at all is refused with what the model takes.
        found.inputs["aspect_ratio"] = aspect_ratio
        return
    ratio = float(sides[1]) / float(sides[2])
    for name in ("aspect_ratio", *_SIZES):
        near = _nearest(model.inputs[name].choices, ratio) if name in model.inputs else None
        if near is not None:
            choice, distance = near
            found.inputs[name] = choice
            if distance > _EQUAL:
                found.warnings.append(f"{model.slug} makes no {aspect_ratio}; the nearest shape is {choice}")
            return
    if "width" in model.inputs and "height" in model.inputs:
        found.inputs |= _sides(model, ratio)
        return
    found.warnings.append(f"{model.slug} has no input for a shape, so {aspect_ratio} was left out")


def _sides(model: Model, ratio: float) -> dict[str, Any]:
    """Return width and height of a shape, of about as many pixels as the model makes when nothing is said."""
    usual = [int(model.inputs[name].default or 1024) for name in ("width", "height")]
    height = math.sqrt(usual[0] * usual[1] / ratio)
    wanted = {"width": height * ratio, "height": height}
    return {
        name: _within(model.inputs[name], max(_STEP, round(value / _STEP) * _STEP))
        for name, value in wanted.items()
    }


def _within(wanted: Field, value: int) -> int:
    low = value if wanted.minimum is None else max(value, math.ceil(wanted.minimum))
    return low if wanted.maximum is None else min(low, math.floor(wanted.maximum))


def _nearest(choices: Iterable[str | int], ratio: float) -> tuple[str, float] | None:
    """Return the choice whose shape is most like a ratio, and how far it is from it."""
    shapes = []
    for choice in choices:
        sides = _RATIO.fullmatch(str(choice))
        if sides is not None and float(sides[1]) and float(sides[2]):
            distance = abs(math.log(float(sides[1]) / float(sides[2]) / ratio))
            shapes.append((distance, str(choice)))
    if not shapes:
        return None
    distance, choice = min(shapes)
    return choice, distance


def _quality(model: Model, quality: str, found: Fitted) -> None:
    """Choose the quality of this name, else the nearest that the model knows."""
    choices = [str(choice) for choice in model.inputs["quality"].choices] if "quality" in model.inputs else []
    name = quality if quality in choices else _QUALITY_NAMES.get(quality, quality)
    known = [one for one in _QUALITIES if one in choices]
    if name in choices:
        found.inputs["quality"] = name
    elif name in _QUALITIES and known:
        place = _QUALITIES.index(name)
        found.inputs["quality"] = min(known, key=lambda one: abs(_QUALITIES.index(one) - place))
        found.warnings.append(
            f"{model.slug} knows no quality {quality!r}; {found.inputs['quality']!r} is nearest"
        )
    else:
        found.warnings.append(f"{model.slug} has no input for quality, so {quality!r} was left out")


def _choice(model: Model, name: str, values: Iterable[str], found: Fitted) -> None:
    """Set an input to the first of these values that the model takes; one that takes any takes the first."""
    wanted = model.inputs.get(name)
    first = next(iter(values))
    taken = None
    if wanted is not None:
        taken = next((value for value in values if not wanted.choices or value in wanted.choices), None)
    if taken is not None:
        found.inputs[name] = taken
        return
    known = f"; it takes {', '.join(str(one) for one in wanted.choices)}" if wanted is not None else ""
    found.warnings.append(f"{model.slug} has no {name} {first!r}, so it was left out{known}")


def _number(model: Model, name: str, value: int, word: str, found: Fitted) -> None:
    if name in model.inputs and _takes(model.inputs[name], value):
        found.inputs[name] = value
    else:
        found.warnings.append(f"{model.slug} has no input for {word}, so {value} was left out")


def _takes(wanted: Field, value: int) -> bool:
    low, high = wanted.minimum, wanted.maximum
    return (low is None or value >= low) and (high is None or value <= high)
