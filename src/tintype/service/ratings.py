"""Take down what owners think of what was made, for whoever chooses models later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tintype.domain import errors

if TYPE_CHECKING:
    from datetime import datetime

    from tintype.store.database import Database
    from tintype.store.generations import Generation

LEAST, MOST = 1, 5
WORDS = {"up": MOST, "down": LEAST}
"""What may be said in place of a number."""


def read(rating: int | str) -> int:
    """Return a rating as it is kept. Raises InputError for what is none."""
    number = WORDS.get(rating) if isinstance(rating, str) else rating
    if number is None or isinstance(number, bool) or not LEAST <= number <= MOST or int(number) != number:
        raise errors.InputError(f"a rating is {LEAST} to {MOST}, up or down, not {rating!r}")
    return number


async def rate(database: Database, row: Generation, *, rating: int) -> datetime:
    """Rate a generation from 1 to 5, in place of a rating before; returns when. Raises NotPossibleNow."""
    rated_at: datetime | None = await database.value("put_rating", id=row.id, rating=rating)
    if rated_at is None:
        raise errors.NotPossibleNow(f"generation {row.id} is {row.state}; only what succeeded can be rated")
    return rated_at


__all__ = ["LEAST", "MOST", "WORDS", "rate", "read"]
