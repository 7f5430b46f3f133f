"""Connections to any PostgreSQL from 15 on: what is refused, and what happens while it is away."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests import folders
from tests.integration.store import pooler, users
from tintype.store import binaries, embedded, errors, suitability
from tintype.store.database import Database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class IsMade:
    """A row of `schema_is_made`."""

    is_made: bool


@pytest.fixture(scope="module")
def stopped() -> Iterator[users.Stopped]:
    """A server over TCP that tests stop and start; it runs at the beginning of each."""
    with folders.opened() as folder:
        server = users.Stopped(binaries.wheel(), folder).start()
        yield server
        server.stop("immediate")


async def test_statements_run_by_name_and_give_typed_rows(external_url: str) -> None:
    """One row, all rows, one value, a transaction: over TCP with a password, on each version."""
    async with Database(external_url, application="tintype test") as db:
        facts = await db.one("server_facts", suitability.Facts)
        rows = await db.all("schema_is_made", IsMade)
        value = await db.value("schema_is_made")
        touched = await db.run("schema_is_made")
        async with db.transaction() as work:
            name = await (await work.connection.execute("SHOW application_name")).fetchone()

    assert facts
    assert facts.version >= 150_000
    assert (rows, value, touched, name) == ([IsMade(is_made=False)], False, 1, ("tintype test",))
    assert abs(db.clock_ahead_s) < 5


async def test_a_transaction_is_all_or_nothing(external_url: str) -> None:
    """An exception inside takes everything back and goes on as it is."""
    async with Database(external_url) as db:
        with contextlib.suppress(ZeroDivisionError):
            async with db.transaction() as work:
                await work.connection.execute("CREATE TABLE half_done ()")
                raise ZeroDivisionError
        async with db.connection() as session:
            found = await (await session.connection.execute("SELECT to_regclass('half_done')")).fetchone()

    assert found == (None,)


async def test_the_connection_that_was_used_last_is_used_next(external_url: str) -> None:
    """One after the other goes to one server process, however many connections there are."""
    async with Database(external_url) as db:
        async with db.connection() as last, db.connection() as second, db.connection() as third:
            pids = [one.connection.info.backend_pid for one in (last, second, third)]

        used = []
        for _ in range(4):
            async with db.connection() as session:
                used.append(session.connection.info.backend_pid)

    assert len(set(pids)) == 3
    assert used == [pids[0]] * 4


async def test_calls_wait_for_a_server_that_restarts(stopped: users.Stopped) -> None:
    """Away for a moment: a call that was made meanwhile is answered, by the same pool."""
    async with Database(stopped.url, wait_s=15) as db:
        await db.value("schema_is_made")
        await asyncio.to_thread(stopped.stop, "immediate")
        waiting = asyncio.create_task(db.value("schema_is_made"))
        await asyncio.to_thread(stopped.start)

        assert await waiting is False


async def test_connections_of_before_a_restart_are_replaced_unnoticed(stopped: users.Stopped) -> None:
    """Idle connections that the server closed fail nobody's statement."""
    async with Database(stopped.url, connections_max=4) as db:
        await asyncio.gather(*(db.value("schema_is_made") for _ in range(8)))
        await asyncio.to_thread(stopped.stop)
        await asyncio.to_thread(stopped.start)

        answers = await asyncio.gather(*(db.value("schema_is_made") for _ in range(8)))

    assert answers == [False] * 8


async def test_a_server_that_stays_away_is_told_with_a_time(stopped: users.Stopped) -> None:
    """The wait is bounded; nothing was done; it says when to come again, and works when it is back."""
    async with Database(stopped.url, wait_s=1.0) as db:
        await db.value("schema_is_made")
        await asyncio.to_thread(stopped.stop, "immediate")
        try:
            began = time.monotonic()
            with pytest.raises(errors.DatabaseAway) as caught:
                await db.value("schema_is_made")
            waited_s = time.monotonic() - began
            with pytest.raises(errors.DatabaseAway):
                await Database(stopped.url, wait_s=0.2).open()
        finally:
            await asyncio.to_thread(stopped.start)
        again = await db.value("schema_is_made")

    assert 0.9 < waited_s < 4
    assert caught.value.can_retry
    assert caught.value.retry_after_s
    assert not caught.value.may_have_happened
    assert again is False


async def test_a_transaction_that_breaks_before_its_commit_did_not_happen(stopped: users.Stopped) -> None:
    """DatabaseAway says so: it may be repeated."""
    async with Database(stopped.url) as db, Database(stopped.url) as beside:

        async def broken() -> None:
            async with db.transaction() as work:
                await work.connection.execute("CREATE TABLE never ()")
                await _end(beside, work.connection.info.backend_pid)
                await work.connection.execute("SELECT 1")

        with pytest.raises(errors.DatabaseAway) as caught:
            await broken()
        async with beside.connection() as session:
            found = await (await session.connection.execute("SELECT to_regclass('never')")).fetchone()

    assert not caught.value.may_have_happened
    assert found == (None,)


async def test_a_commit_that_breaks_may_have_happened(stopped: users.Stopped) -> None:
    """DatabaseAway says so: it must not be repeated without looking."""
    async with Database(stopped.url) as db, Database(stopped.url) as beside:
        async with db.connection() as session:
            await session.connection.execute(
                "CREATE TABLE slow (); "
                "CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS "
                "'BEGIN PERFORM pg_sleep(60); RETURN NULL; END'; "
                "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON slow DEFERRABLE INITIALLY DEFERRED "
                "FOR EACH ROW EXECUTE FUNCTION dawdle()"
            )

        async def insert() -> None:
            async with db.transaction() as work:
                await work.connection.execute("INSERT INTO slow DEFAULT VALUES")
                ending.set_result(work.connection.info.backend_pid)

        ending: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        inserting = asyncio.create_task(insert())
        pid = await ending
        await asyncio.to_thread(users.until, lambda: _is_committing(stopped.url, pid), "it commits")
        await _end(beside, pid)
        with pytest.raises(errors.DatabaseAway) as caught:
            await inserting

    assert caught.value.may_have_happened


async def test_a_refused_login_is_said_without_the_password(stopped: users.Stopped) -> None:
    """A wrong password or database will not get better by waiting; the message names the setting."""
    for wrong in (
        stopped.url.replace("scram%20only", "hunter2"),
        stopped.url.replace("/postgres", "/elsewhere"),
    ):
        with pytest.raises(errors.DatabaseUnsuitable, match="TINTYPE_DATABASE_URL") as caught:
            await Database(wrong).open()
        assert "hunter2" not in str(caught.value)
        assert "scram" not in str(caught.value)


@pytest.mark.parametrize(
    "wrong",
    [
        "postgresql://u:hunter2@127.0.0.1/x?nonsense=1",
        "postgresql://u:hunter2%ZZ@127.0.0.1/x",
        "postgresql://u:hunter2@127.0.0.1:99999/x",
        "postgresql://u:hunter2@127.0.0.1/x?sslmode=banana",
    ],
)
async def test_a_url_that_cannot_be_used_is_said_at_once(wrong: str) -> None:
    """Nothing is waited for, and no password quoted."""
    with pytest.raises(errors.DatabaseUnsuitable, match="TINTYPE_DATABASE_URL") as caught:
        await Database(wrong, wait_s=60).open()
    assert "hunter2" not in str(caught.value)


async def test_who_does_not_answer_is_named() -> None:
    """Host and port, since one of them may be a slip; the password is not."""
    with pytest.raises(
        errors.DatabaseAway, match=r"The database at 127\.0\.0\.1:1 does not answer"
    ) as caught:
        await Database("postgresql://u:hunter2@127.0.0.1:1/x", wait_s=0.1).open()
    assert "hunter2" not in str(caught.value)


async def test_a_database_in_another_encoding_is_refused(stopped: users.Stopped) -> None:
    """Text of any language has to fit; the message says how to make such a database."""
    async with await psycopg.AsyncConnection.connect(stopped.url, autocommit=True) as admin:
        await admin.execute("CREATE DATABASE narrow ENCODING 'SQL_ASCII' TEMPLATE template0")

    with pytest.raises(errors.DatabaseUnsuitable, match="ENCODING 'UTF8'"):
        await Database(stopped.url.replace("/postgres", "/narrow")).open()


async def test_a_transaction_pooler_is_refused(stopped: users.Stopped) -> None:
    """Rule 20: a pooler that hands the server out per transaction is named with the setting to change."""
    async with pooler.running(stopped.url, per_transaction=True) as url:
        with pytest.raises(errors.DatabaseUnsuitable, match="pool_mode = session"):
            await Database(url).open()


async def test_a_session_pooler_will_do(stopped: users.Stopped) -> None:
    """Rule 20: in session mode a pooler is harmless."""
    async with (
        pooler.running(stopped.url, per_transaction=False) as url,
        Database(url, connections_max=2) as db,
    ):
        assert await db.value("schema_is_made") is False


async def test_the_pool_brings_the_embedded_server_back(data: Path) -> None:
    """Rule 19: server and supervisor killed at once: the next statement has them started again."""
    async with embedded.server(data) as server, Database(server.url, wait_s=15, revive=server.ensure) as db:
        await db.value("schema_is_made")
        for victim in (users.supervisor(data), users.pid(data)):
            os.kill(victim, signal.SIGKILL)
        await asyncio.to_thread(users.until, lambda: users.is_down(data), "the server is gone")

        answer = await db.value("schema_is_made")

    assert answer is False
    assert users.is_down(data)


async def _end(db: Database, pid: int) -> None:
    async with db.connection() as session:
        await session.connection.execute("SELECT pg_terminate_backend(%s)", (pid,))


def _is_committing(url: str, pid: int) -> bool:
    query = "SELECT wait_event = 'PgSleep' FROM pg_stat_activity WHERE pid = %s"
    with psycopg.connect(url) as connection:
        return connection.execute(query, (pid,)).fetchone() == (True,)
