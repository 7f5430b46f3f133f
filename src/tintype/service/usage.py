"""What was asked for and what became of it, by key, user, project, model, tag or day: the use of a gateway.

`service.spend` says what ended in a span of time and what it cost; this says what was asked for in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from tintype.domain import ids

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from tintype.store.database import Database

# Ids are made by the clocks of many machines, rows by the database's.
_CLOCKS_APART = timedelta(days=1)


class By(StrEnum):
    """What a report is grouped by. Days are those of UTC; one with several tags counts for each of them."""

    KEY = "key"
    USER = "user"
    PROJECT = "project"
    MODEL = "model"
    TAG = "tag"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Line:
    """The use of one: numbers of generations by how they ended, pictures, milliseconds of film, nano-dollars.

    `name` is a key's id, and then `key_name` what it is called; it is empty for work without a user, project or tag.
    """

    name: str
    key_name: str | None
    generations: int
    succeeded: int
    failed: int
    canceled: int
    unfinished: int
    cached: int
    images: int
    video_ms: int
    cost_nano_usd: int
    held_nano_usd: int
    saved_nano_usd: int
    saved_by_proofs_nano_usd: int


async def report(
    db: Database,
    *,
    by: By,
    simulated: bool,
    key: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[Line]:
    """Sum up what was asked for in a span of time, of one key or all: days in their order, all else by cost."""
    return await db.all(
        "usage",
        Line,
        by=by.value,
        simulated=simulated,
        key=key,
        since=since,
        until=until,
        from_id=None if since is None else _first_id(since),
    )


def total(lines: Iterable[Line]) -> Line:
    """Add lines up, which are to be of what counts once: anything but tags."""
    several = list(lines)
    names = ("generations", "succeeded", "failed", "canceled", "unfinished", "cached", "images", "video_ms")
    money = ("cost_nano_usd", "held_nano_usd", "saved_nano_usd", "saved_by_proofs_nano_usd")
    return Line("", None, **{name: sum(getattr(one, name) for one in several) for name in (*names, *money)})


def _first_id(since: datetime) -> str:
    """Return an id that is below all that were made from a time on."""
    time_ms = round((since.timestamp() - _CLOCKS_APART.total_seconds()) * 1000)
    return ids.ulid(time_ms=max(time_ms, 0), randomness=bytes(ids.RANDOM_BYTES))


__all__ = ["By", "Line", "report", "total"]
