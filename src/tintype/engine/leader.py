"""One process of all leads the upkeep of an account: a lock of the database's, which goes with its connection."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import psycopg

from tintype.engine import duties
from tintype.store.errors import DatabaseAway

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from tintype.store.database import Database, Session

    Act = Callable[[asyncio.Event], Coroutine[Any, Any, None]]
    """What a leader does, until the event is set."""

BEAT_S = 1.0
SILENT_S = 6.0
"""A leader that was silent for so long stands still, and is deposed by the next."""

_log = logging.getLogger("tintype.engine")


class Leader:
    """Does something in one process at a time; the others wait for their turn."""

    def __init__(self, database: Database, *, upstream_id: int) -> None:
        self._database = database
        self._upstream_id = upstream_id
        self._stopping = asyncio.Event()
        self.leads = asyncio.Event()
        """Set while this process leads."""

    def stop(self) -> None:
        """Give the lead to others; `run` returns at once."""
        self._stopping.set()

    async def run(self, act: Act) -> None:
        """Wait for the lead and act, again and again until stopped or cancelled.

        `act` gets an event that is set when the lead is lost; then it is cancelled until it has ended.
        """
        while not self._stopping.is_set():
            try:
                await duties.until(self._stopping, self._turn(act))
            except* (DatabaseAway, psycopg.OperationalError) as group:
                _log.warning("the lead was lost, or is not to be had: %s", group.exceptions[0])
            except* Exception:  # noqa: BLE001 - nobody else would do it, so whatever it was, it begins anew
                _log.exception("what a leader does failed, and begins anew")
            await duties.until(self._stopping, asyncio.sleep(BEAT_S))

    async def _turn(self, act: Act) -> None:
        """Lead if nobody does, else look whether that one is alive."""
        async with self._database.connection() as session:
            may_hold = True
            try:
                if await session.value("lead", upstream_id=self._upstream_id):
                    await self._lead(session, act)
                else:
                    may_hold = False
                    await session.value("depose", upstream_id=self._upstream_id, silent_s=SILENT_S)
            finally:
                if may_hold:
                    # The lock goes with it, and no answer has to be waited for.
                    await session.connection.close()

    async def _lead(self, session: Session, act: Act) -> None:
        is_over = asyncio.Event()
        self.leads.set()
        try:
            await duties.together(_beat(session, is_over), act(is_over), is_over=is_over)
        finally:
            self.leads.clear()


async def _beat(session: Session, is_over: asyncio.Event) -> None:
    while not is_over.is_set():
        await asyncio.sleep(BEAT_S)
        await session.connection.execute(b"SELECT 1")
