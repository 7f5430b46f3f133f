"""Tell a user's URL what became of a generation: signed, for 24 hours, with a log.

What is owed is a row from the moment its event is committed. A job sends it through the guarded fetcher, writes
down how that went, and defers the next attempt in the same transaction. A receiver gets each callback at least
once, with the same `webhook-id` every time.
"""

from __future__ import annotations

import base64
import json
import logging
import os
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING, Any

from standardwebhooks import Webhook

from tintype.domain import callbacks, money
from tintype.domain.errors import KeyUnknown, NotThere
from tintype.media import fetch, fetch_errors
from tintype.observing import Observer
from tintype.service import audit
from tintype.store import admission, answers, deliveries, generations, outputs

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from tintype.service.sealing import Seal
    from tintype.store.database import Database, Session
    from tintype.store.deliveries import Delivery
    from tintype.store.generations import Generation
    from tintype.store.outputs import Output

    Shape = Callable[[Generation, Delivery, answers.Asked], Awaitable[bytes]]

OVERLAP_S = 24 * 3600.0
"""How long a secret signs along after it was replaced."""
LIMITS = fetch.Limits(size_max_bytes=64 * 1024, total_s=15.0, idle_s=10.0, redirects_max=0)
"""What one call may take."""
# Longer than a call takes, so that a delivery is sent by one worker at a time.
_CLAIM_S = 30.0
_ANSWER_MAX_BYTES = 1024
_ERROR_MAX = 200
_SECRET_BYTES = 32
_PREFIX = "whsec_"

_log = logging.getLogger("tintype.notices")


@dataclass(frozen=True, slots=True)
class Tools:
    """What callbacks are sent with.

    `link` gives the address of an output, when there is one to give: at the origin where it was asked for
    or, where that is not known, at our own.
    `shapes` write what is told of generations that were asked for in another dialect than our own.
    """

    db: Database
    fetcher: fetch.Fetcher
    seal: Seal
    random: Random = field(default_factory=Random)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    observer: Observer = field(default_factory=Observer)
    link: Callable[[Output, str | None], str | None] = lambda _output, _origin: None
    shapes: Mapping[str, Shape] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a receiver answered: a status, or the error when there was none; `is_refused` when our rules say no."""

    status: int | None
    error: str | None
    is_refused: bool
    retry_after_s: float | None
    elapsed_s: float


def asked_at(origin: str) -> admission.Asked:
    """Say where generations were asked for, so that their callbacks link to that origin, whoever sends them."""
    return admission.Asked("tintype", {"origin": origin})


async def deliver(ident: str, tools: Tools) -> int:
    """Send what a generation owes and is due; return how many were sent. Any number of jobs may do so at once."""
    sent = 0
    while (delivery := await deliveries.claim(tools.db, ident, for_s=_CLAIM_S)) is not None:
        await _send(delivery, tools)
        sent += 1
    if sent == 0:
        # Another worker has it, or died with it: look again when its claim has ended.
        after_s = await deliveries.next_after_s(tools.db, ident)
        if after_s is not None:
            await deliveries.enqueue(tools.db, ident, after_s=max(after_s, 0.1))
    return sent


async def delivery(delivery_id: str, *, key_id: str, db: Database | Session) -> Delivery:
    """Return a callback of a key's. Raises NotThere."""
    found = await deliveries.get(db, delivery_id, key_id=key_id)
    if found is None:
        raise NotThere(f"there is no callback {delivery_id[:60]!r}")
    return found


async def redeliver(delivery_id: str, *, key_id: str, by: str, db: Database) -> Delivery:
    """Send a callback of a key's anew, whatever became of it; `by` is the key that asks. Raises NotThere."""
    async with db.transaction() as work:
        before = await delivery(delivery_id, key_id=key_id, db=work)
        await deliveries.again(work, delivery_id)
        facts = {"state": before.state, "attempts": before.attempts}
        await audit.note(work, by=by, action="delivery.redeliver", subject=delivery_id, facts=facts)
        return await delivery(delivery_id, key_id=key_id, db=work)


async def test(url: str, *, key_id: str, tools: Tools) -> Reply:
    """Send a callback of type `test`, now and once, signed as all of the key's. Raises KeyUnknown."""
    body = callbacks.body(kind="test", at=tools.now().isoformat(), data={}, outputs=())
    headers = await _headers(key_id, f"test_{os.urandom(16).hex()}", body, tools)
    return await _post(url, body, headers, tools)


async def secret(key_id: str, *, db: Database, seal: Seal) -> str:
    """Return the secret that signs a key's callbacks, `whsec_…`, made on first use. Raises KeyUnknown."""
    found = await deliveries.secrets(db, key_id)
    if found:
        return seal.open(found[0]).decode()
    return await _new_secret(key_id, db=db, seal=seal, overlap_s=None)


async def rotate(key_id: str, *, by: str, db: Database, seal: Seal, overlap_s: float = OVERLAP_S) -> str:
    """Replace a key's secret and return the new one. The old one signs along, so that no callback is refused."""
    return await _new_secret(key_id, db=db, seal=seal, overlap_s=overlap_s, by=by)


async def _new_secret(
    key_id: str, *, db: Database, seal: Seal, overlap_s: float | None, by: str | None = None
) -> str:
    """Give a key a secret; without an overlap only when it has none yet."""
    async with db.transaction() as work:
        if not await deliveries.lock_secrets(work, key_id):
            raise KeyUnknown(f"there is no key {key_id!r}")
        found = await deliveries.secrets(work, key_id)
        if found and overlap_s is None:
            return seal.open(found[0]).decode()
        fresh = _PREFIX + base64.b64encode(os.urandom(_SECRET_BYTES)).decode()
        await deliveries.put_secret(work, key_id, seal.close(fresh.encode()), overlap_s=overlap_s or 0.0)
        if by is not None:
            facts = {"overlap_s": overlap_s}
            await audit.note(
                work, by=by, action="callback_secret.rotate", subject=f"key:{key_id}", facts=facts
            )
    return fresh


async def _send(delivery: Delivery, tools: Tools) -> None:
    generation = await generations.get(tools.db, delivery.generation_id)
    if generation is None:
        return
    asked = (await answers.asked(tools.db, [generation.id])).get(generation.id)
    shape = None if asked is None else tools.shapes.get(asked.dialect)
    if delivery.body is not None:
        body = json.dumps(delivery.body, ensure_ascii=False).encode()
    elif asked is not None and shape is not None:
        body = await shape(generation, delivery, asked)
    else:
        told = await deliveries.told(tools.db, delivery)
        if told is None:
            return
        body = await _body(generation, told, None if asked is None else asked.facts.get("origin"), tools)
    headers = await _headers(generation.key_id, delivery.id, body, tools)
    reply = await _post(delivery.url, body, headers, tools)
    verdict = callbacks.judge(
        status=reply.status,
        is_refused=reply.is_refused,
        retry_after_s=reply.retry_after_s,
        left_s=delivery.left_s,
        random=tools.random,
    )
    if delivery.kind != "completed" and isinstance(verdict, callbacks.Again):
        # What comes after it says more; only the end is told until it arrives.
        verdict = callbacks.GivenUp()
    await _record(delivery, verdict, tools, reply)


async def _record(
    delivery: Delivery,
    verdict: callbacks.Delivered | callbacks.Again | callbacks.GivenUp,
    tools: Tools,
    reply: Reply,
) -> None:
    state, after_s = "waiting", 0.0
    match verdict:
        case callbacks.Delivered():
            state = "delivered"
        case callbacks.GivenUp():
            state = "given_up"
            _log.warning("callback %s is given up after %d attempts", delivery.id, delivery.attempts + 1)
        case callbacks.Again(after_s=pause_s):
            after_s = pause_s
    tools.observer.called_back(state, reply.elapsed_s)
    async with tools.db.transaction() as work:
        await deliveries.record(
            work,
            delivery.id,
            state=state,
            after_s=after_s,
            status=reply.status,
            error=reply.error,
            elapsed_ms=round(reply.elapsed_s * 1000),
        )
        if state == "waiting":
            await deliveries.enqueue(work, delivery.generation_id, after_s=after_s)


async def _post(url: str, body: bytes, headers: Mapping[str, str], tools: Tools) -> Reply:
    """Call a user's URL, once."""
    began = time.monotonic()
    try:
        reply = await tools.fetcher.post(
            url, body, headers=headers, limits=LIMITS, answer_max_bytes=_ANSWER_MAX_BYTES
        )
    except fetch_errors.FetchError as fault:
        is_refused = isinstance(fault, fetch_errors.FetchRefused)
        return Reply(None, str(fault)[:_ERROR_MAX], is_refused, None, time.monotonic() - began)
    retry_after_s = _seconds(reply.headers.get("retry-after"))
    return Reply(reply.status, None, False, retry_after_s, time.monotonic() - began)


async def _body(generation: Generation, told: deliveries.Told, origin: str | None, tools: Tools) -> bytes:
    rows = await outputs.of(tools.db, generation.id)
    data: dict[str, Any] = {
        "id": generation.id,
        "order_id": generation.order_id,
        "state": told.state,
        "model": generation.model,
        "cost_usd": None if generation.cost_nano_usd is None else money.to_usd(generation.cost_nano_usd),
        "failure_code": generation.failure_code,
        "failure_message": generation.failure_message,
        "metadata": generation.metadata,
        "tags": generation.tags,
        "created_at": generation.created_at.isoformat(),
        "finished_at": generation.finished_at and generation.finished_at.isoformat(),
    }
    made = [
        {
            "position": row.position,
            "url": tools.link(row, origin),
            "content_type": row.content_type,
            "size_bytes": row.size_bytes,
            "sha256": row.sha256,
            "width": row.width,
            "height": row.height,
            "duration_ms": row.duration_ms,
        }
        for row in rows
    ]
    return callbacks.body(kind=f"generation.{told.state}", at=told.at.isoformat(), data=data, outputs=made)


async def _headers(key_id: str, message_id: str, body: bytes, tools: Tools) -> dict[str, str]:
    """Sign for every secret that counts: who has changed to the new one verifies, and who has not, too."""
    sealed = await deliveries.secrets(tools.db, key_id)
    secrets = [tools.seal.open(one).decode() for one in sealed]
    if not secrets:
        secrets = [await secret(key_id, db=tools.db, seal=tools.seal)]
    at = tools.now().replace(microsecond=0)
    return {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(Webhook(one).sign(message_id, at, body.decode()) for one in secrets),
    }


def _seconds(text: str | None) -> float | None:
    """Read a Retry-After in seconds; a date is not worth a clock that may differ."""
    return float(text) if text is not None and text.isdecimal() and len(text) < 7 else None
