"""Whether a picture has the pixels that a product takes, and what would help where it has not. Pure.

    told = printing.check(1024, 1024, "poster-a3")
    told.dpi, told.verdict                      # 62, Verdict.COARSE
    printing.remedies(told, known)              # how much larger, by which model, for how much

A picture fills a product with its bleed, and what stands over is cut off; one with a transparent background fits
within the cut edges, whole. Pixels are never invented: what is too small is only printed coarser.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING

from tintype.domain import errors, pricing, products
from tintype.domain.catalogue import Kind
from tintype.domain.products import MM_PER_INCH, Product

if TYPE_CHECKING:
    from tintype.domain.catalogue import Catalogue, Model
    from tintype.domain.pricing import Estimate

SHARP_DPI, FAIR_DPI = 300, 150
SIDE_MAX_PX = 100_000
FACTOR_MAX = 99
"""What stands for this and for all that is more."""
SCALES = ("scale", "scale_factor", "upscale")
"""What models call the factor by which they enlarge."""
# Where a form states no most, more than this has not been seen to work.
_FACTOR_USUAL_MAX = 4
TRIMMED = "This is before the trim: what is empty around it is cut off, and what is left has fewer pixels."


class Fit(StrEnum):
    """How a picture lies on a product: over all of it, cut at the edges, or whole within them."""

    FILL = "fill"
    FIT = "fit"


class Verdict(StrEnum):
    """How it will look: sharp from 300 DPI, fair from 150 (a step away), coarse below."""

    SHARP = "sharp"
    FAIR = "fair"
    COARSE = "coarse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A picture on a product. `product` lies as the picture does; `dpi` is rounded to whole dots per inch.

    `needed_px` is what the product takes at 300 DPI, bleed included; `cut_percent` how much of the picture is cut off
    where it fills; `sharp_up_to_mm` how large it is at 300 DPI; `factor` how many times larger, in whole numbers, it
    has to be to be sharp, 1 where it is.
    """

    product: Product
    width_px: int
    height_px: int
    fit: Fit
    dpi: int
    verdict: Verdict
    needed_px: tuple[int, int]
    cut_percent: float
    sharp_up_to_mm: tuple[float, float]
    factor: int


@dataclass(frozen=True, slots=True)
class Remedy:
    """A model that makes a picture as large as a check asks, at its own price, and the DPI that it has then."""

    model: str
    name: str
    factor: int
    dpi: int
    estimate: Estimate


def check(
    width_px: int,
    height_px: int,
    product: Product | str,
    *,
    fit: Fit | str | None = None,
    is_transparent: bool = False,
) -> Check:
    """Compare a picture's pixels with a product, by its name or size.

    Without `fit` a picture fills it, and one with a transparent background fits. Raises InputError.
    """
    if not (1 <= width_px <= SIDE_MAX_PX and 1 <= height_px <= SIDE_MAX_PX):
        raise errors.InputError(
            f"a picture has 1 to {SIDE_MAX_PX:,} pixels a side, not {width_px}x{height_px}"
        )
    lying = _lying(products.find(product) if isinstance(product, str) else product, width_px, height_px)
    how = _fit(fit, is_transparent=is_transparent)
    exact = resolution(width_px, height_px, lying, how)
    dpi = _whole(exact)
    sheet = [side + 2 * lying.bleed_mm for side in (lying.width_mm, lying.height_mm)]
    cut = Fraction(0)
    if how is Fit.FILL:
        shown = sheet[0] * sheet[1] / MM_PER_INCH**2 * exact**2
        cut = 1 - shown / (width_px * height_px)
    return Check(
        product=lying,
        width_px=width_px,
        height_px=height_px,
        fit=how,
        dpi=dpi,
        verdict=_verdict(dpi),
        needed_px=(_pixels(sheet[0]), _pixels(sheet[1])),
        cut_percent=round(float(cut * 100), 1),
        sharp_up_to_mm=(_millimetres(width_px), _millimetres(height_px)),
        factor=next((n for n in range(1, FACTOR_MAX) if _whole(exact * n) >= SHARP_DPI), FACTOR_MAX),
    )


def resolution(width_px: int, height_px: int, product: Product, fit: Fit) -> Fraction:
    """Return the dots per inch of a picture that lies on a product in this way, as they are."""
    bleed_mm = 2 * product.bleed_mm if fit is Fit.FILL else Fraction(0)
    across = width_px * MM_PER_INCH / (product.width_mm + bleed_mm)
    down = height_px * MM_PER_INCH / (product.height_mm + bleed_mm)
    return min(across, down) if fit is Fit.FILL else max(across, down)


def remedies(told: Check, known: Catalogue) -> list[Remedy]:
    """Return the models that make the picture large enough in one pass, the cheapest first; none where it is."""
    if told.factor == 1:
        return []
    exact = resolution(told.width_px, told.height_px, told.product, told.fit)
    found = []
    for model in known.of_kind(Kind.UPSCALE):
        name = next((one for one in SCALES if one in model.inputs), None)
        if name is None or told.factor > factor_max(model, name):
            continue
        price = pricing.estimate(model, {name: told.factor})
        found.append(Remedy(model.slug, model.name, told.factor, _whole(exact * told.factor), price))
    return sorted(found, key=lambda one: one.estimate.expected_nano_usd)


def factor_max(model: Model, name: str) -> int:
    """Return the most by which a model enlarges in one pass."""
    most = model.inputs[name].maximum
    return _FACTOR_USUAL_MAX if most is None else int(most)


def advice(told: Check, found: list[Remedy], *, is_trimmed: bool = False) -> str:
    """Say in a sentence how it will look, and what would help; `is_trimmed` says that a trim is still to come."""
    said = _advice(told, found)
    return f"{said} {TRIMMED}" if is_trimmed else said


def _advice(told: Check, found: list[Remedy]) -> str:
    where = f"{told.dpi} DPI on {told.product.title}"
    if told.verdict is Verdict.SHARP:
        return f"{where}: sharp."
    looks = "fair from a step away" if told.verdict is Verdict.FAIR else "coarse"
    width, height = told.sharp_up_to_mm
    smaller = f"as it is it is sharp up to {width:g} × {height:g} mm"
    if found:
        return f"{where}: {looks}. {told.factor} times larger it has {found[0].dpi} DPI; {smaller}."
    if told.factor == FACTOR_MAX:
        return f"{where}: {looks}. It would have to be {told.factor} times larger or more; {smaller}."
    return f"{where}: {looks}. No model is known to enlarge it {told.factor} times in one pass; {smaller}."


def _fit(asked: Fit | str | None, *, is_transparent: bool) -> Fit:
    if asked is None:
        return Fit.FIT if is_transparent else Fit.FILL
    try:
        return Fit(asked)
    except ValueError:
        raise errors.InputError(f"a picture is to fill or to fit, not to {asked[:20]!r}") from None


def _lying(product: Product, width_px: int, height_px: int) -> Product:
    """Return the product upright or across, as the picture is."""
    is_other = (product.width_mm < product.height_mm) == (width_px > height_px)
    has_sides = product.width_mm != product.height_mm and width_px != height_px
    return product.turned() if product.turns and has_sides and is_other else product


def _whole(dpi: Fraction) -> int:
    """Round to a whole number, as printers do: A4 at 300 DPI has 2480 × 3508 pixels, which are 299.96."""
    return math.floor(dpi + Fraction(1, 2))


def _verdict(dpi: int) -> Verdict:
    if dpi >= SHARP_DPI:
        return Verdict.SHARP
    return Verdict.FAIR if dpi >= FAIR_DPI else Verdict.COARSE


def _pixels(side_mm: Fraction) -> int:
    return _whole(side_mm / MM_PER_INCH * SHARP_DPI)


def _millimetres(side_px: int) -> float:
    return round(float(side_px * MM_PER_INCH / SHARP_DPI), 1)


__all__ = ["Check", "Fit", "Remedy", "Verdict", "advice", "check", "remedies", "resolution"]
