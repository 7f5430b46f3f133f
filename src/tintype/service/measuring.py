"""Measure what a run was given and what it made, on the stored files, for its price.

    made = await measuring.of(row, kept, model=model, files=files)

Areas are counted in megapixels, each picture to the hundredth, by the rule that they were held by before.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from tintype.domain import charges, pricing, steps
from tintype.service import areas, givens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tintype.domain.catalogue import Model
    from tintype.media.files import Files
    from tintype.store.generations import Generation
    from tintype.store.outputs import Output


async def of(row: Generation, kept: Sequence[Output], *, model: Model | None, files: Files) -> charges.Made:
    """Return what came of a run: what upstream counted, and what was measured on the stored files."""
    kept = [one for one in kept if one.position < steps.MADE_HERE]
    sizes = [pricing.area(one.width, one.height) for one in kept if one.width and one.height]
    film_ms = sum(one.duration_ms or 0 for one in kept)
    return charges.made(row.prediction or {}).measured(
        megapixels=sum(sizes, Fraction(0)) if sizes and len(sizes) == len(kept) else None,
        seconds=Fraction(film_ms, 1000) if film_ms else None,
        megapixels_in=None if model is None else await _given(row, model, files),
    )


async def _given(row: Generation, model: Model, files: Files) -> Fraction | None:
    """Measure the pictures that were given, where their area is in the price."""
    if not pricing.counts_given(model):
        return None
    return sum([await _area(part, files) for _, part in pricing.given(model, row.input)], Fraction(0))


async def _area(part: Any, files: Files) -> Fraction:
    measured = None
    if isinstance(part, str) and part.startswith(givens.MARK):
        measured = await areas.of_stored(part.removeprefix(givens.MARK), files=files)
    # None is bought unmeasured; one that is gone since counts as the usual size.
    return Fraction(1) if measured is None else measured


__all__ = ["of"]
