"""Cache and single flight: bought once, held by each, paid by the first."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.integration.core.asking import USD, Asking, new_id, wanted
from tintype.domain.budget import Measure
from tintype.store import admission, generations, ledger

if TYPE_CHECKING:
    from tintype.store.database import Database

KEY = "alice:lighthouse:7"


async def waiting(ask: Asking, task: asyncio.Task[object]) -> None:
    """Return when the other transaction waits for a lock of ours."""
    while await ask.row(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    ) != (1,):
        assert not task.done()


async def test_a_joiner_holds_for_itself_and_buys_nothing(ask: Asking) -> None:
    """Rule 9: a joiner is a generation of its own with a hold of its own, and no job."""
    money = await ask.limit(10 * USD)
    [leader] = await ask.admitted(cache_key=KEY)

    answer = await ask(cache_key=KEY)

    assert isinstance(answer, admission.Admitted)
    assert answer.places[0].joined_to == leader
    assert await ask.counter(money) == (2 * USD, 0)
    assert await ask.jobs() == [leader]


async def test_the_first_pays_and_the_others_share(ask: Asking, db: Database) -> None:
    """Rule 9: when the first pays, the joiners' holds are released, and what they saved is booked."""
    money = await ask.limit(10 * USD)
    [leader] = await ask.admitted(cache_key=KEY)
    [one] = await ask.admitted(cache_key=KEY)
    [two] = await ask.admitted(cache_key=KEY)
    await ask.output(leader)

    moved = await ask.end(leader, cost=USD // 2)

    rows = [await generations.get(db, ident) for ident in (one, two)]
    assert moved is not None
    assert moved.shared_with == (one, two)
    assert [(row.state, row.cost_nano_usd, row.cached_from) for row in rows if row] == [
        ("succeeded", 0, leader)
    ] * 2
    assert await ask.counter(money) == (0, USD // 2)
    assert [line.amount_nano_usd for line in await ledger.lines(db, one) if line.kind == "saved"] == [
        USD // 2
    ]
    assert await ask.row("SELECT count(*) FROM outputs WHERE sha256 = %s", "a" * 64) == (3,)
    assert await ledger.check(db) == []


async def test_what_is_stored_is_not_bought_again(ask: Asking, db: Database) -> None:
    """Rule 9: a hit is final at once, holds nothing, counts as an admission, and says what it saved."""
    money = await ask.limit(10 * USD)
    rate = await ask.limit(9, measure=Measure.RATE, period="60")
    [bought] = await ask.admitted(cache_key=KEY)
    await ask.output(bought)
    await ask.end(bought, cost=USD)

    answer = await ask(cache_key=KEY, hold_nano_usd=99 * USD)

    assert isinstance(answer, admission.Admitted)
    place = answer.places[0]
    assert (place.state, place.cached_from) == ("succeeded", bought)
    assert [(line.kind, line.amount_nano_usd) for line in await ledger.lines(db, place.id)] == [
        ("saved", USD)
    ]
    assert await ask.counter(money) == (0, USD)
    assert await ask.counter(rate) == (0, 2)
    assert await ask.jobs() == [bought]
    assert await ledger.check(db) == []


async def test_what_was_deleted_is_bought_anew(ask: Asking) -> None:
    """Rule 9: the cache holds bytes; where they are gone, the next request buys."""
    [bought] = await ask.admitted(cache_key=KEY)
    await ask.output(bought)
    await ask.end(bought, cost=USD)
    await ask.row("DELETE FROM outputs")

    answer = await ask(cache_key=KEY)

    assert isinstance(answer, admission.Admitted)
    assert (answer.places[0].state, answer.places[0].cached_from) == ("queued", None)


async def test_the_next_carries_what_the_first_did_not_pay(ask: Asking, db: Database) -> None:
    """Rule 9: when the first ends unpaid the next buys, and the rest wait for that one."""
    [leader] = await ask.admitted(cache_key=KEY)
    [one] = await ask.admitted(cache_key=KEY)
    [two] = await ask.admitted(cache_key=KEY)

    moved = await ask.end(leader, "failed")

    rows = [await generations.get(db, ident) for ident in (one, two)]
    assert moved is not None
    assert moved.next == one
    assert [row.joined_to for row in rows if row] == [None, one]
    assert await ask.jobs() == [leader, one]
    await ask.output(one)
    await ask.end(one, cost=USD)
    last = await generations.get(db, two)
    assert last is not None
    assert last.state == "succeeded"
    assert await ledger.check(db) == []


async def test_a_joiner_that_cancels_leaves_the_others_alone(ask: Asking, db: Database) -> None:
    """Rule 9: one wish to cancel ends one generation, free of charge."""
    [leader] = await ask.admitted(cache_key=KEY)
    [one] = await ask.admitted(cache_key=KEY)
    [two] = await ask.admitted(cache_key=KEY)

    await ask.end(one, "canceled")
    await ask.output(leader)
    moved = await ask.end(leader, cost=USD)

    assert moved is not None
    assert moved.shared_with == (two,)
    assert await ledger.check(db) == []


async def test_a_leader_that_cancels_hands_over_what_it_bought(ask: Asking, db: Database) -> None:
    """Rule 9: upstream is cancelled only when all have cancelled; the next carries the purchase, and pays."""
    money = await ask.limit(10 * USD)
    [leader] = await ask.admitted(cache_key=KEY)
    [one] = await ask.admitted(cache_key=KEY)
    await generations.intend(db, leader, token="token-1", dead_after_s=30)
    async with db.transaction() as work:
        await generations.move(work, leader, {"state": "running", "prediction_id": "p1"})

    async with db.transaction() as work:
        carrier = await generations.hand_over(work, leader)
        await generations.move(work, leader, {"state": "canceled"}, settle=generations.Settlement(0))

    row = await generations.by_token(db, "token-1")
    assert carrier == one
    assert row is not None
    assert (row.id, row.state, row.prediction_id, row.attempts) == (one, "running", "p1", 1)
    assert await ask.counter(money) == (USD, 0)
    await ask.output(one)
    await ask.end(one, cost=USD)
    assert await ask.counter(money) == (0, USD)
    assert await ledger.check(db) == []


async def test_a_leader_in_the_queue_leaves_its_place_to_the_next(ask: Asking, db: Database) -> None:
    """Rule 9: nothing was bought yet, so cancelling the first makes the next one buy."""
    [leader] = await ask.admitted(cache_key=KEY)
    [one] = await ask.admitted(cache_key=KEY)

    await ask.end(leader, "canceled")

    intents = [
        await generations.intend(db, ident, token=new_id(), dead_after_s=30) for ident in (leader, one)
    ]
    assert intents[0] is None
    assert intents[1] is not None


async def test_nobody_takes_over_when_nobody_waits(ask: Asking, db: Database) -> None:
    """Rule 9: the last one that cancels cancels upstream; a later request buys for itself."""
    [leader] = await ask.admitted(cache_key=KEY)
    await generations.intend(db, leader, token="token-1", dead_after_s=30)
    async with db.transaction() as work:
        await generations.move(work, leader, {"cancel_wished_at": "2026-01-01T00:00:00Z"})
        carrier = await generations.hand_over(work, leader)

    answer = await ask(cache_key=KEY)

    assert carrier is None
    assert isinstance(answer, admission.Admitted)
    assert answer.places[0].joined_to is None


async def test_equal_pictures_of_one_order_fly_together(ask: Asking) -> None:
    """Rule 9: also within one request the second waits for the first."""
    answer = await ask(wanted(cache_key=KEY), wanted(cache_key=KEY), wanted())

    assert isinstance(answer, admission.Admitted)
    first, second, third = answer.places
    assert (first.joined_to, second.joined_to, third.joined_to) == (None, first.id, None)
    assert await ask.jobs() == [first.id, third.id]


async def test_who_asks_while_another_is_being_admitted_waits_and_joins(ask: Asking, db: Database) -> None:
    """Rule 9: an idle flight is taken by one at a time, so two never lead."""
    [earlier] = await ask.admitted(cache_key=KEY)
    await ask.end(earlier, "canceled")
    async with db.transaction() as work:
        first = await admission.admit(
            work, admission.Request(ask.actor, ask.upstream_id, (wanted(cache_key=KEY),))
        )
        second = asyncio.create_task(ask(cache_key=KEY))
        await waiting(ask, second)

    joined = await second

    assert isinstance(first, admission.Admitted)
    assert isinstance(joined, admission.Admitted)
    assert joined.places[0].joined_to == first.places[0].id


async def test_who_joins_while_the_first_ends_is_not_forgotten(ask: Asking, db: Database) -> None:
    """Rule 9: the end waits for an admission under way, and the joiner gets its share."""
    [leader] = await ask.admitted(cache_key=KEY)
    await ask.output(leader)
    async with db.transaction() as work:
        joiner = await admission.admit(
            work, admission.Request(ask.actor, ask.upstream_id, (wanted(cache_key=KEY),))
        )
        ending = asyncio.create_task(ask.end(leader, cost=USD))
        await waiting(ask, ending)

    moved = await ending

    assert isinstance(joiner, admission.Admitted)
    assert moved is not None
    assert moved.shared_with == (joiner.places[0].id,)
    assert await ledger.check(db) == []


async def test_a_refused_leader_holds_nobody_up(ask: Asking) -> None:
    """Rules 9 and 10: a request that was refused leads no flight."""
    limit = await ask.limit(0)
    await ask.refused(cache_key=KEY)
    await ask.row("UPDATE limits SET amount = %s WHERE id = %s", USD, limit)

    answer = await ask(cache_key=KEY)

    assert isinstance(answer, admission.Admitted)
    assert answer.places[0].joined_to is None
