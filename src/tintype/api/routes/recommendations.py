"""`/api/recommendations`: which model to take for a budget."""

from __future__ import annotations

from fastapi import Request

from tintype.api import auth, gateway, routing
from tintype.api.schemas.choosing import RecommendationAsked, RecommendationTold
from tintype.api.schemas.shapes import usd
from tintype.domain import money, pictures, recommending

router = routing.router("/api/recommendations", tags=["estimates"])


@router.post("", response_model=RecommendationTold, responses=routing.refuses(404, 413, 415))
async def recommend(body: RecommendationAsked, request: Request, _caller: auth.Reads) -> RecommendationTold:
    """Recommend the best tier that the budget affords for each iteration and that can do what is asked.

    Among equals it is the first of `models`. Without those it is one of the setting's, and where none of them will do,
    one of all of the catalogue.
    """
    here = gateway.of(request)
    asked = recommending.Asked(
        budget_nano_usd=money.from_usd(str(body.budget)),
        iterations=body.iterations,
        needs_high_quality=body.needs_high_quality,
        is_transparent=body.transparent,
        has_lettering=body.lettering,
        is_edit=body.edit,
        words=pictures.Words(
            size=None if body.size is None else pictures.pixels(body.size), aspect_ratio=body.aspect_ratio
        ),
        background=here.settings.model_background,
    )
    found = recommending.recommend(
        here.core.catalogue,
        asked,
        pool=body.models or here.settings.models_auto,
        only=body.models is not None,
    )
    return RecommendationTold(
        model=found.model.slug,
        name=found.model.name,
        quality=found.model.quality,
        price_usd=usd(found.price_nano_usd),
        total_usd=usd(found.total_nano_usd),
        per_iteration_usd=usd(asked.per_iteration_nano_usd),
        fits=found.fits,
        iterations_possible=found.iterations_possible,
        input=dict(found.input),
        finish=list(found.finish),
        reasons=list(found.reasons),
    )
