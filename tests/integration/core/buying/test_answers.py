"""Definite answers (rule 4): what each does to the generation, its hold and the pace."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from tests.integration.core.asking import ALICE
from tests.integration.core.buying.conftest import CREATE, Shop, opened, until
from tintype import testing
from tintype.domain import errors
from tintype.store import alerts

if TYPE_CHECKING:
    from pathlib import Path

    from tintype.store.database import Database
    from tintype.testing import Simulator


async def test_a_generation_is_bought_once_stored_and_settled(shop: Shop) -> None:
    """Rules 1, 3, 13 and 14: from the request to the stored file, at the price of the rule."""
    ident = await shop.ask()

    row = await shop.until(ident)

    assert (row.state, row.failure_code) == ("succeeded", None)
    assert row.cost_nano_usd == 3_000_000
    assert shop.bought() == 1
    await shop.check_book()


@pytest.mark.parametrize("status", [400, 404, 409, 413, 422])
async def test_a_refusal_ends_it_free_and_does_not_stop_others(shop: Shop, status: int) -> None:
    """Rule 4: 4xx other than 429: refused, hold released, nothing sent again."""
    # A 404 may mean that the model is run by a version only, which is asked for once.
    count = 2 if status == 404 else 1
    shop.script({"do": "answer", "status": status, "count": count, "body": '{"detail": "no"}', **CREATE})

    refused = await shop.until(await shop.ask())
    second = await shop.until(await shop.ask("a boat"))

    assert (refused.state, refused.failure_code, refused.cost_nano_usd) == ("failed", "upstream_refused", 0)
    assert second.state == "succeeded"
    assert shop.bought() == 1
    await shop.check_book()


@pytest.mark.parametrize(
    ("status", "code"), [(402, "upstream_payment"), (401, "upstream_auth"), (403, "upstream_auth")]
)
async def test_a_refused_account_pauses_creates_and_one_create_is_the_probe(
    shop: Shop, status: int, code: str
) -> None:
    """Rule 4: that generation fails free, requests are refused for 15 s doubling, then one probes."""
    shop.script({"do": "answer", "status": status, "count": 1, "body": '{"detail": "no"}', **CREATE})

    refused = await shop.until(await shop.ask())
    with pytest.raises(errors.UpstreamPaused) as caught:
        await shop.ask()
    await _end_pause(shop)
    probe = await shop.until(await shop.ask())
    after = await shop.until(await shop.ask("a boat"))

    assert (refused.state, refused.failure_code, refused.cost_nano_usd) == ("failed", code, 0)
    assert caught.value.retry_after_s is not None
    assert 10 < caught.value.retry_after_s <= 15
    assert [probe.state, after.state] == ["succeeded", "succeeded"]
    assert await _pause(shop) == (None, 0)


async def test_a_probe_that_is_refused_doubles_the_pause(shop: Shop) -> None:
    """Rule 4: 15 s, 30 s, … at most 10 minutes."""
    shop.script({"do": "answer", "status": 402, "count": 2, "body": "{}", **CREATE})

    await shop.until(await shop.ask())
    await _end_pause(shop)
    await shop.until(await shop.ask())

    assert await _pause(shop) == ("upstream_payment", 30)
    await shop.execute("UPDATE throttle SET pause_s = 500, paused_until = now() WHERE lane = 'creates'")
    shop.script({"do": "answer", "status": 402, "count": 1, "body": "{}", **CREATE})
    await shop.until(await shop.ask())
    assert await _pause(shop) == ("upstream_payment", 600)


async def test_a_429_buys_nothing_and_is_sent_again(shop: Shop) -> None:
    """Rule 4: 429 goes back to the queue; the pace is halved, nothing is paused."""
    shop.script({"do": "answer", "status": 429, "count": 1, "body": '{"retry_after": 0}', **CREATE})

    row = await shop.until(await shop.ask())

    assert (row.state, row.attempts) == ("succeeded", 2)
    assert shop.bought() == 1
    assert await _pace(shop) == 300
    assert await _pause(shop) == (None, 0)
    await shop.check_book()


async def test_little_credit_lowers_the_pace_to_six_a_minute(shop: Shop) -> None:
    """Rule 4: a low-credit 429 lowers the throttle and does not pause."""
    words = "Your rate limit is reduced to 6 requests per minute while you have less than $5.0 in credit."
    shop.script(
        {
            "do": "answer",
            "status": 429,
            "count": 1,
            "body": f'{{"detail": "{words}", "retry_after": 0}}',
            **CREATE,
        }
    )

    ident = await shop.ask()
    row = await shop.until(ident, within_s=15)

    assert row.state == "succeeded"
    assert await _pace(shop) == 6
    assert await _pause(shop) == (None, 0)


async def test_a_failed_connect_buys_nothing_and_is_sent_when_upstream_is_there(
    db: Database, data: Path
) -> None:
    """Rule 4: a failed connect goes back to the queue."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token = "r8_" + "a" * 37
    absent = testing.Simulator(f"http://127.0.0.1:{port}", token)

    async with opened(db, data, absent) as shop:
        ident = await shop.ask()
        # A failed connect is over too soon to be seen in the state; its attempt stays.
        await until(lambda: shop.execute("SELECT 1 FROM attempts WHERE outcome = 'not_sent'"))
        with testing.simulator(port=port) as there:
            row = await shop.until(ident)

            assert (row.state, row.failure_code) == ("succeeded", None)
            assert there.bills(token)["predictions"] == 1


async def test_an_account_that_is_gone_is_waited_for(db: Database, data: Path, simulator: Simulator) -> None:
    """Rule 2: only the account that it was admitted for ever sends it; without it there is an alert."""
    async with opened(db, data, simulator, works=False) as shop:
        ident = await shop.ask()
    other = testing.Simulator(simulator.url, simulator.new_token())

    async with opened(db, data, other) as elsewhere:
        await elsewhere.until_alert("upstream_gone")
        assert (await elsewhere.row(ident)).state == "queued"
    await _sooner(db)
    async with opened(db, data, simulator) as again:
        row = await again.until(ident)

    assert row.state == "succeeded"
    assert simulator.bills(other.token)["predictions"] == 0
    assert simulator.bills(simulator.token)["predictions"] == 1


async def test_what_failed_by_upstreams_fault_is_bought_again_three_times_in_all(shop: Shop) -> None:
    """Rule 7: PA and its like are tried again, 3 attempts in all; nothing is charged for them."""
    ident = await shop.ask("[[fail=Prediction interrupted; please retry (code: PA)]] a lighthouse")

    row = await shop.until(ident)

    assert (row.state, row.failure_code, row.attempts_failed) == ("failed", "prediction_failed", 3)
    assert row.cost_nano_usd == 0
    assert shop.bought() == 3
    assert await alerts.every(shop.core.database) == []
    await shop.check_book()


async def test_a_failure_of_the_models_own_is_not_bought_again(shop: Shop) -> None:
    """Rule 7: only upstream's own failures are worth another."""
    failed = await shop.until(await shop.ask("[[fail=out of ideas]] a lighthouse"))
    refused = await shop.until(await shop.ask("[[nsfw]] a lighthouse"))

    assert (failed.failure_code, failed.failure_message) == ("prediction_failed", "out of ideas")
    assert refused.failure_code == "content_refused"
    assert shop.bought() == 2


async def test_an_unfit_input_is_refused_before_anything_is_held(shop: Shop) -> None:
    """The catalogue judges first; the database and upstream hear nothing of it."""
    with pytest.raises(errors.InputError, match="num_outputs"):
        await shop.ask(input={"prompt": "a", "num_outputs": 9})

    assert await shop.core.generations.list(actor=ALICE) == []


async def _pause(shop: Shop) -> tuple[str | None, float]:
    found: tuple[str | None, float] = await shop.execute(
        "SELECT pause_code, pause_s FROM throttle WHERE lane = 'creates'"
    )
    return found


async def _pace(shop: Shop) -> float:
    (found,) = await shop.execute("SELECT permits_per_minute FROM throttle WHERE lane = 'creates'")
    return float(found)


async def _end_pause(shop: Shop) -> None:
    """Let the pause be over by now."""
    await shop.execute("UPDATE throttle SET paused_until = now() WHERE lane = 'creates'")


async def _sooner(db: Database) -> None:
    async with db.connection() as session:
        await session.connection.execute(
            b"UPDATE generations SET due_at = now(), created_at = now() - interval '1 minute'"
        )
