"""What is asked for when a generation that ended without success is repeated: the same again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tintype.domain import errors
from tintype.domain.generation import State
from tintype.service import finishing
from tintype.service.requests import DEADLINE_LEAST_S, DEADLINE_MOST_S, Cache, Request

if TYPE_CHECKING:
    from tintype.domain.access import Actor
    from tintype.domain.catalogue import Model
    from tintype.service.generations import Generations
    from tintype.service.orders import Order
    from tintype.store.admission import Asked
    from tintype.store.database import Database
    from tintype.store.generations import Generation

_UNMADE = frozenset({State.FAILED, State.CANCELED, State.ABORTED})


async def request(row: Generation, model: Model | None, *, db: Database) -> Request:
    """Return the request for the same as a generation was asked for.

    Raises NotPossibleNow for one that has not ended without success, and where it was given secrets, which are erased
    by now.
    """
    if row.state not in _UNMADE:
        raise errors.NotPossibleNow(f"generation {row.id} is {row.state}; only one that failed is repeated")
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

    A finishing step whose picture is not there yet is left for the next time. Raises NotPossibleNow where nothing is to
    be repeated.
    """
    again = 0
    for row in found.generations:
        if row.state not in _UNMADE:
            continue
        try:
            await generations.retry(row.id, actor=actor, told=told)
            again += 1
        except errors.NotPossibleNow:
            if row.follows is None:
                raise
    if not again:
        raise errors.NotPossibleNow(f"order {found.id} is {found.state}; only what failed is repeated")
    return again


def deadline_s(row: Generation) -> float:
    """Return how long a generation was given in all, in seconds."""
    given_s = (row.deadline_at - row.created_at).total_seconds()
    return min(max(given_s, DEADLINE_LEAST_S), DEADLINE_MOST_S)


__all__ = ["deadline_s", "order", "request"]
