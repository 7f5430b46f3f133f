"""One process leads; it stops at once, whatever the database does at that moment."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from tests.integration.core.buying.conftest import data, opened, until
from tests.integration.core.line import lined
from tintype.engine.leader import Leader

if TYPE_CHECKING:
    from pathlib import Path

    from tintype.store.database import Database
    from tintype.testing import Simulator

__all__ = ["data"]

UPSTREAM = 1


async def busy(database: Database, is_over: asyncio.Event) -> None:
    """Ask the database without a pause, as upkeep does."""
    while not is_over.is_set():
        await database.value("lead", upstream_id=UPSTREAM + 1)


@pytest.mark.parametrize("how", ["cut", "dead", "there"])
@pytest.mark.parametrize("by", ["stop", "cancel"])
async def test_a_leader_stops_within_a_second(url: str, how: str, by: str) -> None:
    """Told to stop in the moment in which the database is cut off, stops answering, or is simply there."""
    async with lined(url) as (database, line):
        leader = Leader(database, upstream_id=UPSTREAM)

        async def act(is_over: asyncio.Event) -> None:
            await asyncio.gather(*(busy(database, is_over) for _ in range(4)))

        leading = asyncio.create_task(leader.run(act))
        await leader.leads.wait()
        await asyncio.sleep(0.05)

        line.go(how)
        began = time.monotonic()
        if by == "stop":
            leader.stop()
        else:
            leading.cancel()
        await asyncio.wait({leading}, timeout=5)

        assert leading.done()
        assert time.monotonic() - began < 1
        assert leading.cancelled() == (by == "cancel")
        assert not leader.leads.is_set()


async def test_the_lead_goes_to_the_next_at_once(db: Database, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing of the lock is left in the pool of the one that gave it back, which is no news to anybody."""
    first, second = (Leader(db, upstream_id=UPSTREAM) for _ in range(2))

    async def act(is_over: asyncio.Event) -> None:
        await is_over.wait()

    one = asyncio.create_task(first.run(act))
    await first.leads.wait()
    other = asyncio.create_task(second.run(act))
    first.stop()
    await one

    async with asyncio.timeout(5):
        await second.leads.wait()
    second.stop()
    await other
    assert [one.getMessage() for one in caplog.records if one.levelname == "WARNING"] == []


async def test_what_a_leader_does_begins_anew_after_any_failure(db: Database) -> None:
    """Nobody else would do it, so that no fault of it ends the leading for good."""
    leader = Leader(db, upstream_id=UPSTREAM)
    begun = 0

    async def act(is_over: asyncio.Event) -> None:
        nonlocal begun
        begun += 1
        if begun == 1:
            raise LookupError("a fault")
        await is_over.wait()

    leading = asyncio.create_task(leader.run(act))

    async def again() -> bool:
        return begun == 2

    await until(again)
    leader.stop()
    await leading


@pytest.mark.parametrize("how", ["cut", "dead"])
async def test_the_upkeep_of_a_core_stops_within_a_second_when_the_database_goes(
    url: str, data: Path, simulator: Simulator, how: str
) -> None:
    """Rules 3, 6 and 7: every loop of it ends, with work to look after, three times in a row."""
    for _ in range(3):
        async with lined(url) as (database, line), opened(database, data, simulator, works=False) as shop:
            await shop.ask("a lighthouse")
            leader = shop.core.leader
            leading = asyncio.create_task(leader.run(shop.core.upkeep.run))
            await leader.leads.wait()
            await asyncio.sleep(0.3)

            line.go(how)
            began = time.monotonic()
            leader.stop()
            await asyncio.wait({leading}, timeout=5)

            assert leading.done()
            assert time.monotonic() - began < 1
