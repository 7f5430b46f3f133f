"""Connections to PostgreSQL: a pool that outlives the server's restarts, and statements run by name.

    async with database.Database(url) as db:
        row = await db.one("generation", Row, id=id)
        async with db.transaction() as work:
            await work.run("hold", …)

Statements outside `transaction()` commit by themselves. While PostgreSQL is away, calls wait for it a
bounded time and then raise DatabaseAway; the pool comes back by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import select
import time
from typing import TYPE_CHECKING, Any, Self, TypeVar

import psycopg
from psycopg import rows
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from tintype.store import errors, suitability
from tintype.store.queries import Queries

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Callable, Sequence
    from types import TracebackType

Row = TypeVar("Row")
Connection = psycopg.AsyncConnection[rows.TupleRow]

# It tells of each connection that was closed under it, which is news to those alone who keep logs.
_pools = logging.getLogger("psycopg.pool")
_pools.addHandler(logging.NullHandler())
# One that was closed here before it was given back is no news to them either: a lock of the server's goes with it.
_pools.addFilter(
    lambda record: (
        not any(
            isinstance(one, psycopg.AsyncConnection) and one.closed and not one.broken
            for one in record.args or ()
        )
    )
)

# A pool that found nobody tries again when it is asked again, so waiting is cut into such pieces.
_PIECE_S = 0.5
# Severe enough that the connection is gone, or was never had.
_AWAY_CLASSES = ("08", "57P", "53300")
_RETRY_AFTER_S = 2.0
_PAUSE_S = 0.05


class Session:
    """Statements on one connection."""

    def __init__(self, connection: Connection, queries: Queries) -> None:
        self.connection = connection
        self._queries = queries

    async def one(self, name: str, shape: type[Row], /, **values: Any) -> Row | None:
        """Run a statement and return its first row, or None, as `shape`: a class with a field per column."""
        async with self.connection.cursor(row_factory=rows.class_row(shape)) as cursor:
            await cursor.execute(self._queries[name], values)
            return await cursor.fetchone()

    async def all(self, name: str, shape: type[Row], /, **values: Any) -> list[Row]:
        """Run a statement and return all its rows."""
        async with self.connection.cursor(row_factory=rows.class_row(shape)) as cursor:
            await cursor.execute(self._queries[name], values)
            return await cursor.fetchall()

    async def value(self, name: str, /, **values: Any) -> Any:
        """Run a statement and return the first column of its first row; None if there is none."""
        cursor = await self.connection.execute(self._queries[name], values)
        row = await cursor.fetchone()
        return row[0] if row else None

    async def run(self, name: str, /, **values: Any) -> int:
        """Run a statement and return the number of rows it touched."""
        return (await self.connection.execute(self._queries[name], values)).rowcount

    async def copy(self, name: str, rows_: AsyncIterable[Sequence[Any]], /) -> None:
        """Run a COPY … FROM STDIN with rows as they come."""
        async with self.connection.cursor() as cursor, cursor.copy(self._queries[name]) as copying:
            async for row in rows_:
                await copying.write_row(row)


class _Pool(AsyncConnectionPool[Connection]):
    """A pool that loses no connection to a task that is cancelled while it takes one or gives it back.

    The connection that was used last is used next: its server process has everything at hand.
    """

    async def getconn(self, timeout: float | None = None) -> Connection:
        """Take a connection; one that comes too late for its task goes back."""
        taking = asyncio.ensure_future(super().getconn(timeout))
        try:
            return await asyncio.shield(taking)
        except asyncio.CancelledError:
            taking.add_done_callback(self._give_back)
            raise

    async def putconn(self, conn: Connection) -> None:
        """Give a connection back, to the end."""
        await asyncio.shield(asyncio.ensure_future(super().putconn(conn)))

    async def _get_ready_connection(self, timeout: float | None) -> Connection | None:
        # The pool takes from the front what it puts to the back; a test says when it does no longer.
        self._pool.rotate(1)
        return await super()._get_ready_connection(timeout)

    def _give_back(self, taken: asyncio.Future[Connection]) -> None:
        if not taken.cancelled() and taken.exception() is None:
            returning = asyncio.ensure_future(super().putconn(taken.result()))
            self._returning.add(returning)
            returning.add_done_callback(self._returning.discard)

    @functools.cached_property
    def _returning(self) -> set[asyncio.Future[None]]:
        """What is on its way back; the event loop alone would forget it."""
        return set()


class Database:
    """A pool of connections to one database.

    `application` shows in pg_stat_activity; servers are `tintype serve` and `tintype worker`. `wait_s` bounds
    how long a call waits for a connection. `revive` is called, in a thread, when nobody answers: the embedded
    server's `ensure`.
    """

    def __init__(
        self,
        url: str,
        *,
        application: str = "tintype",
        connections_max: int = 10,
        wait_s: float = 5.0,
        revive: Callable[[], None] | None = None,
    ) -> None:
        self._url = url
        self._wait_s = wait_s
        self._revive = revive
        self._reviving: asyncio.Future[None] | None = None
        self._options: dict[str, Any] = {
            "autocommit": True,
            "application_name": application,
            "connect_timeout": 5,
        }
        self._queries = Queries()
        self._pool = _Pool(
            url,
            kwargs=self._options,
            min_size=0,
            max_size=connections_max,
            open=False,
            check=_check,
            timeout=wait_s,
            reconnect_timeout=_PIECE_S,
            max_idle=300.0,
            name=application,
        )
        self.clock_ahead_s = 0.0
        """How far the database's clock was ahead of this machine's when opened."""

    @property
    def pool(self) -> AsyncConnectionPool[Connection]:
        """The pool itself, for the job engine, which has statements of its own."""
        return self._pool

    async def open(self) -> Self:
        """Connect, and refuse what cannot work: DatabaseUnsuitable says which setting to change.

        Raises DatabaseAway when nobody answers within `wait_s`.
        """
        connection = await self._connect()
        try:
            async with connection:
                facts = await Session(connection, self._queries).one("server_facts", suitability.Facts)
                assert facts is not None  # noqa: S101 - a SELECT without FROM gives a row
                self.clock_ahead_s = facts.clock_s - time.time()
                await suitability.check(facts, connection, self._url)
        except psycopg.OperationalError as error:
            # It went away just after it had answered.
            raise self._told(error, connection, may_have_happened=False) from error
        await self._pool.open()
        return self

    async def close(self) -> None:
        """Close the connections; twice is harmless."""
        await self._pool.close()

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[Session]:
        """Give a connection on which each statement commits by itself.

        When it breaks, a statement that was sent may have happened.
        """
        connection = await self._take()
        try:
            yield Session(connection, self._queries)
        except psycopg.OperationalError as error:
            raise self._told(error, connection, may_have_happened=True) from error
        finally:
            await self._pool.putconn(connection)

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[Session]:
        """Give a connection inside a transaction, committed at the end, rolled back by any exception.

        DatabaseAway says whether it may have been committed: only when the connection broke during COMMIT.
        """
        connection = await self._take()
        is_committing = False
        try:
            async with connection.transaction():
                yield Session(connection, self._queries)
                is_committing = True
        except psycopg.OperationalError as error:
            raise self._told(error, connection, may_have_happened=is_committing) from error
        finally:
            await self._pool.putconn(connection)

    async def one(self, name: str, shape: type[Row], /, **values: Any) -> Row | None:
        """Run one statement by itself; see `Session.one`."""
        async with self.connection() as session:
            return await session.one(name, shape, **values)

    async def all(self, name: str, shape: type[Row], /, **values: Any) -> list[Row]:
        """Run one statement by itself; see `Session.all`."""
        async with self.connection() as session:
            return await session.all(name, shape, **values)

    async def value(self, name: str, /, **values: Any) -> Any:
        """Run one statement by itself; see `Session.value`."""
        async with self.connection() as session:
            return await session.value(name, **values)

    async def run(self, name: str, /, **values: Any) -> int:
        """Run one statement by itself; see `Session.run`."""
        async with self.connection() as session:
            return await session.run(name, **values)

    async def _connect(self) -> Connection:
        """Connect without the pool, which keeps what the server says to itself."""
        where = suitability.where(self._url)
        end = time.monotonic() + self._wait_s
        while True:
            try:
                return await psycopg.AsyncConnection.connect(self._url, **self._options)
            except psycopg.OperationalError as error:
                refusal = suitability.explain(error)
                if refusal:
                    raise refusal from error
                if time.monotonic() >= end:
                    raise _away(where) from error
            await self._call_for_help(end - time.monotonic())
            await asyncio.sleep(_PAUSE_S)

    async def _take(self) -> Connection:
        """Take a connection out of the pool, waiting for PostgreSQL if need be; nothing was sent before."""
        end = time.monotonic() + self._wait_s
        while True:
            left_s = end - time.monotonic()
            try:
                return await self._pool.getconn(timeout=max(min(_PIECE_S, left_s), 0.01))
            except (PoolTimeout, psycopg.OperationalError) as error:
                if left_s <= 0:
                    raise _away() from error
            await self._call_for_help(end - time.monotonic())

    async def _call_for_help(self, left_s: float) -> None:
        """Have the embedded server looked after, once at a time, without waiting beyond one's own limit."""
        if self._revive is None:
            return
        if self._reviving is None or self._reviving.done():
            self._reviving = asyncio.ensure_future(asyncio.to_thread(self._revive))
            # Whoever waits takes the failure; when nobody waits any more it is of no interest.
            self._reviving.add_done_callback(lambda done: done.cancelled() or done.exception())
        with contextlib.suppress(TimeoutError, errors.ServerNotStarted, errors.DataFolderUnusable):
            await asyncio.wait_for(asyncio.shield(self._reviving), max(left_s, 0.01))

    def _told(
        self, error: psycopg.OperationalError, connection: Connection, *, may_have_happened: bool
    ) -> Exception:
        """Say that the server went away, or leave another failure as it is."""
        if not connection.broken and not (error.sqlstate or "").startswith(_AWAY_CLASSES):
            return error
        sentence = "It may have been done" if may_have_happened else "Nothing was done"
        return errors.DatabaseAway(
            f"The connection to the database broke. {sentence}; Tintype goes on when it is back.",
            retry_after_s=_RETRY_AFTER_S,
            may_have_happened=may_have_happened,
        )


def _away(where: str = "") -> errors.DatabaseAway:
    return errors.DatabaseAway(
        f"The database{where} does not answer. Nothing was done; Tintype goes on when it is back.",
        retry_after_s=_RETRY_AFTER_S,
        may_have_happened=False,
    )


async def _check(connection: Connection) -> None:
    """Find out for nothing whether an idle connection still stands.

    The server says nothing to an idle connection but farewell, so only one with something to read is asked.
    """
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    if poll.poll(0):
        await AsyncConnectionPool.check_connection(connection)
