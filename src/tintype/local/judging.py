"""What a studio does to choose well: name a model for a budget, choose one for a prompt, and learn what was liked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tintype import recommending
from tintype.domain import errors
from tintype.local import batching, choosing
from tintype.local.generation import Estimate
from tintype.service import estimates, ratings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from tintype.domain.choosing import Choice, Mode
    from tintype.recommending import Recommendation


class Judging(batching.Batching):
    """What a studio does to choose well."""

    async def choose(
        self, prompt: str, *, max_usd: str | Decimal | None = None, strict: bool = False, **inputs: Any
    ) -> Choice:
        """Choose a model as the mode `auto` does, and say why: `model` and `reasons`. Raises InputError."""
        return await choosing.choose(
            self.core, self.actor, prompt, max_usd=max_usd, strict=strict, inputs=inputs
        )

    async def estimate(
        self,
        prompt: str | None = None,
        *,
        model: str | None = None,
        mode: Mode | str | None = None,
        profile: str | None = None,
        max_usd: str | Decimal | None = None,
        finish: Sequence[str] = (),
        strict: bool = False,
        **inputs: Any,
    ) -> Estimate:
        """Say what a generation and its steps of `finish` will cost, and how long it takes, before it is asked for.

        Raises InputError naming all that is wrong with it, and for more than `max_usd`.
        """
        core = self.core
        asked = await choosing.asked(
            core, self.actor, prompt, model=model, mode=mode, profile=profile, max_usd=max_usd, finish=finish,
            strict=strict, inputs=inputs,
        )  # fmt: skip
        told = await estimates.of(
            asked.requests,
            generations=core.generations,
            known=core.catalogue,
            db=core.database,
            upstream_id=core.upstream.ident,
            actor=self.actor,
        )
        if told.faults:
            raise errors.InputError("; ".join(one.detail for one in told.faults))
        return Estimate(
            expected_nano_usd=sum(one.expected_nano_usd for one in told.parts),
            at_most_nano_usd=sum(one.at_most_nano_usd for one in told.parts),
            rule=told.parts[0].rule,
            parts=told.parts,
            takes_s=told.wait.queued_s + told.wait.running_s,
            alternatives=told.alternatives,
            warnings=asked.warnings,
        )

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
        needs_high_quality: bool = False,  # noqa: FBT001, FBT002 - by position, as in guides
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
