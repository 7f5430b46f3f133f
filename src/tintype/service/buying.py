"""Buy a generation's prediction once: commit the intent, send, write down what came of it (rules 2 to 5).

An attempt has a random token, committed before the POST and carried by the webhook's URL. Its answer is definite,
or its outcome is unknown and looked for by `service.searching`. Whatever happens to this process in between, the row
says what may have been bought.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tintype.domain import errors, events
from tintype.domain.generation import State
from tintype.service import alerting, finishing, progress
from tintype.service.upstream import Create
from tintype.store import generations
from tintype.store.errors import DatabaseAway
from tintype.store.generations import Generation

if TYPE_CHECKING:
    from collections.abc import Callable

    from tintype.replicate.results import Prediction
    from tintype.service.givens import Givens
    from tintype.service.progress import Progress
    from tintype.service.upstream import Upstream
    from tintype.store.database import Database

TOKEN_BYTES = 24
HOOKS = "/hooks/replicate/"
"""The path below the public URL at which webhooks arrive, followed by an attempt's token."""
_CANCEL_AFTER_LEAST_S = 5.0
_AGAIN_MAX_S = 30.0
_ELSEWHERE_S = 30.0
_AWAY_S = 0.5

_log = logging.getLogger("tintype.service")


class Buying:
    """Sends the creates. `public_url` is where upstream reaches us, None without webhooks."""

    def __init__(
        self,
        database: Database,
        upstream: Upstream,
        progress: Progress,
        givens: Givens,
        *,
        public_url: str | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = database
        self._upstream = upstream
        self._progress = progress
        self._givens = givens
        self._public_url = public_url
        self._monotonic = monotonic
        self._now = now

    async def send(self, ident: str) -> bool:
        """Buy a generation that is queued; the permit for it was taken. Returns whether anything was sent.

        Harmless for one that is not queued any more: nothing is sent for it.
        """
        row = await generations.get(self._database, ident)
        if row is None or row.state != State.QUEUED or row.joined_to is not None:
            return False
        if row.upstream_id != self._upstream.ident:
            await self._leave(row)
            return False
        over_s = (self._now() - row.deadline_at).total_seconds()
        if over_s >= 0:
            await self._progress.overdue(ident, over_s)
            return False
        step = await finishing.ready(row, db=self._database)
        if not isinstance(step, Generation):
            if step is not None:
                await self._progress.apply(ident, events.CancelWished())
            return False
        row = step
        try:
            create = await self._create(row)
        except errors.UpstreamError as error:
            _log.warning("the files of %s could not be handed over yet: %s", ident, error)
            await generations.enqueue(self._database, ident, after_s=error.retry_after_s or 2.0)
            return False
        return await self._attempt(row, create)

    async def _attempt(self, row: Generation, create: Create) -> bool:
        token = secrets.token_urlsafe(TOKEN_BYTES)
        # From before the commit, so that what the commit took is not added to what the intent is good for.
        good_until = self._monotonic() + self._upstream.timing.intent_good_s
        intent = await generations.intend(
            self._database, row.id, token=token, dead_after_s=self._upstream.timing.dead_after_s
        )
        if intent is None:
            return False
        create = self._addressed(create, token)
        number = intent.number
        try:
            prediction = await self._upstream.create(
                create, is_still_good=lambda: self._monotonic() < good_until
            )
        except errors.ConnectFailed as error:
            _log.info("attempt %d of %s was not sent: %s", number, row.id, error)
            after_s = min(2.0 ** min(number - 1, 5), _AGAIN_MAX_S)
            await self._not_sent(row.id, token, number, after_s=after_s)
        except errors.RateLimited as error:
            await self._not_sent(row.id, token, number, after_s=error.retry_after_s or 1.0, status=429)
        except errors.OutcomeUnknown as error:
            await self._silent(row.id, token, number, error)
        except errors.UpstreamError as error:
            await self._refused(row.id, token, number, error)
        else:
            await self._record(
                row.id,
                events.Accepted(number, progress.seen(prediction)),
                progress.Attempt(token, "accepted", 201, prediction.id),
                record=prediction,
            )
            await self._upstream.lanes.creates.resume()
        return True

    async def _not_sent(
        self, ident: str, token: str, number: int, *, after_s: float, status: int | None = None
    ) -> None:
        """Nothing was bought: it goes back to its place in the queue."""
        attempt = progress.Attempt(token, "not_sent", status)
        await self._record(ident, events.NotSent(number), attempt, again_s=after_s)

    async def _silent(self, ident: str, token: str, number: int, error: errors.OutcomeUnknown) -> None:
        """Nobody knows what was bought; this sender's connection has ended, so the attempt is dead."""
        _log.warning("the outcome of attempt %d of %s is unknown: %s", number, ident, error)
        attempt = progress.Attempt(token, "silent", error.status, error.prediction_id)
        await self._record(ident, events.WentSilent(number), attempt)

    async def _refused(self, ident: str, token: str, number: int, error: errors.UpstreamError) -> None:
        """Upstream said no: nothing was bought. A refusal of the account as a whole stops all creates."""
        code = "upstream_refused"
        match error:
            case errors.PaymentError():
                code = "upstream_payment"
            case errors.AuthenticationError() | errors.PermissionDenied():
                code = "upstream_auth"
        attempt = progress.Attempt(token, "refused", error.status)
        try:
            # First the pause, so that nothing is admitted any more once the refusal can be seen.
            if code != "upstream_refused":
                await self._upstream.lanes.creates.pause(code)
            else:
                await self._upstream.lanes.creates.resume()
        finally:
            await self._record(ident, events.RefusedDefinitely(number, code, str(error)), attempt)

    async def _record(
        self,
        ident: str,
        event: events.Event,
        attempt: progress.Attempt,
        *,
        record: Prediction | None = None,
        again_s: float = 0.0,
    ) -> None:
        """Write down what came of an attempt, however long the database is away: nobody else knows it."""
        while True:
            try:
                await self._progress.apply(ident, event, record=record, attempt=attempt, again_s=again_s)
            except DatabaseAway as away:
                _log.warning("what came of an attempt of %s waits for the database: %s", ident, away)
                await asyncio.sleep(_AWAY_S)
            else:
                return

    async def _create(self, row: Generation) -> Create:
        left_s = (row.deadline_at - self._now()).total_seconds()
        return Create(
            model=row.model,
            version=await self._version(row),
            deployment=row.deployment,
            input=await self._givens.filled(row),
            webhook=None,
            cancel_after_s=max(left_s, _CANCEL_AFTER_LEAST_S),
        )

    async def _version(self, row: Generation) -> str | None:
        """Return the version to run: upstream takes official models by their name, and no others."""
        model = self._progress.model(row)
        is_named = model is not None and model.is_official
        if row.version is not None or row.deployment is not None or is_named or "/" not in row.model:
            return row.version
        return await self._upstream.version_of(row.model)

    def _addressed(self, create: Create, token: str) -> Create:
        if self._public_url is None:
            return create
        return replace(create, webhook=f"{self._public_url}{HOOKS}{token}")

    async def _leave(self, row: Generation) -> None:
        """Let a generation wait for the account that it is bound to; a sweep there takes it up."""
        await alerting.tell(self._database, "upstream_gone", row)
        async with self._database.transaction() as work:
            await generations.move(work, row.id, {"due_in_s": _ELSEWHERE_S})
