"""Work out the pixels of what is made, from a model's size rules and the inputs. Pure arithmetic.

The rules are data (`sizes` in `data/models.json`): a list per family, the first that applies gives the size.
Kinds of rules: sides, pair, nearest, table, ratio, lines, source, scale, longest, square, fixed. Sides that are
`is_asked` are the area that is billed, whatever multiples are made of them.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MEGAPIXEL = 1024 * 1024
SIDE_MIN = 16
# Beyond these nobody's memory is safe: 8,192 by 5,120 is larger than what any of the models makes by itself.
SIDE_MAX = 8192
AREA_MAX = 40 * MEGAPIXEL
FILM_SIDE_MAX = 4096


@dataclass(frozen=True, slots=True)
class Size:
    """Width and height in pixels; `area_asked` is the nominal area where the inputs name one."""

    width: int
    height: int
    area_asked: int | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """The inputs with defaults filled in, the names of those stated, their choices, the given file's size."""

    values: Mapping[str, Any]
    stated: frozenset[str]
    choices: Mapping[str, tuple[Any, ...]]
    source: tuple[int, int] | None


def work_out(rules: tuple[Mapping[str, Any], ...], asked: Asked, *, is_film: bool) -> Size:
    """Return the size that the first applicable rule gives, within sane limits; 1024 by 1024 without rules.

    Films get even sides, as their encoding needs. Whatever is larger than the limits is made smaller at the
    same ratio.
    """
    for rule in rules:
        if not holds(rule.get("if", {}), asked.values):
            continue
        size = _RULES[rule["from"]](rule, asked)
        if size is not None:
            return _within_limits(size, is_film=is_film)
    return _within_limits(Size(1024, 1024), is_film=is_film)


def holds(conditions: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    """Return whether every named input has the value, or one of the values, that a condition states."""
    return all(
        values.get(name) in (wanted if isinstance(wanted, list) else [wanted])
        for name, wanted in conditions.items()
    )


def ratio_of(text: Any) -> float | None:
    """Return width over height of a text such as 16:9, 19.5:9 or portrait, None for anything else."""
    if text in {"portrait", "landscape"}:
        return 9 / 16 if text == "portrait" else 16 / 9
    found = re.fullmatch(r"(\d+(?:\.\d+)?):(\d+(?:\.\d+)?)", text) if isinstance(text, str) else None
    if found is None or not float(found[1]) or not float(found[2]):
        return None
    return float(found[1]) / float(found[2])


def pair_of(text: Any) -> tuple[int, int] | None:
    """Return the two numbers of a text such as 1024x768, 1280*720, `512 * 512` or `512, 2048`."""
    found = re.fullmatch(r"(\d{2,5})\s*[x*,]\s*(\d{2,5})", text) if isinstance(text, str) else None
    return (int(found[1]), int(found[2])) if found else None


def _sides(rule: Mapping[str, Any], asked: Asked) -> Size | None:
    width, height = (_number(asked.values.get(rule[side])) for side in ("width", "height"))
    if width is None or height is None:
        return None
    multiple = rule.get("multiple", 1)
    asked_for = width * height if rule.get("is_asked") else None
    return Size(_to_multiple(width, multiple), _to_multiple(height, multiple), area_asked=asked_for)


def _pair(rule: Mapping[str, Any], asked: Asked) -> Size | None:
    pair = pair_of(asked.values.get(rule["field"]))
    return Size(*pair) if pair else None


def _nearest(rule: Mapping[str, Any], asked: Asked) -> Size | None:
    wanted = ratio_of(asked.values.get(rule["field"]))
    pairs = [pair for choice in asked.choices.get(rule["of"], ()) if (pair := pair_of(choice))]
    if wanted is None or not pairs:
        return None
    return Size(*min(pairs, key=lambda pair: abs(math.log(pair[0] / pair[1] / wanted))))


def _table(rule: Mapping[str, Any], asked: Asked) -> Size | None:
    size = rule["sizes"].get(asked.values.get(rule["field"]))
    if size is None:
        return None
    factor = 1
    if "factor" in rule:
        factor = rule["factor"]["values"].get(asked.values.get(rule["factor"]["field"]), 1)
    return Size(round(size[0] * factor), round(size[1] * factor))


def _ratio(rule: Mapping[str, Any], asked: Asked) -> Size:
    wanted = _wanted_ratio(rule.get("field"), asked) or 1.0
    named = _area(rule["area"], asked)
    width, height = _from_area(named or rule["area"]["else"], wanted, rule.get("multiple", 1))
    return Size(width, height, area_asked=named)


def _lines(rule: Mapping[str, Any], asked: Asked) -> Size:
    value = asked.values.get(rule.get("field", ""))
    short = rule.get("values", {}).get(value) or _lines_of(value) or rule["else"]
    of_source = asked.source[0] / asked.source[1] if asked.source else None
    wanted = _wanted_ratio(rule.get("ratio"), asked)
    # A given picture decides the ratio, unless the caller names one.
    if of_source and rule.get("source_first") and rule.get("ratio") not in asked.stated:
        wanted = of_source
    ratio = wanted or 16 / 9
    if ratio >= 1:
        return Size(_to_multiple(short * ratio, 2), short)
    return Size(short, _to_multiple(short / ratio, 2))


def _source(rule: Mapping[str, Any], asked: Asked) -> Size | None:
    if asked.source is None:
        return None
    width, height = asked.source
    multiple = rule.get("multiple", 1)
    if "area_max" in rule and width * height > rule["area_max"]:
        return Size(*_from_area(rule["area_max"], width / height, multiple))
    return Size(_to_multiple(width, multiple), _to_multiple(height, multiple))


def _scale(rule: Mapping[str, Any], asked: Asked) -> Size | None:
    if asked.source is None:
        return None
    value = rule["factor"] if "factor" in rule else asked.values.get(rule["field"])
    # A factor is a number or, for some models, a choice written as text; nothing, 0 and less leave the size.
    factor = float(value) if value is not None and float(value) > 0 else 1.0
    longest = max(asked.source)
    if "longest_max" in rule:
        factor = min(factor, max(1.0, rule["longest_max"] / longest))
    return Size(max(1, round(asked.source[0] * factor)), max(1, round(asked.source[1] * factor)))


def _longest(rule: Mapping[str, Any], asked: Asked) -> Size | None:
    length = _lines_of(asked.values.get(rule["field"]))
    if asked.source is None or length is None:
        return None
    factor = length / max(asked.source)
    return Size(max(1, round(asked.source[0] * factor)), max(1, round(asked.source[1] * factor)))


def _square(_rule: Mapping[str, Any], asked: Asked) -> Size | None:
    return Size(max(asked.source), max(asked.source)) if asked.source else None


def _fixed(rule: Mapping[str, Any], _asked: Asked) -> Size:
    return Size(rule["width"], rule["height"])


_RULES: Mapping[str, Callable[[Mapping[str, Any], Asked], Size | None]] = {
    "sides": _sides,
    "pair": _pair,
    "nearest": _nearest,
    "table": _table,
    "ratio": _ratio,
    "lines": _lines,
    "source": _source,
    "scale": _scale,
    "longest": _longest,
    "square": _square,
    "fixed": _fixed,
}


def _wanted_ratio(field: str | None, asked: Asked) -> float | None:
    """Return the ratio that an input names, else the given file's, else None."""
    named = ratio_of(asked.values.get(field)) if field else None
    if named is not None:
        return named
    return asked.source[0] / asked.source[1] if asked.source else None


def _area(rule: Mapping[str, Any], asked: Asked) -> int | None:
    """Return the area that an input names, None where none does."""
    if "square_of" in rule:
        side = _number(asked.values.get(rule["square_of"]))
        if side:
            return max(SIDE_MIN, min(side, SIDE_MAX)) ** 2
    area: int | None = rule.get("values", {}).get(asked.values.get(rule.get("field", "")))
    return area


def _from_area(area: int, ratio: float, multiple: int) -> tuple[int, int]:
    """Return sides of about an area that are multiples and come nearest to the ratio."""
    width = math.sqrt(area * ratio)
    options = {
        max(multiple, step * multiple)
        for step in range(max(1, int(width // multiple) - 1), int(width // multiple) + 3)
    }
    sized = [(w, _to_multiple(w / ratio, multiple)) for w in sorted(options)]

    def badness(size: tuple[int, int]) -> float:
        # A wrong ratio shows, a slightly other area does not: the ratio counts eight times.
        off_ratio = abs(math.log(size[0] / size[1] / ratio))
        return 8 * off_ratio + abs(math.log(size[0] * size[1] / area))

    return min(sized, key=badness)


def _lines_of(value: Any) -> int | None:
    """Return the number of lines of 720p, 512P, 2k, 4K or a bare number; None for anything else."""
    text = str(value).lower()
    if text in {"2k", "4k"}:
        return 1440 if text == "2k" else 2160
    found = re.fullmatch(r"(\d{2,5})p?", text)
    return int(found[1]) if found else None


def _number(value: Any) -> int | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        return int(value) if value.isdecimal() else None
    return int(value) if value > 0 else None


def _to_multiple(value: float, multiple: int) -> int:
    return max(multiple, round(value / multiple) * multiple)


def _within_limits(size: Size, *, is_film: bool) -> Size:
    width, height = max(SIDE_MIN, size.width), max(SIDE_MIN, size.height)
    longest = FILM_SIDE_MAX if is_film else SIDE_MAX
    factor = min(1.0, longest / max(width, height), math.sqrt(AREA_MAX / (width * height)))
    if factor < 1:
        width, height = max(SIDE_MIN, int(width * factor)), max(SIDE_MIN, int(height * factor))
    if is_film:
        width, height = width - width % 2, height - height % 2
    return Size(width, height, size.area_asked)
