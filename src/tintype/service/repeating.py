"""What is asked for when a generation that ended without success is repeated: the same again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tintype.domain import errors
from tintype.domain.generation import State
from tintype.service import finishing
from tintype.service.requests import DEADLINE_LEAST_S, DEADLINE_MOST_S, Cache, Request

if TYPE_CHECKING:
    from tintype.domain.catalogue import Model
    from tintype.store.database import Database
    from tintype.store.generations import Generation


async def request(row: Generation, model: Model | None, *, db: Database) -> Request:
    """Return the request for the same as a generation was asked for.

    Raises NotPossibleNow for one that has not ended without success, and where it was given secrets, which are erased
    by now.
    """
    if row.state not in {State.FAILED, State.CANCELED, State.ABORTED}:
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


def deadline_s(row: Generation) -> float:
    """Return how long a generation was given in all, in seconds."""
    given_s = (row.deadline_at - row.created_at).total_seconds()
    return min(max(given_s, DEADLINE_LEAST_S), DEADLINE_MOST_S)


__all__ = ["deadline_s", "request"]
