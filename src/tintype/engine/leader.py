"""One process of all leads the upkeep of an account: a lock of the database's, which goes with its connection."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import psycopg

from tintype.store.errors import DatabaseAway

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tintype.store.database import Database, Session

BEAT_S = 1.0
SILENT_S = 6.0
"""A leader that was silent for so long stands still, and is deposed by the next."""

_log = logging.getLogger("tintype.engine")


class Leader:
    """Does something in one process at a time; the others wait for their turn."""

    def __init__(self, database: Database, *, upstream_id: int) -> None:
        self._database = database
        self._upstream_id = upstream_id
        self.leads = asyncio.Event()
        """Set while this process leads."""

    async def run(self, act: Callable[[], Awaitable[None]]) -> None:
        """Wait for the lead and act, again and again until cancelled. `act` is cancelled when the lead is lost.

        A failure on the way out may take a cancellation's place: cancel until it has ended.
        """
        while True:
            try:
                async with self._database.connection() as session:
                    if await session.value("lead", upstream_id=self._upstream_id):
                        await self._lead(session, act)
                    else:
                        await session.value("depose", upstream_id=self._upstream_id, silent_s=SILENT_S)
            except* (DatabaseAway, psycopg.OperationalError) as group:
                _log.warning("the lead was lost, or is not to be had: %s", group.exceptions[0])
            await asyncio.sleep(BEAT_S)

    async def _lead(self, session: Session, act: Callable[[], Awaitable[None]]) -> None:
        self.leads.set()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._beat(session))
                group.create_task(_all(act))
        finally:
            self.leads.clear()
            if not session.connection.broken:
                await session.value("stop_leading", upstream_id=self._upstream_id)

    async def _beat(self, session: Session) -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            await session.connection.execute(b"SELECT 1")


async def _all(act: Callable[[], Awaitable[None]]) -> None:
    await act()
