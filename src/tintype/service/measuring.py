"""Measure what a run was given and what it made, on the stored files, for its price.

    made = await measuring.of(row, kept, model=model, files=files)

Areas are counted in megapixels, each picture to the hundredth. What is not stored here, as a picture that was given by
its URL, is not fetched to be measured: it counts as one megapixel.
"""

from __future__ import annotations

from contextlib import aclosing
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from tintype.domain import charges, pricing, steps
from tintype.domain.catalogue import Unit
from tintype.media import files_errors, kinds
from tintype.service import givens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tintype.domain.catalogue import Model
    from tintype.media.files import Files
    from tintype.store.generations import Generation
    from tintype.store.outputs import Output


async def of(row: Generation, kept: Sequence[Output], *, model: Model | None, files: Files) -> charges.Made:
    """Return what came of a run: what upstream counted, and what was measured on the stored files."""
    kept = [one for one in kept if one.position < steps.MADE_HERE]
    areas = [pricing.area(one.width, one.height) for one in kept if one.width and one.height]
    film_ms = sum(one.duration_ms or 0 for one in kept)
    return charges.made(row.prediction or {}).measured(
        megapixels=sum(areas, Fraction(0)) if areas and len(areas) == len(kept) else None,
        seconds=Fraction(film_ms, 1000) if film_ms else None,
        megapixels_in=None if model is None else await _given(row, model, files),
    )


async def _given(row: Generation, model: Model, files: Files) -> Fraction | None:
    """Measure the pictures that were given, where their area is in the price."""
    if not model.price.given_usd or model.price.unit is not Unit.MEGAPIXEL:
        return None
    total = Fraction(0)
    for field in model.inputs.values():
        value = row.input.get(field.name)
        if field.takes_file and value:
            for part in value if isinstance(value, list) else [value]:
                total += await _area(part, files)
    return total


async def _area(part: Any, files: Files) -> Fraction:
    usual = Fraction(1)
    if not isinstance(part, str) or not part.startswith(givens.MARK):
        return usual
    try:
        reading = await files.open(part.removeprefix(givens.MARK), end=kinds.HEAD_BYTES)
        async with aclosing(reading.pieces) as pieces:
            head = b"".join([piece async for piece in pieces])
    except files_errors.ObjectMissing:
        return usual
    size = kinds.pixels(head, kinds.identify(head))
    return usual if size is None else pricing.area(*size)


__all__ = ["of"]
