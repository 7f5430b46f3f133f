"""What is asked for in one's own process: by a model, a mode, or the choice of one, with what a profile adds."""

from __future__ import annotations

import asyncio
import functools
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tintype.domain import choosing, errors, profiles
from tintype.domain.choosing import Mode
from tintype.domain.money import from_usd
from tintype.local import proofing
from tintype.service import choices, finishing, sameness
from tintype.service.choices import Chooser
from tintype.service.finishing import Steps
from tintype.service.requests import Cache, Request
from tintype.service.wishes import Wish

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from tintype.bootstrap import Core
    from tintype.domain.access import Actor
    from tintype.domain.choosing import Choice
    from tintype.domain.profiles import Profile


@dataclass(frozen=True, slots=True)
class Asked:
    """A request and those of its steps, the choice of its model where that was left open, and what it cannot do.

    `said` is what was asked for in its own words, where an Idempotency-Key is to tell it from others.
    """

    requests: tuple[Request, ...]
    is_finished: bool
    choice: Choice | None
    warnings: tuple[str, ...]
    said: str | None = None


async def asked(  # noqa: PLR0913 - what `Studio.generate` takes, handed on
    core: Core,
    actor: Actor,
    prompt: str | None,
    *,
    model: str | None,
    mode: Mode | str | None,
    profile: str | None = None,
    cache: Cache = Cache.SEEDED,
    max_usd: str | Decimal | None = None,
    finish: Sequence[str] = (),
    idempotency_key: str | None = None,
    inputs: Mapping[str, Any],
) -> Asked:
    """Return the request for a prompt. Raises InputError for both a model and a mode, and where no model will do."""
    if model is not None and mode is not None:
        raise errors.InputError("give a model or a mode, not both")
    wanted = None if mode is None else choosing.mode(mode)
    along = profiles.find(profile or core.settings.profile, core.settings.profiles)
    choice, steps = None, _steps(core, finish)
    if wanted is Mode.AUTO:
        choice = await choose(
            core,
            actor,
            prompt,
            profile=along,
            max_usd=max_usd,
            steps=steps,
            idempotency_key=idempotency_key,
            inputs=inputs,
        )
        name = choice.model.slug
    else:
        name = model or core.settings.model_of(wanted)
    values = dict(inputs) if prompt is None else {"prompt": along.prompt(prompt), **inputs}
    warnings: list[str] = []
    ours = core.catalogue.find_ours(name)
    # One that only upstream knows gets the words around the prompt, which are all that can be added.
    if ours is not None:
        added = profiles.along(ours, along, said=values)
        values, warnings = {**added.inputs, **values}, added.warnings
    request = Request(name, values, cache=cache, hold_max_nano_usd=_nano(max_usd))
    if wanted is Mode.PROOF:
        (request,) = proofing.made(core, [request], idempotency_key=idempotency_key)
    said = None
    if idempotency_key is not None:
        words = [prompt, model, wanted, profile, cache, max_usd, list(finish), inputs]
        # Files are read for it.
        said = await asyncio.to_thread(sameness.words, words)
    whole = [request] if steps is None else steps.after(core.catalogue, [request])
    price = functools.partial(core.generations.price, actor=actor)
    await finishing.check_total(whole, request.hold_max_nano_usd, price)
    return Asked(tuple(whole), steps is not None, choice, tuple(warnings), said)


async def choose(
    core: Core,
    actor: Actor,
    prompt: str | None,
    *,
    profile: Profile = profiles.PLAIN,
    max_usd: str | Decimal | None = None,
    steps: Steps | None = None,
    idempotency_key: str | None = None,
    inputs: Mapping[str, Any],
) -> Choice:
    """Choose the model for a prompt; under the same Idempotency-Key the same one. Raises InputError."""
    lot = secrets.token_bytes(16) if idempotency_key is None else idempotency_key.encode()
    return await choices.made(
        Wish(model="", prompt=prompt, input=inputs, profile=profile, hold_max_nano_usd=_nano(max_usd)),
        chooser=Chooser.of(core.settings, known=core.catalogue, db=core.database),
        actor=actor,
        draw=choices.draw(lot),
        steps=steps,
        idempotency_key=idempotency_key,
    )


def _steps(core: Core, finish: Sequence[str]) -> Steps | None:
    models = finishing.Models(upscale=core.settings.model_upscale, background=core.settings.model_background)
    return Steps(tuple(finish), models) if finish else None


def _nano(max_usd: str | Decimal | None) -> int | None:
    return None if max_usd is None else from_usd(max_usd)


__all__ = ["Asked", "asked", "choose"]
