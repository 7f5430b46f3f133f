"""What is asked for when a generation that ended without success is repeated: the same again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tintype.domain import errors
from tintype.domain.generation import NOT_FINISHED, State
from tintype.service import finishing
from tintype.service.requests import DEADLINE_LEAST_S, DEADLINE_MOST_S, Cache, Request
from tintype.store.admission import Wanted

if TYPE_CHECKING:
    from tintype.domain.access import Actor
    from tintype.domain.catalogue import Model
    from tintype.service.generations import Generations
    from tintype.service.orders import Order
    from tintype.store.admission import Asked
    from tintype.store.database import Database
    from tintype.store.generations import Generation

UNMADE = frozenset({State.FAILED, State.CANCELED, State.ABORTED})
"""The states of what ended without success."""


async def request(row: Generation, model: Model | None, *, db: Database) -> Request:
    """Return the request for the same as a generation was asked for.

    Raises NotPossibleNow for one that has not ended without success, and where it was given secrets, which are erased
    by now.
    """
    if row.state not in UNMADE:
        raise errors.NotPossibleNow(f"generation {row.id} is {row.state}; only one that failed is repeated")
    batch: str | None = await db.value("batch_of_generation", id=row.id)
    if batch is not None:
        raise errors.NotPossibleNow(
            f"generation {row.id} is of batch {batch}, which has a budget of its own; resume the batch, and what "
            "failed of it is bought anew"
        )
    if model is not None and any(
        one.format == "password" and row.input.get(one.name) for one in model.inputs.values()
    ):
        raise errors.NotPossibleNow(
            f"generation {row.id} was given a secret, which is not kept; submit it anew with the secret"
        )
    return Request(
        model=row.model,
        input=await finishing.input_again(row, db=db),
        version=row.version,
        deployment=row.deployment,
        deadline_s=deadline_s(row),
        cache=Cache.OFF,
        metadata=row.metadata,
        tags=tuple(row.tags),
        callback_url=row.callback_url,
    )


async def order(found: Order, generations: Generations, *, actor: Actor, told: Asked | None = None) -> int:
    """Repeat what of an order ended without success, each at its place; returns how many.

    What is refused is left for the next time, as is a finishing step whose picture is not there yet. Where nothing is
    repeated, raises what the first was refused for, or NotPossibleNow.
    """
    again = 0
    refused: errors.TintypeError | None = None
    for row in found.generations:
        if row.state not in UNMADE:
            continue
        try:
            await generations.retry(row.id, actor=actor, told=told)
            again += 1
        except (errors.NotPossibleNow, errors.LimitReached) as fault:
            # What is asked for again by now is to be told of, whatever became of the rest.
            if row.follows is None:
                refused = refused or fault
    if not again:
        raise refused or errors.NotPossibleNow(
            f"order {found.id} is {found.state}; only what failed is repeated"
        )
    return again


def kept(row: Generation, *, ident: str) -> Wanted | None:
    """Return what takes the place of a generation that was made and not finished, so that nothing is bought again.

    None for one that is to be bought anew.
    """
    if row.state != State.FAILED or row.failure_code != NOT_FINISHED:
        return None
    return Wanted(
        id=ident,
        model=row.model,
        input=row.input,
        estimate_nano_usd=0,
        hold_nano_usd=0,
        price_rule=row.price_rule,
        deadline_s=deadline_s(row),
        images=row.images,
        video_ms=row.video_ms,
    )


def deadline_s(row: Generation) -> float:
    """Return how long a generation was given in all, in seconds."""
    given_s = (row.deadline_at - row.created_at).total_seconds()
    return min(max(given_s, DEADLINE_LEAST_S), DEADLINE_MOST_S)


__all__ = ["UNMADE", "deadline_s", "kept", "order", "request"]
