"""Look after what runs upstream, without a webhook having to come (rule 16).

What is due is read from rows, newest first. A page of upstream's list is begun just after the newest of them and
covers up to a hundred; the next is begun at the newest that is still left. So a stretch in which nobody waits is
skipped, where all wait a call sees a hundred, and there are never more calls than single looks would take.
"""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tintype.domain import errors, looking
from tintype.domain.looking import Waiting
from tintype.service import singly

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from tintype.domain.catalogue import Catalogue
    from tintype.observing import Observer
    from tintype.replicate.results import Prediction
    from tintype.service.progress import Applied, Progress
    from tintype.service.upstream import Upstream
    from tintype.store.database import Database

SIDE_BY_SIDE = 4
DUE_MAX = 20_000
TICK_S = 0.25
_CHANGES_AT_ONCE = 8
_MARGIN = timedelta(milliseconds=1)
_AGAIN_S = 2.0
_STUCK_S = 60.0

_log = logging.getLogger("tintype.service")


class Pacer:
    """Spreads calls evenly, so that the tracker leaves room for others in the account's limit."""

    def __init__(self, calls_per_s: float, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.calls_per_s = calls_per_s
        self._monotonic = monotonic
        self._next = 0.0
        self.calls = 0
        """How many were let through."""

    async def turn(self) -> None:
        """Wait for the next turn."""
        now = self._monotonic()
        begins = max(now, self._next)
        self._next = begins + 1 / self.calls_per_s
        self.calls += 1
        if begins > now:
            await asyncio.sleep(begins - now)


class Tracking:
    """Looks at what is due, of one account."""

    def __init__(
        self,
        database: Database,
        upstream: Upstream,
        progress: Progress,
        catalogue: Catalogue,
        *,
        calls_per_s: float,
        has_webhooks: bool,
        observer: Observer,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = database
        self._upstream = upstream
        self._progress = progress
        self._catalogue = catalogue
        self._has_webhooks = has_webhooks
        self._observer = observer
        self._now = now
        self._changing = asyncio.Semaphore(_CHANGES_AT_ONCE)
        self._usual: dict[str, float | None] = {}
        self.pacer = Pacer(calls_per_s)

    async def sweep(self) -> int:
        """Look once at everything that is due; returns how much that was."""
        due = await self._database.all(
            "running_due", Waiting, upstream_id=self._upstream.ident, at_most=DUE_MAX
        )
        if not due:
            return 0
        waiting: int = await self._database.value("running_count", upstream_id=self._upstream.ident)
        unwanted = [one for one in due if one.is_unwanted]
        wanted = [one for one in due if not one.is_unwanted]
        async with asyncio.TaskGroup() as group:
            for one in unwanted:
                group.create_task(self._advance(one))
            for stretch in looking.stretches(wanted, at_most=SIDE_BY_SIDE) if wanted else []:
                group.create_task(self._read(stretch, waiting))
        return len(due)

    async def _read(self, stretch: Sequence[Waiting], waiting: int) -> None:
        """Read a stretch page by page, newest first."""
        left = {one.prediction_id: one for one in stretch}
        oldest = stretch[-1].submitted_at - _MARGIN
        try:
            while left:
                first = next(iter(left.values()))
                if len(left) == 1:
                    await self._single(first, waiting)
                    return
                await self.pacer.turn()
                page = await self._upstream.page(after=oldest, before=first.submitted_at + _MARGIN)
                await self._take(page.results, left, waiting)
                # What the page should have shown and did not is looked at by itself.
                end = page.results[-1].created_at if page.results and page.next is not None else None
                unseen = [one for one in left.values() if end is None or one.submitted_at > end]
                for one in unseen:
                    del left[one.prediction_id]
                    await self._single(one, waiting)
        except errors.UpstreamError as error:
            _log.info("upstream could not be looked at: %s", error)
            await self._due_in(list(left.values()), _AGAIN_S)

    async def _take(self, seen: Sequence[Prediction], left: dict[str, Waiting], waiting: int) -> None:
        """Take the word of a page about those that wait."""
        ended: list[tuple[Waiting, Prediction]] = []
        running: list[tuple[Waiting, Prediction]] = []
        for record in seen:
            one = left.pop(record.id, None)
            if one is not None:
                (ended if record.is_final else running).append((one, record))
        await self._plan([one for one, _ in running], waiting)
        async with asyncio.TaskGroup() as group:
            for one, record in ended:
                group.create_task(self._observe(one, record))

    async def _single(self, one: Waiting, waiting: int) -> None:
        await self._plan([one], waiting)
        await self._advance(one)

    async def _advance(self, one: Waiting) -> None:
        await self.pacer.turn()
        async with self._changing:
            with self._observer.about(one.id, one.key_id, one.request_id):
                await self._look(one)

    async def _look(self, one: Waiting) -> None:
        try:
            await self._tell(one, self._progress.advance(one.id))
        except errors.UpstreamError as error:
            _log.info("prediction %s could not be looked at: %s", one.prediction_id, error)
            await self._due_in([one], _AGAIN_S)

    async def _observe(self, one: Waiting, record: Prediction) -> None:
        async with self._changing:
            if record.status == "succeeded" and record.output is None:
                # A list may leave outputs out; the record itself does not.
                look = self._progress.advance(one.id)
            else:
                look = self._progress.observe(one.id, record)
            with self._observer.about(one.id, one.key_id, one.request_id):
                await self._tell(one, look)

    async def _tell(self, one: Waiting, look: Coroutine[Any, Any, Applied | None]) -> None:
        """Take what a look says; one that cannot be taken is looked at again later, and holds nobody up."""
        if not await singly.tried(self._hear(look), of=one.id, but=errors.UpstreamError):
            await self._due_in([one], _STUCK_S)

    async def _hear(self, look: Coroutine[Any, Any, Applied | None]) -> None:
        """Tell the observer when this look found the end of a prediction."""
        applied = await look
        if applied is not None and applied.is_over_upstream:
            ended_at = None if applied.record is None else applied.record.completed_at
            lag_s = self._upstream.since_s(ended_at, self._now().timestamp())
            self._observer.found("tracker", lag_s)

    async def _plan(self, running: Sequence[Waiting], waiting: int) -> None:
        """Write down when each is looked at next."""
        upstream_now = self._now() + timedelta(seconds=self._upstream.clock_ahead_s)
        pauses_s = [
            looking.next_look_s(
                elapsed_s=(upstream_now - one.submitted_at).total_seconds(),
                usual_s=self._usual_s(one.model),
                waiting=waiting,
                calls_per_s=self.pacer.calls_per_s,
                has_webhooks=self._has_webhooks,
            )
            for one in running
        ]
        if running:
            await self._database.run("due_in", ids=[one.id for one in running], after_s=pauses_s)

    async def _due_in(self, several: Sequence[Waiting], after_s: float) -> None:
        if several:
            await self._database.run(
                "due_in", ids=[one.id for one in several], after_s=[after_s] * len(several)
            )

    def _usual_s(self, model: str) -> float | None:
        if model not in self._usual:
            found = self._catalogue.get(model)
            self._usual[model] = None if found is None else float(found.usual_s)
        return self._usual[model]
