"""What is asked of a model of the catalogue, and whether what it made is of that size.

    asked = asking.of(model)
    asking.wrong(asked, Made(width=1216, height=832))      # "" where it is as asked

It reads the catalogue and the published meaning of its inputs; nothing of the simulator.
"""

from __future__ import annotations

import base64
import functools
import io
import math
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from PIL import Image

from tintype.domain import pricing
from tintype.domain.catalogue import Kind, Unit

if TYPE_CHECKING:
    from tintype.domain.catalogue import Field, Model

PROMPT = "a lighthouse on a cliff, oil on canvas"
SOURCE = (384, 256)
# Models work in blocks of pixels and from tables of sizes, so that a ratio or an area is met about.
_RATIO_OFF, _AREA_OFF = 0.05, 0.25
_SECONDS_OFF = Fraction(1, 10)
_MEGAPIXEL = 1024 * 1024
_AS_GIVEN = "match_input_image"
_LINES = {"2k": 1440, "4k": 2160}


@dataclass(frozen=True, slots=True)
class Asked:
    """Inputs, and what they ask of each file: sides or a ratio, an area in pixels, lines, a factor, seconds of film."""

    values: dict[str, Any]
    sides: tuple[int, int] | None = None
    ratio: float | None = None
    area: float | None = None
    lines: int | None = None
    factor: Fraction | None = None
    seconds: Fraction | None = None

    @property
    def words(self) -> str:
        """What is asked, for the table."""
        parts = [
            f"{self.sides[0]}x{self.sides[1]}" if self.sides else "",
            f"{self.ratio:.2f}:1" if self.ratio and not self.sides else "",
            f"{self.area / _MEGAPIXEL:.2g} MP" if self.area else "",
            f"{self.lines}p" if self.lines else "",
            f"x{self.factor}" if self.factor else "",
            f"{float(self.seconds):g} s" if self.seconds else "",
        ]
        return " ".join(part for part in parts if part) or "text"


@dataclass(frozen=True, slots=True)
class Made:
    """A file that came: pixels, and for films the seconds."""

    width: int | None
    height: int | None
    seconds: float | None = None


def of(model: Model) -> Asked:
    """Ask for something small whose size or shape is not the usual one, as far as the model lets it be chosen."""
    values = {name: _needed(field) for name, field in model.inputs.items() if field.required}
    is_given = any(field.takes_file for field in model.inputs.values() if field.required)
    works_on_pictures = model.kind is Kind.EDIT or model.price.unit is Unit.MEGAPIXEL
    if works_on_pictures and model.image_input is not None and not is_given:
        value = _needed(model.image_input)
        # Where areas are in the price, each picture of several counts.
        several = 2 if isinstance(value, list) and model.price.unit is Unit.MEGAPIXEL else 1
        values[model.image_input.name] = value * several
        is_given = True
    chosen = [*_shape(model, is_given=is_given), *_extent(model), ("max_tokens", 64)]
    values |= {name: value for name, value in chosen if name in model.inputs}
    return _read(model, values, is_given=is_given)


def wrong(asked: Asked, made: Made) -> str:
    """Say what is not as asked; empty where all is."""
    if not made.width or not made.height:
        return "it has no size"
    ratio, area, short = made.width / made.height, made.width * made.height, min(made.width, made.height)
    checks = (
        ("sides", asked.sides in {None, (made.width, made.height)}),
        ("ratio", asked.ratio is None or abs(math.log(ratio / asked.ratio)) <= _RATIO_OFF),
        ("area", asked.area is None or abs(math.log(area / asked.area)) <= _AREA_OFF),
        ("lines", asked.lines in {None, short}),
        ("factor", asked.factor is None or made.width == round(SOURCE[0] * asked.factor)),
        ("seconds", asked.seconds is None or _lasts(made, asked.seconds)),
    )
    return ", ".join(name for name, is_so in checks if not is_so)


def _lasts(made: Made, seconds: Fraction) -> bool:
    return made.seconds is not None and abs(Fraction(made.seconds) - seconds) <= _SECONDS_OFF


def _needed(field: Field) -> Any:
    if field.takes_file:
        return [_picture()] if field.type == "array" else _picture()
    if field.choices:
        return field.choices[0]
    numbers = {"integer": int(field.minimum or 1), "number": float(field.minimum or 1)}
    return numbers.get(field.type, PROMPT)


@functools.cache
def _picture() -> str:
    content = io.BytesIO()
    Image.linear_gradient("L").resize(SOURCE).convert("RGB").save(content, "PNG")
    return "data:image/png;base64," + base64.b64encode(content.getvalue()).decode()


def _shape(model: Model, *, is_given: bool) -> list[tuple[str, Any]]:
    """Choose a shape that is not the usual one; what works on a picture keeps the picture's."""
    field = model.inputs.get("aspect_ratio")
    choices = field.choices if field is not None else ()
    if is_given:
        return [("aspect_ratio", _AS_GIVEN)] if _AS_GIVEN in choices else []
    usual = field.default if field is not None else None
    found = next((one for one in ("4:3", "9:16", "16:9", "1:1", "portrait") if one in choices), None)
    if found is not None and found != usual:
        return [("aspect_ratio", found)]
    if field is None and "size" in model.inputs:
        return []
    if field is None and {"width", "height"} <= set(model.inputs):
        # The sides are in the model's own choices where it has any.
        sides = [_nearest(model.inputs[name], side) for name, side in (("width", 768), ("height", 512))]
        return list(zip(("width", "height"), sides, strict=True))
    return []


def _nearest(field: Field, side: int) -> Any:
    return min(field.choices, key=lambda one: abs(int(one) - side)) if field.choices else side


def _extent(model: Model) -> list[tuple[str, Any]]:
    """Choose the smallest area, the fewest lines, a factor of 2, the shortest film."""
    found: list[tuple[str, Any]] = [("scale", 2), ("scale_factor", 2), ("upscale", 2)]
    for name in ("resolution", "megapixels", "image_size", "size", "quality"):
        field = model.inputs.get(name)
        sized = [one for one in field.choices if _pixels(one)] if field is not None else []
        if sized:
            found.append((name, min(sized, key=lambda one: _pixels(one) or 0)))
    if len(model.seconds) == 1:
        field = model.inputs[model.seconds[0]]
        lengths = [int(one) for one in field.choices if int(one) > 0]
        least = max(int(field.minimum or 1), 1)
        found.append((field.name, min(lengths) if lengths else max(least, 2)))
    return found


def _pixels(choice: Any) -> float | None:
    """Say how many pixels a choice names, as `0.5 MP`, `0.25`, `2K` or `480p`; None where it names none."""
    text = str(choice).casefold()
    if match := re.fullmatch(r"(\d+(?:\.\d+)?)(?: mp)?", text):
        return float(match[1]) * _MEGAPIXEL
    if match := re.fullmatch(r"(\d)k", text):
        return (int(match[1]) * 1024) ** 2
    if match := re.fullmatch(r"(\d{3,4})p", text):
        return int(match[1]) ** 2 * 16 / 9
    return None


def _read(model: Model, values: dict[str, Any], *, is_given: bool) -> Asked:
    """Read what the inputs ask for, defaults where nothing is said."""
    if model.kind is Kind.TEXT:
        return Asked(values)
    filled = model.filled(values)
    is_film = model.kind is Kind.VIDEO
    factor = next((filled[name] for name in ("scale", "scale_factor", "upscale") if name in values), None)
    return Asked(
        values,
        sides=None if is_given or is_film else _sides(model, filled),
        ratio=SOURCE[0] / SOURCE[1] if is_given else _ratio(filled.get("aspect_ratio")),
        area=None if is_film else _area(values),
        lines=_lines(filled) if is_film else None,
        factor=None if factor is None else Fraction(factor),
        seconds=pricing.seconds(model, values) if is_film else None,
    )


def _sides(model: Model, filled: dict[str, Any]) -> tuple[int, int] | None:
    """Return the sides where they are stated: as a pair, or as numbers that no ratio stands over."""
    has_ratio = _ratio(filled.get("aspect_ratio")) is not None
    pair = re.fullmatch(r"(\d+)x(\d+)", str(filled.get("size")))
    if pair and not has_ratio:
        return int(pair[1]), int(pair[2])
    if "aspect_ratio" in model.inputs or "size" in model.inputs or "width" not in filled:
        return None
    return int(filled["width"]), int(filled["height"])


def _ratio(choice: Any) -> float | None:
    words = {"portrait": "9:16", "landscape": "16:9"}
    match = re.fullmatch(r"([\d.]+):([\d.]+)", words.get(str(choice), str(choice)))
    return float(match[1]) / float(match[2]) if match else None


def _area(values: dict[str, Any]) -> float | None:
    named = [values.get(name) for name in ("resolution", "megapixels", "image_size", "size")]
    return next((pixels for one in named if one is not None and (pixels := _pixels(one))), None)


def _lines(filled: dict[str, Any]) -> int | None:
    for name in ("resolution", "quality"):
        text = str(filled.get(name)).casefold()
        if text in _LINES:
            return _LINES[text]
        if match := re.fullmatch(r"(\d{3,4})p", text):
            return int(match[1])
    return None
