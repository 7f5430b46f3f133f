"""Turn checks of pictures on products into what is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tintype.api.schemas.printing import PrintCheckTold, ProductTold, RemedyTold
from tintype.api.schemas.shapes import usd
from tintype.domain import printing

if TYPE_CHECKING:
    from tintype.domain.catalogue import Catalogue
    from tintype.domain.printing import Check
    from tintype.domain.products import Product


def product(one: Product, needed_px: tuple[int, int]) -> ProductTold:
    """Tell of a product."""
    return ProductTold(
        name=one.name,
        title=one.title,
        width_mm=float(one.width_mm),
        height_mm=float(one.height_mm),
        bleed_mm=float(one.bleed_mm),
        needed_px=needed_px,
        source=one.source,
    )


def check(told: Check, known: Catalogue, *, is_trimmed: bool = False) -> PrintCheckTold:
    """Tell of a check, with what would help; `is_trimmed` says that a trim is still to come."""
    found = printing.remedies(told, known)
    return PrintCheckTold(
        product=product(told.product, told.needed_px),
        width_px=told.width_px,
        height_px=told.height_px,
        fit=told.fit,
        dpi=told.dpi,
        verdict=told.verdict,
        cut_percent=told.cut_percent,
        sharp_up_to_mm=told.sharp_up_to_mm,
        factor=told.factor,
        advice=printing.advice(told, found, is_trimmed=is_trimmed),
        remedies=[
            RemedyTold(
                model=one.model,
                factor=one.factor,
                dpi=one.dpi,
                expected_usd=usd(one.estimate.expected_nano_usd),
                at_most_usd=usd(one.estimate.bound_nano_usd),
            )
            for one in found
        ],
    )
