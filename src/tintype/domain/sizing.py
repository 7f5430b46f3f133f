"""How many pixels a model makes of its inputs, and which inputs come nearest to a size. Pure.

    sizing.made(model, {"aspect_ratio": "16:9", "resolution": "4K"})      # (5440, 3056)
    sizing.nearest(model, 2048, 2048)                                     # its inputs, and what comes of them

The nearest is of the nearest shape, and of that the smallest that has all pixels that were asked for, whatever it
costs: the price is told before, and bounded by who asks. Where none has so many, it is the largest.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from tintype.domain import spans
from tintype.domain.catalogue import Kind, Sizes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tintype.domain.catalogue import Field, Model

Size = tuple[int, int]

EQUAL = 0.02
"""What sides and shapes may differ in by rounding to what a model works with."""
MAKERS = frozenset({Kind.IMAGE, Kind.EDIT, Kind.VECTOR, Kind.VIDEO})
"""What models make something of a size of their own."""
_SHAPE = "aspect_ratio"
_AREAS = ("megapixels", "resolution", "image_size", "size")
_LINES = ("resolution", "quality", "mode")
# Where a form states no most, the most that models of the same kind state.
_SIDE_USUAL_MAX = 1536
# Files among the inputs that no shape is taken from.
_NO_SOURCES = ("audio", "mask", "last_", "end_")


@dataclass(frozen=True, slots=True)
class Nearest:
    """The inputs that come nearest to a size, and what is made of them.

    `size` is None where that is not known, as where the picture that is given decides the shape. `apart` is how much
    longer or flatter it is, as a logarithm; `is_enough` says that it has all pixels that were asked for.
    """

    inputs: Mapping[str, Any]
    size: Size | None
    apart: float
    is_enough: bool


def made(model: Model, values: Mapping[str, Any]) -> Size | None:
    """Return the width and height that a model makes of inputs; None where a file that is given decides it."""
    if model.kind not in MAKERS:
        return None
    filled = model.filled(values)
    if model.kind is Kind.VIDEO:
        return _frame(model, values, filled)
    stated = _stated_sides(model, filled) or _stated_pair(model, filled)
    sizes = model.sizes
    if stated is not None or sizes is None:
        return stated
    area, shape = _area(model, filled), spans.ratio(filled.get(_SHAPE))
    if _is_given(model, filled) and (shape is None or area is None):
        return None
    area = area or sizes.pixels
    sides = sizes.shapes.get(str(filled.get(_SHAPE)))
    if sides is not None and (area == sizes.pixels or sizes.is_scaled):
        factor = math.sqrt(area / sizes.pixels)
        return round(sides[0] * factor), round(sides[1] * factor)
    return _blocks(area, shape or 1.0, sizes.step)


def stated(model: Model, values: Mapping[str, Any]) -> Size | None:
    """Return the width and height that inputs say, None where they say at most a shape."""
    names = {"width", "height", *_AREAS} if model.kind is not Kind.VIDEO else {_extent_name(model)}
    return made(model, values) if names & values.keys() else None


def nearest(model: Model, width: int, height: int) -> Nearest | None:
    """Return the inputs that come nearest to a size; None where the model has none that decide it."""
    return _nearest(_Known(model), width, height)


def shaped(model: Model, shape: float) -> dict[str, Any] | None:
    """Return sides of a shape, of about as many pixels as the model makes when nothing is said; None for no sides."""
    fields = _side_fields(model)
    if fields is None:
        return None
    usual = [int(field.default or math.isqrt(_sizes(model).pixels)) for field in fields]
    area = usual[0] * usual[1]
    wanted = _blocks(area, shape, _sizes(model).step)
    return _custom(model, _fitted(model, *wanted))


def says_shape(values: Mapping[str, Any]) -> bool:
    """Whether inputs of a model's own say which shape it makes."""
    if values.keys() & {_SHAPE, "width", "height"}:
        return True
    return any(spans.pair(values.get(name)) or spans.ratio(values.get(name)) for name in _AREAS)


def says_size(model: Model, values: Mapping[str, Any]) -> bool:
    """Whether inputs of a model's own say how large or of which shape what it makes is."""
    return says_shape(values) or _extent_name(model) in values


class _Known:
    """A model by its identity: it never changes, so that what was worked out for it may be remembered."""

    __slots__ = ("model",)

    def __init__(self, model: Model) -> None:
        self.model = model

    def __hash__(self) -> int:
        return id(self.model)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Known) and other.model is self.model


# Ten thousand rows of a batch ask for few sizes.
@functools.lru_cache(maxsize=1_024)
def _nearest(known: _Known, width: int, height: int) -> Nearest | None:
    model = known.model
    if model.kind not in MAKERS:
        return None
    found = min(_ways(model, width, height), key=_distance, default=None)
    if found is None:
        return None
    return Nearest(MappingProxyType(dict(found.inputs)), found.size, found.apart, found.is_enough)


@dataclass(frozen=True, slots=True)
class _Way:
    """A way to ask for a size: inputs, what is made of them, how far its shape is, whether it has enough pixels."""

    inputs: Mapping[str, Any]
    size: Size | None
    apart: float
    is_enough: bool
    extent: float


def _ways(model: Model, width: int, height: int) -> Iterator[_Way]:
    """Give all ways in which a model can be asked for a size or a shape, the plainest first."""
    wanted = width / height

    def way(inputs: Mapping[str, Any], size: Size | None, shape: float) -> _Way:
        is_enough = size is not None and _has_all(size, width, height)
        return _Way(inputs, size, _apart(shape, wanted), is_enough, math.prod(size or (0,)))

    pairs = [
        (name, choice, sides)
        for name in _AREAS
        for choice in _choices(model, name)
        if (sides := spans.pair(choice)) is not None
    ]
    for name, choice, sides in pairs:
        yield way({name: choice}, sides, sides[0] / sides[1])
    extents = list(_extents(model, width, height))
    shapes = [
        (choice, shape) for choice in _choices(model, _SHAPE) if (shape := spans.ratio(choice)) is not None
    ]
    for choice, shape in shapes:
        for extent, _ in extents or [({}, 0)]:
            inputs = {_SHAPE: choice, **extent}
            yield way(inputs, made(model, inputs), shape)
    if _side_fields(model) is not None:
        sides = _fitted(model, width, height)
        # Rounded up to whole blocks it is of the same shape, but for what can be cut off.
        is_rounded = all(
            0 <= side - asked < _sizes(model).step for side, asked in zip(sides, (width, height), strict=True)
        )
        yield way(_custom(model, sides), sides, wanted if is_rounded else sides[0] / sides[1])
    elif not pairs and not shapes:
        # The picture that is given decides the shape, and this how large it is.
        asked = min(width, height) if model.kind is Kind.VIDEO else width * height
        for extent, amount in extents:
            yield _Way(extent, None, 0.0, amount >= asked * (1 - EQUAL), amount)


def _distance(one: _Way) -> tuple[int, bool, float]:
    """Order by shape, then by having enough pixels, then by as few above or as few below as can be."""
    shape = math.floor(one.apart / EQUAL)
    return shape, not one.is_enough, one.extent if one.is_enough else -one.extent


def _has_all(size: Size, width: int, height: int) -> bool:
    return size[0] >= width * (1 - EQUAL) and size[1] >= height * (1 - EQUAL)


def _apart(shape: float, wanted: float) -> float:
    return abs(math.log(shape / wanted))


def _extents(model: Model, width: int, height: int) -> Iterator[tuple[dict[str, Any], int]]:
    """Give the inputs that decide how large it is, each with its pixels, or lines of a film."""
    name = _extent_name(model)
    if name is None:
        return
    if not model.inputs[name].choices:
        side = math.ceil(math.sqrt(width * height) / _sizes(model).step) * _sizes(model).step
        side = min(side, _SIDE_USUAL_MAX)
        yield {name: side}, side * side
    for choice in model.inputs[name].choices:
        amount = _amount(model, name, choice)
        if amount is not None:
            yield {name: choice}, amount


def _extent_name(model: Model) -> str | None:
    """Return the input that decides how large it is, None where there is none."""
    for name in _LINES if model.kind is Kind.VIDEO else _AREAS:
        field = model.inputs.get(name)
        if field is not None and (
            _is_side(field) or any(_amount(model, name, choice) for choice in field.choices)
        ):
            return name
    return None


def _amount(model: Model, name: str, choice: object) -> int | None:
    """Return the pixels, or lines of a film, that a choice stands for; None for one that says neither."""
    told = _sizes(model).words.get(name, {}).get(str(choice))
    if told is not None:
        return told
    return spans.lines(choice) if model.kind is Kind.VIDEO else spans.area(choice)


def _area(model: Model, filled: Mapping[str, Any]) -> int | None:
    """Return the pixels that inputs ask for; None where a picture that is given decides them, or nothing does."""
    name = _extent_name(model)
    if name is None:
        return _sizes(model).pixels
    if _is_side(model.inputs[name]):
        side = filled.get(name)
        return side * side if isinstance(side, int) else None
    return _amount(model, name, filled.get(name))


def _frame(model: Model, values: Mapping[str, Any], filled: Mapping[str, Any]) -> Size | None:
    """Return the size of a film: so many lines on its short side; a picture decides its shape unless that is said."""
    if model.sizes is None:
        return None
    shape = spans.ratio(filled.get(_SHAPE))
    if _is_given(model, filled) and (shape is None or values.get(_SHAPE) is None):
        return None
    name = _extent_name(model)
    lines = None if name is None else _amount(model, name, filled.get(name))
    short = lines or model.sizes.lines
    shape = shape or 16 / 9
    long = round(short * max(shape, 1 / shape) / 2) * 2
    return (long, short) if shape >= 1 else (short, long)


def _stated_sides(model: Model, filled: Mapping[str, Any]) -> Size | None:
    """Return the sides that stand in inputs of their own, where no other word stands over them."""
    words = [filled.get(name) for name in (_SHAPE, *_AREAS) if "custom" in _choices(model, name)]
    width, height = filled.get("width"), filled.get("height")
    if _side_fields(model) is None or not isinstance(width, int) or not isinstance(height, int):
        return None
    if words and "custom" not in words:
        return None
    step = _sizes(model).step
    return max(step, round(width / step) * step), max(step, round(height / step) * step)


def _stated_pair(model: Model, filled: Mapping[str, Any]) -> Size | None:
    """Return the sides that stand in one input; where that always has some, those that are most like a ratio."""
    for name in _AREAS:
        stated = spans.pair(filled.get(name))
        if name not in model.inputs or stated is None:
            continue
        shape = spans.ratio(filled.get(_SHAPE))
        choices = [sides for choice in _choices(model, name) if (sides := spans.pair(choice)) is not None]
        if shape is not None and choices and spans.pair(model.inputs[name].default):
            return min(choices, key=lambda sides: _apart(sides[0] / sides[1], shape))
        return stated
    return None


def _is_given(model: Model, filled: Mapping[str, Any]) -> bool:
    """Whether there is a picture or film among the inputs that a shape is taken from."""
    return any(
        field.takes_file and filled.get(field.name) and not field.name.startswith(_NO_SOURCES)
        for field in model.inputs.values()
    )


def _custom(model: Model, sides: Size) -> dict[str, Any]:
    """Return the inputs that ask for sides; what a price goes by says how large they are too."""
    found: dict[str, Any] = {
        name: "custom" for name in (_SHAPE, *_AREAS) if "custom" in _choices(model, name)
    }
    name = _extent_name(model)
    if name is not None and name not in found and any(name in rate.when for rate in model.price.rates):
        enough = sides[0] * sides[1] * (1 - EQUAL)
        every = [
            (amount, choice) for choice in _choices(model, name) if (amount := _amount(model, name, choice))
        ]
        found[name] = min(every, key=lambda one: (one[0] < enough, abs(one[0] - enough)))[1]
    return {**found, "width": sides[0], "height": sides[1]}


def _fitted(model: Model, width: int, height: int) -> Size:
    """Return sides that the model takes: in whole blocks, never fewer pixels, but for its own most."""
    step = _sizes(model).step
    limits = []
    for field in _side_fields(model) or ():
        least, most = float(field.minimum or step), float(field.maximum or _SIDE_USUAL_MAX)
        limits.append((math.ceil(least / step) * step, math.floor(most / step) * step))
    pairs = list(zip((width, height), limits, strict=True))
    factor = max(1.0, *(least / side for side, (least, _) in pairs))
    factor = min(factor, *(most / side for side, (_, most) in pairs))
    found = [
        min(max(math.ceil(round(side * factor / step, 6)) * step, least), most)
        for side, (least, most) in pairs
    ]
    return found[0], found[1]


def _side_fields(model: Model) -> tuple[Field, Field] | None:
    width, height = model.inputs.get("width"), model.inputs.get("height")
    return None if width is None or height is None else (width, height)


def _is_side(field: Field) -> bool:
    """Whether it is the side of a square, of as many pixels as are made."""
    return field.name == "image_size" and field.type == "integer"


def _choices(model: Model, name: str) -> tuple[str | int, ...]:
    return model.inputs[name].choices if name in model.inputs else ()


def _sizes(model: Model) -> Sizes:
    return model.sizes or Sizes()


@functools.lru_cache(maxsize=4_096)
def _blocks(area: int, shape: float, step: int) -> Size:
    """Return sides in whole blocks, of about an area and a shape.

    A wrong shape shows, a slightly other area does not: the shape counts eight times.
    """
    first = int(math.sqrt(area * shape) // step)
    widths = sorted({max(1, blocks) * step for blocks in range(max(1, first - 1), first + 3)})
    every = [(width, max(step, round(width / shape / step) * step)) for width in widths]
    return min(
        every,
        key=lambda size: 8 * _apart(size[0] / size[1], shape) + abs(math.log(size[0] * size[1] / area)),
    )


__all__ = ["EQUAL", "MAKERS", "Nearest", "made", "nearest", "says_shape", "says_size", "shaped", "stated"]
