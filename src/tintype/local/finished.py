"""A picture that is asked for in one's own process, waited for, and finished in steps where any are wanted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tintype.service import finishing

if TYPE_CHECKING:
    from tintype.local.choosing import Asked
    from tintype.local.generation import Generation
    from tintype.local.studio import Studio


async def make(
    studio: Studio, asked: Asked, *, idempotency_key: str | None, timeout_s: float | None
) -> Generation:
    """Make a picture and finish it; returns the generation of the last bought step, or of the picture without one.

    Asked again under its Idempotency-Key it tells of a choice only where that is the one of then. Raises
    GenerationFailed where one of them failed, and as `Studio.submit`.
    """
    core = studio.core
    begun = await core.generations.submit(
        asked.requests if asked.is_finished else asked.requests[0],
        actor=studio.actor,
        idempotency_key=idempotency_key,
        kind=finishing.KIND,
        said=asked.said,
    )
    first = (await core.generations.get(begun.ids[0], actor=studio.actor)).model
    for ident in begun.ids:
        made = (await studio.wait(ident, timeout_s=timeout_s)).raise_for_failure()
    if asked.choice is not None and asked.choice.model.slug != first:
        return made
    return replace(made, choice=asked.choice, warnings=asked.warnings)
