"""Settling: once, whole, and in the windows that hold."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.integration.core.asking import USD, Asking, wanted
from tintype.domain.budget import Measure, Scope
from tintype.store import generations, ledger

if TYPE_CHECKING:
    from tintype.store.database import Database


async def test_the_hold_is_released_and_the_cost_booked(ask: Asking, db: Database) -> None:
    """Rule 14: one transaction for both; what was held too much is free again."""
    money = await ask.limit(10 * USD)
    [ident] = await ask.admitted(hold_nano_usd=4 * USD)

    await ask.end(ident, cost=3 * USD)

    assert await ask.counter(money) == (0, 3 * USD)
    lines = [
        (line.kind, line.debit, line.credit, line.amount_nano_usd) for line in await ledger.lines(db, ident)
    ]
    assert sorted(lines) == [
        ("charge", "free", "spent", 3 * USD),
        ("hold", "free", "held", 4 * USD),
        ("release", "held", "free", 4 * USD),
    ]
    assert await ledger.check(db) == []


async def test_settling_twice_changes_nothing(ask: Asking, db: Database) -> None:
    """Rule 14: keyed by the generation; a second end, with another cost, finds it done."""
    money = await ask.limit(10 * USD)
    [ident] = await ask.admitted()
    await ask.end(ident, cost=USD)

    again = await ask.end(ident, "failed", cost=0)

    row = await generations.get(db, ident)
    assert again is None
    assert row is not None
    assert (row.state, row.cost_nano_usd, row.events_last) == ("succeeded", USD, 2)
    assert await ask.counter(money) == (0, USD)


async def test_a_cost_above_the_bound_is_booked_whole(ask: Asking, db: Database) -> None:
    """Rule 11: never cut, even beyond the budget, and somebody is told."""
    money = await ask.limit(USD)
    [ident] = await ask.admitted()

    await ask.end(ident, cost=5 * USD)

    refusal = await ask.refused()
    assert await ask.counter(money) == (0, 5 * USD)
    assert (await ask.row("SELECT kind, subject FROM alerts")) == ("over_bound", ident)
    assert refusal.free == 0
    assert await ledger.check(db) == []


async def test_settling_goes_to_the_window_that_holds(ask: Asking, db: Database) -> None:
    """Rule 12: yesterday's hold becomes yesterday's cost, never today's."""
    day = await ask.limit(10 * USD, period="day")
    [ident] = await ask.admitted(at=datetime(2020, 1, 1, 23, 59, 59, tzinfo=UTC))

    await ask.end(ident, cost=USD)

    windows = await ask.row("SELECT window_start, held, spent FROM counters WHERE limit_id = %s", day)
    assert windows == (datetime(2020, 1, 1, tzinfo=UTC), 0, USD)
    assert await ledger.check(db) == []


async def test_quotas_are_settled_by_what_was_made(ask: Asking) -> None:
    """Rule 12: pictures and film are held at their most and counted as they came."""
    pictures = await ask.limit(9, measure=Measure.IMAGES, period="day")
    film = await ask.limit(90_000, measure=Measure.VIDEO_SECONDS, period="week")
    [ident] = await ask.admitted(images=4, video_ms=8000)

    await ask.end(ident, images=3, video_ms=7900)

    assert await ask.counter(pictures) == (0, 3)
    assert await ask.counter(film) == (0, 7900)


async def test_what_ends_unpaid_gives_everything_back(ask: Asking, db: Database) -> None:
    """Rule 13: failed, aborted and refused cost nothing and count nothing."""
    money = await ask.limit(9 * USD, scope=Scope.USER, subject="local/*")
    pictures = await ask.limit(9, measure=Measure.IMAGES, period="day")
    made = await ask.admitted(wanted(), wanted(), wanted())

    for ident, state in zip(made, ("failed", "canceled", "aborted"), strict=True):
        await ask.end(ident, state)

    assert await ask.counter(money) == (0, 0)
    assert await ask.counter(pictures) == (0, 0)
    assert await ledger.check(db) == []


async def test_an_end_without_a_settlement_is_impossible(ask: Asking, db: Database) -> None:
    """Rule 14: the function refuses it, and so does the table itself."""
    [ident] = await ask.admitted()

    with pytest.raises(psycopg.errors.RaiseException):
        async with db.transaction() as work:
            await generations.move(work, ident, {"state": "failed"})
    with pytest.raises(psycopg.errors.CheckViolation):
        await ask.row("UPDATE generations SET state = 'failed' WHERE id = %s", ident)


async def test_a_loss_is_the_operators(ask: Asking, db: Database) -> None:
    """Rule 6: an orphan is booked once to `loss` and touches no budget."""
    money = await ask.limit(10 * USD)
    [ident] = await ask.admitted()
    await ask.end(ident, cost=USD)

    first = await ledger.lose(db, ident, prediction_id="p1", amount_nano_usd=USD)
    again = await ledger.lose(db, ident, prediction_id="p1", amount_nano_usd=USD)
    other = await ledger.lose(db, ident, prediction_id="p2", amount_nano_usd=USD)

    assert (first, again, other) == (True, False, True)
    assert await ask.counter(money) == (0, USD)
    assert await ledger.check(db) == []


async def test_a_correction_moves_the_difference_once(ask: Asking, db: Database) -> None:
    """Rule 7: what was presumed spent is booked anew by hand, in the windows that held it, once per reason."""
    money = await ask.limit(10 * USD, period="day")
    pictures = await ask.limit(9, measure=Measure.IMAGES, period="day")
    [ident] = await ask.admitted(hold_nano_usd=3 * USD, at=datetime(2020, 1, 1, tzinfo=UTC))
    nothing = generations.Settlement(0)
    async with db.transaction() as work:
        early = await ledger.correct(work, ident, nothing, ref="absent")
    await ask.end(ident, "failed", cost=3 * USD, images=1)

    done = []
    for settlement, ref in ((nothing, "absent"), (nothing, "absent"), (generations.Settlement(USD, 1), "p7")):
        async with db.transaction() as work:
            done.append(await ledger.correct(work, ident, settlement, ref=ref))
        assert await ledger.check(db) == []

    row = await generations.get(db, ident)
    assert (early, done) == (False, [True, False, True])
    assert row is not None
    assert row.cost_nano_usd == USD
    assert await ask.counter(money) == (0, USD)
    assert await ask.counter(pictures) == (0, 1)


async def test_the_check_finds_what_does_not_add_up(ask: Asking, db: Database) -> None:
    """Rule 14: counters are checked against the book, so that a wrong one is found."""
    limit = await ask.limit(10 * USD)
    [ident] = await ask.admitted()
    await ask.row("UPDATE counters SET held = held + 1 WHERE limit_id = %s", limit)
    await ask.row("UPDATE ledger SET amount_nano_usd = 7 WHERE generation_id = %s", ident)

    found = {(one.what, one.written, one.expected) for one in await ledger.check(db)}

    assert found == {("counter.held", USD + 1, 7), ("generation.held", USD, 7)}


async def test_an_event_is_numbered_per_generation_and_readable_by_commit(ask: Asking, db: Database) -> None:
    """Rule 17: numbers have no holes; the feed stops at the oldest transaction that still runs."""
    [ident] = await ask.admitted()
    feed = "SELECT count(*) FROM events WHERE xid < pg_snapshot_xmin(pg_current_snapshot())"
    async with db.transaction() as work:
        await generations.move(work, ident, {"state": "running", "prediction_id": "p1"})
        [late] = await ask.admitted()
        seen_meanwhile = await ask.row(feed)
    seen_after = await ask.row(feed)

    await ask.end(ident)

    numbers = await ask.row(
        "SELECT array_agg(number ORDER BY number) FROM events WHERE generation_id = %s", ident
    )
    assert (seen_meanwhile, seen_after) == ((1,), (3,))
    assert numbers == ([1, 2, 3],)
    assert late != ident


async def test_a_prediction_belongs_to_one_generation(ask: Asking, db: Database) -> None:
    """Rule 5: a candidate that another generation holds cannot be adopted."""
    one, two = await ask.admitted(wanted(), wanted())
    async with db.transaction() as work:
        await generations.move(work, one, {"state": "running", "prediction_id": "p1"})

    with pytest.raises(generations.PredictionClaimed):
        async with db.transaction() as work:
            await generations.move(work, two, {"state": "running", "prediction_id": "p1"})

    holder = await generations.by_prediction(db, upstream_id=ask.upstream_id, prediction_id="p1")
    assert holder is not None
    assert holder.id == one
