"""What has to happen although nobody asks: silence, deadlines, orphans, what was left behind (rules 3, 6 and 7).

One process per account does this; every step is harmless when it is done twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg

from tintype.domain import events
from tintype.domain.generation import GRACE_S, STORING_GRACE_S, State
from tintype.engine import duties
from tintype.service import addresses, capture, progress, removal, singly
from tintype.service.tracking import TICK_S
from tintype.store import alerts, generations
from tintype.store.errors import DatabaseAway

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tintype.media.files import Files
    from tintype.observing import Observer
    from tintype.service.inbox import Inbox
    from tintype.service.orphans import Orphans
    from tintype.service.pieces import Pieces
    from tintype.service.progress import Progress
    from tintype.service.searching import Searching
    from tintype.service.tracking import Tracking
    from tintype.service.upstream import Upstream
    from tintype.store.database import Database

AT_MOST = 500

_log = logging.getLogger("tintype.service")


@dataclass(frozen=True, slots=True)
class _Dead:
    id: str
    key_id: str
    request_id: str | None
    attempts: int
    intent_token: str | None


@dataclass(frozen=True, slots=True)
class _Overdue:
    id: str
    key_id: str
    request_id: str | None
    over_s: float


@dataclass(frozen=True, slots=True)
class _Left:
    id: str
    key_id: str
    request_id: str | None
    state: str


class Upkeep:
    """Keeps one account's generations moving."""

    def __init__(  # noqa: PLR0913 - its parts, each handed in once
        self,
        database: Database,
        upstream: Upstream,
        progress: Progress,
        searching: Searching,
        tracking: Tracking,
        inbox: Inbox,
        orphans: Orphans,
        *,
        files: Files,
        pieces: Pieces,
        observer: Observer,
    ) -> None:
        self._database = database
        self._upstream = upstream
        self._progress = progress
        self._searching = searching
        self._tracking = tracking
        self._inbox = inbox
        self._orphans = orphans
        self._files = files
        self._pieces = pieces
        self._observer = observer

    async def run(self, is_over: asyncio.Event) -> None:
        """Do all of it, each at its own pace, until it is over."""
        paces: tuple[tuple[float, Callable[[], Awaitable[int]]], ...] = (
            (TICK_S, self._tracking.sweep),
            (0.25, self.silences),
            (0.25, self.searches),
            (0.5, self.deadlines),
            (0.5, self._pieces.sweep),
            (1.0, self._orphans.end),
            (1.0, self._orphans.store),
            (2.0, self._inbox.sweep),
            (10.0, self.left_behind),
            (30.0, self.tidy),
            (3600.0, self.unused_files),
        )
        await duties.together(*(_every(pace_s, act, is_over) for pace_s, act in paces), is_over=is_over)

    async def silences(self) -> int:
        """Call attempts unknown whose sender is gone (rule 3)."""
        found = await self._database.all(
            "attempts_dead", _Dead, upstream_id=self._upstream.ident, at_most=AT_MOST
        )
        for one in found:
            attempt = None
            if one.intent_token is not None:
                attempt = progress.Attempt(one.intent_token, "silent")
            silent = self._progress.apply(one.id, events.WentSilent(one.attempts), attempt=attempt)
            with self._observer.about(one.id, one.key_id, one.request_id):
                await singly.tried(silent, of=one.id)
        return len(found)

    async def searches(self) -> int:
        """Look for what attempts of unknown outcome bought, when any is due (rule 5)."""
        if not await self._database.value("unknown_is_due", upstream_id=self._upstream.ident):
            return 0
        return await self._searching.search()

    async def deadlines(self) -> int:
        """Tell generations whose time is up (rule 7)."""
        found = await self._database.all(
            "generations_at_deadline",
            _Overdue,
            upstream_id=self._upstream.ident,
            grace_s=GRACE_S,
            storing_grace_s=STORING_GRACE_S,
            at_most=AT_MOST,
        )
        for one in found:
            with self._observer.about(one.id, one.key_id, one.request_id):
                await singly.tried(self._progress.overdue(one.id, one.over_s), of=one.id)
        return len(found)

    async def left_behind(self) -> int:
        """Give those a job again that are in a state which only a job leads out of."""
        found = await self._database.all(
            "left_without_job", _Left, upstream_id=self._upstream.ident, at_most=AT_MOST
        )
        for one in found:
            with self._observer.about(one.id, one.key_id, one.request_id):
                _log.warning("generation %s is %s without a job and gets one", one.id, one.state)
            if one.state == State.QUEUED:
                await generations.enqueue(self._database, one.id)
            else:
                await capture.enqueue(self._database, one.id)
        return len(found)

    async def tidy(self) -> int:
        """Make priorities small again, forget what is old, and alert where an hour runs out."""
        await generations.rebase(self._database)
        await self._database.value("forget_old")
        await alerts.settle(self._database)
        await addresses.forget(self._database)
        return await capture.alert_late(self._database)

    async def unused_files(self) -> int:
        """Delete stored files that nothing names any more."""
        return await removal.sweep(db=self._database, files=self._files)


async def _every(pause_s: float, act: Callable[[], Awaitable[int]], is_over: asyncio.Event) -> None:
    while not is_over.is_set():
        try:
            await act()
        except (DatabaseAway, psycopg.OperationalError):
            raise
        except Exception:  # noqa: BLE001 - one row that cannot be dealt with does not stop the others
            _log.exception("upkeep failed and goes on")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause_s):
                await is_over.wait()
