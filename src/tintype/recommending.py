"""Which model to take for a budget: `tintype.recommend(budget="5.00", iterations=100, needs_high_quality=False)`."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tintype import catalogue, settings
from tintype.catalogue import own
from tintype.domain import errors, money, pictures, recommending

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tintype.domain.catalogue import Catalogue


_book = functools.cache(catalogue.load)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """A model for a budget: its slug, name and tier, dollars for one picture and for all, and why it is this one.

    `input` are the model's inputs for the size or shape, `finish` the finishing steps that it needs, their price among
    the rest. Where the budget is not enough for all, `fits` is False, and it is the cheapest that can do what is asked.
    """

    model: str
    name: str
    quality: str
    price_usd: Decimal
    total_usd: Decimal
    fits: bool
    iterations_possible: int
    finish: tuple[str, ...]
    reasons: tuple[str, ...]
    input: Mapping[str, Any]


def recommend(  # noqa: PLR0913 - what a picture is to be, each optional
    budget: str | Decimal | float,
    iterations: int = 1,
    needs_high_quality: bool = False,  # noqa: FBT001, FBT002 - by position, as in guides
    *,
    transparent: bool = False,
    lettering: bool = False,
    edit: bool = False,
    aspect_ratio: str | None = None,
    size: str | None = None,
    models: Sequence[str] | None = None,
    pool: Sequence[str] | None = None,
    background: str | None = None,
    known: Catalogue | None = None,
) -> Recommendation:
    """Recommend the best tier that `budget` dollars afford for each of so many iterations.

    Without `needs_high_quality` the `standard` tier is as good as it gets. `models` are the only ones to choose
    among, the first of equals. Else it is one of `pool`, and where none of those will do, one of all of the catalogue
    `known`. Where no model leaves the background out by itself, `background` is the one that cuts out. What is not
    given of these is as the settings say, prices of one's own among them.
    Raises InputError and UnknownModel, and ConfigurationError where a setting is wrong.
    """
    if pool is None or background is None or known is None:
        chosen = settings.load()
        pool = chosen.models_auto if pool is None else pool
        background = chosen.model_background if background is None else background
        if known is None:
            known = own.extend(_book(), chosen.prices) if chosen.prices else _book()
    try:
        nano_usd = money.from_usd(Decimal(str(budget)))
        pixels = None if size is None else pictures.pixels(size)
    except (ValueError, ArithmeticError) as fault:
        raise errors.InputError(str(fault) or f"{budget!r} is no amount in dollars") from None
    asked = recommending.Asked(
        budget_nano_usd=nano_usd,
        iterations=iterations,
        needs_high_quality=needs_high_quality,
        is_transparent=transparent,
        has_lettering=lettering,
        is_edit=edit,
        words=pictures.Words(size=pixels, aspect_ratio=aspect_ratio),
        background=background,
    )
    found = recommending.recommend(known, asked, pool=models or pool, only=models is not None)
    return Recommendation(
        model=found.model.slug,
        name=found.model.name,
        quality=found.model.quality.value,
        price_usd=Decimal(money.to_usd(found.price_nano_usd)),
        total_usd=Decimal(money.to_usd(found.total_nano_usd)),
        fits=found.fits,
        iterations_possible=found.iterations_possible,
        finish=found.finish,
        reasons=found.reasons,
        input=found.input,
    )


__all__ = ["Recommendation", "recommend"]
