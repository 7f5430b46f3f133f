"""What is asked for in one's own process: by a model, a mode, or the choice of one, with what a profile adds."""

from __future__ import annotations

import asyncio
import functools
import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tintype.domain import choosing, errors, profiles, wording
from tintype.domain.choosing import Mode
from tintype.domain.money import from_usd
from tintype.local import proofing
from tintype.service import choices, finishing, sameness, wishes
from tintype.service.choices import Chooser
from tintype.service.finishing import Steps
from tintype.service.requests import Cache
from tintype.service.wishes import Wish

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from tintype.bootstrap import Core
    from tintype.domain.access import Actor
    from tintype.domain.choosing import Choice
    from tintype.service.requests import Request


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
    strict: bool = False,
    inputs: Mapping[str, Any],
) -> Asked:
    """Return the request for a prompt, common words among `inputs` as the model has them.

    Raises InputError for both a model and a mode, and where no model will do.
    """
    if model is not None and mode is not None:
        raise errors.InputError("give a model or a mode, not both")
    wanted = None if mode is None else choosing.mode(mode)
    along = profiles.find(profile or core.settings.profile, core.settings.profiles)
    steps = _steps(core, finish)
    wish = Wish(
        model="" if wanted is Mode.AUTO else model or core.settings.model_of(wanted),
        prompt=prompt,
        profile=along,
        is_strict=strict,
        cache=cache,
        hold_max_nano_usd=_nano(max_usd),
    )
    wish, unknown = _said(core, wish, inputs, is_open=wanted is Mode.AUTO)
    choice = None
    if wanted is Mode.AUTO:
        choice = await _chosen(core, actor, wish, steps=steps, idempotency_key=idempotency_key)
        wish = replace(wish, model=choice.model.slug)
    planned = wishes.plan(core.catalogue, wish)
    # What the model has no input for is refused, with the nearest that it has, where all of its inputs are checked.
    request = replace(planned.requests[0], input={**planned.requests[0].input, **unknown})
    if wanted is Mode.PROOF:
        (request,) = proofing.made(core, [request], idempotency_key=idempotency_key)
    said = None
    if idempotency_key is not None:
        words: list[Any] = [prompt, model, wanted, profile, cache, max_usd, list(finish), inputs]
        words += ["strict"] if strict else []
        # Files are read for it.
        said = await asyncio.to_thread(sameness.words, words)
    whole = [request] if steps is None else steps.after(core.catalogue, [request])
    price = functools.partial(core.generations.price, actor=actor)
    await finishing.check_total(whole, request.hold_max_nano_usd, price)
    return Asked(tuple(whole), steps is not None, choice, planned.warnings, said)


async def choose(
    core: Core,
    actor: Actor,
    prompt: str | None,
    *,
    max_usd: str | Decimal | None = None,
    strict: bool = False,
    inputs: Mapping[str, Any],
) -> Choice:
    """Choose the model for a prompt, common words among `inputs`. Raises InputError."""
    wish = Wish(model="", prompt=prompt, is_strict=strict, hold_max_nano_usd=_nano(max_usd))
    wish, _ = _said(core, wish, inputs, is_open=True)
    return await _chosen(core, actor, wish)


async def _chosen(
    core: Core, actor: Actor, wish: Wish, *, steps: Steps | None = None, idempotency_key: str | None = None
) -> Choice:
    """Choose the model of a wish; under the same Idempotency-Key the same one. Raises InputError."""
    lot = secrets.token_bytes(16) if idempotency_key is None else idempotency_key.encode()
    return await choices.made(
        wish,
        chooser=Chooser.of(core.settings, known=core.catalogue, db=core.database),
        actor=actor,
        draw=choices.draw(lot),
        steps=steps,
        idempotency_key=idempotency_key,
    )


def _said(
    core: Core, wish: Wish, stated: Mapping[str, Any], *, is_open: bool
) -> tuple[Wish, Mapping[str, Any]]:
    """Return a wish with what is stated by name, and what of that its model has no input for."""
    model = None if is_open else core.catalogue.find_ours(wish.model)
    if model is None and not is_open:
        # Of one that only upstream knows, all are its own inputs.
        return replace(wish, input=stated), {}
    common, own = wording.parted(model, stated)
    unknown = {name: value for name, value in own.items() if model is not None and name not in model.inputs}
    known = {name: value for name, value in own.items() if name not in unknown}
    return replace(wish, **common, input=known), unknown


def _steps(core: Core, finish: Sequence[str]) -> Steps | None:
    models = finishing.Models(upscale=core.settings.model_upscale, background=core.settings.model_background)
    return Steps(tuple(finish), models) if finish else None


def _nano(max_usd: str | Decimal | None) -> int | None:
    return None if max_usd is None else from_usd(max_usd)


__all__ = ["Asked", "asked", "choose"]
