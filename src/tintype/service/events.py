"""Let listeners follow generations as they move: state for state, and progress twice a second (rule 17).

    async with events.Feed(db) as feed:
        async for event in feed.watch(id, after=last_event_id):
            …

A process has one connection that listens, however many follow. What is told there are ids alone; everything else
is read from the rows, so nothing that was missed is lost: after a break everybody's rows are read again.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import time
from typing import TYPE_CHECKING, Any, Self

import psycopg

from tintype.domain import feed as rules
from tintype.domain.errors import UnknownGeneration
from tintype.domain.feed import Cursor, Event, Kind
from tintype.domain.generation import State
from tintype.replicate import progress
from tintype.service.readers import AllReader, Reader
from tintype.store import feed
from tintype.store.errors import DatabaseAway

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable
    from types import TracebackType

    from tintype.store.database import Database, Session

_PAGE = 500
_OPEN_MAX = 1000
_AGAIN_S = 0.5
_HELD_BACK_S = 0.05
_PULSE_S = 20.0

_log = logging.getLogger("tintype.events")


async def report(
    on: Database | Session, ident: str, *, prediction_id: str, logs: str | None, output: Any
) -> bool:
    """Take up what a webhook or a look says of a run's progress; False when it changes nothing.

    Late and repeated reports are harmless. The percentage is read from the logs.
    """
    if not logs and output in (None, "", []):
        return False
    fraction = progress.fraction(logs)
    percent = None if fraction is None else round(fraction * 100, 1)
    seen = rules.progress(prediction_id=prediction_id, percent=percent, logs=logs, output=output)
    return await feed.report(on, ident, seen)


class Feed:
    """Events for all who listen in this process. Belongs to one event loop.

    It takes its connection when somebody follows for the first time.
    """

    def __init__(
        self,
        db: Database,
        *,
        waiting_max: int = rules.WAITING_MAX,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._db = db
        self._waiting_max = waiting_max
        self._now_s = now_s
        self._readers: dict[str, set[Reader]] = {}
        self._all: set[AllReader] = set()
        self._dirty: set[str] = set()
        self._is_all_dirty = False
        self._bell = asyncio.Event()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._is_closing = False
        self._is_between_statements = asyncio.Event()
        self._is_between_statements.set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_closing = True
        self._bell.set()
        for listening in self._tasks[:1]:
            # A statement that is cancelled takes the driver seconds to end; each of ours takes milliseconds. And the
            # pool may swallow a cancellation when a connection comes at the same moment.
            while not listening.done():
                await self._is_between_statements.wait()
                listening.cancel()
                await asyncio.wait({listening}, timeout=_AGAIN_S)
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for timer in self._timers.values():
            timer.cancel()

    async def watch(self, ident: str, *, after: str | None = None) -> AsyncGenerator[Event]:
        """Give a generation's events until it has ended.

        Without `after` it begins with the state as it is; with the id of an event, behind that one. An id that is
        none of its own gets a reset with the whole state. Raises UnknownGeneration.
        """
        self._start()
        reader = Reader(self._waiting_max)
        # Before the rows are read, so that nothing falls between reading and listening.
        self._readers.setdefault(ident, set()).add(reader)
        try:
            rows = await feed.of(self._db, {ident: 0})
            if not rows:
                raise UnknownGeneration(f"there is no generation {ident[:40]!r}")
            behind = rules.resume(after, last=rows[0].events_last)
            if behind is None:
                reader.line.put(_reset(rows))
            reader.last = rows[0].events_last if behind is None else behind
            self._give(reader, rows)
            reader.is_ready = True
            self._mark([ident])
            is_over = rows[0].is_final
            while True:
                while len(reader.line):
                    event = reader.line.take()
                    yield event
                    is_over = is_over or (event.kind is not Kind.PROGRESS and _is_final(event.state))
                if reader.line.is_full:
                    yield _reset(await feed.of(self._db, {ident: 0}))
                    return
                if is_over or reader.is_gone:
                    return
                await reader.bell.wait()
                reader.bell.clear()
        finally:
            self._readers[ident].discard(reader)
            if not self._readers[ident]:
                del self._readers[ident]

    async def watch_all(
        self, *, key_id: str | None = None, after: str | None = None
    ) -> AsyncGenerator[Event]:
        """Give every change of state, of one key's generations or of all, in the order of their transactions.

        Without `after` it begins with what comes next. An id that is unknown, or too long ago, gets a reset with
        all generations that have not ended; so does a reader that is too slow, and its stream ends there.
        """
        self._start()
        reader = AllReader(self._waiting_max, key_id)
        self._all.add(reader)
        try:
            if not await self._resume_all(reader, after):
                reader.place = await feed.now(self._db)
                reader.line.put(await self._reset_all(key_id, reader.place))
            reader.is_ready = True
            self._mark_all()
            while True:
                while len(reader.line):
                    yield reader.line.take()
                if reader.line.is_full:
                    yield await self._reset_all(key_id, await feed.now(self._db))
                    return
                await reader.bell.wait()
                reader.bell.clear()
        finally:
            self._all.discard(reader)

    async def _resume_all(self, reader: AllReader, after: str | None) -> bool:
        """Set a reader behind the event that it saw last; False when it has to begin anew."""
        now = await feed.now(self._db)
        if after is None:
            reader.place = now
            return True
        place = rules.cursor(after)
        if place is None:
            return False
        is_known = place.xid <= now.xid if place.number == 0 else await feed.is_known(self._db, place)
        missed = await feed.behind(self._db, place, at_most=rules.REPLAY_MAX + 1) if is_known else []
        if not is_known or len(missed) > rules.REPLAY_MAX:
            return False
        reader.place = place
        return True

    async def _reset_all(self, key_id: str | None, place: Cursor) -> Event:
        rows = await feed.unfinished(self._db, key_id=key_id, at_most=_OPEN_MAX)
        body = {
            "open": [
                {
                    "id": row.generation_id,
                    "state": row.state_now,
                    "number": row.events_last,
                    "percent": row.progress_percent,
                }
                for row in rows
            ]
        }
        # Numbers begin with 1, so that this is a place behind everything before its transaction.
        return Event(Kind.RESET, str(Cursor(place.xid, "0", 0)), None, 0, None, body=body)

    def _start(self) -> None:
        if not self._tasks:
            self._tasks = [
                asyncio.create_task(self._listen(), name="feed: listen"),
                asyncio.create_task(self._pump(), name="feed: read"),
            ]

    async def _listen(self) -> None:
        """Hear which generations have something new; after every new connection, all may have."""
        while True:
            try:
                async with self._db.connection() as session:
                    await self._hear(session)
            except (DatabaseAway, psycopg.OperationalError) as fault:
                _log.warning("the feed waits for the database: %s", fault)
            await asyncio.sleep(_AGAIN_S)

    async def _hear(self, session: Session) -> None:
        await self._whole(session, "listen_to_events")
        # Whatever was told before, nobody heard.
        self._mark(self._readers)
        self._mark_all()
        try:
            while True:
                async with contextlib.aclosing(session.connection.notifies(timeout=_PULSE_S)) as told:
                    async for one in told:
                        self._mark([one.payload])
                        self._mark_all()
                # A connection that was cut off in silence is found out by using it.
                await self._whole(session, "listen_to_events")
        finally:
            if not session.connection.broken:
                await self._whole(session, "listen_no_more")

    async def _whole(self, session: Session, name: str) -> None:
        self._is_between_statements.clear()
        try:
            await session.run(name)
        finally:
            self._is_between_statements.set()

    async def _pump(self) -> None:
        """Read what is new, and hand it to who follows it."""
        while not self._is_closing:
            await self._bell.wait()
            self._bell.clear()
            dirty, self._dirty = self._dirty, set()
            is_all_dirty, self._is_all_dirty = self._is_all_dirty, False
            try:
                await self._serve(dirty)
                if is_all_dirty:
                    await self._serve_all()
            except (DatabaseAway, psycopg.OperationalError) as fault:
                _log.warning("the feed waits for the database: %s", fault)
                await asyncio.sleep(_AGAIN_S)
                self._mark(dirty)
                self._mark_all()

    async def _serve(self, idents: Iterable[str]) -> None:
        after = {
            ident: min(reader.last for reader in ready)
            for ident in idents
            if (ready := [one for one in self._readers.get(ident, ()) if one.is_ready])
        }
        if not after:
            return
        found = {
            ident: list(rows)
            for ident, rows in itertools.groupby(
                await feed.of(self._db, after), key=lambda row: row.generation_id
            )
        }
        for ident in after:
            for reader in list(self._readers.get(ident, ())):
                if not reader.is_ready:
                    continue
                if ident in found:
                    self._give(reader, found[ident])
                else:
                    reader.is_gone = True
                reader.bell.set()

    def _give(self, reader: Reader, rows: list[feed.Row]) -> None:
        """Let a reader have what it has not had of a generation."""
        for row in rows:
            if row.number is not None and row.number > reader.last:
                reader.last = row.number
                reader.line.put(_state(row))
        now = rows[0]
        if now.progress is None or now.is_final:
            return
        event = Event(
            Kind.PROGRESS,
            str(now.events_last),
            now.generation_id,
            now.events_last,
            now.state_now,
            body=_progress(now),
        )
        early_s = reader.line.offer(event, now_s=self._now_s())
        if early_s is not None:
            self._mark_later(now.generation_id, early_s)

    async def _serve_all(self) -> None:
        while ready := [one for one in self._all if one.is_ready and not one.line.is_full]:
            place = min(one.place for one in ready)
            entries = await feed.behind(self._db, place, at_most=_PAGE)
            for reader in ready:
                reader.give(entries)
            if len(entries) < _PAGE:
                break
        if self._all and await feed.is_held_back(self._db):
            asyncio.get_running_loop().call_later(_HELD_BACK_S, self._mark_all)

    def _mark(self, idents: Iterable[str]) -> None:
        for ident in idents:
            if ident in self._readers:
                self._dirty.add(ident)
                self._bell.set()

    def _mark_all(self) -> None:
        if self._all:
            self._is_all_dirty = True
            self._bell.set()

    def _mark_later(self, ident: str, after_s: float) -> None:
        if ident not in self._timers:
            self._timers[ident] = asyncio.get_running_loop().call_later(after_s, self._due, ident)

    def _due(self, ident: str) -> None:
        del self._timers[ident]
        self._mark([ident])


def _state(row: feed.Row) -> Event:
    return Event(
        Kind.STATE, str(row.number), row.generation_id, row.number or 0, row.state, row.at, row.body or {}
    )


def _reset(rows: list[feed.Row]) -> Event:
    """Return the whole state of a generation; nothing is left of one that was deleted meanwhile."""
    if not rows:
        return Event(Kind.RESET, "0", None, 0, None)
    now = rows[0]
    body = {"state": now.state_now, "percent": now.progress_percent, "progress": _progress(now)}
    return Event(
        Kind.RESET, str(now.events_last), now.generation_id, now.events_last, now.state_now, body=body
    )


def _progress(row: feed.Row) -> dict[str, Any]:
    seen = row.progress or {}
    return {name: seen.get(name) for name in ("percent", "logs", "logs_length", "output")}


def _is_final(state: str | None) -> bool:
    return state is not None and State(state).is_final
