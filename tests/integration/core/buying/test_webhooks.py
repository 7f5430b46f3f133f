"""Webhooks in: checked, kept once, and harmless in any order (rules 5 and 17)."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from standardwebhooks import Webhook

from tests.integration.core.buying.conftest import Shop, opened, until
from tests.integration.core.buying.doorstep import doorstep
from tintype.domain import errors
from tintype.service.buying import HOOKS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.integration.core.buying.doorstep import Doorstep
    from tintype.store.database import Database
    from tintype.testing import Simulator


@pytest.fixture
async def door() -> AsyncIterator[Doorstep]:
    """Where webhooks arrive."""
    async with doorstep() as made:
        yield made


@pytest.fixture
async def told(db: Database, data: Path, simulator: Simulator, door: Doorstep) -> AsyncIterator[Shop]:
    """A core at work that upstream tells by webhook."""
    async with opened(db, data, simulator, public_url=door.url) as made:
        door.inbox = made.core.inbox
        yield made


async def test_a_webhook_tells_at_once(told: Shop) -> None:
    """The end is known without a look: from upstream's completion to the stored file in a moment."""
    ident = await told.ask()
    row = await told.until(ident)

    assert row.state == "succeeded"
    assert row.finished_at is not None
    assert row.completed_at is not None
    assert (row.finished_at - row.completed_at).total_seconds() < 2
    assert told.core.tracking.pacer.calls == 0


@pytest.mark.parametrize(
    "fault", [{"do": "double"}, {"do": "reorder", "delay_s": 0.3}, {"do": "delay", "delay_s": 0.5}]
)
async def test_doubled_reordered_and_late_webhooks_change_nothing_twice(
    told: Shop, door: Doorstep, fault: dict[str, Any]
) -> None:
    """Rule 14: settled once, whatever comes how often and in which order."""
    told.script({"on": "webhook", **fault})

    rows = await asyncio.gather(
        *[told.until(await told.ask(f"[[delay=0.3]] {number}")) for number in range(4)]
    )
    await until(lambda: _arrived(door, 8))

    assert {row.state for row in rows} == {"succeeded"}
    assert told.bought() == 4
    (events_,) = await told.execute("SELECT max(events_last) FROM generations")
    assert events_ <= 5
    await told.check_book()


@pytest.mark.parametrize("do", ["drop", "missign"])
async def test_without_webhooks_that_can_be_trusted_looking_finds_the_end(told: Shop, do: str) -> None:
    """Rule 16: the tracker is the net below; a webhook that is not signed by upstream changes nothing."""
    told.script({"on": "webhook", "do": do})
    ident = await told.ask()
    await told.until(ident, "running")
    await told.execute("UPDATE generations SET due_at = now() WHERE state = 'running'")

    row = await told.until(ident)

    assert row.state == "succeeded"
    (kept,) = await told.execute("SELECT count(*) FROM inbox")
    assert kept == 0


async def test_a_forged_old_or_unreadable_delivery_is_refused(told: Shop) -> None:
    """The raw body is verified, 300 s of tolerance; what is refused leaves no trace."""
    secret = await told.core.upstream.webhook_secret()
    body = json.dumps({"id": "a" * 26, "status": "succeeded", "output": ["https://evil.example/x"]}).encode()
    now = int(time.time())
    forged = "whsec_" + base64.b64encode(b"x" * 24).decode()
    deliveries = [
        (_headers(forged, "a", now, body), body),
        (_headers(secret, "b", now - 301, body), body),
        (_headers(secret, "c", now + 301, body), body),
        (_headers(secret, "d", now, body), body + b" "),
        (_headers(secret, "e", now, b"[]"), b"[]"),
        ({}, body),
    ]

    for headers, raw in deliveries:
        with pytest.raises(errors.WebhookRefused):
            await told.core.inbox.receive("token", headers, raw)

    (kept,) = await told.execute("SELECT count(*) FROM inbox")
    assert kept == 0


async def test_a_delivery_is_kept_once_by_its_id(told: Shop) -> None:
    """Rule 17: the same `webhook-id` again is answered and does nothing."""
    secret = await told.core.upstream.webhook_secret()
    body = json.dumps({"id": "a" * 26, "status": "processing"}).encode()
    headers = _headers(secret, "msg_1", int(time.time()), body)

    for _ in range(3):
        await told.core.inbox.receive(None, headers, body)

    (kept,) = await told.execute("SELECT count(*) FROM inbox")
    assert kept == 1


async def test_a_secret_that_changed_upstream_is_asked_for_again(told: Shop, simulator: Simulator) -> None:
    """The secret is fetched once and refreshed on failure."""
    body = json.dumps({"id": "a" * 26, "status": "processing"}).encode()
    secret = await told.core.upstream.webhook_secret()
    await told.core.inbox.receive(None, _headers(secret, "one", int(time.time()), body), body)
    before = simulator.health()["requests"]

    await told.core.inbox.receive(None, _headers(secret, "two", int(time.time()), body), body)

    assert simulator.health()["requests"] == before


async def test_what_a_dead_process_left_in_the_inbox_has_its_effect(told: Shop) -> None:
    """Rules 5 and 17: a webhook that was kept is not lost: the sweep takes it up."""
    told.script({"on": "webhook", "do": "drop"})
    ident = await told.ask()
    row = await told.until(ident, "running")
    record = await told.core.upstream.look(str(row.prediction_id))
    assert record is not None
    token = str(row.intent_token)
    await told.execute(
        "INSERT INTO inbox (webhook_id, token, prediction_id, body, received_at)"
        " VALUES ('left', %s, %s, %s, now() - interval '10 seconds')",
        token,
        record.id,
        record.model_dump_json(),
    )

    assert (await told.until(ident)).state == "succeeded"
    assert HOOKS in str(told.sim.predictions()[0]["webhook"])


async def _arrived(door: Doorstep, count: int) -> bool:
    return len(door.statuses) >= count


def _headers(secret: str, ident: str, at: int, body: bytes) -> dict[str, str]:
    signature = Webhook(secret).sign(ident, _moment(at), body.decode())
    return {"webhook-id": ident, "webhook-timestamp": str(at), "webhook-signature": signature}


def _moment(at: int) -> datetime:
    return datetime.fromtimestamp(at, UTC)
