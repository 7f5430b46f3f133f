"""Events as they are read: of some generations, or of all in the order of their transactions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb

from tintype.domain.feed import Cursor

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tintype.store.database import Database, Session


@dataclass(frozen=True, slots=True)
class Row:
    """A generation as it is now, and one of its new events; `number` is None when there is none."""

    generation_id: str
    state_now: str
    events_last: int
    is_final: bool
    progress_percent: float | None
    progress: dict[str, Any] | None = field(repr=False)
    number: int | None
    state: str | None
    body: dict[str, Any] | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One event of the feed of all, with the key that its generation belongs to."""

    xid: str
    generation_id: str
    number: int
    state: str
    body: dict[str, Any]
    at: datetime
    key_id: str
    order_id: str | None

    @property
    def cursor(self) -> Cursor:
        """Its place."""
        return Cursor(int(self.xid), self.generation_id, self.number)


@dataclass(frozen=True, slots=True)
class Open:
    """A generation that has not ended."""

    generation_id: str
    state_now: str
    events_last: int
    progress_percent: float | None


@dataclass(frozen=True, slots=True)
class Part:
    """A generation of an order as it is now, and the transaction of its last event."""

    generation_id: str
    state_now: str
    events_last: int
    progress_percent: float | None
    is_final: bool
    xid: str

    @property
    def cursor(self) -> Cursor:
        """The place of its last event."""
        return Cursor(int(self.xid), self.generation_id, self.events_last)


async def report(on: Database | Session, ident: str, progress: Mapping[str, Any]) -> bool:
    """Keep a run's progress and tell listeners; False when it is late, known, or of another prediction."""
    told = await on.value(
        "report_progress",
        id=ident,
        prediction_id=progress["prediction_id"],
        percent=progress["percent"],
        progress=Jsonb(dict(progress)),
    )
    return told is not None


async def of(on: Database | Session, after: Mapping[str, int]) -> list[Row]:
    """Return generations as they are, with their events after the given numbers; at least one row for each."""
    return await on.all("feed_of", Row, ids=list(after), after=list(after.values()))


async def behind(on: Database | Session, place: Cursor, *, at_most: int) -> list[Entry]:
    """Return what comes behind a place in the feed of all; what running transactions hold back comes later."""
    return await on.all(
        "feed_all",
        Entry,
        xid=str(place.xid),
        generation_id=place.generation_id,
        number=place.number,
        at_most=at_most,
    )


async def is_held_back(on: Database | Session) -> bool:
    """Whether there are events that may not be read yet."""
    found: bool = await on.value("feed_held_back")
    return found


async def now(on: Database | Session) -> Cursor:
    """Return the place behind everything that can be read now."""
    return Cursor(int(await on.value("feed_now")), "", 0)


async def is_known(on: Database | Session, place: Cursor) -> bool:
    """Whether a place is that of an event there is."""
    found: bool = await on.value(
        "feed_known", xid=str(place.xid), generation_id=place.generation_id, number=place.number
    )
    return found


async def unfinished(on: Database | Session, *, key_id: str | None, at_most: int) -> list[Open]:
    """Return generations that have not ended, of one key or of all."""
    return await on.all("feed_open", Open, key_id=key_id, at_most=at_most)


async def of_order(on: Database | Session, order_id: str) -> list[Part]:
    """Return the generations of an order as they are, by their position."""
    return await on.all("feed_order", Part, order_id=order_id)
