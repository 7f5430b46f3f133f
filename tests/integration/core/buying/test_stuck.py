"""One row that cannot be dealt with, for whatever reason, stands in no other's way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.integration.core.buying.conftest import Shop, opened, until
from tests.integration.core.buying.test_orphans import outcome_of, sent, turned_up
from tintype import testing

if TYPE_CHECKING:
    from pathlib import Path

    from tintype.store.database import Database
    from tintype.testing import Simulator

# No code of ours writes these; whoever meets them fails.
_STUCK = (
    "INSERT INTO events (generation_id, number, state)"
    " SELECT id, events_last + 1, state FROM generations WHERE id = %s"
)
_UNPRICED = "UPDATE generations SET input = '[1]' WHERE id = %s"


async def test_the_others_of_a_page_are_followed(idle_shop: Shop) -> None:
    """Rule 16: whichever of those that are looked at together cannot be taken."""
    idents = [await idle_shop.ask(f"lighthouse {number}") for number in range(6)]
    for ident in idents:
        await idle_shop.core.buying.send(ident)
    for ident in (idents[0], idents[-1]):
        await idle_shop.execute(_STUCK, ident)

    async def others_ended() -> bool:
        await idle_shop.execute("UPDATE generations SET due_at = now() WHERE state = 'running'")
        await idle_shop.core.tracking.sweep()
        return all([(await idle_shop.row(ident)).state == "capturing" for ident in idents[1:-1]])

    await until(others_ended)
    (later_s,) = await idle_shop.execute(
        "SELECT min(extract(epoch FROM due_at - now()))::float FROM generations WHERE state = 'running'"
    )
    assert [(await idle_shop.row(ident)).state for ident in (idents[0], idents[-1])] == ["running"] * 2
    assert later_s > 10


async def test_the_deadlines_of_others_pass(idle_shop: Shop) -> None:
    """Rule 7: the first in line does not keep the next from its end."""
    idents = [await idle_shop.ask() for _ in range(2)]
    await idle_shop.execute(
        "UPDATE generations SET state = 'capturing', deadline_at = now() - interval '5000 s', "
        'prediction = \'{"status": "succeeded"}\''
    )
    await idle_shop.execute(_STUCK, idents[0])
    await idle_shop.execute(
        "UPDATE generations SET deadline_at = deadline_at - interval '1 s' WHERE id = %s", idents[0]
    )

    await idle_shop.core.upkeep.deadlines()

    assert [(await idle_shop.row(ident)).state for ident in idents] == ["capturing", "failed"]


async def test_what_others_left_in_the_inbox_has_its_effect(idle_shop: Shop) -> None:
    """Rule 5: a webhook that cannot be read again does not keep those behind it."""
    ident = await sent(idle_shop, "[[stuck]] a lighthouse")
    row = await idle_shop.row(ident)
    for number, body in enumerate(("{}", f'{{"id": "{row.prediction_id}", "status": "failed"}}')):
        await idle_shop.execute(
            "INSERT INTO inbox (webhook_id, token, prediction_id, body, received_at)"
            " VALUES (%s, %s, %s, %s, now() - interval '10 seconds')",
            f"left {number}",
            row.intent_token,
            row.prediction_id,
            body,
        )

    await idle_shop.core.inbox.sweep()

    assert (await idle_shop.row(ident)).state == "failed"


async def test_other_orphans_are_booked(idle_shop: Shop) -> None:
    """Rule 6: one whose cost cannot be told does not keep the others out of the book."""
    idents = [await sent(idle_shop) for _ in range(2)]
    orphans = [await turned_up(idle_shop, ident) for ident in idents]
    await idle_shop.execute(_UNPRICED, idents[0])
    await idle_shop.execute(
        "UPDATE attempts SET intent_at = intent_at - interval '1 s' WHERE generation_id = %s", idents[0]
    )
    for ident in idents:
        await idle_shop.execute("UPDATE generations SET state = 'capturing' WHERE id = %s", ident)

    async def second_is_booked() -> bool:
        await idle_shop.core.orphans.end()
        return await outcome_of(idle_shop, orphans[1]) in {"lost", "storing"}

    await until(second_is_booked)
    assert await outcome_of(idle_shop, orphans[0]) == "orphan"


async def test_what_another_account_is_told_is_left_to_it(
    db: Database, data: Path, simulator: Simulator
) -> None:
    """Rule 2: whoever works for one account does not take another's webhooks out of the inbox."""
    async with opened(db, data, simulator, works=False) as shop:
        ident = await sent(shop, "[[stuck]] a lighthouse")
        row = await shop.row(ident)
        await shop.execute(
            "INSERT INTO inbox (webhook_id, token, prediction_id, body, received_at)"
            " VALUES ('left', %s, %s, %s, now() - interval '10 seconds')",
            row.intent_token,
            row.prediction_id,
            f'{{"id": "{row.prediction_id}", "status": "failed"}}',
        )
        other = testing.Simulator(simulator.url, simulator.new_token())
        async with opened(db, data, other, works=False) as elsewhere:
            taken = await elsewhere.core.inbox.sweep()

        await shop.core.inbox.sweep()

        assert taken == 0
        assert (await shop.row(ident)).state == "failed"
