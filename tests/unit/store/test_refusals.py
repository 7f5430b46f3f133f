"""What is said about folders, servers and programs that will not do."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tintype.domain.errors import ConfigurationError, TintypeError
from tintype.store import binaries, cluster, embedded, errors, home, postmaster, suitability

_HERE = home.Home(Path("/srv/data/postgres"), home.Account("tintype", 10, 10))
_FACTS = suitability.Facts(pid=1, reads_only=False, encoding="UTF8", version=180_004, clock_s=0.0)


def test_a_clock_that_is_far_from_the_databases_is_told() -> None:
    """Deadlines are written by one and read by the other; half a minute harms nobody."""
    for ahead_s, words in ((90.0, "90 s behind"), (-3_700.0, "3700 s ahead of")):
        with pytest.raises(errors.DatabaseUnsuitable, match=words):
            suitability.check_clock(ahead_s)

    suitability.check_clock(30.0)


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.ENOSPC, errors.Reason.FULL),
        (errno.EDQUOT, errors.Reason.FULL),
        (errno.EROFS, errors.Reason.READ_ONLY),
        (errno.EACCES, errors.Reason.NOT_WRITABLE),
        (errno.EPERM, errors.Reason.NOT_WRITABLE),
        (errno.ENOTDIR, errors.Reason.NOT_A_CLUSTER),
    ],
)
def test_what_the_system_says_becomes_one_line_with_the_next_step(number: int, reason: errors.Reason) -> None:
    """Each names the place; the error is a matter of configuration."""
    told = home.unusable(OSError(number, os.strerror(number), "/srv/data"), _HERE.folder)

    assert told.reason is reason
    assert str(told).startswith("/srv/data: ")
    assert "\n" not in str(told)
    assert isinstance(told, ConfigurationError)


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ('2026-01-01 UTC [7] PANIC:  could not write to file "x": No space left on device\n', "disk is full"),
        ("initdb: error: could not create directory: Read-only file system\n", "read-only"),
        ("LOG:  starting\nFATAL:  could not map memory\nLOG:  shut down\n", "FATAL:  could not map memory"),
        ("", "it said nothing"),
    ],
)
def test_the_last_words_of_a_program_are_told(words: str, wanted: str) -> None:
    """A full or read-only disk is named as such, whoever noticed it; other failures are quoted."""
    assert wanted in str(cluster.told(words, _HERE))


@pytest.mark.parametrize(
    ("changed", "wanted"),
    [
        ({"version": 140_012}, "PostgreSQL 14 is too old"),
        ({"encoding": "SQL_ASCII"}, "ENCODING 'UTF8'"),
        ({"reads_only": True}, "target_session_attrs=read-write"),
    ],
)
async def test_a_database_that_will_not_do_is_refused(changed: dict[str, Any], wanted: str) -> None:
    """Before anything else is asked of it."""
    connection: Any = None

    with pytest.raises(errors.DatabaseUnsuitable, match=wanted):
        await suitability.check(replace(_FACTS, **changed), connection, "postgresql://")


def test_a_server_that_is_away_is_not_called_unsuitable() -> None:
    """Only what waiting does not cure is refused."""
    away = psycopg.OperationalError("connection refused")
    refused = psycopg.OperationalError('FATAL:  password authentication failed for user "tintype"')

    assert suitability.explain(away) is None
    assert "password authentication failed" in str(suitability.explain(refused))


def test_versions_that_do_not_come_along_are_named() -> None:
    """The message lists those that do."""
    with pytest.raises(ConfigurationError, match="only 18 and 16"):
        binaries.wheel("9.6")


def test_a_line_break_in_the_path_is_refused(tmp_path: Path) -> None:
    """PostgreSQL's pid file has one line per fact."""
    with pytest.raises(errors.DataFolderUnusable, match="line break"):
        home.prepare(tmp_path / "two\nlines")


def test_a_server_that_is_not_open_has_no_url(tmp_path: Path) -> None:
    """Making the object starts nothing; closing it then is harmless."""
    server = embedded.server(tmp_path / "data")
    server.close()

    with pytest.raises(RuntimeError, match="inside `with`"):
        _ = server.url
    assert not (tmp_path / "data").exists()


def test_errors_of_the_store_belong_to_tintypes_tree() -> None:
    """One tree, a stable code on each, and facts for whoever repeats."""
    kinds: list[type[TintypeError]] = [
        errors.DataFolderUnusable,
        errors.ServerNotStarted,
        errors.DatabaseUnsuitable,
        errors.SchemaMismatch,
    ]
    away = errors.DatabaseAway("away", retry_after_s=2.0, may_have_happened=True)

    assert all(issubclass(kind, ConfigurationError) for kind in kinds)
    assert len({kind.code for kind in kinds}) == len(kinds)
    assert isinstance(away, TintypeError)
    assert (away.code, away.can_retry, away.retry_after_s) == ("database_away", True, 2.0)


def test_a_recovery_is_waited_for_while_anything_moves(tmp_path: Path) -> None:
    """Rule 19: no fixed limit; seconds count only from the last sign of life."""
    now = [100.0]
    (tmp_path / "log").mkdir()
    signs = postmaster.Signs(tmp_path / "cluster", tmp_path / "log", clock=lambda: now[0])
    silent = []

    for minute in range(5):
        now[0] += 50
        (tmp_path / "log" / "postgres-1.log").write_text("redo in progress\n" * (minute + 1))
        silent.append(signs.silent_s())
    for _ in range(2):
        now[0] += 40
        silent.append(signs.silent_s())

    assert silent == [0, 0, 0, 0, 0, 40, 80]


def test_only_the_newest_logs_are_kept(tmp_path: Path) -> None:
    """Five files of 10 MB are the most that logs take."""
    place = home.Home(tmp_path, home.Account("tintype", 10, 10))
    place.log.mkdir()
    for day in range(1, 9):
        (place.log / f"postgres-2026010{day}-000000.log").touch()
    (place.log / "supervisor.log").touch()

    cluster.prune_logs(place)

    kept = sorted(file.name for file in place.log.iterdir())
    assert kept == [*(f"postgres-2026010{day}-000000.log" for day in range(4, 9)), "supervisor.log"]
