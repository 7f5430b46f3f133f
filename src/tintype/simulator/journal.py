"""Keep the state across restarts and kills: every change is committed before the answer that tells of it.

SQLite in WAL mode. Changes made within one turn of the event loop share a commit; `settle` waits for it.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


VERSION = 1
"""Of the records and how they are kept; another one is refused."""


class CannotOpen(Exception):
    """The journal of a folder cannot be used; the message says why and what to do, without the folder's name."""


class Journal:
    """Nothing is kept: the journal of a simulator that lives in memory."""

    is_kept = False
    """Whether anything that is put is ever read again."""

    def put(self, kind: str, key: str, text: bytes) -> None:
        """Remember the newest text of a record."""

    def delete(self, kind: str, key: str) -> None:
        """Forget a record; one never put is forgotten without an error."""

    def load(self, kind: str) -> Iterator[tuple[str, bytes]]:  # noqa: ARG002 - nothing was kept of any kind
        """Yield key and text of every record of a kind, in the order they were first put."""
        return iter(())

    def clear(self) -> None:
        """Forget everything."""

    def settle(self) -> asyncio.Future[None] | None:
        """Return what to await until everything put so far is safe, or None when it already is."""
        return None

    def close(self) -> None:
        """Commit and let go of the file."""


class SqliteJournal(Journal):
    """Records in `journal.sqlite3` under a folder that only the user may enter."""

    is_kept = True

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = folder / "journal.sqlite3"
        # The file is made by us first so that it is private from its first byte on.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0)
        try:
            self._open()
        except sqlite3.DatabaseError as error:
            self._db.close()
            if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                reason = "is used by another simulator; stop that one, or name another directory with --data"
                raise CannotOpen(reason) from error
            if error.sqlite_errorcode == sqlite3.SQLITE_NOTADB:
                reason = f"holds a {path.name} that is no journal; name another directory with --data"
                raise CannotOpen(reason) from error
            raise
        except CannotOpen:
            self._db.close()
            raise
        self._pending: asyncio.Future[None] | None = None
        # What a full disk did not take stays here, and goes with the next commit.
        self._waiting: list[tuple[str, tuple[str | bytes, ...]]] = []

    def _open(self) -> None:
        # Two simulators on the same state would undo each other; the lock dies with its process.
        self._db.execute("PRAGMA locking_mode=EXCLUSIVE")
        self._db.execute("PRAGMA journal_mode=WAL")
        # In WAL mode this survives the death of the process; only a power cut may lose the last moments.
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute("BEGIN IMMEDIATE")
        [version] = self._db.execute("PRAGMA user_version").fetchone()
        if version not in {0, VERSION}:
            raise CannotOpen(
                "was written by another version of the simulator; use that one, or name another directory"
                " with --data"
            )
        self._db.execute(f"PRAGMA user_version = {VERSION}")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS record (number INTEGER PRIMARY KEY, kind TEXT NOT NULL,"
            " key TEXT NOT NULL, text BLOB NOT NULL, UNIQUE (kind, key))"
        )
        self._db.execute("COMMIT")

    def put(self, kind: str, key: str, text: bytes) -> None:
        """Remember the newest text of a record; its place in the order stays."""
        self._write(
            "INSERT INTO record (kind, key, text) VALUES (?, ?, ?)"
            " ON CONFLICT (kind, key) DO UPDATE SET text = excluded.text",
            kind,
            key,
            text,
        )

    def delete(self, kind: str, key: str) -> None:
        """Forget a record; one never put is forgotten without an error."""
        self._write("DELETE FROM record WHERE kind = ? AND key = ?", kind, key)

    def load(self, kind: str) -> Iterator[tuple[str, bytes]]:
        """Yield key and text of every record of a kind, in the order they were first put."""
        yield from self._db.execute("SELECT key, text FROM record WHERE kind = ? ORDER BY number", (kind,))

    def clear(self) -> None:
        """Forget everything."""
        self._write("DELETE FROM record")

    def settle(self) -> asyncio.Future[None] | None:
        """Return what to await until everything put so far is safe, or None when it already is."""
        if self._waiting and self._pending is None:
            # Changed before the loop ran.
            self._commit()
        return self._pending

    def close(self) -> None:
        """Commit and let go of the file."""
        self._commit()
        self._db.close()

    def _write(self, statement: str, *values: str | bytes) -> None:
        self._waiting.append((statement, values))
        if self._pending is not None:
            return
        with suppress(RuntimeError):
            # On an event loop the commit comes with its next turn; without one, with `settle` or `close`.
            loop = asyncio.get_running_loop()
            self._pending = loop.create_future()
            loop.call_soon(self._commit)

    def _commit(self) -> None:
        pending, self._pending = self._pending, None
        try:
            if self._waiting:
                self._db.execute("BEGIN")
                for statement, values in self._waiting:
                    self._db.execute(statement, values)
                self._db.execute("COMMIT")
                self._waiting.clear()
        except sqlite3.Error as error:
            # Some of its failures end the transaction, and others leave it open.
            with suppress(sqlite3.Error):
                self._db.rollback()
            if pending is None or pending.done():
                raise
            pending.set_exception(error)
        else:
            if pending is not None and not pending.done():
                pending.set_result(None)


def open_journal(folder: Path | None) -> Journal:
    """Open the journal of a data folder, or the one that keeps nothing."""
    return Journal() if folder is None else SqliteJournal(folder)
