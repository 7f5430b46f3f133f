"""`/api/estimates`: everything about a request before it is made. Nothing is held or written."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from fastapi import Request

from tintype.api import asking, auth, choices, gateway, present_printing, routing
from tintype.api.schemas.estimates import (
    AlternativeTold,
    EstimateTold,
    FaultTold,
    LimitTold,
    MadeUpTold,
    PartTold,
    WaitTold,
)
from tintype.api.schemas.generations import GenerationAsked
from tintype.api.schemas.shapes import usd
from tintype.domain.budget import Measure
from tintype.service import budgets, estimates, requests

if TYPE_CHECKING:
    from fractions import Fraction

    from tintype.domain.access import Actor
    from tintype.domain.breakdown import Breakdown
    from tintype.service.estimates import Estimate
    from tintype.store.limits import Standing

router = routing.router("/api/estimates", tags=["estimates"])


@router.post("", response_model=EstimateTold, responses=routing.refuses(404, 413, 415, 502))
async def estimate(body: GenerationAsked, request: Request, caller: auth.Reads) -> EstimateTold:
    """Say whether a request is right, what it costs and how that is made up, how long it takes, what is left to you.

    All that is wrong is told, with `valid: false`; models that could do the same cheaper or faster are named.
    """
    here = gateway.of(request)
    actor = caller.actor(user=body.user, project=body.project)
    parts, chosen = await choices.settled([body], here, actor=actor)
    # What it costs is what is asked; that it is more than was stated is told beside it.
    open_parts = [one.model_copy(update={"max_usd": None}) for one in parts]
    planned = await asking.plan(open_parts, here, actor=actor)
    for one in planned.requests:
        requests.check(one)
    told = await estimates.of(
        planned.requests,
        generations=here.core.generations,
        known=here.core.catalogue,
        db=here.core.database,
        upstream_id=here.core.upstream.ident,
        actor=actor,
    )
    known = here.core.catalogue
    first = next((one for one in estimates.prints(planned.requests, known) if one is not None), None)
    answer = _told(told, planned.warnings, actor, most_nano_usd=asking.most(body))
    if first is not None:
        printed = present_printing.check(first.check, known, is_trimmed=first.is_trimmed)
        answer = answer.model_copy(update={"print": printed})
    return choices.told_with(answer, chosen)


def _told(
    told: Estimate, warnings: tuple[str, ...], actor: Actor, *, most_nano_usd: int | None
) -> EstimateTold:
    at_most = sum(one.at_most_nano_usd for one in told.parts)
    faults = [FaultTold(generation=one.request, field=one.field, detail=one.detail) for one in told.faults]
    faults += [
        FaultTold(generation=place, field="model", detail=f"this key may not use {one.model}")
        for place, one in enumerate(told.parts)
        if actor.models is not None and one.model not in actor.models
    ]
    if most_nano_usd is not None and at_most > most_nano_usd:
        detail = f"it may cost up to ${usd(at_most)}, more than the ${usd(most_nano_usd)} that were stated"
        faults.append(FaultTold(generation=0, field="max_usd", detail=detail))
    return EstimateTold(
        valid=not faults,
        fits=all(_fits(one, at_most, len(told.parts)) for one in told.limits),
        faults=faults,
        warnings=list(warnings),
        expected_usd=usd(sum(one.expected_nano_usd for one in told.parts)),
        at_most_usd=usd(at_most),
        parts=[
            PartTold(
                model=one.model,
                expected_usd=usd(one.expected_nano_usd),
                at_most_usd=usd(one.at_most_nano_usd),
                rule=one.rule,
                made_up=None if one.made_up is None else _made_up(one.made_up),
            )
            for one in told.parts
        ],
        wait=WaitTold(
            queued_s=round(told.wait.queued_s, 1),
            running_s=round(told.wait.running_s, 1),
            queued=told.wait.queued,
        ),
        limits=[
            LimitTold(
                scope=one.scope,
                measure=one.measure,
                period=one.period,
                amount=budgets.shown(one.measure, one.amount),
                left=budgets.shown(one.measure, max(one.amount - one.held - one.spent, 0)),
                begins_anew_at=one.window_end,
            )
            for one in told.limits
        ],
        alternatives=[
            AlternativeTold(
                model=one.model.slug,
                name=one.model.name,
                expected_usd=usd(one.estimate.expected_nano_usd),
                usual_s=float(one.usual_s),
                quality=one.model.quality.value,
            )
            for one in told.alternatives
        ],
    )


def _fits(one: Standing, at_most_nano_usd: int, generations: int) -> bool:
    """Whether a limit of money, pace or work at once has room; pictures and film are judged when it is asked for."""
    left = one.amount - one.held - one.spent
    asked = {Measure.MONEY: at_most_nano_usd, Measure.RATE: generations, Measure.CONCURRENT: generations}
    return asked.get(Measure(one.measure), 1) <= left


def _made_up(one: Breakdown) -> MadeUpTold:
    return MadeUpTold(
        unit=one.unit.value,
        quantity=_decimal(one.quantity),
        rate_usd=_decimal(one.rate_usd, places=12),
        run_usd=_decimal(one.run_usd, places=12),
        dated=one.dated,
        source=one.source,
    )


def _decimal(value: Fraction, *, places: int = 6) -> str:
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    text = f"{round(exact, places):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
