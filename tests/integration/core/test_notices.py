"""A user's URL is told what became of a generation: signed, for 24 hours, with a log."""

from __future__ import annotations

import asyncio
import json
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from tests.integration.core import outlet as outlets
from tests.integration.core.outlet import Says
from tintype.domain import errors
from tintype.media import fetch
from tintype.service import notices, sealing
from tintype.store import deliveries

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.integration.core.asking import Asking
    from tests.integration.core.outlet import Asked, Outlet
    from tintype.store.database import Database


@pytest.fixture
async def receiver() -> AsyncIterator[Outlet]:
    async with outlets.running() as made:
        yield made


@pytest.fixture
async def tools(db: Database, tmp_path: Path) -> AsyncIterator[notices.Tools]:
    async with fetch.Fetcher(fetch.Rules(allow_loopback=True)) as fetcher:
        yield notices.Tools(
            db=db,
            fetcher=fetcher,
            seal=sealing.Seal(b"k" * sealing.KEY_BYTES),
            random=Random(1),
            link=lambda one, _: f"https://tintype.example/media/{one.generation_id}/{one.position}",
        )


def _verify(asked: Asked, secret: str) -> Any:
    return Webhook(secret).verify(asked.body, asked.headers)


async def _ended(ask: Asking, url: str | None, state: str = "succeeded") -> str:
    (ident,) = await ask.admitted(callback_url=url, metadata={"order": 7})
    if state == "succeeded":
        await ask.output(ident)
    await ask.end(ident, state, cost=3_000_000)
    return ident


async def _jobs(ask: Asking) -> list[tuple[str, float]]:
    """The callback jobs: of which generation, and in how many seconds."""
    (found,) = await ask.row(
        "SELECT coalesce(jsonb_agg(jsonb_build_array(args ->> 'generation_id',"
        " coalesce(extract(epoch FROM scheduled_at - now()), 0)) ORDER BY id), '[]')"
        " FROM procrastinate_jobs WHERE queue_name = 'callback'"
    )
    return [(ident, after_s) for ident, after_s in found]


async def test_an_end_is_told_signed(ask: Asking, tools: notices.Tools, receiver: Outlet) -> None:
    """Standard Webhooks: any library of theirs verifies it."""
    ident = await _ended(ask, receiver.says("/hook", Says(status=204)))

    assert await _jobs(ask) == [(ident, 0)]
    assert await notices.deliver(ident, tools) == 1

    (asked,) = receiver.asked
    told = _verify(asked, await notices.secret("local", db=ask.db, seal=tools.seal))
    assert told["type"] == "generation.succeeded"
    assert told["data"]["id"] == ident
    assert told["data"]["cost_usd"] == "0.003"
    assert told["data"]["metadata"] == {"order": 7}
    (output,) = told["data"]["outputs"]
    assert output["url"] == f"https://tintype.example/media/{ident}/0"
    assert b"a lighthouse" not in asked.body
    (delivery,) = await deliveries.of(ask.db, ident)
    (attempt,) = await deliveries.attempts(ask.db, delivery.id)
    assert (delivery.state, delivery.attempts, attempt.status, attempt.error) == ("delivered", 1, 204, None)
    assert await notices.deliver(ident, tools) == 0


@pytest.mark.parametrize("state", ["failed", "canceled", "aborted"])
async def test_every_end_is_told(ask: Asking, tools: notices.Tools, receiver: Outlet, state: str) -> None:
    ident = await _ended(ask, receiver.says("/hook", Says()), state)

    await notices.deliver(ident, tools)

    assert json.loads(receiver.asked[0].body)["type"] == f"generation.{state}"


async def test_nothing_is_owed_without_a_url(ask: Asking, tools: notices.Tools) -> None:
    ident = await _ended(ask, None)

    assert await _jobs(ask) == []
    assert await notices.deliver(ident, tools) == 0


async def test_what_waited_for_another_and_what_was_stored_is_told_too(
    ask: Asking, tools: notices.Tools, receiver: Outlet
) -> None:
    """A callback is owed by the event, whichever way it came about."""
    url = receiver.says("/hook", Says())
    (leader,) = await ask.admitted(callback_url=url, cache_key="k")
    (joiner,) = await ask.admitted(callback_url=url, cache_key="k")
    await ask.output(leader)
    await ask.end(leader)
    (cached,) = await ask.admitted(callback_url=url, cache_key="k")

    assert sorted(ident for ident, _ in await _jobs(ask)) == sorted([leader, joiner, cached])


async def test_a_failure_is_tried_again_with_the_same_id(
    ask: Asking, tools: notices.Tools, receiver: Outlet
) -> None:
    ident = await _ended(ask, receiver.says("/hook", Says(status=500), Says(status=302), Says()))
    sent = []
    for _ in range(3):
        sent.append(await notices.deliver(ident, tools))
        await ask.row("UPDATE deliveries SET next_at = now()")

    (delivery,) = await deliveries.of(ask.db, ident)
    log = await deliveries.attempts(ask.db, delivery.id)
    assert sent == [1, 1, 1]
    assert [one.status for one in log] == [500, 302, 200]
    assert {one.headers["webhook-id"] for one in receiver.asked} == {delivery.id}
    assert delivery.state == "delivered"


async def test_the_next_attempt_is_a_job_of_its_own(
    ask: Asking, tools: notices.Tools, receiver: Outlet
) -> None:
    """Rule 15: no slot is held while a receiver is waited for."""
    ident = await _ended(ask, receiver.says("/hook", Says(status=500)))

    await notices.deliver(ident, tools)

    (_, (again, after_s)) = await _jobs(ask)
    assert again == ident
    assert 3 < after_s <= 6


async def test_no_answer_is_logged_in_words(ask: Asking, tools: notices.Tools) -> None:
    ident = await _ended(ask, "http://127.0.0.1:9/hook?token=secret")

    await notices.deliver(ident, tools)

    (delivery,) = await deliveries.of(ask.db, ident)
    (attempt,) = await deliveries.attempts(ask.db, delivery.id)
    assert delivery.state == "waiting"
    assert attempt.status is None
    assert "127.0.0.1" in str(attempt.error)
    assert "secret" not in str(attempt.error)
    assert "secret" not in repr(delivery)


async def test_410_and_forbidden_urls_stop(ask: Asking, tools: notices.Tools, receiver: Outlet) -> None:
    gone = await _ended(ask, receiver.says("/hook", Says(status=410)))
    inside = await _ended(ask, "https://10.0.0.1/hook")
    for ident in (gone, inside):
        await notices.deliver(ident, tools)

        (delivery,) = await deliveries.of(ask.db, ident)
        assert delivery.state == "given_up"


async def test_after_24_hours_it_is_given_up(ask: Asking, tools: notices.Tools, receiver: Outlet) -> None:
    ident = await _ended(ask, receiver.says("/hook", Says(status=503)))
    await ask.row("UPDATE deliveries SET ends_at = now()")

    await notices.deliver(ident, tools)

    (delivery,) = await deliveries.of(ask.db, ident)
    assert delivery.state == "given_up"


async def test_it_can_be_sent_again_by_hand(ask: Asking, tools: notices.Tools, receiver: Outlet) -> None:
    ident = await _ended(ask, receiver.says("/hook", Says(status=410), Says(status=200)))
    await notices.deliver(ident, tools)
    (delivery,) = await deliveries.of(ask.db, ident)

    again = await notices.redeliver(delivery.id, key_id="local", by="local", db=ask.db)
    assert (again.id, again.state) == (delivery.id, "waiting")
    for unknown, key in (("msg_unknown", "local"), (delivery.id, "another")):
        with pytest.raises(errors.NotThere):
            await notices.redeliver(unknown, key_id=key, by="local", db=ask.db)
    await notices.deliver(ident, tools)

    (delivery,) = await deliveries.of(ask.db, ident)
    assert (delivery.state, delivery.attempts) == ("delivered", 2)
    assert len(await _jobs(ask)) == 2


async def test_two_workers_send_once(ask: Asking, tools: notices.Tools, receiver: Outlet) -> None:
    ident = await _ended(ask, receiver.says("/hook", Says()))

    sent = await asyncio.gather(*(notices.deliver(ident, tools) for _ in range(6)))

    assert sum(sent) == 1
    assert len(receiver.asked) == 1


async def test_a_worker_that_died_leaves_its_delivery_to_another(
    ask: Asking, tools: notices.Tools, receiver: Outlet
) -> None:
    """It had claimed it; the job that is taken over comes back when the claim has ended."""
    ident = await _ended(ask, receiver.says("/hook", Says()))
    await deliveries.claim(ask.db, ident, for_s=30.0)

    assert await notices.deliver(ident, tools) == 0

    assert 20 < (await _jobs(ask))[-1][1] <= 30


async def test_secrets_rotate_with_an_overlap(ask: Asking, tools: notices.Tools, receiver: Outlet) -> None:
    """For a day both sign, so that a receiver may change when it likes; then only the new one."""
    url = receiver.says("/hook", Says())
    first = await _ended(ask, url)
    old = await notices.secret("local", db=ask.db, seal=tools.seal)
    new = await notices.rotate("local", by="local", db=ask.db, seal=tools.seal)
    await notices.deliver(first, tools)
    last = await notices.rotate("local", by="local", db=ask.db, seal=tools.seal, overlap_s=0.0)
    second = await _ended(ask, url)
    await notices.deliver(second, tools)

    during, after = receiver.asked
    assert old != new != last
    _verify(during, old)
    _verify(during, new)
    _verify(after, last)
    for gone in (old, new):
        with pytest.raises(WebhookVerificationError):
            _verify(after, gone)
    assert await notices.secret("local", db=ask.db, seal=tools.seal) == last


async def test_a_secret_is_made_once_and_kept_sealed(ask: Asking, tools: notices.Tools) -> None:
    await ask.admitted()

    several = await asyncio.gather(*(notices.secret("local", db=ask.db, seal=tools.seal) for _ in range(8)))

    assert len(set(several)) == 1
    (kept,) = await deliveries.secrets(ask.db, "local")
    assert several[0].encode() not in kept
    with pytest.raises(errors.KeyUnknown):
        await notices.secret("nobody", db=ask.db, seal=tools.seal)
