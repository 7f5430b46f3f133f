"""The only way a generation changes: let the domain decide about its row, and write all of it in one transaction.

    await progress.apply(id, events.Observed(prediction), seen=record)
    await progress.advance(id)            # look upstream if that is what it waits for

Whatever comes late, twice, out of order or from somebody else changes nothing: what is written is a decision about
that very row, and a final state is never left. Nearly always nobody else is at it: then the decision is taken on the
row as it was read, and one statement locks it, sees that it is the same, and writes. Else the row is locked first.
"""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tintype.domain import charges, errors, events, generation, looking
from tintype.domain.generation import Charge, State, Work
from tintype.service import alerting, columns, telling
from tintype.service import events as events_
from tintype.store import generations, ledger

if TYPE_CHECKING:
    from collections.abc import Callable

    from tintype.domain.catalogue import Catalogue, Model
    from tintype.observing import Observer
    from tintype.replicate.results import Prediction
    from tintype.service.upstream import Upstream
    from tintype.store.database import Database, Session
    from tintype.store.generations import Generation, Settlement

RESOLVED = "resolved"
"""What a correction is booked under that takes the place of what was presumed spent."""
_log = logging.getLogger("tintype.service")


@dataclass(frozen=True, slots=True)
class Attempt:
    """How an attempt ended, to be written down with what it changes."""

    token: str
    outcome: str
    status: int | None = None
    prediction_id: str | None = None


@dataclass(frozen=True, slots=True)
class Applied:
    """The row before, the decision about it, and upstream's word behind that."""

    row: Generation
    decision: generation.Decision
    record: Prediction | None = field(default=None, repr=False)

    @property
    def state(self) -> State:
        """The state afterwards."""
        return self.decision.facts.state

    @property
    def is_over_upstream(self) -> bool:
        """Whether this was upstream's news that the prediction ended."""
        is_open = State(self.row.state) in {State.SUBMITTING, State.UNKNOWN, State.RUNNING}
        return self.record is not None and is_open and (self.state is State.CAPTURING or self.state.is_final)


@dataclass(frozen=True, slots=True)
class _Change:
    """What a generation is changed by; see `Progress.apply`."""

    event: events.Event
    record: Prediction | None
    attempt: Attempt | None
    made: charges.Made | None
    again_s: float


# Upstream is told the deadline in whole seconds, and ends what runs by a clock of its own.
_DUE = timedelta(seconds=2)
_Done = tuple[Applied, int, tuple[str, ...]]
"""A step that was taken, what it booked in nano-dollars, and who ended along with it."""


def seen(prediction: Prediction) -> events.Prediction:
    """Return what the domain wants to know of upstream's record."""
    return events.Prediction(
        id=prediction.id,
        status=prediction.status,
        has_output=prediction.output not in (None, "", []),
        error=prediction.error,
    )


class Progress:
    """Changes generations. `now` is this machine's clock, for ages only."""

    def __init__(
        self,
        database: Database,
        upstream: Upstream,
        catalogue: Catalogue,
        *,
        observer: Observer,
        has_webhooks: bool = False,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = database
        self._upstream = upstream
        self._catalogue = catalogue
        self._first_look_s = looking.WEBHOOK_FIRST_S if has_webhooks else looking.FIRST_S
        self._observer = observer
        self._now = now
        self._missing: dict[str, datetime] = {}

    async def apply(
        self,
        ident: str,
        event: events.Event,
        *,
        record: Prediction | None = None,
        attempt: Attempt | None = None,
        made: charges.Made | None = None,
        again_s: float = 0.0,
        row: Generation | None = None,
    ) -> Applied | None:
        """Change a generation by an event; None when there is none of this id.

        `record` is upstream's word behind the event, `attempt` what is written of an attempt along with it, `made`
        what was measured on the stored outputs, `again_s` how long a job that is deferred by it waits, `row` the
        generation where it was just read.
        """
        row = row or await generations.get(self._database, ident)
        if row is None:
            return None
        if isinstance(event, events.Observed) and self._now() >= row.deadline_at - _DUE:
            event = replace(event, prediction=replace(event.prediction, is_due=True))
        with self._observer.about(row.id, row.key_id, row.request_id):
            return await self._apply(row, _Change(event, record, attempt, made, again_s))

    async def _apply(self, row: Generation, change: _Change) -> Applied | None:
        ident, record = row.id, change.record
        try:
            done = await self._at_once(row, change) or await self._locked(ident, change)
        except generations.PredictionClaimed:
            # Somebody else's already: for this one it was not found.
            _log.warning("the prediction that %s was to get belongs to another generation", ident)
            return None
        if done is None:
            return None
        applied, cost_nano_usd, shared_with = done
        decision = applied.decision
        shared = await generations.origins(self._database, shared_with)
        telling.moved(self._observer, applied, cost_nano_usd, shared, self._now())
        if (
            record is not None
            and applied.state is State.RUNNING
            and decision.facts.prediction_id == record.id
        ):
            await events_.report(
                self._database, ident, prediction_id=record.id, logs=record.logs, output=record.output
            )
        if decision.cancel_upstream:
            await self._cancel(decision.facts.prediction_id)
        if decision.orphan is not None:
            _log.warning("prediction %s was paid for and belongs to nobody", decision.orphan)
        return applied

    async def observe(self, ident: str, record: Prediction) -> Applied | None:
        """Take upstream's word about a generation."""
        return await self.apply(ident, events.Observed(seen(record)), record=record)

    async def advance(self, ident: str) -> Applied | None:
        """Look at a generation, and upstream when it runs there, and take the next step; harmless at any time."""
        row = await generations.get(self._database, ident)
        if row is None or State(row.state).is_final or row.upstream_id != self._upstream.ident:
            return None
        over_s = (self._now() - row.deadline_at).total_seconds()
        if over_s >= 0:
            await self.overdue(ident, over_s)
        if row.state != State.RUNNING or row.prediction_id is None:
            return None
        if row.cancel_wished_at is not None:
            await self._cancel(row.prediction_id)
        return await self.look(ident, row.prediction_id)

    async def look(self, ident: str, prediction_id: str) -> Applied | None:
        """Look at the prediction of a generation upstream and take its word.

        Gone is only what two looks, some seconds apart, do not find.
        """
        record = await self._upstream.look(prediction_id)
        if record is not None:
            self._missing.pop(prediction_id, None)
            return await self.observe(ident, record)
        since = self._missing.setdefault(prediction_id, self._now())
        if (self._now() - since).total_seconds() < self._upstream.timing.gone_after_s:
            return None
        del self._missing[prediction_id]
        return await self.apply(ident, events.Observed(events.Prediction(prediction_id, status=None)))

    async def overdue(self, ident: str, over_s: float) -> Applied | None:
        """Say to a generation that its time is up, since so many seconds."""
        return await self.apply(ident, events.DeadlinePassed(over_s))

    async def cancel(self, ident: str) -> Applied | None:
        """Wish that a generation ends; one that others wait for hands them what it bought."""
        async with self._database.transaction() as work:
            row = await generations.lock(work, ident)
            if row is None:
                return None
            carrier = None
            if row.cache_key is not None and row.joined_to is None and row.state != State.CAPTURING:
                carrier = await generations.hand_over(work, ident)
            if carrier is not None:
                wished = {"state": State.CANCELED.value, "cancel_wished": True}
                await generations.move(work, ident, wished, settle=generations.Settlement(0))
        if carrier is not None:
            with self._observer.about(row.id, row.key_id, row.request_id):
                self._observer.ended(telling.end(row, State.CANCELED, 0, self._now()))
            return Applied(row, generation.Decision(row.facts, charge=Charge.NOTHING))
        return await self.apply(ident, events.CancelWished())

    async def captured(self, row: Generation, made: charges.Made) -> Applied | None:
        """Say that every output of a generation is stored; `made` is what was measured on them."""
        return await self.apply(row.id, events.Captured(), made=made, row=row)

    async def resolve(self, ident: str, record: Prediction | None) -> bool:
        """Obey a person's word about an unknown outcome; False when there was nothing to decide (any more).

        Raises NotPossibleNow for a prediction that cannot have been bought for it.
        """
        if any(line.ref == RESOLVED for line in await ledger.lines(self._database, ident)):
            return False
        if record is not None:
            await self._check_may_be_its(ident, record)
        found = None if record is None else seen(record)
        applied = await self.apply(ident, events.Resolved(found), record=record)
        if applied is None:
            return False
        return applied.decision.corrects is not None or applied.decision.facts != applied.row.facts

    async def _check_may_be_its(self, ident: str, record: Prediction) -> None:
        owner = await self._database.value(
            "prediction_owner", upstream_id=self._upstream.ident, prediction_id=record.id
        )
        if owner not in {None, ident}:
            raise errors.NotPossibleNow(f"prediction {record.id} was bought for generation {owner}")
        row = await generations.get(self._database, ident)
        if row is not None and row.deployment is None and record.model not in {None, row.model}:
            raise errors.NotPossibleNow(
                f"prediction {record.id} is of {record.model}, and generation {ident} of {row.model}"
            )

    def model(self, row: Generation) -> Model | None:
        """Return what the catalogue knows of a generation's model."""
        return self._catalogue.get(row.model)

    def priced(self, row: Generation) -> Model | None:
        """Return what says a generation's price: one's own of its version, or the catalogue's of its model."""
        return self._catalogue.priced(row.model, row.version) or self.model(row)

    async def _at_once(self, row: Generation, change: _Change) -> _Done | None:
        """Take the step in one statement; None, with nothing done, when it needs the row to be locked first."""
        if not row.seen:
            return None
        applied = Applied(row, generation.apply(row.facts, change.event), change.record)
        decision = applied.decision
        has_more = decision.orphan is not None or decision.corrects is not None or decision.alert is not None
        if has_more or (row.order_id is not None and applied.state.is_final):
            return None
        settled = self._settled(applied, change)
        moved = await generations.advance(
            self._database,
            row,
            decision,
            made=settled,
            changes=self._changes(applied),
            event=columns.told(decision),
            attempt=None if change.attempt is None else asdict(change.attempt),
            again_s=change.again_s,
        )
        return None if moved is None else (applied, _cost(applied, settled), moved.shared_with)

    async def _locked(self, ident: str, change: _Change) -> _Done | None:
        """Take the step on the locked row; None when there is none of this id."""
        async with self._database.transaction() as work:
            row = await generations.lock(work, ident)
            if row is None:
                return None
            if change.attempt is not None:
                await work.run("finish_attempt", upstream_date=None, **asdict(change.attempt))
            applied = Applied(row, generation.apply(row.facts, change.event), change.record)
            return await self._write(work, applied, change)

    async def _write(self, work: Session, applied: Applied, change: _Change) -> _Done:
        """Write all of it; returns what it cost too, and what else ended along with it."""
        row, decision, attempt = applied.row, applied.decision, change.attempt
        if decision.orphan is not None:
            is_its = attempt is not None and attempt.prediction_id == decision.orphan
            token = attempt.token if attempt is not None and is_its else None
            await work.run("note_orphan", id=row.id, token=token, prediction_id=decision.orphan)
        if decision.corrects is not None:
            await self._correct(work, row, decision.corrects, change.record)
        if decision.alert is not None:
            await alerting.tell(work, decision.alert, row)
        settled = self._settled(applied, change)
        moved = await generations.write(
            work, row, decision, made=settled, changes=self._changes(applied), event=columns.told(decision)
        )
        if decision.work is Work.SUBMIT:
            await generations.enqueue(work, row.id, after_s=change.again_s)
        elif decision.work is Work.CAPTURE:
            await work.value("enqueue_capture", id=row.id, after_s=0.0)
        if applied.state.is_final and row.order_id is not None:
            await work.run("enqueue_followers", id=row.id)
        return applied, _cost(applied, settled), () if moved is None else moved.shared_with

    def _changes(self, applied: Applied) -> dict[str, Any]:
        return columns.changes(applied.row, applied.decision, applied.record, first_look_s=self._first_look_s)

    def _settled(self, applied: Applied, change: _Change) -> Settlement | None:
        if applied.decision.charge is not Charge.MADE:
            return None
        return self.settlement(applied.row, change.record, change.made)

    async def _correct(
        self, work: Session, row: Generation, charge: Charge, record: Prediction | None
    ) -> None:
        settlement = generations.Settlement(0)
        if charge is Charge.MADE:
            settlement = self.settlement(row, record)
        is_booked = await ledger.correct(work, row.id, settlement, ref=RESOLVED)
        if is_booked and record is not None and seen(record).has_output:
            # It is in the book now; what it made is stored like an orphan's.
            await work.run("note_orphan", id=row.id, token=None, prediction_id=record.id)
            await work.run("end_orphan", id=row.id, prediction_id=record.id, outcome="storing")

    def settlement(
        self, row: Generation, record: Prediction | None, made: charges.Made | None = None
    ) -> Settlement:
        """Say what is booked for what was really made."""
        if row.cached_from is not None:
            # It was paid for by the one whose outputs it has.
            return generations.Settlement(0)
        known = columns.facts_of(record) if record is not None else row.prediction or {}
        what = made or charges.made(known)
        cost = self.cost_nano_usd(row, what)
        film_ms = (
            int(what.seconds * 1000) if what.seconds is not None else row.video_ms * bool(what.delivered)
        )
        return generations.Settlement(
            cost,
            images=what.delivered if row.images else 0,
            video_ms=film_ms if row.video_ms else 0,
        )

    def cost_nano_usd(self, row: Generation, what: charges.Made) -> int:
        """Return what a generation cost; what has no known price costs its hold once anything was delivered."""
        model = self.priced(row)
        if model is None or row.deployment is not None or row.price_rule == charges.UNKNOWN_RULE:
            is_billed = what.status == "succeeded" or (what.status == "canceled" and what.delivered > 0)
            return row.hold_nano_usd if is_billed else 0
        if charges.is_untimed(model, what):
            # It ran no longer than its deadline let it, which is what was held for.
            return row.hold_nano_usd
        return charges.cost_nano_usd(model, row.input, what)

    async def _cancel(self, prediction_id: str | None) -> None:
        """Cancel upstream, as well as it goes: who wished it is asked for again at every look."""
        if prediction_id is None:
            return
        try:
            await self._upstream.cancel(prediction_id)
        except errors.UpstreamError as error:
            _log.warning("prediction %s could not be cancelled yet: %s", prediction_id, error)


def _cost(applied: Applied, settled: Settlement | None) -> int:
    """Return what a step booked, in nano-dollars."""
    if settled is not None:
        return settled.cost_nano_usd
    return applied.row.hold_nano_usd if applied.decision.charge is Charge.HOLD else 0
