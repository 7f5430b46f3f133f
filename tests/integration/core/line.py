"""A line to the database that tests can cut, let go dead, or keep answers back on."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from psycopg import conninfo

from tintype.store.database import Database

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@dataclass
class Line:
    """The line to a database: it can be cut, or go dead without a word.

    Answers are kept back from the first on that holds `word`, until `answers` is set.
    """

    folder: Path
    target: str
    is_dead: bool = False
    word: bytes | None = None
    answers: asyncio.Event = field(default_factory=asyncio.Event)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)
    carrying: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def path(self) -> Path:
        """The socket that a client connects to."""
        return self.folder / ".s.PGSQL.5432"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection's bytes both ways."""
        self.writers.append(writer)
        if self.is_dead:
            return
        there, back = await asyncio.open_unix_connection(self.target)
        self.writers.append(back)
        self.carrying |= {
            asyncio.create_task(self._carry(reader, back)),
            asyncio.create_task(self._carry(there, writer, is_answer=True)),
        }

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_answer: bool = False
    ) -> None:
        with contextlib.suppress(OSError):
            while (piece := await reader.read(65_536)) and not self.is_dead:
                if is_answer and self.word is not None and self.word in piece:
                    await self.answers.wait()
                writer.write(piece)
            if not self.is_dead:
                writer.close()

    def go(self, how: str) -> None:
        """Be gone: cut, or dead; or stay."""
        self.is_dead = how == "dead"
        if how == "cut":
            self.cut()

    def cut(self) -> None:
        """End every connection."""
        self.answers.set()
        for writer in self.writers:
            writer.transport.abort()


@asynccontextmanager
async def lined(url: str) -> AsyncIterator[tuple[Database, Line]]:
    """A database behind a line."""
    facts = conninfo.conninfo_to_dict(url)
    with tempfile.TemporaryDirectory(prefix="tt-") as folder:
        port = facts.get("port") or 5432
        line = Line(Path(folder), f"{facts['host']}/.s.PGSQL.{port}")
        server = await asyncio.start_unix_server(line.serve, line.path)
        facts.pop("requirepeer", None)
        facts |= {"host": folder, "port": 5432}
        behind = conninfo.make_conninfo("", **{name: str(value) for name, value in facts.items()})
        try:
            async with Database(behind, wait_s=2.0) as database:
                yield database, line
                # Nothing is waited for that would never come.
                line.is_dead = False
                line.cut()
        finally:
            server.close()
            line.cut()
            await asyncio.wait(line.carrying)
