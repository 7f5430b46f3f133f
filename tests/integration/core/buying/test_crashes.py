"""What a killed worker leaves is taken over, and nothing is bought twice (rules 3 and 5)."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.integration.core.buying.conftest import Shop, opened

if TYPE_CHECKING:
    from pathlib import Path

    from tintype.store.database import Database
    from tintype.testing import Simulator

# Attempts of a dead sender are dead after 30 s of the process's own timing.
_DEAD_S = 30.0


@pytest.mark.parametrize("point", ["before intent", "after intent", "before the id is recorded"])
async def test_a_worker_killed_on_the_way_buys_exactly_once(
    db: Database, url: str, data: Path, simulator: Simulator, point: str
) -> None:
    """Rules 3 and 5: killed before the intent, between intent and POST, and between POST and record."""
    async with opened(db, data, simulator, works=False) as asking:
        ident = await asking.ask()
    killed = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.integration.core.buying.worker_process",
        *(url, str(data), simulator.url, simulator.token, point),
    )

    assert await asyncio.wait_for(killed.wait(), 30) == -signal.SIGKILL
    bought_before = simulator.bills(simulator.token)["predictions"]
    died = time.monotonic()
    async with opened(db, data, simulator) as shop:
        if point != "before intent":
            await _let_die(shop)
        row = await shop.until(ident, within_s=30)
        took_s = time.monotonic() - died

        assert row.state == "succeeded"
        assert shop.bought() == 1
        assert bought_before == (1 if point == "before the id is recorded" else 0)
        assert took_s < 10
        assert row.attempts == (2 if point == "after intent" else 1)
        await shop.check_book()


async def test_work_goes_on_when_the_database_drops_every_connection(shop: Shop) -> None:
    """The worker and the tracker live through it: nothing is lost, nothing is bought twice."""
    idents = [await shop.ask(f"[[delay=0.5]] lighthouse {number}") for number in range(12)]

    for _ in range(4):
        await asyncio.sleep(0.4)
        await shop.drop_connections()
    rows = await asyncio.gather(*(shop.until(ident, within_s=60) for ident in idents))

    assert {row.state for row in rows} == {"succeeded"}
    assert shop.bought() == 12
    await shop.check_book()


async def _let_die(shop: Shop) -> None:
    """Let the time pass after which nobody sends the attempt any more."""
    await shop.execute(
        "UPDATE generations SET dead_at = dead_at - make_interval(secs => %s),"
        " due_at = due_at - make_interval(secs => %s) WHERE state = 'submitting'",
        _DEAD_S,
        _DEAD_S,
    )
    await shop.execute(
        "UPDATE attempts SET dead_at = dead_at - make_interval(secs => %s),"
        " intent_at = intent_at - make_interval(secs => %s)",
        _DEAD_S,
        _DEAD_S,
    )
