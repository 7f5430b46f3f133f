"""Unknown outcomes (rule 5): looked for before anything is sent again, with and without webhooks."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.core.buying.conftest import CREATE, FLUX, Shop, opened, until
from tests.integration.core.buying.doorstep import doorstep
from tintype import AsyncClient
from tintype.domain import errors
from tintype.service.upstream import Timing
from tintype.store import generations

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tintype.store.database import Database
    from tintype.testing import Simulator

FAULTS: list[dict[str, Any]] = [
    {"do": "reset"},
    {"do": "answer", "status": 500},
    {"do": "answer", "status": 503, "body": "<html>"},
    {"do": "answer", "status": 408},
    {"do": "black_hole"},
]


@pytest.fixture(params=["webhooks", "no webhooks"])
async def following(
    request: pytest.FixtureRequest, db: Database, data: Path, simulator: Simulator
) -> AsyncIterator[Shop]:
    """A core at work, with webhooks and without."""
    if request.param == "no webhooks":
        async with opened(db, data, simulator) as made:
            yield made
        return
    async with doorstep() as door, opened(db, data, simulator, public_url=door.url) as made:
        door.inbox = made.core.inbox
        yield made


@pytest.mark.parametrize("when", ["before", "after"])
async def test_what_got_no_clear_answer_is_bought_exactly_once(following: Shop, when: str) -> None:
    """Rule 5: each kind of silence, before upstream made something and after: one prediction each, all stored."""
    following.script(*({**fault, **CREATE, "when": when, "count": 1} for fault in FAULTS))

    idents = [await following.ask(f"lighthouse {number}") for number in range(len(FAULTS))]
    rows = await asyncio.gather(*(following.until(ident, within_s=60) for ident in idents))

    assert following.sim.fired() == [1] * len(FAULTS)
    assert [row.state for row in rows] == ["succeeded"] * len(FAULTS)
    assert following.bought() == len(FAULTS)
    made = {one["id"]: one["input"]["prompt"] for one in following.sim.predictions()}
    assert [made[str(row.prediction_id)] for row in rows] == [row.input["prompt"] for row in rows]
    await following.check_book()


@pytest.mark.parametrize("do", ["truncate", "malform"])
async def test_an_unreadable_answer_is_looked_up_by_the_id_it_named(following: Shop, do: str) -> None:
    """Rule 5: the id in a broken answer is looked at; nothing is bought again."""
    following.script({"do": do, **CREATE, "count": 1})

    row = await following.until(await following.ask(), within_s=30)

    assert row.state == "succeeded"
    assert following.bought() == 1


async def test_equal_ones_that_all_went_silent_adopt_one_prediction_each(shop: Shop) -> None:
    """Rule 5: k equal unknown attempts and at most k candidates: adopt one each, send the rest again."""
    shop.script(
        {"do": "reset", "when": "after", "count": 2, **CREATE},
        {"do": "reset", "when": "before", "count": 1, **CREATE},
    )

    idents = [await shop.ask() for _ in range(3)]
    rows = await asyncio.gather(*(shop.until(ident, within_s=60) for ident in idents))

    assert {row.state for row in rows} == {"succeeded"}
    assert len({row.prediction_id for row in rows}) == 3
    assert shop.bought() == 3
    await shop.check_book()


async def test_more_candidates_than_attempts_keep_the_hold_and_alert(shop: Shop) -> None:
    """Rule 5: somebody else bought the same: nothing is adopted, nothing is sent, nobody's work is cancelled."""
    async with AsyncClient(shop.sim.token, base_url=shop.sim.url) as stranger:
        await stranger.predictions.create(FLUX, {"prompt": "a lighthouse"})
        shop.script({"do": "reset", "when": "after", "count": 1, **CREATE})

        ident = await shop.ask()
        alert = await shop.until_alert("ambiguous_outcome")
        row = await shop.row(ident)

    assert (alert.subject, row.state, row.hold_nano_usd) == (ident, "unknown", 3_000_000)
    assert shop.bought() == 2
    assert {one["status"] for one in shop.sim.predictions()} == {"succeeded"}


async def test_a_persons_word_ends_what_was_ambiguous(shop: Shop) -> None:
    """Rule 7: `resolve --bought` in `unknown` adopts that prediction."""
    async with AsyncClient(shop.sim.token, base_url=shop.sim.url) as stranger:
        theirs = await stranger.predictions.create(FLUX, {"prompt": "a lighthouse"})
    shop.script({"do": "reset", "when": "after", "count": 1, **CREATE})
    ident = await shop.ask()
    await shop.until_alert("ambiguous_outcome")
    ours = next(one["id"] for one in shop.sim.predictions() if one["id"] != theirs.id)

    assert await shop.core.progress.resolve(ident, await shop.core.upstream.look(ours))
    row = await shop.until(ident)

    assert (row.state, row.prediction_id) == ("succeeded", ours)
    await shop.check_book()


async def test_a_persons_slip_books_nobodys_purchase_twice(idle_shop: Shop) -> None:
    """Rule 7: what another generation bought, or another model made, is refused; a second word changes nothing."""
    shop = idle_shop
    theirs = await shop.ask("a boat")
    await shop.core.buying.send(theirs)
    bought = (await shop.row(theirs)).prediction_id
    async with AsyncClient(shop.sim.token, base_url=shop.sim.url) as stranger:
        other = (
            await stranger.predictions.create("black-forest-labs/flux-dev", {"prompt": "a lighthouse"})
        ).id
        own = (await stranger.predictions.create(FLUX, {"prompt": "a lighthouse"})).id
    shop.script({"do": "reset", "when": "before", "count": 1, **CREATE})
    ident = await shop.ask()
    await shop.core.buying.send(ident)
    assert (await shop.row(ident)).state == "unknown"

    async def ended() -> bool:
        seen = [await shop.core.upstream.look(str(one)) for one in (bought, other, own)]
        return all(one is not None and one.is_final for one in seen)

    await until(ended)

    for given_up in (False, True):
        if given_up:
            await shop.execute(
                "UPDATE generations SET deadline_at = now() - interval '700 s' WHERE id = %s", ident
            )
            await shop.core.upkeep.deadlines()
        for wrong in (bought, other):
            record = await shop.core.upstream.look(str(wrong))
            with pytest.raises(errors.NotPossibleNow):
                await shop.core.progress.resolve(ident, record)
    words = [await shop.core.progress.resolve(ident, await shop.core.upstream.look(own)) for _ in range(2)]

    row = await shop.row(ident)
    assert (row.state, row.failure_code, row.cost_nano_usd) == ("failed", "outcome_unknown", 3_000_000)
    assert words == [True, False]
    await shop.check_book()


async def test_what_upstream_never_takes_fails_after_three_proven_absences(shop: Shop) -> None:
    """Rule 5: after 3 attempts proven absent, failed with upstream_unavailable, and nothing is charged."""
    shop.script({"do": "answer", "status": 502, "when": "before", **CREATE})

    row = await shop.until(await shop.ask(), within_s=60)

    assert (row.state, row.failure_code, row.attempts_absent) == ("failed", "upstream_unavailable", 3)
    assert (row.cost_nano_usd, shop.bought()) == (0, 0)
    await shop.check_book()


async def test_nothing_is_sent_again_while_the_list_cannot_be_read(shop: Shop) -> None:
    """Rule 5: absence is only what two complete readings do not show; upstream's silence proves nothing."""
    shop.script(
        {"do": "reset", "when": "before", "count": 1, **CREATE},
        {"do": "answer", "status": 503, "method": "GET", "path": "*/predictions", "count": 2},
    )

    row = await shop.until(await shop.ask(), within_s=60)

    assert shop.sim.fired() == [1, 2]
    assert (row.state, row.attempts_absent) == ("succeeded", 1)
    assert shop.bought() == 1


async def test_an_intent_whose_sender_died_is_looked_for_when_it_is_dead(idle_shop: Shop) -> None:
    """Rule 3: no attempt is repeated before it is dead: intent + 5 s + 15 s + 10 s by the database's clock."""
    ident = await idle_shop.ask()
    intent = await generations.intend(
        idle_shop.core.database, ident, token="t" * 32, dead_after_s=Timing().dead_after_s
    )
    assert intent is not None

    assert await idle_shop.core.upkeep.silences() == 0
    assert await idle_shop.core.buying.send(ident) is False
    await idle_shop.execute(
        "UPDATE generations SET dead_at = now(), due_at = now(), intent_at = now() - interval '30 seconds'"
    )
    assert await idle_shop.core.upkeep.silences() == 1

    row = await idle_shop.row(ident)
    assert row.state == "unknown"
    assert Timing().dead_after_s == 30
