"""Settle which models bodies mean that leave it open, submit them, and tell why."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, TypeVar

from tintype.api import asking, gateway
from tintype.api.schemas.choosing import CandidateTold, ChoiceTold
from tintype.api.schemas.estimates import EstimateTold
from tintype.api.schemas.generations import GenerationAsked, GenerationTold, OrderAsked, OrderTold
from tintype.api.schemas.shapes import usd
from tintype.domain import errors
from tintype.domain.choosing import Mode
from tintype.service import choices
from tintype.service.choices import Chooser

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request as HttpRequest

    from tintype.api.asking import Plan
    from tintype.api.gateway import Gateway
    from tintype.api.schemas.generations import PartAsked
    from tintype.domain.access import Actor
    from tintype.domain.choosing import Choice, Judged
    from tintype.service.generations import Submitted

Answer = TypeVar("Answer", GenerationTold, OrderTold, EstimateTold)


async def settled(
    parts: Sequence[PartAsked], here: Gateway, *, actor: Actor, idempotency_key: str | None = None
) -> tuple[list[PartAsked], list[Choice]]:
    """Return the bodies with the model that was chosen in place of the mode `auto`, and those choices.

    Under the same Idempotency-Key the same is chosen. Raises InputError where no model will do.
    """
    lot = secrets.token_bytes(16) if idempotency_key is None else idempotency_key.encode()
    chooser = Chooser.of(here.settings, known=here.core.catalogue, db=here.core.database)
    found: list[PartAsked] = []
    made: list[Choice] = []
    for place, part in enumerate(parts):
        if part.mode is not Mode.AUTO:
            found.append(part)
            continue
        try:
            choice = await choices.made(
                asking.wish(part, here, model=chooser.pool[0]),
                chooser=chooser,
                actor=actor,
                draw=choices.draw(b"%d %b" % (place, lot)),
                steps=asking.steps_of(part, here),
                idempotency_key=idempotency_key,
            )
        except errors.InputError as fault:
            if len(parts) == 1:
                raise
            raise errors.InputError(f"generations.{place}: {fault}") from None
        made.append(choice)
        found.append(part.model_copy(update={"mode": None, "model": choice.model.slug}))
    return found, made


async def submitted(
    request: HttpRequest,
    body: GenerationAsked | OrderAsked,
    *,
    actor: Actor,
    idempotency_key: str | None,
) -> tuple[Submitted, Plan, list[Choice]]:
    """Submit what a body asks for, with models chosen where it leaves them open.

    What was asked for before under the Idempotency-Key is told of as it was, with nothing planned and nothing chosen
    where it cannot be any more. Raises InputError, UnknownModel, and what `Generations.submit` raises.
    """
    here = gateway.of(request)
    parts: Sequence[PartAsked]
    parts, film = (body.generations, body.film) if isinstance(body, OrderAsked) else ([body], None)
    try:
        parts, chosen = await settled(parts, here, actor=actor, idempotency_key=idempotency_key)
        planned = await asking.plan(parts, here, actor=actor, idempotency_key=idempotency_key)
        if film is not None:
            origin = here.origin_of(request)
            planned = asking.joined(planned, here, crossfade_s=film.crossfade, origin=origin)
    except (errors.InputError, errors.UnknownModel):
        asked = await asking.repeated(request, body, actor=actor, idempotency_key=idempotency_key)
        if asked is None:
            raise
        return asked, asking.NOTHING, []
    try:
        asked = await asking.submit(
            request,
            planned,
            body,
            actor=actor,
            idempotency_key=idempotency_key,
            as_order=isinstance(body, OrderAsked),
        )
    except errors.UnknownModel as fault:
        # One with an owner is looked for upstream when all is submitted.
        raise asking.placed(fault, parts) from None
    return asked, planned, chosen


def told_with(answer: Answer, made: Sequence[Choice], *, is_repeated: bool = False) -> Answer:
    """Return an answer that tells of choices too.

    One that was given before under its Idempotency-Key keeps the model of then: where another would be chosen by now,
    neither that choice nor its warnings are told.
    """
    if is_repeated and not {one.model.slug for one in made} <= _models(answer):
        return answer.model_copy(update={"warnings": []})
    return answer.model_copy(update={"choices": [told(one) for one in made]}) if made else answer


def told(choice: Choice) -> ChoiceTold:
    """Tell of a choice."""
    return ChoiceTold(
        model=choice.model.slug,
        complexity=round(choice.complexity.score, 3),
        subject=choice.subject.value,
        explores=choice.is_exploring,
        reasons=list(choice.reasons),
        candidates=[_candidate(one) for one in choice.judged],
    )


def _models(answer: GenerationTold | OrderTold | EstimateTold) -> set[str]:
    if isinstance(answer, EstimateTold):
        return set()
    return {answer.model} if isinstance(answer, GenerationTold) else {one.model for one in answer.generations}


def _candidate(one: Judged) -> CandidateTold:
    liking = one.liking
    return CandidateTold(
        model=one.model.slug,
        expected_usd=None if liking is None else usd(one.candidate.expected_nano_usd),
        usual_s=float(one.model.usual_s),
        score=None if liking is None else round(one.score, 4),
        prior=None if liking is None else round(one.prior, 4),
        liking=None if liking is None else round(liking.mean, 4),
        votes=None if liking is None else liking.votes,
        price_cost=None if liking is None else round(one.price_cost, 4),
        time_cost=None if liking is None else round(one.time_cost, 4),
        unfit=one.candidate.unfit,
    )


__all__ = ["settled", "submitted", "told", "told_with"]
