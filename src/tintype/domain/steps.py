"""Finishing steps as people write them: bought ones, and those that are done here for nothing. Pure.

    steps.read("upscale:4"), steps.read("print:poster-a3:pdf")

`trim` cuts off what is empty around the picture. `print:PRODUCT` makes a file for the print shop: in the shape of the
product with its bleed, in sRGB, with its dots per inch. It is a PNG, or with `:tiff` or `:pdf` one of these; with
`:fill` or `:fit` it says how the picture lies.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from tintype.domain import catalogue, errors, printing, products
from tintype.domain.printing import Fit

STEPS_MAX = 4
MADE_HERE = 1000
"""What steps make here of output n stands at position MADE_HERE + n, behind all that a model makes."""
JOINED = ", "
"""What stands between the steps that made an output."""
FORMS = ("upscale:4", "remove-background", "trim", "print:poster-a3")
_FACTOR = re.compile(r"\d{1,2}")


class Format(StrEnum):
    """What a file for the print shop is."""

    PNG = "png"
    TIFF = "tiff"
    PDF = "pdf"


@dataclass(frozen=True, slots=True)
class Upscale:
    """Enlarge it so many times, by a model."""

    factor: int


@dataclass(frozen=True, slots=True)
class RemoveBackground:
    """Leave the subject alone, by a model."""


@dataclass(frozen=True, slots=True)
class Trim:
    """Cut off what is empty around it, here."""


@dataclass(frozen=True, slots=True)
class Print:
    """Make a file for the print shop, here. Without `fit` it fills, and fits where it is transparent."""

    product: products.Product
    format: Format = Format.PNG
    fit: Fit | None = None


Step = Upscale | RemoveBackground | Trim | Print
HERE = (Trim, Print)
"""The steps that nothing is bought for."""


def read(text: str) -> Step:
    """Read a step. Raises InputError for what is none, with the nearest there is."""
    name, _, rest = text.strip().partition(":")
    match name:
        case "remove-background" if not rest:
            return RemoveBackground()
        case "trim" if not rest:
            return Trim()
        case "upscale" if _FACTOR.fullmatch(rest) and int(rest):
            return Upscale(int(rest))
        case "print" if rest:
            return _print(rest)
    near = catalogue.nearest(name, FORMS, likeness=0.5) or next(
        (form for form in FORMS if form.partition(":")[0] == name), None
    )
    hint = f"did you mean {near!r}? There are" if near else "there are"
    raise errors.InputError(
        f"{text[:40]!r} is no finishing step; {hint} upscale:FACTOR, remove-background, trim and print:PRODUCT"
    )


def read_all(texts: list[str]) -> list[Step]:
    """Read the steps of a picture, in their order. Raises InputError for too many, and for one after `print`."""
    if len(texts) > STEPS_MAX:
        raise errors.InputError(f"finish takes {STEPS_MAX} steps at most, not {len(texts)}")
    found = [read(text) for text in texts]
    if any(isinstance(step, Print) for step in found[:-1]):
        raise errors.InputError("print makes the file for the print shop, so it is the last step")
    return found


def dpi(made_by: str | None, width_px: int | None, height_px: int | None) -> int | None:
    """Return the dots per inch of a file for the print shop, by the steps that made it; None for what is none."""
    last = None if made_by is None else read(made_by.rpartition(JOINED)[2])
    if not isinstance(last, Print) or not width_px or not height_px:
        return None
    # The file is the whole sheet, its bleed too.
    return printing.check(width_px, height_px, last.product, fit=Fit.FILL).dpi


def _print(rest: str) -> Print:
    product, *more = rest.split(":")
    formats = [one for one in more if one in set(Format)]
    fits = [one for one in more if one in set(Fit)]
    if len(formats) > 1 or len(fits) > 1 or len(formats) + len(fits) < len(more):
        raise errors.InputError(
            f"'print:{rest[:40]}' is not understood; behind the product come png, tiff or pdf, and fill or fit"
        )
    return Print(
        products.find(product),
        Format(formats[0]) if formats else Format.PNG,
        Fit(fits[0]) if fits else None,
    )


__all__ = [
    "FORMS",
    "HERE",
    "JOINED",
    "MADE_HERE",
    "STEPS_MAX",
    "Format",
    "Print",
    "RemoveBackground",
    "Step",
    "Trim",
    "Upscale",
    "dpi",
    "read",
    "read_all",
]
