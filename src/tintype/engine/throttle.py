"""How fast an account may be called, by all processes together: one row per lane in the database.

    lanes = await throttle.open_lanes(db, upstream_id=1, creates_per_minute=600, calls_per_minute=3_000)
    await lanes.creates.permit()        # waits for its turn
    await lanes.creates.slow(error)     # upstream said 429

A lane hands out permits at an even pace, a second's worth at once at most. A 429 halves the pace, the wording for
low credit sets it to six a minute, and it climbs back by a tenth every ten seconds. A pause stops creates for 15 s,
doubling to 10 min; the first permit after it is the probe, and nobody else gets one until it is known how it went.
What the operator paused (`service.throttle`) is left alone by all of that.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tintype.domain.errors import RateLimited
    from tintype.store.database import Database

CREATES, CALLS = "creates", "calls"
_STOCK_S = 1.0
"""How long permits that a process took may wait in it for their use."""
_WAIT_MAX_S = 1.0
_WAIT_LEAST_S = 0.005
_LOW_CREDIT = ("low credit", "in credit", "reduced to 6", "payment method")
_PROBE_S = 30.0


@dataclass(frozen=True, slots=True)
class Taken:
    """How many permits were handed out, whether one is a probe, and how long until the next, in seconds."""

    granted: int
    is_probe: bool
    wait_s: float


class Lane:
    """The permits of one lane, for the tasks of one process; each of them waits in line here."""

    def __init__(
        self,
        database: Database,
        *,
        upstream_id: int,
        name: str,
        at_once: int,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._key = {"upstream_id": upstream_id, "lane": name}
        self._at_once = at_once
        self._monotonic = monotonic
        self._asking = asyncio.Lock()
        self._stock = 0
        self._good_until = 0.0
        self._probe_until = 0.0

    async def permit(self) -> None:
        """Wait for a permit and take it. Raises DatabaseAway."""
        async with self._asking:
            while True:
                if self._stock and self._monotonic() < self._good_until:
                    self._stock -= 1
                    return
                taken = await self._take(self._at_once)
                if taken.granted:
                    self._stock = taken.granted
                    self._good_until = self._monotonic() + _STOCK_S
                    if taken.is_probe:
                        self._probe_until = self._monotonic() + _PROBE_S
                else:
                    await asyncio.sleep(min(max(taken.wait_s, _WAIT_LEAST_S), _WAIT_MAX_S))

    async def give_back(self) -> None:
        """Give back a permit that was not needed, with all that wait for a use in this process."""
        permits = 1
        if self._monotonic() < self._good_until:
            permits += self._stock
        was_probe = self._monotonic() < self._probe_until
        self._stock = 0
        self._probe_until = 0.0
        await self._database.run("throttle_give_back", permits=permits, was_probe=was_probe, **self._key)

    async def slow(self, error: RateLimited) -> None:
        """Lower the pace after a 429, and wait as long as it asks."""
        self._stock = 0
        words = str(error).casefold()
        await self._database.run(
            "throttle_slow",
            low_credit=any(mark in words for mark in _LOW_CREDIT),
            retry_after_s=error.retry_after_s or 0.0,
            **self._key,
        )

    async def pause(self, code: str) -> datetime | None:
        """Stop handing out permits after a refusal of the account as a whole; returns until when."""
        self._stock = 0
        is_probe = self._monotonic() < self._probe_until
        self._probe_until = 0.0
        until: datetime | None = await self._database.value(
            "throttle_pause", code=code, is_probe=is_probe, **self._key
        )
        return until

    async def resume(self) -> None:
        """End a pause: a call went through. Costs nothing where there is none that this process knows of."""
        if self._probe_until:
            self._probe_until = 0.0
            await self._database.run("throttle_resume", **self._key)

    async def _take(self, wanted: int) -> Taken:
        taken = await self._database.one("throttle_take", Taken, wanted=wanted, **self._key)
        return taken or Taken(granted=0, is_probe=False, wait_s=_WAIT_MAX_S)


@dataclass(frozen=True, slots=True)
class Lanes:
    """The two lanes of an account: creates, and all other calls."""

    creates: Lane
    calls: Lane


async def open_lanes(
    database: Database, *, upstream_id: int, creates_per_minute: int, calls_per_minute: int
) -> Lanes:
    """Make the lanes of an account, or take up those that there are, with these ceilings."""
    made = []
    for name, ceiling in ((CREATES, creates_per_minute), (CALLS, calls_per_minute)):
        await database.run("throttle_open", upstream_id=upstream_id, lane=name, ceiling=ceiling)
        at_once = max(1, min(ceiling // 600, 10))
        made.append(Lane(database, upstream_id=upstream_id, name=name, at_once=at_once))
    return Lanes(creates=made[0], calls=made[1])
