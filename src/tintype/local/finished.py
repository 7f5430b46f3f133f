"""A picture that is asked for in one's own process, waited for, and finished in steps where any are wanted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tintype.service import finishing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tintype.local.choosing import Asked
    from tintype.local.generation import Generation
    from tintype.local.studio import Studio


async def make(
    studio: Studio,
    asked: Asked,
    steps: Sequence[str],
    *,
    idempotency_key: str | None,
    timeout_s: float | None,
) -> Generation:
    """Make a picture and finish it; returns the generation of the last bought step, or of the picture without one.

    Asked again under its Idempotency-Key it tells of a choice only where that is the one of then. Raises
    GenerationFailed where one of them failed, and as `Studio.submit`.
    """
    core = studio.core
    requests = [asked.request]
    if steps:
        models = finishing.Models(
            upscale=core.settings.model_upscale, background=core.settings.model_background
        )
        requests = finishing.chain(core.catalogue, requests, steps, models)
    begun = await core.generations.submit(
        requests if steps else asked.request,
        actor=studio.actor,
        idempotency_key=idempotency_key,
        kind=finishing.KIND,
        said=None if asked.said is None else f"{list(steps)} {asked.said}",
    )
    first = (await core.generations.get(begun.ids[0], actor=studio.actor)).model
    for ident in begun.ids:
        made = (await studio.wait(ident, timeout_s=timeout_s)).raise_for_failure()
    if asked.choice is not None and asked.choice.model.slug != first:
        return made
    return replace(made, choice=asked.choice, warnings=asked.warnings)
