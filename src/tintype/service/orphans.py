"""What was paid for and belongs to nobody (rule 6): given to its generation while that is open, else ended and kept.

    orphan ──▶ accepted    its generation is open and takes it
       │
       ├─────▶ lost        in the book as the operator's loss, never on a user's budget; it made nothing
       │         ▲
       └─────▶ storing     in the book; what it made is being stored beside the generation it was bought for

The words are outcomes of an attempt's row. Each step is harmless when it is done twice, and goes on where a process
died.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tintype.domain import errors, events, generation
from tintype.domain.generation import State
from tintype.service import alerting, capture, progress, searching, singly
from tintype.store import generations, ledger

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tintype.observing import Observer
    from tintype.replicate.results import Prediction
    from tintype.service.progress import Progress
    from tintype.service.upstream import Upstream
    from tintype.store.database import Database
    from tintype.store.generations import Generation

AT_MOST = 500
_AGAIN_S = 2.0
_STUCK_S = 60.0
_ANSWERED = 201

_log = logging.getLogger("tintype.service")


@dataclass(frozen=True, slots=True)
class Orphan:
    """A prediction that belongs to nobody: the attempt that bought it, and the generation that was for."""

    token: str
    generation_id: str
    key_id: str
    request_id: str | None
    number: int
    prediction_id: str
    status: int | None

    def is_surely_ours(self, record: Prediction) -> bool:
        """Whether our own connection was told of it, or it carries the token of its attempt (rule 5)."""
        return self.status == _ANSWERED or searching.token_of(record.webhook) == self.token


class Orphans:
    """Ends the orphans of one account, and keeps what they made."""

    def __init__(
        self,
        database: Database,
        upstream: Upstream,
        progress: Progress,
        tools: capture.Tools,
        *,
        observer: Observer,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._upstream = upstream
        self._progress = progress
        self._tools = tools
        self._observer = observer
        self._monotonic = monotonic
        self._later: dict[str, float] = {}
        self._missing: dict[str, float] = {}

    async def end(self) -> int:
        """Give each orphan to its generation, or end it and book what it cost; returns how many were looked at."""
        due = await self._due("orphan")
        for one in due:
            with self._observer.about(one.generation_id, one.key_id, one.request_id):
                await self._look_at(one, self._end)
        return len(due)

    async def store(self) -> int:
        """Store what orphans made that are in the book already; returns how many were looked at."""
        due = await self._due("storing")
        for one in due:
            with self._observer.about(one.generation_id, one.key_id, one.request_id):
                await self._look_at(one, self._store)
        return len(due)

    async def _look_at(self, one: Orphan, act: Callable[[Orphan], Awaitable[None]]) -> None:
        try:
            if not await singly.tried(act(one), of=f"orphan {one.prediction_id}", but=errors.UpstreamError):
                self._wait(one, _STUCK_S)
        except errors.UpstreamError as error:
            self._wait(one, _AGAIN_S)
            _log.info("orphan %s could not be looked at yet: %s", one.prediction_id, error)

    async def _due(self, outcome: str) -> list[Orphan]:
        found = await self._database.all(
            "orphans", Orphan, outcome=outcome, upstream_id=self._upstream.ident, at_most=AT_MOST
        )
        now = self._monotonic()
        self._later = {token: at for token, at in self._later.items() if at > now}
        return [one for one in found if one.token not in self._later]

    def _wait(self, one: Orphan, after_s: float) -> None:
        self._later[one.token] = self._monotonic() + after_s

    async def _end(self, one: Orphan) -> None:
        record = await self._upstream.look(one.prediction_id)
        if record is None:
            since = self._missing.setdefault(one.token, self._monotonic())
            if self._monotonic() - since >= self._upstream.timing.gone_after_s:
                await self._book(one, None)
            return
        self._missing.pop(one.token, None)
        if await self._is_adopted(one, record):
            return
        if not record.is_final and one.is_surely_ours(record):
            record = await self._upstream.cancel(one.prediction_id) or record
        if record.is_final:
            await self._book(one, record)
        else:
            self._wait(one, _AGAIN_S)

    async def _is_adopted(self, one: Orphan, record: Prediction) -> bool:
        """Give it to its generation when that is open and has use for it; whether it has it now."""
        row = await generations.get(self._database, one.generation_id)
        seen = progress.seen(record)
        is_made = seen.status == "succeeded" and seen.has_output
        if row is None or State(row.state).is_final:
            return False
        if row.prediction_id == record.id:
            await self._write(one, "accepted")
            return True
        if row.state == State.RUNNING and row.prediction_id is not None:
            if not is_made:
                return False
            # One that is done itself needs nobody else's.
            await self._progress.look(row.id, row.prediction_id)
        elif seen.status in generation.CAME_TO_NOTHING or (seen.status == "succeeded" and not is_made):
            return False
        applied = await self._progress.apply(row.id, events.FoundUpstream(seen, one.number), record=record)
        if applied is None or applied.decision.facts.prediction_id != record.id:
            return False
        await self._write(one, "accepted")
        return True

    async def _book(self, one: Orphan, record: Prediction | None) -> None:
        """Book what it cost: as what was presumed spent when that was for it, else as the operator's loss."""
        async with self._database.transaction() as work:
            row = await generations.lock(work, one.generation_id)
            if row is None or row.prediction_id == one.prediction_id:
                return
            is_made = record is not None and (
                record.status == "succeeded" or progress.seen(record).has_output
            )
            outcome = "storing" if is_made and row.deleted_at is None else "lost"
            values = {"id": row.id, "prediction_id": one.prediction_id, "outcome": outcome}
            if not await work.run("end_orphan", **values):
                return
            cost = self._cost(row, record)
            is_presumed = row.failure_code == "outcome_unknown" and row.prediction_id is None
            if not is_presumed or not await ledger.correct(work, row.id, cost, ref=progress.RESOLVED):
                await ledger.lose(
                    work, row.id, prediction_id=one.prediction_id, amount_nano_usd=cost.cost_nano_usd
                )
        _log.warning("orphan %s was booked: %d nano-dollars", one.prediction_id, cost.cost_nano_usd)

    def _cost(self, row: Generation, record: Prediction | None) -> generations.Settlement:
        """Return what it cost; one that upstream knows no more, the most that it can have."""
        if record is None:
            return generations.Settlement(row.hold_nano_usd, images=row.images, video_ms=row.video_ms)
        return self._progress.settlement(row, record)

    async def _store(self, one: Orphan) -> None:
        row = await generations.get(self._database, one.generation_id)
        if row is None or row.deleted_at is not None:
            await self._write(one, "lost")
            return
        record = await self._upstream.look(one.prediction_id)
        outcome: events.Captured | events.CaptureLost | capture.Again = events.CaptureLost("output_gone")
        if record is not None:
            outcome = await capture.capture_orphan(row, record, self._tools)
        match outcome:
            case capture.Again(after_s):
                self._wait(one, after_s)
                return
            case events.CaptureLost():
                await alerting.tell(self._database, "orphan_lost", row, prediction_id=one.prediction_id)
        await self._write(one, "lost")

    async def _write(self, one: Orphan, outcome: str) -> None:
        await self._database.run(
            "end_orphan", id=one.generation_id, prediction_id=one.prediction_id, outcome=outcome
        )


__all__ = ["Orphan", "Orphans"]
