"""Fit the words in which other image APIs ask for a picture to the inputs of a model. Pure.

    pictures.fitted(model, Words(size=(1536, 1024), quality="high", output_format="jpeg"))

What a model has no input for is left out with a sentence; what it has an input for comes as near as its choices allow.
A size that it does not make exactly is told with the one that comes: `sizing` says which that is.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tintype.domain import sizing, spans

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tintype.domain.catalogue import Field, Model

TRANSPARENT = "transparent"
"""The background that is none."""
SHAPES = frozenset({"aspect_ratio", "size", "resolution", "image_size", "width", "height"})
"""The inputs that may say how wide and high a picture is to be."""
_SIZES = ("size", "resolution", "image_size")
# A size below this is none of a picture, but a slip.
_PIXELS_LEAST = 256 * 256
# How many times fewer pixels, and how much longer or flatter a shape, are still something like what was asked for.
_SMALLER_MAX = 4
_LIKE = math.log(2)
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

    Of these `larger` says that a size comes with all pixels that were asked for, in their shape, and some more;
    `too_far` that a size was asked for which the model makes nothing like.
    """

    inputs: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    larger: str | None = None
    too_far: str | None = None

    @property
    def lacks(self) -> list[str]:
        """What the model cannot do, where more pixels than were asked for are as good."""
        return [one for one in self.warnings if one is not self.larger]


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
    if spans.ratio(text) is None:
        raise ValueError(f"{text[:20]!r} is no aspect ratio; write it as 4:3")


def pixels(text: str) -> tuple[int, int]:
    """Read a size such as `1536x1024`. Raises ValueError for what is none."""
    sides = re.fullmatch(r"([1-9]\d{0,4})x([1-9]\d{0,4})", text.strip().lower())
    if sides is None:
        raise ValueError(f"{text[:40]!r} is no size; write it as 1024x1024, or auto")
    return int(sides[1]), int(sides[2])


def _size(model: Model, width: int, height: int, found: Fitted) -> None:
    near, wanted = sizing.nearest(model, width, height), f"{width}x{height}"
    if near is None:
        found.warnings.append(f"{model.slug} has no input for a size, so {wanted} was left out")
        return
    found.inputs |= near.inputs
    if near.size == (width, height):
        return
    if near.size is None:
        said = ", ".join(f"{name} {value}" for name, value in near.inputs.items())
        found.warnings.append(f"whether {model.slug} makes {wanted} is not known; it is asked for {said}")
    else:
        found.warnings.append(f"{model.slug} makes no {wanted}; {near.size[0]}x{near.size[1]} comes instead")
    if near.apart > _LIKE or width * height < _PIXELS_LEAST or _is_small(near.size, width * height):
        found.too_far = found.warnings[-1]
    elif near.is_enough and near.apart <= sizing.EQUAL:
        found.larger = found.warnings[-1]


def _is_small(size: tuple[int, int] | None, pixels_asked: int) -> bool:
    return size is not None and size[0] * size[1] * _SMALLER_MAX < pixels_asked


def _shape(model: Model, aspect_ratio: str, found: Fitted) -> None:
    """Ask for a shape: as it is written, else by the nearest that the model has, else by width and height."""
    field = model.inputs.get("aspect_ratio")
    wanted = spans.ratio(aspect_ratio)
    if wanted is None or (field is not None and (not field.choices or aspect_ratio in field.choices)):
        # What is no shape at all is refused with what the model takes.
        found.inputs["aspect_ratio"] = aspect_ratio
        return
    choices = [
        (abs(math.log(shape / wanted)), name, str(choice))
        for name in ("aspect_ratio", *_SIZES)
        if name in model.inputs
        for choice in model.inputs[name].choices
        if (shape := spans.ratio(choice)) is not None
    ]
    near = min(choices, default=None)
    sides = sizing.shaped(model, wanted)
    if near is not None and (near[0] <= sizing.EQUAL or sides is None):
        distance, name, choice = near
        found.inputs[name] = choice
    elif sides is not None:
        found.inputs |= sides
        choice = f"{sides['width']}x{sides['height']}"
        distance = abs(math.log(sides["width"] / sides["height"] / wanted))
    else:
        found.warnings.append(f"{model.slug} has no input for a shape, so {aspect_ratio} was left out")
        return
    if distance > sizing.EQUAL:
        found.warnings.append(f"{model.slug} makes no {aspect_ratio}; the nearest shape is {choice}")


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
