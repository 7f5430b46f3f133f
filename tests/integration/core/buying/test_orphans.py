"""Orphans (rule 6): adopted while their generation is open, else the operator's loss, and what they made is stored."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from tests.integration.core.buying.conftest import FLUX, Shop, until
from tintype import AsyncClient
from tintype.domain import events
from tintype.service import progress, removal
from tintype.store import alerts, generations, outputs

if TYPE_CHECKING:
    from tintype.replicate.results import Prediction

PRICE = 3_000_000
FAILING = "[[delay=0.2]] [[fail=E1000: a worker was lost]]"


async def sent(shop: Shop, prompt: str = "a lighthouse") -> str:
    """Return a generation whose prediction was bought."""
    ident = await shop.ask(prompt)
    assert await shop.core.buying.send(ident)
    return ident


async def turned_up(shop: Shop, ident: str, prompt: str = "a lighthouse", *, is_ours: bool = True) -> str:
    """Have a purchase of an earlier attempt turn up while it runs; returns its prediction's id."""
    async with AsyncClient(shop.sim.token, base_url=shop.sim.url) as client:
        made = await client.predictions.create(FLUX, {"prompt": prompt})
    token = f"token of {made.id}"
    await shop.execute(
        "INSERT INTO attempts (token, generation_id, number, intent_at, dead_at, outcome)"
        " VALUES (%s, %s, 9, now(), now(), 'absent')",
        token,
        ident,
    )
    event = events.FoundUpstream(events.Prediction(made.id, "processing"), 9)
    status = 201 if is_ours else None
    await shop.core.progress.apply(ident, event, attempt=progress.Attempt(token, "accepted", status, made.id))
    assert await outcome_of(shop, made.id) == "orphan"
    return str(made.id)


async def outcome_of(shop: Shop, prediction_id: str) -> str:
    (outcome,) = await shop.execute("SELECT outcome FROM attempts WHERE prediction_id = %s", prediction_id)
    return str(outcome)


async def lost(shop: Shop) -> int:
    """Return what the operator lost, in nano-dollars."""
    (amount,) = await shop.execute(
        "SELECT coalesce(sum(amount_nano_usd), 0)::bigint FROM ledger WHERE kind = 'loss'"
    )
    return int(amount)


async def ended_upstream(shop: Shop, prediction_id: str) -> Prediction:
    """Wait until a prediction has ended upstream."""

    async def ask() -> Prediction | None:
        record = await shop.core.upstream.look(prediction_id)
        return record if record is not None and record.is_final else None

    record: Prediction = await until(ask)
    return record


async def finished(shop: Shop, ident: str) -> None:
    """Bring a generation to its end by its own prediction, as a follower and a captor would."""
    row = await shop.row(ident)
    assert row.prediction_id is not None
    await ended_upstream(shop, row.prediction_id)
    await shop.core.progress.advance(ident)
    async with shop.core.database.transaction() as work:
        await generations.move(
            work, ident, {"state": "succeeded"}, settle=generations.Settlement(PRICE, images=1)
        )


async def test_one_that_succeeded_is_the_operators_loss_and_is_stored(idle_shop: Shop) -> None:
    """Rule 6: its generation has ended: booked to loss, on no budget, and its outputs lie beside the generation."""
    ident = await sent(idle_shop)
    await finished(idle_shop, ident)
    orphan = await turned_up(idle_shop, ident)
    record = await ended_upstream(idle_shop, orphan)

    for _ in range(2):
        await idle_shop.core.orphans.end()
        await idle_shop.core.orphans.store()

    (kept,) = await outputs.of_orphans(idle_shop.core.database, ident)
    reading = await idle_shop.core.files.open(kept.sha256)
    content = b"".join([piece async for piece in reading.pieces])
    assert (kept.prediction_id, kept.upstream_url, kept.content_type) == (
        orphan,
        record.output[0],
        "image/webp",
    )
    assert hashlib.sha256(content).hexdigest() == kept.sha256
    assert await outcome_of(idle_shop, orphan) == "lost"
    assert (await lost(idle_shop), (await idle_shop.row(ident)).cost_nano_usd) == (PRICE, PRICE)
    assert await outputs.of(idle_shop.core.database, ident) == []
    await idle_shop.check_book()


async def test_what_stands_between_booking_and_storing_goes_on(idle_shop: Shop) -> None:
    """Rule 6: whoever leads next stores what was booked, and books nothing again; news of it change nothing."""
    ident = await sent(idle_shop)
    await finished(idle_shop, ident)
    orphan = await turned_up(idle_shop, ident)
    record = await ended_upstream(idle_shop, orphan)
    await idle_shop.core.orphans.end()
    assert await outcome_of(idle_shop, orphan) == "storing"

    again = progress.Attempt(f"token of {orphan}", "accepted", prediction_id=orphan)
    found = events.FoundUpstream(progress.seen(record), 9)
    await idle_shop.core.progress.apply(ident, found, record=record, attempt=again)
    await idle_shop.core.orphans.end()
    await idle_shop.core.orphans.store()

    assert len(await outputs.of_orphans(idle_shop.core.database, ident)) == 1
    assert (await outcome_of(idle_shop, orphan), await lost(idle_shop)) == ("lost", PRICE)


async def test_one_that_succeeded_takes_the_place_of_what_still_runs(idle_shop: Shop) -> None:
    """Rule 6: adopted, as its generation is open; what ran in its place is ended, and is the loss if it cost."""
    ident = await sent(idle_shop, "[[stuck]] a lighthouse")
    running = (await idle_shop.row(ident)).prediction_id
    assert running is not None
    orphan = await turned_up(idle_shop, ident)
    await ended_upstream(idle_shop, orphan)

    for _ in range(3):
        await idle_shop.core.orphans.end()

    row = await idle_shop.row(ident)
    assert (row.state, row.prediction_id, row.predictions_past) == ("capturing", orphan, [running])
    assert await outcome_of(idle_shop, orphan) == "accepted"
    assert await outcome_of(idle_shop, running) == "lost"
    assert (await ended_upstream(idle_shop, running)).status == "canceled"
    assert await lost(idle_shop) == 0


async def test_one_is_adopted_by_a_generation_that_would_buy_again(idle_shop: Shop) -> None:
    """Rule 6: open is also what went back into the queue; nothing is bought a third time."""
    ident = await sent(idle_shop, FAILING)
    first = (await idle_shop.row(ident)).prediction_id
    orphan = await turned_up(idle_shop, ident, "[[delay=1]] a lighthouse")
    assert first is not None
    await ended_upstream(idle_shop, first)
    await idle_shop.core.progress.advance(ident)
    assert (await idle_shop.row(ident)).state == "queued"

    await idle_shop.core.orphans.end()
    await idle_shop.core.orphans.end()

    row = await idle_shop.row(ident)
    assert (row.state, row.prediction_id) == ("running", orphan)
    assert await outcome_of(idle_shop, orphan) == "accepted"
    assert await idle_shop.core.buying.send(ident) is False
    assert (idle_shop.bought(), await lost(idle_shop)) == (2, 0)


async def test_an_adopted_orphan_is_delivered_as_if_it_had_never_been_one(shop: Shop) -> None:
    """Rule 6: with everything at work: one success, stored and charged once, whatever was swapped."""
    ident = await shop.ask("[[stuck]] a lighthouse")
    await shop.until(ident, "running")

    orphan = await turned_up(shop, ident)
    row = await shop.until(ident)

    assert (row.state, row.prediction_id, row.cost_nano_usd) == ("succeeded", orphan, PRICE)
    assert len(await outputs.of(shop.core.database, ident)) == 1
    assert await outputs.of_orphans(shop.core.database, ident) == []
    await shop.check_book()


async def test_one_that_runs_is_cancelled_when_its_generation_needs_it_not(idle_shop: Shop) -> None:
    """Rule 6: ended upstream before it costs more; a late word about it ends nothing else."""
    ident = await sent(idle_shop, FAILING)
    first = (await idle_shop.row(ident)).prediction_id
    orphan = await turned_up(idle_shop, ident, "[[stuck]] a lighthouse")
    assert first is not None

    await idle_shop.core.orphans.end()
    record = await ended_upstream(idle_shop, orphan)
    await ended_upstream(idle_shop, first)
    await idle_shop.core.progress.advance(ident)
    late = events.FoundUpstream(progress.seen(record), 9)
    await idle_shop.core.progress.apply(ident, late, record=record)

    assert record.status == "canceled"
    assert (await outcome_of(idle_shop, orphan), await lost(idle_shop)) == ("lost", 0)
    assert (await idle_shop.row(ident)).state == "queued"


async def test_what_carries_no_token_of_ours_is_left_to_run(idle_shop: Shop) -> None:
    """Rules 5 and 6: it may be somebody else's: never cancelled, booked when it has ended."""
    ident = await sent(idle_shop)
    orphan = await turned_up(idle_shop, ident, "[[delay=1]] a lighthouse", is_ours=False)
    await finished(idle_shop, ident)

    await idle_shop.core.orphans.end()
    await ended_upstream(idle_shop, orphan)

    async def is_booked() -> bool:
        await idle_shop.core.orphans.end()
        return await lost(idle_shop) == PRICE

    await until(is_booked)
    record = await idle_shop.core.upstream.look(orphan)
    assert record is not None
    assert record.status == "succeeded"


async def test_what_was_presumed_spent_is_booked_once(idle_shop: Shop) -> None:
    """Rules 6 and 7: what was given up on turns up: booked in place of what was presumed, and no loss on top."""
    ident = await idle_shop.ask()
    await generations.intend(idle_shop.core.database, ident, token="t" * 32, dead_after_s=0)
    await idle_shop.core.upkeep.silences()
    await idle_shop.core.progress.overdue(ident, 700)
    assert (await idle_shop.row(ident)).failure_code == "outcome_unknown"
    orphan = await turned_up(idle_shop, ident)
    await ended_upstream(idle_shop, orphan)

    await idle_shop.core.orphans.end()
    await idle_shop.core.orphans.store()

    row = await idle_shop.row(ident)
    assert (row.state, row.cost_nano_usd, await lost(idle_shop)) == ("failed", PRICE, 0)
    assert len(await outputs.of_orphans(idle_shop.core.database, ident)) == 1
    await idle_shop.check_book()


async def test_what_a_person_says_was_bought_is_stored_and_no_loss(idle_shop: Shop) -> None:
    """Rules 6 and 7: `resolve --bought` books it; upstream's own word afterwards books nothing more."""
    ident = await idle_shop.ask()
    await generations.intend(idle_shop.core.database, ident, token="t" * 32, dead_after_s=0)
    await idle_shop.core.upkeep.silences()
    await idle_shop.core.progress.overdue(ident, 700)
    async with AsyncClient(idle_shop.sim.token, base_url=idle_shop.sim.url) as client:
        bought = await client.predictions.create(FLUX, {"prompt": "a lighthouse"})
    record = await ended_upstream(idle_shop, bought.id)

    assert await idle_shop.core.progress.resolve(ident, record)
    await idle_shop.core.progress.apply(ident, events.FoundUpstream(progress.seen(record)), record=record)
    await idle_shop.core.orphans.end()
    await idle_shop.core.orphans.store()

    row = await idle_shop.row(ident)
    assert (row.cost_nano_usd, await lost(idle_shop)) == (PRICE, 0)
    assert len(await outputs.of_orphans(idle_shop.core.database, ident)) == 1
    await idle_shop.check_book()


async def test_one_that_upstream_forgot_is_booked_at_the_most_it_can_have_cost(idle_shop: Shop) -> None:
    """Rules 6 and 7: gone is only what two looks do not find; then nothing is left to be stored."""
    ident = await sent(idle_shop)
    orphan = await turned_up(idle_shop, ident)
    await finished(idle_shop, ident)
    idle_shop.script({"do": "answer", "status": 404, "method": "GET", "path": "*/predictions/*"})

    await idle_shop.core.orphans.end()
    assert await outcome_of(idle_shop, orphan) == "orphan"

    async def is_booked() -> bool:
        await idle_shop.core.orphans.end()
        return await outcome_of(idle_shop, orphan) == "lost"

    await until(is_booked)
    assert await lost(idle_shop) == PRICE


async def test_outputs_that_are_gone_are_told(idle_shop: Shop) -> None:
    """Rule 6: an orphan whose outputs upstream deleted is an alert for a person."""
    ident = await sent(idle_shop)
    await finished(idle_shop, ident)
    orphan = await turned_up(idle_shop, ident)
    await ended_upstream(idle_shop, orphan)
    await idle_shop.core.orphans.end()
    idle_shop.sim.advance(2 * 3600)

    await idle_shop.core.orphans.store()

    (alert,) = [one for one in await alerts.every(idle_shop.core.database) if one.kind == "orphan_lost"]
    assert (alert.subject, alert.facts["prediction_id"]) == (ident, orphan)
    assert await outcome_of(idle_shop, orphan) == "lost"


@pytest.mark.parametrize("when", ["before", "after"])
async def test_an_erased_generation_takes_what_its_orphans_made_along(idle_shop: Shop, when: str) -> None:
    """Rules 6 and 18: what its owner erased is not stored, and what was stored goes with it."""
    ident = await sent(idle_shop)
    await finished(idle_shop, ident)
    orphan = await turned_up(idle_shop, ident)
    await ended_upstream(idle_shop, orphan)
    await idle_shop.core.orphans.end()
    if when == "after":
        await idle_shop.core.orphans.store()

    await removal.delete(ident, db=idle_shop.core.database, files=idle_shop.core.files)
    await idle_shop.core.orphans.store()

    (objects,) = await idle_shop.execute("SELECT count(*) FROM objects")
    assert (objects, await outputs.of_orphans(idle_shop.core.database, ident)) == (0, [])
    assert await outcome_of(idle_shop, orphan) == "lost"
