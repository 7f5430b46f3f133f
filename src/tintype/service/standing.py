"""How things stand, as the database knows it: what is open, held, waiting and left. For whoever watches.

Each answer is read once for all who ask within a second, whatever asks how often.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tintype.engine.worker import STALLED_S

if TYPE_CHECKING:
    from collections.abc import Callable

    from tintype.store.database import Database

FRESH_S = 1.0


@dataclass(frozen=True, slots=True)
class Open:
    """Generations that have not ended, of one state and model, and what they hold."""

    state: str
    model: str
    generations: int
    held_nano_usd: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """A queue: jobs that are due, jobs for later, and how long the oldest due one has been waiting."""

    queue: str
    due: int
    later: int
    oldest_s: float


@dataclass(frozen=True, slots=True)
class Left:
    """The least that is left among limits of one scope, measure and period, and how many are used up."""

    scope: str
    measure: str
    period: str
    least_left: int
    used_up: int


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a lane of upstream may be called, and for how long it is paused."""

    lane: str
    ceiling_per_minute: int
    permits_per_minute: float
    paused_s: float


@dataclass(frozen=True, slots=True)
class Booked:
    """What was booked since the day began (UTC), of one kind: charge, saved or loss."""

    kind: str
    amount_nano_usd: int


@dataclass(frozen=True, slots=True)
class Alerts:
    """How many alerts of a kind are open."""

    kind: str
    alerts: int


@dataclass(frozen=True, slots=True)
class Fleet:
    """How many workers beat, and how many callbacks are owed."""

    workers: int
    callbacks: int


@dataclass(frozen=True, slots=True)
class Standing:
    """All of it, read one after the other."""

    open: tuple[Open, ...]
    queues: tuple[Waiting, ...]
    limits: tuple[Left, ...]
    lanes: tuple[Pace, ...]
    booked: tuple[Booked, ...]
    alerts: tuple[Alerts, ...]
    fleet: Fleet


class Watch:
    """Reads how one account stands."""

    def __init__(
        self, database: Database, *, upstream_id: int, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._upstream_id = upstream_id
        self._monotonic = monotonic
        self._reading = asyncio.Lock()
        self._last: Standing | None = None
        self._read_at = 0.0

    async def look(self) -> Standing:
        """Return how things stand, at most a second old. Raises DatabaseAway."""
        async with self._reading:
            if self._last is None or self._monotonic() - self._read_at >= FRESH_S:
                self._last = await self._read()
                self._read_at = self._monotonic()
            return self._last

    async def _read(self) -> Standing:
        db, account = self._database, {"upstream_id": self._upstream_id}
        fleet = await db.one("standing_fleet", Fleet, stalled_s=STALLED_S)
        return Standing(
            open=tuple(await db.all("standing_generations", Open, **account)),
            queues=tuple(await db.all("standing_queues", Waiting)),
            limits=tuple(await db.all("standing_limits", Left)),
            lanes=tuple(await db.all("standing_lanes", Pace, **account)),
            booked=tuple(await db.all("standing_book", Booked)),
            alerts=tuple(await db.all("standing_alerts", Alerts)),
            fleet=fleet or Fleet(0, 0),
        )


__all__ = ["FRESH_S", "Standing", "Watch"]
