"""Who follows generations: what waits for each, how far each is, and where each begins (rule 17)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tintype.domain import feed as rules
from tintype.domain.errors import UnknownGeneration, UnknownOrder
from tintype.domain.feed import Cursor, Event, Kind
from tintype.domain.generation import State
from tintype.store import feed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tintype.store.database import Database

_OPEN_MAX = 1000
# Behind every event that a generation can have.
_NO_STATES = 2**31 - 1


class Reader:
    """Who follows one generation. `ring` is called when there is something to take, or nothing comes any more.

    `is_behind` says that something came while it was not ready yet.
    """

    __slots__ = ("_is_final", "ident", "is_behind", "is_gone", "is_part", "is_ready", "last", "line", "ring")

    def __init__(self, ident: str, *, waiting_max: int, ring: Callable[[], None]) -> None:
        self.ident = ident
        self.line = rules.Line(waiting_max)
        self.ring = ring
        self.last = 0
        self.is_ready = False
        self.is_behind = False
        self.is_gone = False
        self.is_part = False
        self._is_final = False

    @property
    def is_over(self) -> bool:
        """Whether nothing comes behind what waits."""
        return self.is_gone or self._is_final

    def take(self) -> Event | None:
        """Return the next event, or None when none waits."""
        if not len(self.line):
            return None
        event = self.line.take()
        if event.kind is not Kind.PROGRESS and is_final(event.state):
            self._is_final = True
        return event

    async def begin(self, db: Database, after: str | None) -> list[feed.Row]:
        """Go to where it begins, and return the generation with all its events. Raises UnknownGeneration."""
        rows = await feed.of(db, {self.ident: 0})
        if not rows:
            raise UnknownGeneration(f"there is no generation {self.ident[:40]!r}")
        behind = rules.resume(after, last=rows[0].events_last)
        if behind is None:
            self.line.put(reset(rows))
        self.last = rows[0].events_last if behind is None else behind
        # What is final has no event behind the last one.
        self._is_final = rows[0].is_final
        return rows

    async def whole(self, db: Database) -> Event:
        """Return the whole state, for who was too slow."""
        return reset(await feed.of(db, {self.ident: 0}))


class AllReader:
    """Who follows all, or all of one key. `parts` are readers of generations whose events wait in the same line."""

    __slots__ = ("is_ready", "key_id", "line", "parts", "place", "ring")

    def __init__(self, key_id: str | None, *, waiting_max: int, ring: Callable[[], None]) -> None:
        self.line = rules.Line(waiting_max)
        self.ring = ring
        self.place = Cursor(0, "", 0)
        self.is_ready = False
        self.key_id = key_id
        self.parts: Sequence[Reader] = ()

    @property
    def is_over(self) -> bool:
        """Whether nothing comes behind what waits: never."""
        return False

    def take(self) -> Event | None:
        """Return the next event, or None when none waits."""
        return self.line.take() if len(self.line) else None

    async def begin(self, db: Database, after: str | None) -> None:
        """Go behind the event that was seen last; without one to what comes next; else begin anew."""
        if not await self._resume(db, after):
            self.place = await feed.now(db)
            self.line.put(await self._reset(db, self.place))

    async def whole(self, db: Database) -> Event:
        """Return all that has not ended, for who was too slow."""
        return await self._reset(db, await feed.now(db))

    def give(self, events: Iterable[tuple[feed.Entry, Event]], *, is_missed: bool = False) -> None:
        """Take up what comes behind its place; of what it missed, all."""
        for entry, event in events:
            cursor = entry.cursor
            if cursor > self.place:
                self.place = cursor
                if self._wants(entry):
                    self.line.put(event, is_missed=is_missed)
        if len(self.line) or self.line.is_full:
            self.ring()

    def _wants(self, entry: feed.Entry) -> bool:
        return self.key_id is None or entry.key_id == self.key_id

    async def _resume(self, db: Database, after: str | None) -> bool:
        """Go behind the event that was seen last; False when it has to begin anew."""
        now = await feed.now(db)
        if after is None:
            self.place = now
            return True
        place = rules.cursor(after)
        if place is None:
            return False
        is_known = place.xid <= now.xid if place.number == 0 else await feed.is_known(db, place)
        missed = await feed.behind(db, place, at_most=rules.REPLAY_MAX + 1) if is_known else []
        if not is_known or len(missed) > rules.REPLAY_MAX:
            return False
        self.place = place
        self.give(((entry, of_all(entry)) for entry in missed), is_missed=True)
        return True

    async def _reset(self, db: Database, place: Cursor) -> Event:
        rows = await feed.unfinished(db, key_id=self.key_id, at_most=_OPEN_MAX)
        return Event(Kind.RESET, rules.start(place), None, 0, None, body={"open": _states(rows)})


class OrderReader(AllReader):
    """Who follows the generations of an order until all have ended: every state, and the latest progress of each."""

    __slots__ = ("_left", "order_id")

    def __init__(self, order_id: str, *, waiting_max: int, ring: Callable[[], None]) -> None:
        super().__init__(None, waiting_max=waiting_max, ring=ring)
        self.order_id = order_id
        self._left: set[str] = set()

    @property
    def is_over(self) -> bool:
        """Whether all have ended, and that was told."""
        return not self._left

    async def begin(self, db: Database, after: str | None) -> None:
        """Go behind the event that was seen last; else begin with the whole state. Raises UnknownOrder."""
        if after is None or not await self._resume(db, after):
            self.place = await feed.now(db)
            self.line.put(await self._reset(db, self.place))
        rows = await feed.of_order(db, self.order_id)
        if not rows:
            raise UnknownOrder(f"there is no order {self.order_id[:40]!r}")
        # The end of one whose event is still to come is told by that event.
        self._left = {one.generation_id for one in rows if not one.is_final or one.cursor > self.place}
        self.parts = [self._part(one.generation_id) for one in rows if not one.is_final]

    def _wants(self, entry: feed.Entry) -> bool:
        if entry.order_id != self.order_id:
            return False
        if is_final(entry.state):
            self._left.discard(entry.generation_id)
        else:
            self._left.add(entry.generation_id)
        return True

    async def _reset(self, db: Database, place: Cursor) -> Event:
        rows = await feed.of_order(db, self.order_id)
        return Event(Kind.RESET, rules.start(place), None, 0, None, body={"generations": _states(rows)})

    def _part(self, ident: str) -> Reader:
        part = Reader(ident, waiting_max=0, ring=self.ring)
        part.line, part.last, part.is_part, part.is_ready = self.line, _NO_STATES, True, True
        return part


def state(row: feed.Row) -> Event:
    """Return the change of state that a row tells of."""
    return Event(
        Kind.STATE, str(row.number), row.generation_id, row.number or 0, row.state, row.at, row.body or {}
    )


def progress(row: feed.Row, *, is_part: bool) -> Event:
    """Return the progress that a row tells of; among others' events it is no place to go on from."""
    ident = "" if is_part else str(row.events_last)
    return Event(Kind.PROGRESS, ident, row.generation_id, row.events_last, row.state_now, body=_progress(row))


def of_all(entry: feed.Entry) -> Event:
    """Return the change of state at a place of the feed of all."""
    return Event(
        Kind.STATE,
        str(entry.cursor),
        entry.generation_id,
        entry.number,
        entry.state,
        entry.at,
        entry.body,
    )


def reset(rows: Sequence[feed.Row]) -> Event:
    """Return the whole state of a generation; nothing is left of one that was deleted meanwhile."""
    if not rows:
        return Event(Kind.RESET, "0", None, 0, None)
    now = rows[0]
    body = {"state": now.state_now, "percent": now.progress_percent, "progress": _progress(now)}
    return Event(
        Kind.RESET, str(now.events_last), now.generation_id, now.events_last, now.state_now, body=body
    )


def is_final(state: str | None) -> bool:
    """Whether nothing comes behind a state."""
    return state is not None and State(state).is_final


def _progress(row: feed.Row) -> dict[str, Any]:
    seen = row.progress or {}
    return {name: seen.get(name) for name in ("percent", "logs", "logs_length", "output")}


def _states(rows: Iterable[feed.Open | feed.Part]) -> list[dict[str, Any]]:
    return [
        {
            "id": row.generation_id,
            "state": row.state_now,
            "number": row.events_last,
            "percent": row.progress_percent,
        }
        for row in rows
    ]
