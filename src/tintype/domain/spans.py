"""What models mean by their words for how large and of which shape: `4:3`, `1024x768`, `2 MP`, `2K`, `720p`. Pure."""

from __future__ import annotations

import functools
import re

_LENGTH_MAX = 40
_MEGAPIXEL = 1024 * 1024
_RATIO = re.compile(r"(\d{1,4}(?:\.\d+)?)[:x](\d{1,4}(?:\.\d+)?)")
_PAIR = re.compile(r"(\d{2,5})\s*[x*]\s*(\d{2,5})")
_NAMED_RATIOS = {"portrait": 9 / 16, "landscape": 16 / 9}
_NAMED_LINES = {"2k": 1440, "4k": 2160}


def ratio(choice: object) -> float | None:
    """Return width over height of a choice such as `4:3` or `portrait`; None for one that is no shape."""
    return _ratio(_word(choice))


def pair(choice: object) -> tuple[int, int] | None:
    """Return the sides of a choice such as `1024x768`; None for one that has none."""
    return _pair(_word(choice))


def area(choice: object) -> int | None:
    """Return the pixels of a choice such as `0.25`, `2 MP` or `4K` of a picture; None for one that says none."""
    return _area(_word(choice))


def lines(choice: object) -> int | None:
    """Return the lines of a choice such as `720p` or `4k` of a film; None for one that says none."""
    return _lines(_word(choice).lower())


def _word(choice: object) -> str:
    """Return what may be such a word; what is longer is none, and is not remembered."""
    word = str(choice) if isinstance(choice, str | int | float) else ""
    return word if len(word) <= _LENGTH_MAX else ""


@functools.lru_cache(maxsize=1_024)
def _ratio(word: str) -> float | None:
    sides = _RATIO.fullmatch(word)
    if sides is None or not float(sides[1]) or not float(sides[2]):
        return _NAMED_RATIOS.get(word)
    return float(sides[1]) / float(sides[2])


@functools.lru_cache(maxsize=1_024)
def _pair(word: str) -> tuple[int, int] | None:
    sides = _PAIR.fullmatch(word)
    if sides is None or not int(sides[1]) or not int(sides[2]):
        return None
    return int(sides[1]), int(sides[2])


@functools.lru_cache(maxsize=1_024)
def _area(word: str) -> int | None:
    if sides := re.fullmatch(r"(\d)K", word):
        return (int(sides[1]) * 1024) ** 2
    megapixels = re.fullmatch(r"(\d+(?:\.\d+)?)(?: MP)?", word)
    return None if megapixels is None else round(float(megapixels[1]) * _MEGAPIXEL)


@functools.lru_cache(maxsize=1_024)
def _lines(word: str) -> int | None:
    found = re.fullmatch(r"(\d{3,4})p", word)
    return _NAMED_LINES.get(word) if found is None else int(found[1])


__all__ = ["area", "lines", "pair", "ratio"]
