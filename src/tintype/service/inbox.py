"""Webhooks in: checked, kept, answered at once, and then taken as upstream's word (rules 5 and 17).

A delivery that comes twice, late, or before another is harmless: it is kept once by its id, and what it says is
judged on the generation's locked row. One that is not signed by upstream changes nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb

from tintype.domain import errors, events
from tintype.replicate import webhooks
from tintype.replicate.results import Prediction
from tintype.service import columns, progress, singly
from tintype.store import generations
from tintype.store.errors import DatabaseAway

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tintype.observing import Observer
    from tintype.service.progress import Progress
    from tintype.service.upstream import Upstream
    from tintype.store.database import Database

LEFT_AFTER_S = 5.0
"""A webhook without an effect for so long was left behind by a process that died."""
BODY_MAX_BYTES = 16 * 1024 * 1024
_AT_ONCE = 16
_LARGE_AT_ONCE = 4
_REFRESH_S = 60.0
_LEFT_MAX = 500

_log = logging.getLogger("tintype.service")


@dataclass(frozen=True, slots=True)
class _Left:
    webhook_id: str
    token: str | None
    body: dict[str, Any] = field(repr=False)


class Inbox:
    """Receives webhooks. `secret` is theirs when it is known from the settings; else upstream is asked once."""

    def __init__(
        self,
        database: Database,
        upstream: Upstream,
        progress: Progress,
        *,
        observer: Observer,
        secret: str | None = None,
        now: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._upstream = upstream
        self._progress = progress
        self._observer = observer
        self._given = secret
        self._secret = secret
        self._asked_at: float | None = None
        self._asking = asyncio.Lock()
        self._now = now
        self._monotonic = monotonic
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self.room = asyncio.Semaphore(_LARGE_AT_ONCE)
        """Held while a large delivery is read, before anybody knows whose it is."""
        self._working: set[asyncio.Task[None]] = set()

    async def check_known(self, token: str) -> None:
        """Raise WebhookRefused where no create of ours asked for a delivery to this token; DatabaseAway."""
        if await generations.by_token(self._database, token) is None:
            self._observer.webhook("refused")
            raise errors.WebhookRefused("nothing here asked for a webhook to this address")

    async def receive(self, token: str | None, headers: Mapping[str, str], body: bytes) -> None:
        """Check a delivery and keep it; its effect follows. `token` is the end of the path that it came to.

        Raises WebhookRefused for what is not upstream's, DatabaseAway when it cannot be kept: then upstream sends it
        again.
        """
        try:
            verified, record = await self._checked(headers, body)
        except errors.WebhookRefused:
            self._observer.webhook("refused")
            raise
        is_new = await self._database.run(
            "put_webhook",
            webhook_id=verified.id,
            token=token,
            prediction_id=record.id,
            body=Jsonb(columns.facts_of(record)),
        )
        self._observer.webhook("new" if is_new else "repeated")
        if is_new:
            task = asyncio.create_task(self._in_turn(verified.id, token, record))
            self._working.add(task)
            task.add_done_callback(self._working.discard)

    async def sweep(self) -> int:
        """Give what a process left behind its effect; returns how much that was."""
        left = await self._database.all(
            "webhooks_waiting",
            _Left,
            upstream_id=self._upstream.ident,
            after_s=LEFT_AFTER_S,
            at_most=_LEFT_MAX,
        )
        for one in left:
            await singly.tried(self._handle_left(one), of=f"webhook {one.webhook_id}")
        return len(left)

    async def _handle_left(self, one: _Left) -> None:
        await self._handle(one.webhook_id, one.token, Prediction.model_validate(one.body))

    async def close(self) -> None:
        """Wait for the effect of what was received."""
        if self._working:
            await asyncio.wait(set(self._working))

    async def _in_turn(self, webhook_id: str, token: str | None, record: Prediction) -> None:
        async with self._turns:
            # What fails here is taken up by the sweep.
            with contextlib.suppress(DatabaseAway):
                await self._handle(webhook_id, token, record)

    async def _handle(self, webhook_id: str, token: str | None, record: Prediction) -> None:
        row = await generations.by_token(self._database, token) if token is not None else None
        attempt, number = None, None
        if row is None:
            row = await generations.by_prediction(
                self._database, upstream_id=self._upstream.ident, prediction_id=record.id
            )
        elif token is not None and row.prediction_id != record.id:
            attempt = progress.Attempt(token, "accepted", prediction_id=record.id)
            number = await self._database.value("attempt_number", token=token)
        if row is not None and row.upstream_id == self._upstream.ident:
            found = events.FoundUpstream(progress.seen(record), number)
            applied = await self._progress.apply(row.id, found, record=record, attempt=attempt, row=row)
            if applied is not None and applied.is_over_upstream:
                self._observer.found("webhook", self._upstream.since_s(record.completed_at, self._now()))
        await self._database.run(
            "webhook_handled", webhook_id=webhook_id, generation_id=None if row is None else row.id
        )

    async def _checked(self, headers: Mapping[str, str], body: bytes) -> tuple[webhooks.Verified, Prediction]:
        if len(body) > BODY_MAX_BYTES:
            raise errors.WebhookRefused(f"the webhook's body is larger than {BODY_MAX_BYTES:,} bytes")
        return await self._verified(headers, body), webhooks.parse(body)

    async def _verified(self, headers: Mapping[str, str], body: bytes) -> webhooks.Verified:
        secret = self._secret or await self._ask()
        try:
            return webhooks.verify(headers, body, secret, now=self._now())
        except errors.WebhookRefused:
            # The secret may have been changed upstream; forged ones do not make us ask more than once a minute.
            fresh = await self._ask()
            if fresh == secret:
                raise
            return webhooks.verify(headers, body, fresh, now=self._now())

    async def _ask(self) -> str:
        async with self._asking:
            is_fresh = self._asked_at is not None and self._monotonic() - self._asked_at < _REFRESH_S
            if self._secret is not None and (is_fresh or self._given is not None):
                return self._secret
            self._secret = await self._upstream.webhook_secret()
            self._asked_at = self._monotonic()
            return self._secret
