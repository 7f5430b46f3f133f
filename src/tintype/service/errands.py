"""Errands: orders whose files a command still has to bring to somebody's folder.

A command that was interrupted leaves its errand behind, and its generations go on as soon as anybody works on the
database. Whoever takes the errand up waits for them and delivers; nothing is bought again.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from datetime import datetime

    from tintype.domain.access import Actor
    from tintype.store.database import Database

AT_MOST = 1_000


@dataclass(frozen=True, slots=True)
class Errand:
    """An order that is not delivered. `plan` is what its command wrote down: where to, under which names.

    `saved` holds the ids of generations whose files are there already.
    """

    id: str
    kind: str
    plan: dict[str, Any] = field(repr=False)
    saved: list[str]
    created_at: datetime


async def undelivered(db: Database, actor: Actor, *, kinds: Sequence[str]) -> list[Errand]:
    """List the errands of a key, oldest first."""
    return await db.all("errands", Errand, key=actor.key, kinds=list(kinds), at_most=AT_MOST)


@contextlib.asynccontextmanager
async def held(db: Database, ident: str) -> AsyncIterator[bool]:
    """Be the only one who looks after an errand; gives False when another process does.

    The hold ends with its connection, so a process that dies leaves nothing behind.
    """
    async with db.connection() as session:
        is_ours: bool = await session.value("hold_errand", id=ident)
        try:
            yield is_ours
        finally:
            if is_ours and not session.connection.broken:
                # A server that was away has forgotten the hold already.
                with contextlib.suppress(psycopg.OperationalError):
                    await session.value("leave_errand", id=ident)


async def saved(db: Database, ident: str, *, generation_id: str) -> None:
    """Note that the files of one of its generations are where they were wanted."""
    await db.run("note_saved", id=ident, generation_id=generation_id)


async def delivered(db: Database, ident: str) -> None:
    """Note that an errand is done."""
    await db.run("end_errand", id=ident)


async def reopened(db: Database, ident: str) -> None:
    """Note that something of an errand is made anew, and is to be delivered once more."""
    await db.run("reopen_errand", id=ident)


__all__ = ["Errand", "delivered", "held", "reopened", "saved", "undelivered"]
