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
from typing import TYPE_CHECKING, Any, Self, TypeVar

import psycopg

from tintype.domain import feed as rules
from tintype.replicate import progress
from tintype.service import readers
from tintype.service.readers import AllReader, OrderReader, Reader
from tintype.store import feed
from tintype.store.errors import DatabaseAway

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
    from types import TracebackType

    from tintype.domain.feed import Event
    from tintype.store.database import Database, Session

_PAGE = 500
_AGAIN_S = 0.5
_HELD_BACK_S = 0.05
_PULSE_S = 20.0

Following = TypeVar("Following", Reader, AllReader, OrderReader)

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
        self._looks_again: asyncio.TimerHandle | None = None
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
        for timer in (*self._timers.values(), self._looks_again):
            if timer is not None:
                timer.cancel()

    def watch(self, ident: str, *, after: str | None = None) -> AsyncGenerator[Event]:
        """Give a generation's events until it has ended.

        Without `after` it begins with the state as it is; with the id of an event, behind that one. An id that is
        none of its own gets a reset with the whole state. Raises UnknownGeneration.
        """
        bell = asyncio.Event()
        return self._told(Reader(ident, waiting_max=self._waiting_max, ring=bell.set), after, bell)

    def watch_all(self, *, key_id: str | None = None, after: str | None = None) -> AsyncGenerator[Event]:
        """Give every change of state, of one key's generations or of all, in the order of their transactions.

        Without `after` it begins with what comes next. An id that is unknown, or too long ago, gets a reset with
        all generations that have not ended; so does a reader that is too slow, and its stream ends there.
        """
        bell = asyncio.Event()
        return self._told(AllReader(key_id, waiting_max=self._waiting_max, ring=bell.set), after, bell)

    async def follow(self, ident: str, *, after: str | None, ring: Callable[[], None]) -> Reader:
        """Follow a generation as `watch` does, for who takes its events from the reader when `ring` is called.

        Who follows calls `leave` at last, and `whole` when the reader's line is full.
        """
        return await self._begun(Reader(ident, waiting_max=self._waiting_max, ring=ring), after)

    async def follow_all(
        self, *, key_id: str | None, after: str | None, ring: Callable[[], None]
    ) -> AllReader:
        """Follow all as `watch_all` does; see `follow`."""
        return await self._begun(AllReader(key_id, waiting_max=self._waiting_max, ring=ring), after)

    async def follow_order(
        self, order_id: str, *, after: str | None, ring: Callable[[], None]
    ) -> OrderReader:
        """Follow all generations of an order until the last has ended, from a reset on; see `follow`.

        Ids are those of the feed of all. Raises UnknownOrder.
        """
        return await self._begun(OrderReader(order_id, waiting_max=self._waiting_max, ring=ring), after)

    async def whole(self, reader: Reader | AllReader) -> Event:
        """Return the whole state of what a reader follows, for one that was too slow."""
        return await reader.whole(self._db)

    def leave(self, reader: Reader | AllReader) -> None:
        """Let nothing wait for a reader any more."""
        if isinstance(reader, AllReader):
            self._all.discard(reader)
            for part in reader.parts:
                self.leave(part)
            return
        among = self._readers.get(reader.ident, set())
        among.discard(reader)
        if not among:
            self._readers.pop(reader.ident, None)

    async def _told(self, reader: Following, after: str | None, bell: asyncio.Event) -> AsyncGenerator[Event]:
        await self._begun(reader, after)
        try:
            while True:
                while (event := reader.take()) is not None:
                    yield event
                if reader.line.is_full:
                    yield await reader.whole(self._db)
                    return
                if reader.is_over:
                    return
                await bell.wait()
                bell.clear()
        finally:
            self.leave(reader)

    async def _begun(self, reader: Following, after: str | None) -> Following:
        self._start()
        # Before the rows are read, so that nothing falls between reading and listening.
        if isinstance(reader, AllReader):
            self._all.add(reader)
        else:
            self._readers.setdefault(reader.ident, set()).add(reader)
        try:
            if isinstance(reader, AllReader):
                await reader.begin(self._db, after)
            else:
                self._give([reader], await reader.begin(self._db, after))
        except BaseException:
            self.leave(reader)
            raise
        reader.is_ready = True
        if isinstance(reader, Reader):
            if reader.is_behind:
                self._mark([reader.ident])
            return reader
        for part in reader.parts:
            self._readers.setdefault(part.ident, set()).add(part)
            self._mark([part.ident])
        # Soon, and for all that come meanwhile: thousands may come at once.
        if self._looks_again is None:
            self._looks_again = asyncio.get_running_loop().call_later(_HELD_BACK_S, self._look_again)
        return reader

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
        after: dict[str, int] = {}
        for ident in idents:
            for reader in self._readers.get(ident, ()):
                if reader.is_ready:
                    after[ident] = min(reader.last, after.get(ident, reader.last))
                else:
                    reader.is_behind = True
        if not after:
            return
        found = {
            ident: list(rows)
            for ident, rows in itertools.groupby(
                await feed.of(self._db, after), key=lambda row: row.generation_id
            )
        }
        for ident in after:
            ready = [reader for reader in self._readers.get(ident, ()) if reader.is_ready]
            self._give(ready, found.get(ident, []))
            for reader in ready:
                reader.is_gone = ident not in found
                if len(reader.line) or reader.line.is_full or reader.is_gone:
                    reader.ring()

    def _give(self, among: Sequence[Reader], rows: list[feed.Row]) -> None:
        """Let readers of a generation have what they have not had of it; an event is one object for all of them."""
        if not rows:
            return
        states = [(row.number, readers.state(row)) for row in rows if row.number is not None]
        for reader in among:
            for number, event in states:
                if number > reader.last:
                    reader.last = number
                    reader.line.put(event)
        now = rows[0]
        if now.progress is None or now.is_final:
            return
        whole, part = (readers.progress(now, is_part=is_part) for is_part in (False, True))
        now_s = self._now_s()
        for reader in among:
            early_s = reader.line.offer(part if reader.is_part else whole, now_s=now_s)
            if early_s is not None:
                self._mark_later(now.generation_id, early_s)

    async def _serve_all(self) -> None:
        # Asked before reading: what a transaction held back that ends between the two is read at once. Where a look is
        # due anyway, that one asks.
        is_held_back = bool(self._all) and self._looks_again is None and await feed.is_held_back(self._db)
        while ready := [one for one in self._all if one.is_ready and not one.line.is_full]:
            place = min(one.place for one in ready)
            entries = await feed.behind(self._db, place, at_most=_PAGE)
            told = [(entry, readers.of_all(entry)) for entry in entries]
            for reader in ready if told else ():
                reader.give(told)
            if len(entries) < _PAGE:
                break
        if is_held_back and self._looks_again is None:
            self._looks_again = asyncio.get_running_loop().call_later(_HELD_BACK_S, self._look_again)

    def _look_again(self) -> None:
        self._looks_again = None
        self._mark_all()

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
