"""Finishing steps: further generations of the same order, each on what another of it makes (rule 1).

    asked = finishing.chain(known, requests, texts, models)     # pure: what is to be submitted together
    row = await finishing.ready(row, db=db)                     # before a step is bought: its picture, or not yet

A step is admitted and held with all the others. It is bought when the one it follows has succeeded, and ends for free
when that one ended otherwise. Steps that nothing is bought for are done by `service.printing`, before the generation
that they belong to is said to have succeeded.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tintype.domain import errors, pricing, steps
from tintype.domain.catalogue import Kind
from tintype.domain.generation import State
from tintype.domain.money import to_usd
from tintype.domain.printing import SCALES
from tintype.service import givens
from tintype.service.requests import Cache, Follows, Request
from tintype.store import generations, outputs

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from tintype.domain.catalogue import Catalogue, Model
    from tintype.domain.steps import Step
    from tintype.service.requests import Price
    from tintype.store.database import Database
    from tintype.store.generations import Generation

KIND = "finish"
"""The kind of an order with finishing steps."""
PLAN = "finish"
"""Where an order's plan has the steps that are done here, by generation and output."""
# The end of the one before wakes a step; this is for when that was missed.
_LOOK_AGAIN_S = 30.0


@dataclass(frozen=True, slots=True)
class Models:
    """Which models the steps use, by their names in the catalogue."""

    upscale: str
    background: str


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps that every picture of a request goes through, in their words, and the models that do them."""

    texts: tuple[str, ...]
    models: Models

    def after(self, known: Catalogue, first: Sequence[Request]) -> list[Request]:
        """Return requests with those of the steps. Raises InputError as `chain`."""
        return chain(known, first, self.texts, self.models)


async def check_total(
    asked: Sequence[Request], most_nano_usd: int | None, price: Callable[[Request], Awaitable[Price]]
) -> None:
    """Raise InputError where requests may cost more together than was stated, what is held for each added up."""
    if most_nano_usd is None or len(asked) == 1:
        return
    # Each by itself first: that says more.
    held = sum([(await price(one)).hold_nano_usd for one in asked])
    if held > most_nano_usd:
        raise errors.InputError(
            f"this may cost up to ${to_usd(held)} in {len(asked)} generations, more than the "
            f"${to_usd(most_nano_usd)} that were stated"
        )


def chain(known: Catalogue, first: Sequence[Request], texts: Sequence[str], models: Models) -> list[Request]:
    """Return requests and, for each output that they make, the requests of the steps, one after the other.

    Steps that are done here go along with the request whose output they work on. Raises InputError for a step that is
    none, and for outputs that steps cannot work on.
    """
    wanted = list(zip(steps.read_all(list(texts)), texts, strict=True))
    asked = [replace(one, cache=Cache.OFF) for one in first]
    for place, request in enumerate(first):
        model = known.find(request.model)
        if model.kind not in {Kind.IMAGE, Kind.EDIT, Kind.UPSCALE, Kind.BACKGROUND}:
            raise errors.InputError(f"finish works on pictures, and {model.slug} makes none")
        for output in range(pricing.outputs(model, request.input)):
            before, made, position = place, output, output
            for step, text in wanted:
                if isinstance(step, steps.HERE):
                    on = asked[before]
                    here = {**on.steps, made: (*on.steps.get(made, ()), text)}
                    asked[before], position = replace(on, steps=here), steps.MADE_HERE + made
                else:
                    asked.append(_step(known, request, step, models, before=before, position=position))
                    before, made, position = len(asked) - 1, 0, 0
    return asked


def done_here(asked: Sequence[Request]) -> dict[str, Any]:
    """Return what an order has to remember of the steps that are done here; empty where there are none."""
    found = {
        str(place): {str(output): list(texts) for output, texts in one.steps.items()}
        for place, one in enumerate(asked)
        if one.steps
    }
    return {PLAN: found} if found else {}


async def ready(row: Generation, *, db: Database) -> Generation | State | None:
    """Return a step with its picture in place, None while that is not made, or the state that it will never be made in.

    Raises DatabaseAway. Asked again after an interruption it gives the same.
    """
    waiting = _waiting(row)
    if row.follows is None or waiting is None:
        return row
    name, position = waiting
    before = await generations.get(db, row.follows)
    if before is None or (State(before.state).is_final and before.state != State.SUCCEEDED):
        return State.CANCELED
    if before.state != State.SUCCEEDED:
        async with db.transaction() as work:
            await generations.move(work, row.id, {"due_in_s": _LOOK_AGAIN_S})
        # It may have ended between the look and this, and woken nobody.
        again = await generations.get(db, row.follows)
        return None if again is not None and not State(again.state).is_final else await ready(row, db=db)
    made = {one.position: one.sha256 for one in await outputs.of(db, before.id)}
    if position not in made:
        return State.CANCELED
    async with db.transaction() as work:
        await work.run("take_step_input", id=row.id, field=name, sha256=made[position], waits=row.input[name])
    return await generations.get(db, row.id)


async def input_again(row: Generation, *, db: Database) -> Mapping[str, Any]:
    """Return the input with which a step may be repeated, its picture in place.

    Raises NotPossibleNow while the one before has not succeeded, in its repetition where it was repeated.
    """
    waiting = _waiting(row)
    if waiting is None or row.order_id is None or row.follows is None:
        return row.input
    name, position = waiting
    first = await generations.get(db, row.follows)
    now = next(
        (
            one
            for one in await generations.of_order(db, row.order_id)
            if first is not None and one.position == first.position
        ),
        first,
    )
    made = {} if now is None else {one.position: one.sha256 for one in await outputs.of(db, now.id)}
    if position not in made:
        raise errors.NotPossibleNow(
            f"generation {row.id} works on what {row.follows} makes, which has not succeeded; repeat that one first"
        )
    return {**row.input, name: givens.MARK + made[position]}


def _step(
    known: Catalogue, request: Request, step: Step, models: Models, *, before: int, position: int
) -> Request:
    model, values = _work(known, step, models)
    picture = model.image_input
    if picture is None:
        raise errors.InputError(f"{model.slug} takes no picture, so no finishing step can be done with it")
    return Request(
        model.slug,
        values,
        deadline_s=request.deadline_s,
        cache=Cache.OFF,
        metadata=request.metadata,
        tags=request.tags,
        callback_url=request.callback_url,
        follows=Follows(before, picture.name, position),
    )


def _work(known: Catalogue, step: Step, models: Models) -> tuple[Model, Mapping[str, int]]:
    """Return the model of a step, and its input without the picture."""
    if not isinstance(step, steps.Upscale):
        return known.find(models.background), {}
    model = known.find(models.upscale)
    name = next((one for one in SCALES if one in model.inputs), None)
    if name is None:
        raise errors.InputError(f"{model.slug} takes no factor, so it cannot enlarge {step.factor} times")
    return model, {name: step.factor}


def _waiting(row: Generation) -> tuple[str, int] | None:
    """Return the input that waits for a picture, and which output of the one before it is."""
    for name, value in row.input.items():
        if isinstance(value, str) and value.startswith(Follows.MARK):
            return name, int(value.removeprefix(Follows.MARK))
    return None


__all__ = [
    "KIND", "PLAN", "Models", "Steps", "chain", "check_total", "done_here", "input_again", "ready",
]  # fmt: skip
