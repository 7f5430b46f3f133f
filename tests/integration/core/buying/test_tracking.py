"""How what runs upstream is looked after (rule 16)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.integration.core.buying.conftest import FLUX, Shop, opened, until
from tintype import AsyncClient
from tintype.replicate.limits import Limits

if TYPE_CHECKING:
    from pathlib import Path

    from tintype.store.database import Database
    from tintype.testing import Simulator

RUNNING = "[[stuck]] a lighthouse"


async def jobs(shop: Shop) -> int:
    """Return how many jobs there are, in whatever state."""
    return int((await shop.execute("SELECT count(*) FROM procrastinate_jobs"))[0])


async def sweep(shop: Shop) -> int:
    """Look at all that runs as if it were due; returns how many calls that took."""
    await shop.execute("UPDATE generations SET due_at = now() WHERE state = 'running'")
    before = shop.sim.health()["requests"]
    await shop.core.tracking.sweep()
    return int(shop.sim.health()["requests"] - before)


async def strangers(shop: Shop, count: int) -> None:
    """Have so many predictions of others stand in the account's list."""
    async with AsyncClient(shop.sim.token, base_url=shop.sim.url, limits=Limits.none()) as client:
        for _ in range(count):
            await client.predictions.create(FLUX, {"prompt": "a boat"})


async def sent(shop: Shop) -> str:
    """Return a generation that runs upstream."""
    ident = await shop.ask(RUNNING)
    await shop.core.buying.send(ident)
    return ident


async def test_what_waits_has_a_due_time_and_no_job(shop: Shop) -> None:
    """Rule 16: while it runs it is a row and nothing else; and no job is left of it afterwards."""
    ident = await shop.ask("[[delay=1]] a lighthouse")

    row = await shop.until(ident, "running")
    waiting = await until(lambda: no_jobs(shop))
    await shop.until(ident)

    assert row.due_at is not None
    assert waiting
    assert await until(lambda: no_jobs(shop))
    assert (await shop.row(ident)).due_at is None


async def no_jobs(shop: Shop) -> bool:
    """Whether the queue's table is empty."""
    return await jobs(shop) == 0


async def test_many_that_wait_together_take_one_call(idle_shop: Shop) -> None:
    """Rule 16: a page of the list sees all of them."""
    idents = [await sent(idle_shop) for _ in range(12)]

    calls = await sweep(idle_shop)

    assert calls == 1
    assert {(await idle_shop.row(ident)).state for ident in idents} == {"running"}


async def test_stretches_in_which_nobody_waits_are_skipped(idle_shop: Shop) -> None:
    """Rule 16: two with 230 of others between them: a look for each, and not the three pages that lie between."""
    first = await sent(idle_shop)
    await strangers(idle_shop, 230)
    second = await sent(idle_shop)
    for ident in (first, second):
        row = await idle_shop.row(ident)
        assert row.prediction_id is not None
        await idle_shop.core.upstream.cancel(row.prediction_id)

    calls = await sweep(idle_shop)

    assert calls <= 2
    assert {(await idle_shop.row(ident)).state for ident in (first, second)} == {"canceled"}


async def test_a_process_that_comes_later_looks_after_all_that_waits(
    db: Database, data: Path, simulator: Simulator
) -> None:
    """Rule 16: what waits is in no process's memory: another one sees its end."""
    async with opened(db, data, simulator) as shop:
        idents = [await shop.ask("[[delay=1.5]] a lighthouse") for _ in range(3)]
        for ident in idents:
            await shop.until(ident, "running")
    async with opened(db, data, simulator) as shop:
        rows = await asyncio.gather(*(shop.until(ident) for ident in idents))

    assert {row.state for row in rows} == {"succeeded"}
