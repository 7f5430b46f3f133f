"""A wish to cancel is obeyed in every state (rule 7), and a flight lands for whoever still waits (rule 9)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.integration.core.asking import ALICE
from tests.integration.core.buying.conftest import CREATE, FLUX, Shop, opened, until
from tintype.domain.access import Actor
from tintype.service.requests import Cache, Request
from tintype.store import generations

if TYPE_CHECKING:
    from pathlib import Path

    from tintype.store.database import Database
    from tintype.testing import Simulator

LONG = "[[stuck]] a lighthouse"


async def test_what_waits_in_the_queue_is_cancelled_at_once_and_free(idle_shop: Shop) -> None:
    """Rule 7: in `queued` at once and free; its job finds nothing to do."""
    ident = await idle_shop.ask()

    row = await idle_shop.core.generations.cancel(ident, actor=ALICE)

    assert (row.state, row.cost_nano_usd) == ("canceled", 0)
    assert await idle_shop.core.buying.send(ident) is False
    assert idle_shop.bought() == 0
    await idle_shop.check_book()


async def test_what_is_being_sent_is_cancelled_upstream_when_it_was_taken(shop: Shop) -> None:
    """Rule 7: in `submitting` the wish waits for the answer."""
    shop.script({"do": "delay", "delay_s": 0.8, "when": "after", "count": 1, **CREATE})
    ident = await shop.ask(LONG)
    await shop.until(ident, "submitting")

    wished = await shop.core.generations.cancel(ident, actor=ALICE)
    row = await shop.until(ident)

    assert wished.state == "submitting"
    assert (row.state, row.failure_code, row.cost_nano_usd) == ("canceled", None, 0)
    assert [one["status"] for one in shop.sim.predictions()] == ["canceled"]
    await shop.check_book()


async def test_what_nobody_knows_is_cancelled_when_it_is_found(shop: Shop) -> None:
    """Rule 7: in `unknown` it is looked for first, and what was bought is cancelled."""
    shop.script({"do": "reset", "when": "after", "count": 1, **CREATE})
    ident = await shop.ask(LONG)
    await shop.until(ident, "unknown", "running")

    await shop.core.generations.cancel(ident, actor=ALICE)
    row = await shop.until(ident)

    assert row.state == "canceled"
    assert [one["status"] for one in shop.sim.predictions()] == ["canceled"]


async def test_what_was_never_bought_is_not_sent_again_once_cancelled(shop: Shop) -> None:
    """Rules 5 and 7: proven absent and not wanted any more ends it, free."""
    shop.script({"do": "reset", "when": "before", "count": 1, **CREATE})
    ident = await shop.ask()
    await shop.until(ident, "unknown")

    await shop.core.generations.cancel(ident, actor=ALICE)
    row = await shop.until(ident)

    assert (row.state, row.cost_nano_usd, shop.bought()) == ("canceled", 0, 0)
    await shop.check_book()


async def test_what_runs_is_cancelled_upstream(shop: Shop) -> None:
    """Rule 7: in `running`, even when upstream does not hear the first time."""
    ident = await shop.ask(LONG)
    await shop.until(ident, "running")
    shop.script({"do": "answer", "status": 503, "path": "*/cancel", "method": "POST", "count": 1})

    await shop.core.generations.cancel(ident, actor=ALICE)
    row = await shop.until(ident)

    assert (row.state, row.cost_nano_usd) == ("canceled", 0)
    assert shop.sim.fired() == [1]
    await shop.check_book()


async def test_what_is_made_already_is_kept_and_paid(shop: Shop) -> None:
    """Rule 7: in `capturing` the wish comes too late; what was paid for is stored."""
    shop.script({"on": "output", "do": "missing", "count": 1})
    ident = await shop.ask()
    await shop.until(ident, "capturing")

    await shop.core.generations.cancel(ident, actor=ALICE)
    row = await shop.until(ident, within_s=30)

    assert (row.state, row.cost_nano_usd) == ("succeeded", 3_000_000)


async def test_cancelling_what_has_ended_changes_nothing(shop: Shop) -> None:
    """Rule 7: a final state is never left."""
    row = await shop.until(await shop.ask())

    again = await shop.core.generations.cancel(row.id, actor=ALICE)

    assert again == row


@pytest.mark.parametrize("state", ["queued", "running"])
async def test_the_buyer_of_a_flight_hands_over_to_the_next(shop: Shop, state: str) -> None:
    """Rule 9: upstream is cancelled only when all have cancelled; the next carries what was bought."""
    if state == "queued":
        await shop.execute("UPDATE throttle SET next_at = now() + '1.5 s' WHERE lane = 'creates'")
    prompt = "[[delay=1]] a lighthouse"
    request = Request(FLUX, {"prompt": prompt, "seed": 7}, cache=Cache.SEEDED)
    first = (await shop.core.generations.submit(request, actor=ALICE)).ids[0]
    if state == "running":
        await shop.until(first, "running")
    second = (await shop.core.generations.submit(request, actor=ALICE)).ids[0]
    assert (await shop.row(second)).joined_to == first

    await shop.core.generations.cancel(first, actor=ALICE)
    rows = await asyncio.gather(shop.until(first), shop.until(second))

    assert [row.state for row in rows] == ["canceled", "succeeded"]
    assert [row.cost_nano_usd for row in rows] == [0, 3_000_000]
    assert shop.bought() == 1
    await shop.check_book()


async def test_equal_requests_are_bought_once_and_the_saving_is_booked(shop: Shop) -> None:
    """Rule 9: joiners hold for themselves, pay nothing, and get the same outputs."""
    request = Request(FLUX, {"prompt": "[[delay=1]] a lighthouse", "seed": 7}, cache=Cache.SEEDED)
    idents = [(await shop.core.generations.submit(request, actor=ALICE)).ids[0] for _ in range(3)]

    rows = await asyncio.gather(*(shop.until(ident) for ident in idents))
    late = (await shop.core.generations.submit(request, actor=ALICE)).ids[0]

    assert [row.cost_nano_usd for row in rows] == [3_000_000, 0, 0]
    assert (await shop.row(late)).cached_from == idents[0]
    assert shop.bought() == 1
    (saved,) = await shop.execute("SELECT sum(amount_nano_usd)::bigint FROM ledger WHERE kind = 'saved'")
    assert saved == 9_000_000
    await shop.check_book()


@pytest.mark.parametrize(("setting", "bought"), [("0", 2), ("1", 1)])
async def test_owners_share_results_by_setting_only(
    db: Database, data: Path, simulator: Simulator, setting: str, bought: int
) -> None:
    """Rule 9: a result answers the requests of one owner; all share when the operator says so."""
    request = Request(FLUX, {"prompt": "a lighthouse", "seed": 7}, cache=Cache.SEEDED)
    bob = Actor("local", user="bob")
    async with opened(db, data, simulator, cache_shared=setting) as shop:
        first = (await shop.core.generations.submit(request, actor=ALICE)).ids[0]
        await shop.until(first)
        second = (await shop.core.generations.submit(request, actor=bob)).ids[0]

        async def ended() -> bool:
            row = await shop.core.generations.get(second, actor=bob)
            return row.state == "succeeded"

        await until(ended)
        assert shop.bought() == bought
        await shop.check_book()


async def test_when_the_buyer_fails_the_next_buys(shop: Shop) -> None:
    """Rule 9: when the first ends unpaid, the next carries it."""
    request = Request(FLUX, {"prompt": "[[delay=1]] a lighthouse", "seed": 7}, cache=Cache.SEEDED)
    first = (await shop.core.generations.submit(request, actor=ALICE)).ids[0]
    await shop.until(first, "running")
    second = (await shop.core.generations.submit(request, actor=ALICE)).ids[0]
    row = await shop.row(first)
    assert row.prediction_id is not None

    await shop.core.upstream.cancel(row.prediction_id)
    ended = await shop.until(first)
    carried = await shop.until(second)

    assert (ended.state, ended.failure_code) == ("canceled", "canceled_upstream")
    assert carried.state == "succeeded"
    assert shop.bought() == 2
    assert await generations.of_order(shop.core.database, "none") == []
