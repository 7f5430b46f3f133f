"""One answer before anything is asked for: is it right, what will it cost and how long will it take, and what is left.

    told = await estimates.of(plan.requests, generations=…, db=…, actor=actor)

Nothing is held or written. Everything that is wrong is told, not the first alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tintype.domain import breakdown, inputs, printing, sizing, steps
from tintype.domain.catalogue import Kind
from tintype.domain.pricing import Estimate as Estimated
from tintype.service import areas, requests
from tintype.store import limits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tintype.domain.access import Actor
    from tintype.domain.breakdown import Alternative, Breakdown
    from tintype.domain.catalogue import Catalogue, Model
    from tintype.domain.printing import Check
    from tintype.service.generations import Generations
    from tintype.service.requests import Request
    from tintype.store.database import Database
    from tintype.store.limits import Standing

HERE = "done here"
"""The price rule of what nothing is bought for."""
_MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one input of a request, and what is allowed."""

    request: int
    field: str
    detail: str


@dataclass(frozen=True, slots=True)
class Part:
    """One request's price: nano-dollars expected and at most, and how it is made up where the price is known.

    A finishing step that is done here is a part that costs nothing, with its own words for a model.
    """

    model: str
    expected_nano_usd: int
    at_most_nano_usd: int
    rule: str
    made_up: Breakdown | None


@dataclass(frozen=True, slots=True)
class Wait:
    """How long it usually takes, in seconds: for its turn among what is queued, and for the models themselves."""

    queued_s: float
    running_s: float
    queued: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """All of it. `wait` and `limits` are there for valid requests too, `alternatives` for one alone."""

    faults: tuple[Fault, ...]
    parts: tuple[Part, ...]
    wait: Wait
    limits: tuple[Standing, ...]
    alternatives: tuple[Alternative, ...]


@dataclass(frozen=True, slots=True)
class Print:
    """How a file for a print shop will look; `is_trimmed` says that a trim on the way leaves fewer pixels."""

    check: Check
    is_trimmed: bool


@dataclass(frozen=True, slots=True)
class _Expected:
    """What is made up to a step: its size where it is known, whether the background is out, whether it is trimmed."""

    size: tuple[int, int] | None
    is_clear: bool
    is_trimmed: bool = False


@dataclass(frozen=True, slots=True)
class _Queue:
    waiting: int
    permits_per_minute: float


async def of(
    asked: Sequence[Request],
    *,
    generations: Generations,
    known: Catalogue,
    db: Database,
    upstream_id: int,
    actor: Actor,
) -> Estimate:
    """Say all about requests. Raises UnknownModel for a model that neither we nor upstream know, DatabaseAway."""
    faults: list[Fault] = []
    parts: list[Part] = []
    ends_s: list[float] = []
    for place, request in enumerate(asked):
        model = known.find_ours(request.model)
        if model is None and request.deployment is None:
            await generations.check_known(request.model)
        begins_s = 0.0 if request.follows is None else ends_s[request.follows.request]
        ends_s.append(begins_s + (0.0 if model is None else float(model.usual_s)))
        if model is not None:
            given = dict(request.input)
            if request.follows is not None:
                given[request.follows.input] = "https://example.com/made-before"
            wrong = _faults(place, model, given)
            faults += wrong
            if wrong:
                continue
        try:
            requests.check_files(request)
            price = await generations.price(request, actor=actor)
        except areas.Unfit as unfit:
            faults.append(Fault(place, unfit.name, str(unfit)))
            continue
        made_up = None
        slug = request.model if model is None else model.slug
        priced_as = known.priced(slug, request.version) or model
        if priced_as is not None and request.deployment is None:
            made_up = breakdown.of(
                priced_as, request.input, Estimated(price.expected_nano_usd, price.hold_nano_usd)
            )
        parts.append(
            Part(
                slug,
                price.expected_nano_usd,
                price.hold_nano_usd,
                price.rule,
                made_up,
            )
        )
        parts += [Part(text, 0, 0, HERE, None) for texts in request.steps.values() for text in texts]
    queue = await db.one("queue_ahead", _Queue, upstream_id=upstream_id)
    waiting, per_minute = (0, 1.0) if queue is None else (queue.waiting, queue.permits_per_minute)
    return Estimate(
        faults=tuple(faults),
        parts=tuple(parts),
        wait=Wait(waiting / max(per_minute, 0.001) * _MINUTE_S, max(ends_s, default=0.0), waiting),
        limits=tuple(await limits.standing(db, actor)),
        alternatives=tuple(_alternatives(known, asked, faults)),
    )


def prints(asked: Sequence[Request], known: Catalogue) -> list[Print | None]:
    """Say how each file for a print shop will look, by what the models make of the inputs; None where nobody knows."""
    found: list[Print | None] = []
    made: list[_Expected] = []
    for request in asked:
        model = known.find_ours(request.model)
        if request.follows is None:
            size = None if model is None else sizing.made(model, request.input)
            made.append(_Expected(size, request.input.get("background") == "transparent"))
        else:
            made.append(_finished(made[request.follows.request], model, request))
        for texts in request.steps.values():
            read = [steps.read(text) for text in texts]
            if any(isinstance(step, steps.Trim) for step in read):
                made[-1] = replace(made[-1], is_trimmed=True)
            if isinstance(read[-1], steps.Print):
                found.append(_print(made[-1], read[-1]))
    return found


def _finished(before: _Expected, model: Model | None, request: Request) -> _Expected:
    factor = next((request.input[name] for name in printing.SCALES if name in request.input), 1)
    return replace(
        before,
        size=None if before.size is None else (before.size[0] * factor, before.size[1] * factor),
        is_clear=before.is_clear or (model is not None and model.kind is Kind.BACKGROUND),
    )


def _print(made: _Expected, step: steps.Print) -> Print | None:
    # Of inputs that are refused anything may be made.
    if made.size is None or not all(1 <= side <= printing.SIDE_MAX_PX for side in made.size):
        return None
    told = printing.check(*made.size, step.product, fit=step.fit, is_transparent=made.is_clear)
    return Print(told, made.is_trimmed)


def _alternatives(known: Catalogue, asked: Sequence[Request], faults: Sequence[Fault]) -> list[Alternative]:
    model = known.find_ours(asked[0].model)
    if faults or model is None or len({one.model for one in asked}) > 1:
        return []
    return breakdown.alternatives(known, model, asked[0].input)


def _faults(place: int, model: Model, values: dict[str, object]) -> list[Fault]:
    found: list[Fault] = []
    for name, value in values.items():
        try:
            inputs.check(inputs.field(model, name), value)
            inputs.check_file(inputs.field(model, name), value)
        except inputs.UnfitInput as fault:
            found.append(Fault(place, name, str(fault)))
    missing = [one.name for one in model.inputs.values() if one.required and values.get(one.name) is None]
    return found + [Fault(place, name, f"{model.slug} needs the input {name!r}") for name in missing]


__all__ = ["HERE", "Estimate", "Fault", "Part", "Print", "Wait", "of", "prints"]
