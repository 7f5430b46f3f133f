"""What a studio does to choose well: name a model for a budget, choose one for a prompt, and learn what was liked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tintype import recommending
from tintype.local import batching, choosing
from tintype.service import ratings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from tintype.domain.choosing import Choice
    from tintype.recommending import Recommendation


class Judging(batching.Batching):
    """What a studio does to choose well."""

    async def choose(self, prompt: str, *, max_usd: str | Decimal | None = None, **inputs: Any) -> Choice:
        """Choose a model as the mode `auto` does, and say why: `model` and `reasons`. Raises InputError."""
        return await choosing.choose(self.core, self.actor, prompt, max_usd=max_usd, inputs=inputs)

    async def rate(self, ident: str, rating: int | str) -> int:
        """Say what is thought of a generation, 1 to 5, or `up` and `down` for 5 and 1: the mode `auto` learns of it.

        It replaces what was said before. Returns the number; raises InputError, UnknownGeneration, and NotPossibleNow
        for what did not succeed.
        """
        number = ratings.read(rating)
        row = await self.core.generations.get(ident, actor=self.actor)
        await ratings.rate(self.core.database, row, rating=number)
        return number

    def recommend(  # noqa: PLR0913 - what a picture is to be, each optional
        self,
        budget: str | Decimal | float,
        iterations: int = 1,
        needs_high_quality: bool = False,  # noqa: FBT001, FBT002 - the names and order of the guide
        *,
        transparent: bool = False,
        lettering: bool = False,
        edit: bool = False,
        aspect_ratio: str | None = None,
        size: str | None = None,
        models: Sequence[str] | None = None,
    ) -> Recommendation:
        """Recommend a model for a budget, as `tintype.recommend` does, by the models and prices of the settings."""
        return recommending.recommend(
            budget,
            iterations,
            needs_high_quality,
            transparent=transparent,
            lettering=lettering,
            edit=edit,
            aspect_ratio=aspect_ratio,
            size=size,
            models=models,
            pool=self.core.settings.models_auto,
            background=self.core.settings.model_background,
            known=self.core.catalogue,
        )


__all__ = ["Judging"]
