"""A picture finished in steps, in one's own process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tintype.service import finishing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tintype.local.generation import Generation
    from tintype.local.studio import Studio
    from tintype.service.requests import Request


async def make(
    studio: Studio,
    request: Request,
    steps: Sequence[str],
    *,
    idempotency_key: str | None,
    timeout_s: float | None,
) -> Generation:
    """Make a picture and finish it; returns the generation of the last bought step, or of the picture without one.

    Raises GenerationFailed where one of them failed, and as `Studio.submit`.
    """
    if not steps:
        alone = await studio.submit(request, idempotency_key=idempotency_key)
        return (await studio.wait(alone.id, timeout_s=timeout_s)).raise_for_failure()
    core = studio.core
    models = finishing.Models(upscale=core.settings.model_upscale, background=core.settings.model_background)
    begun = await studio.submit_all(
        finishing.chain(core.catalogue, [request], steps, models),
        idempotency_key=idempotency_key,
        kind=finishing.KIND,
    )
    for one in begun:
        last = (await studio.wait(one.id, timeout_s=timeout_s)).raise_for_failure()
    return last
