"""The simulator's journal outlives a disk that was full."""

from __future__ import annotations

import resource
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tintype.simulator.journal import SqliteJournal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def test_what_a_full_disk_did_not_take_is_kept_when_there_is_room(tmp_path: Path) -> None:
    """In its order, together with what came later; nothing has to be started again."""
    journal = SqliteJournal(tmp_path)
    journal.put("noun", "a", b"1")
    journal.settle()

    with _no_room():
        for text in (b"2" * 100_000, b"3" * 100_000):
            journal.put("noun", "b", text)
            with pytest.raises(sqlite3.Error):
                journal.settle()
        journal.delete("noun", "a")
    journal.put("noun", "c", b"4")
    journal.close()

    again = SqliteJournal(tmp_path)
    kept = [(key, text[:1]) for key, text in again.load("noun")]
    again.close()
    assert kept == [("b", b"3"), ("c", b"4")]


@contextmanager
def _no_room() -> Iterator[None]:
    """Let no file of this process grow, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
