"""A whole core on a database of the test's own, with the simulator upstream."""

from __future__ import annotations

import asyncio
import contextlib
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests import folders
from tests.integration.core.asking import ALICE
from tintype import bootstrap, settings
from tintype.domain.generation import State
from tintype.replicate import settings as replicate_settings
from tintype.service.requests import Cache, Request
from tintype.service.upstream import Timing
from tintype.store import alerts, ledger
from tintype.store.errors import DatabaseAway

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from tintype.domain.access import Actor
    from tintype.observing import Observer
    from tintype.store.database import Database
    from tintype.store.generations import Generation
    from tintype.testing import Simulator

FLUX = "black-forest-labs/flux-schnell"
HASTY = Timing(intent_good_s=2.0, answer_s=1.5, slack_s=1.0, readings_after_s=(0.5, 1.0), gone_after_s=0.5)
"""Short times, so that silence is over soon."""
CREATE = {"method": "POST", "path": "*/predictions"}


@dataclass(frozen=True, slots=True)
class Shop:
    """A core at work, and short ways to ask it."""

    core: bootstrap.Core
    sim: Simulator

    async def ask(self, prompt: str = "a lighthouse", *, actor: Actor = ALICE, **changes: Any) -> str:
        """Ask for one picture and return its id."""
        values: dict[str, Any] = {"input": {"prompt": prompt}, "cache": Cache.OFF} | changes
        submitted = await self.core.generations.submit(Request(FLUX, **values), actor=actor)
        return submitted.ids[0]

    async def row(self, ident: str) -> Generation:
        """Return a generation as it stands."""
        return await self.core.generations.get(ident, actor=ALICE)

    async def until(self, ident: str, *states: str, within_s: float = 60.0) -> Generation:
        """Wait until a generation is in one of these states, any final one by default."""
        row: Generation = await until(lambda: self._is(ident, states), within_s=within_s)
        return row

    async def _is(self, ident: str, states: Sequence[str]) -> Generation | None:
        try:
            row = await self.row(ident)
        except DatabaseAway:
            return None
        is_there = row.state in states if states else State(row.state).is_final
        return row if is_there else None

    async def until_alert(self, kind: str, *, within_s: float = 60.0) -> alerts.Alert:
        """Wait for an alert of a kind."""

        async def ask() -> alerts.Alert | None:
            found = await alerts.every(self.core.database)
            return next((one for one in found if one.kind == kind), None)

        alert: alerts.Alert = await until(ask, within_s=within_s)
        return alert

    async def execute(self, statement: str, *values: Any) -> Any:
        """Run a statement of the test's own and return its first row."""
        async with self.core.database.connection() as session:
            cursor = await session.connection.execute(statement.encode(), values)
            return await cursor.fetchone() if cursor.description else None

    async def drop_connections(self) -> None:
        """Have the server end every connection to the test's database but the one that asks for it."""
        # The one that asks may be the next to find its connection gone.
        with contextlib.suppress(DatabaseAway):
            await self.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    def script(self, *rules: Mapping[str, Any]) -> None:
        """Have upstream misbehave."""
        self.sim.faults([dict(rule) for rule in rules])

    def bought(self) -> int:
        """How many predictions upstream made for this account."""
        return int(self.sim.bills(self.sim.token)["predictions"])

    async def check_book(self) -> None:
        """Hold the book against the counters."""
        assert await ledger.check(self.core.database) == []


async def until(ask: Callable[[], Awaitable[Any]], *, within_s: float = 60.0) -> Any:
    """Ask until there is an answer; fails when there is none in time."""
    end = time.monotonic() + within_s
    while True:
        found = await ask()
        if found:
            return found
        assert time.monotonic() < end, f"nothing came within {within_s} s"
        await asyncio.sleep(0.02)


@pytest.fixture
def data() -> Iterator[Path]:
    """A data folder for files."""
    with folders.opened() as folder:
        yield folder


@asynccontextmanager
async def opened(
    db: Database,
    data: Path,
    sim: Simulator,
    *,
    works: bool = True,
    observers: Sequence[Observer] = (),
    **changes: Any,
) -> AsyncIterator[Shop]:
    """A core on a database; `works` says whether its worker and upkeep run."""
    made = settings.load(dotenv=data / "none.env", data=data, **changes)
    place = replicate_settings.resolve(sim.token, base_url=sim.url)
    async with bootstrap.core_on(db, made, place, timing=HASTY, observers=observers) as core:
        working = asyncio.create_task(core.work()) if works else None
        try:
            if working is not None:
                await core.worker.is_ready.wait()
            yield Shop(core, sim)
        finally:
            core.worker.stop()
            if working is not None:
                with contextlib.suppress(asyncio.CancelledError):
                    await working


@pytest.fixture
async def shop(db: Database, data: Path, simulator: Simulator) -> AsyncIterator[Shop]:
    """A core at work."""
    async with opened(db, data, simulator) as made:
        yield made


@pytest.fixture
async def idle_shop(db: Database, data: Path, simulator: Simulator) -> AsyncIterator[Shop]:
    """A core whose worker and upkeep do not run, for steps taken one by one."""
    async with opened(db, data, simulator, works=False) as made:
        yield made
