"""What pictures are printed on: presets with their sources, and sizes of one's own. Pure.

    products.find("poster-a3")
    products.find("300x400mm+3mm")      # a size of one's own, with 3 mm of bleed around it

Lengths are exact fractions of millimetres; an inch has 25.4.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction

from tintype.domain import catalogue, errors

MM_PER_INCH = Fraction(254, 10)
SIDE_MIN_MM, SIDE_MAX_MM = Fraction(10), Fraction(5000)
BLEED_MAX_MM = Fraction(100)
_UNITS = {"mm": Fraction(1), "cm": Fraction(10), "in": MM_PER_INCH}
_LENGTH = r"(\d{1,4}(?:\.\d{1,3})?)"
_OWN = re.compile(rf"{_LENGTH}x{_LENGTH}(mm|cm|in)(?:\+{_LENGTH}(mm|cm|in)?)?")

ISO = "ISO 216"
FRAMES = "frame sizes of the trade in the USA"
PRINTFUL = "printful.com/blog, how to prepare the perfect print file"
TRADE = "a usual size of the trade; printers differ"
PHONE = "apple.com, technical specifications of iPhone 15"
CARD = "ISO/IEC 7810, ID-1"
OWN = "as given"


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """Something to print on: its size when it is cut, and the bleed that is cut off at each edge.

    `turns` says that it may be printed upright or across, as the picture is. `source` is where its size is from.
    """

    name: str
    title: str
    width_mm: Fraction
    height_mm: Fraction
    bleed_mm: Fraction = Fraction(0)
    turns: bool = False
    source: str = OWN

    def turned(self) -> Product:
        """Return it with its sides exchanged."""
        return replace(self, width_mm=self.height_mm, height_mm=self.width_mm)


def find(name: str) -> Product:
    """Return the product of a name, or of a size such as `8x10in` or `300x400mm+3mm`.

    Raises InputError with the nearest name.
    """
    text = name.strip().casefold()
    own = _OWN.fullmatch(text.replace(" ", "").replace("×", "x"))
    if own is not None:
        return _own(name, own)
    wanted = catalogue.key(text)
    for one in ALL:
        if catalogue.key(one.name) == wanted:
            return one
    near = catalogue.nearest(text, (one.name for one in ALL), likeness=0.5)
    hint = f"; did you mean {near!r}?" if near else "; tintype print products lists them."
    raise errors.InputError(
        f"there is no product {name[:40]!r}{hint} A size of your own is written like 300x400mm+3mm"
    )


def _own(name: str, sides: re.Match[str]) -> Product:
    unit = _UNITS[sides[3]]
    width, height = Fraction(sides[1]) * unit, Fraction(sides[2]) * unit
    bleed = Fraction(sides[4]) * _UNITS[sides[5] or sides[3]] if sides[4] else Fraction(0)
    if min(width, height) < SIDE_MIN_MM or max(width, height) > SIDE_MAX_MM:
        raise errors.InputError(f"{name[:40]!r} cannot be printed: sides are 10 mm to 5 m")
    if bleed > BLEED_MAX_MM:
        raise errors.InputError(f"{name[:40]!r} has too much bleed: {BLEED_MAX_MM} mm at most")
    return Product(
        name=sides[0], title="your own size", width_mm=width, height_mm=height, bleed_mm=bleed, turns=True
    )


def _mm(
    name: str,
    title: str,
    width: int,
    height: int,
    bleed: int,
    source: str,
    *,
    turns: bool = False,
) -> Product:
    return Product(
        name=name,
        title=title,
        width_mm=Fraction(width),
        height_mm=Fraction(height),
        bleed_mm=Fraction(bleed),
        turns=turns,
        source=source,
    )


def _in(
    name: str,
    title: str,
    width: str,
    height: str,
    bleed: str,
    source: str,
    *,
    turns: bool = False,
) -> Product:
    return Product(
        name=name,
        title=title,
        width_mm=Fraction(width) * MM_PER_INCH,
        height_mm=Fraction(height) * MM_PER_INCH,
        bleed_mm=Fraction(bleed) * MM_PER_INCH,
        turns=turns,
        source=source,
    )


ALL: tuple[Product, ...] = (
    _mm("poster-a4", "Poster A4", 210, 297, 3, ISO, turns=True),
    _mm("poster-a3", "Poster A3", 297, 420, 3, ISO, turns=True),
    _mm("poster-a2", "Poster A2", 420, 594, 3, ISO, turns=True),
    _mm("poster-a1", "Poster A1", 594, 841, 3, ISO, turns=True),
    _mm("postcard-a6", "Postcard A6", 105, 148, 3, ISO, turns=True),
    _mm("flyer-a5", "Flyer A5", 148, 210, 3, ISO, turns=True),
    _in("print-4x6", "Print 4 × 6 in", "4", "6", "0.125", FRAMES, turns=True),
    _in("print-5x7", "Print 5 × 7 in", "5", "7", "0.125", FRAMES, turns=True),
    _in("print-8x10", "Print 8 × 10 in", "8", "10", "0.125", FRAMES, turns=True),
    _in("print-8x12", "Print 8 × 12 in", "8", "12", "0.125", FRAMES, turns=True),
    _in("print-11x14", "Print 11 × 14 in", "11", "14", "0.125", FRAMES, turns=True),
    _in("print-12x16", "Print 12 × 16 in", "12", "16", "0.125", FRAMES, turns=True),
    _in("print-12x18", "Print 12 × 18 in", "12", "18", "0.125", FRAMES, turns=True),
    _in("print-16x20", "Print 16 × 20 in", "16", "20", "0.125", FRAMES, turns=True),
    _in("print-18x24", "Print 18 × 24 in", "18", "24", "0.125", FRAMES, turns=True),
    _in("print-20x30", "Print 20 × 30 in", "20", "30", "0.125", FRAMES, turns=True),
    _in("print-24x36", "Print 24 × 36 in", "24", "36", "0.125", FRAMES, turns=True),
    # The picture goes round the edges of the stretcher.
    _in("canvas-12x16", "Canvas 12 × 16 in", "12", "16", "1.5", TRADE, turns=True),
    _in("canvas-16x20", "Canvas 16 × 20 in", "16", "20", "1.5", TRADE, turns=True),
    _in("canvas-24x36", "Canvas 24 × 36 in", "24", "36", "1.5", TRADE, turns=True),
    _in("t-shirt", "T-shirt, the front", "12", "16", "0", PRINTFUL),
    _in("hoodie", "Hoodie, the front", "12", "12", "0", TRADE),
    _in("tote", "Tote bag, one side", "10", "12", "0", TRADE),
    _in("mug", "Mug of 11 oz, all round", "9", "3.5", "0", PRINTFUL),
    _mm("phone-case", "Phone case, iPhone 15", 72, 148, 5, PHONE),
    _in("sticker", "Sticker 3 × 3 in", "3", "3", "0.125", TRADE),
    _in("sticker-large", "Sticker 5.5 × 5.5 in", "5.5", "5.5", "0.125", TRADE),
    _in("cushion", "Cushion 18 × 18 in", "18", "18", "0.5", TRADE),
    _in("blanket", "Blanket 50 × 60 in", "50", "60", "0.5", TRADE, turns=True),
    _in("mouse-pad", "Mouse pad 9 × 7.5 in", "9", "7.5", "0.125", TRADE),
    _in("playing-card", "Playing card, poker size", "2.5", "3.5", "0.125", TRADE, turns=True),
    _mm("business-card", "Business card", 86, 54, 3, CARD, turns=True),
)
"""The presets, in the order in which they are listed."""

__all__ = ["ALL", "Product", "find"]
