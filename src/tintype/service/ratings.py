"""Take down what owners think of what was made, for whoever chooses models later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tintype.domain import errors

if TYPE_CHECKING:
    from datetime import datetime

    from tintype.store.database import Database
    from tintype.store.generations import Generation

LEAST, MOST = 1, 5


async def rate(database: Database, row: Generation, *, rating: int) -> datetime:
    """Rate a generation from 1 to 5, in place of a rating before; returns when. Raises NotPossibleNow."""
    rated_at: datetime | None = await database.value("put_rating", id=row.id, rating=rating)
    if rated_at is None:
        raise errors.NotPossibleNow(f"generation {row.id} is {row.state}; only what succeeded can be rated")
    return rated_at


__all__ = ["LEAST", "MOST", "rate"]
