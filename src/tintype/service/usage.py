"""What was asked for and what became of it, by key, user, project, model, tag or day: the use of a gateway.

`service.spend` says what ended in a span of time and what it cost; this says what was asked for in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from tintype.store.database import Database


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
    """The use of one: numbers of generations by how they ended, pictures, milliseconds of film, nano-dollars."""

    name: str
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
    return await db.all("usage", Line, by=by.value, simulated=simulated, key=key, since=since, until=until)


__all__ = ["By", "Line", "report"]
