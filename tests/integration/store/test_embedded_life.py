"""The embedded server's life: up with its first user, down after its last, whoever is killed (rule 19)."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.integration.store import users
from tintype.store import binaries, embedded

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("version", binaries.VERSIONS)
def test_data_is_there_after_a_restart(empty_data: Path, version: str) -> None:
    """Rule 19: the last one out stops the server; what was committed is there at the next start."""
    with embedded.server(empty_data, version=version) as server, psycopg.connect(server.url) as connection:
        connection.execute("CREATE TABLE kept (word text)")
        connection.execute("INSERT INTO kept VALUES ('Grüße')")
        major = connection.info.server_version // 10_000
    down = users.is_down(empty_data)

    with embedded.server(empty_data, version=version) as server, psycopg.connect(server.url) as connection:
        found = connection.execute("SELECT word FROM kept").fetchone()

    assert down
    assert found == ("Grüße",)
    assert major == int(version)


def test_the_server_is_set_up_for_safety(data: Path) -> None:
    """No network, checksums, durable commits, UTF-8, UTC; statements and values stay out of the log."""
    names = (
        *("listen_addresses", "data_checksums", "synchronous_commit", "fsync", "full_page_writes"),
        *(
            "server_encoding",
            "TimeZone",
            "log_min_error_statement",
            "log_error_verbosity",
            "logging_collector",
        ),
    )
    with embedded.server(data) as server, psycopg.connect(server.url) as connection:
        settings = [
            connection.execute("SELECT current_setting(%s)", (name,)).fetchone() or () for name in names
        ]
        room = connection.execute("SHOW max_connections").fetchone()
        rights = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
        lower = connection.execute("SELECT lower('ÄÖÜ')").fetchone()
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute(
                "CREATE TABLE t (secret text UNIQUE); INSERT INTO t VALUES ('hunter2'), ('hunter2')"
            )
    logs = "".join(file.read_text() for file in (data / "postgres" / "log").iterdir())

    assert [value for (value,) in settings] == [
        *("", "on", "on", "on", "on", "UTF8", "UTC", "panic", "terse", "on")
    ]
    assert room
    assert int(room[0]) >= 100
    assert rights == (False,)
    assert lower == ("äöü",)
    assert "duplicate key" in logs
    assert "hunter2" not in logs


def test_eight_processes_at_once_get_one_server(data: Path, start_user: users.Starter) -> None:
    """Rule 19: starting is done once; all are let in; it stops with the last of them and not before."""
    crowd = [start_user() for _ in range(8)]
    urls = {user.url() for user in crowd}
    first = users.pid(data)

    for user in crowd[1:]:
        user.leave()
    with psycopg.connect(next(iter(urls))) as connection:
        alive = connection.execute("SELECT 1").fetchone()
    still = users.pid(data)
    crowd[0].leave()

    assert len(urls) == 1
    assert alive == (1,)
    assert still == first
    assert users.is_down(data)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_user_that_was_killed_counts_no_more(
    data: Path, start_user: users.Starter, how: signal.Signals
) -> None:
    """Rule 19: the kernel frees a share whose holder died; with the last one gone the server stops."""
    one, other = start_user(), start_user()
    assert one.url() == other.url()
    first = users.pid(data)

    one.end(how)
    third = start_user()
    assert third.url()
    assert users.pid(data) == first
    third.end(how)
    other.end(how)

    users.until(lambda: users.is_down(data), "the server stops after its last user was killed")


def test_a_killed_server_comes_back_under_its_users(data: Path, start_user: users.Starter) -> None:
    """Rule 19: kill -9 of the server, again and again: it recovers by itself and lost nothing committed."""
    other = start_user()
    assert other.url()
    rounds = 3
    with embedded.server(data) as server:
        with psycopg.connect(server.url) as connection:
            connection.execute("CREATE TABLE kept (round int)")
        for number in range(rounds):
            with psycopg.connect(server.url) as connection:
                connection.execute("INSERT INTO kept VALUES (%s)", (number,))
            victim = users.pid(data)
            os.kill(victim, signal.SIGKILL)
            users.until(
                lambda gone=victim: users.is_up(data) and users.pid(data) != gone,  # type: ignore[misc]  # bound here
                "the server is up again",
            )
        with psycopg.connect(server.url) as connection:
            kept = connection.execute("SELECT array_agg(round ORDER BY round) FROM kept").fetchone()

    other.leave()
    assert kept == (list(range(rounds)),)
    assert users.is_down(data)


def test_a_killed_backend_is_recovered_from(data: Path) -> None:
    """Rule 19: PostgreSQL restarts after kill -9 of one of its processes; the users' hold is the same."""
    with embedded.server(data) as server:
        with psycopg.connect(server.url) as connection:
            backend = connection.info.backend_pid
            os.kill(backend, signal.SIGKILL)
            with pytest.raises(psycopg.OperationalError):
                connection.execute("SELECT 1")
        users.until(lambda: users.answers(server.url), "the server answers again")

    assert users.is_down(data)


def test_a_killed_supervisor_is_replaced_by_the_next_user(data: Path, start_user: users.Starter) -> None:
    """Rule 19: the server goes on without its supervisor; the next user's takes it over, restarts included."""
    with embedded.server(data) as server:
        first = users.pid(data)
        os.kill(users.supervisor(data), signal.SIGKILL)
        second = start_user()

        assert second.url() == server.url
        assert users.pid(data) == first
        os.kill(first, signal.SIGKILL)
        users.until(lambda: users.is_up(data) and users.pid(data) != first, "the server is up again")
        second.end(signal.SIGKILL)

    assert users.is_down(data)


def test_a_signal_to_all_takes_the_server_from_nobody(data: Path) -> None:
    """Rule 19: a service manager tells every process of a group to end; users at work keep their server."""
    with embedded.server(data) as server:
        first = users.pid(data)
        for process in (users.supervisor(data), first):
            os.kill(process, signal.SIGTERM)
        users.until(lambda: users.is_up(data) and users.pid(data) != first, "the server is up again")

        alive = users.answers(server.url)

    assert alive
    assert users.is_down(data)


def test_the_last_user_stops_a_server_without_supervisor(data: Path) -> None:
    """Rule 19: closing stops the server itself when nobody else is left to do it."""
    with embedded.server(data) as server:
        os.kill(users.supervisor(data), signal.SIGKILL)
        with psycopg.connect(server.url) as connection:
            alive = connection.execute("SELECT 1").fetchone()

    assert alive == (1,)
    assert users.is_down(data)


def test_server_and_supervisor_killed_together(data: Path) -> None:
    """Rule 19: `ensure` brings the server back under a user that still holds it."""
    with embedded.server(data) as server:
        for victim in (users.supervisor(data), users.pid(data)):
            os.kill(victim, signal.SIGKILL)

        server.ensure()

        with psycopg.connect(server.url) as connection:
            answer = connection.execute("SELECT 1").fetchone()
    assert answer == (1,)
    assert users.is_down(data)


def test_users_killed_while_starting_leave_nothing_behind(
    empty_data: Path, start_user: users.Starter
) -> None:
    """Rule 19: kill -9 at any moment of a start: the next one works, and half a cluster is never used."""
    for delay_s in (0.0, 0.05, 0.15, 0.3, 0.45, 0.6, 0.8):
        user = start_user()
        time.sleep(delay_s)  # the moment is the point here
        user.end(signal.SIGKILL)

    with embedded.server(empty_data) as server, psycopg.connect(server.url) as connection:
        answer = connection.execute("SELECT 1").fetchone()

    assert answer == (1,)
    assert users.is_down(empty_data)


def test_a_child_of_a_user_does_not_keep_the_server(data: Path, start_user: users.Starter) -> None:
    """Rule 19: a forked child lives on after its parent; it has no share of its own."""
    with embedded.server(data):
        program = (
            "import os, sys, time; from pathlib import Path; from tintype.store import embedded\n"
            "server = embedded.server(Path(sys.argv[1])).open()\n"
            "if os.fork() == 0:\n    sys.stdin.read(); os._exit(0)\n"
            "print('forked', flush=True); os.kill(os.getpid(), 9)"
        )
        parent = subprocess.Popen(
            [sys.executable, "-c", program, str(data)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        with parent:
            assert parent.stdout
            assert parent.stdout.readline()
            parent.wait(users.LIMIT_S)
            down = users.is_down(data)
            with embedded.server(data):
                pass
            assert parent.stdin

    assert not down
    assert users.is_down(data)


async def test_it_serves_async_code(data: Path) -> None:
    """Starting and stopping leave the event loop free."""
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.001)
            ticks += 1

    ticking = asyncio.create_task(tick())
    async with (
        embedded.server(data) as server,
        await psycopg.AsyncConnection.connect(server.url) as connection,
    ):
        answer = await (await connection.execute("SELECT 1")).fetchone()
    ticking.cancel()

    assert answer == (1,)
    assert ticks > 10
    assert users.is_down(data)


def test_further_databases_are_made_once(data: Path) -> None:
    """A second database of the same server keeps its data apart."""
    with embedded.server(data) as server:
        url = server.database("simulated")
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE apart ()")
        again = server.database("simulated")
        with psycopg.connect(server.url) as connection, pytest.raises(psycopg.errors.UndefinedTable):
            connection.execute("SELECT FROM apart")

    assert again == url
