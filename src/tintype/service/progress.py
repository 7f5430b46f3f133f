"""The only way a generation changes: lock its row, let the domain decide, write all of it in one transaction.

    await progress.apply(id, events.Observed(prediction), seen=record)
    await progress.advance(id)            # look upstream if that is what it waits for

Whatever comes late, twice, out of order or from somebody else changes nothing: the decision is taken on the locked
row, and a final state is never left.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tintype.domain import charges, errors, events, generation, looking, texts
from tintype.domain.catalogue import Catalogue, Model, UnknownModel
from tintype.domain.generation import Charge, State, Work
from tintype.service import alerting, telling
from tintype.service import events as events_
from tintype.store import generations, ledger

if TYPE_CHECKING:
    from collections.abc import Callable

    from tintype.observing import Observer
    from tintype.replicate.results import Prediction
    from tintype.service.upstream import Upstream
    from tintype.store.database import Database, Session
    from tintype.store.generations import Generation, Moved, Settlement

RESOLVED = "resolved"
"""What a correction is booked under that takes the place of what was presumed spent."""
_LOOK_S = 1.0
_KEPT = frozenset(
    {
        "id",
        "status",
        "model",
        "version",
        "output",
        "error",
        "metrics",
        "urls",
        "created_at",
        "started_at",
        "completed_at",
        "data_removed",
        "deadline",
        "logs",
    }
)
_LOGS_MAX = 20_000

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
    ) -> Applied | None:
        """Change a generation by an event; None when there is none of this id.

        `record` is upstream's word behind the event, `attempt` what is written of an attempt along with it, `made`
        what was measured on the stored outputs, `again_s` how long a job that is deferred by it waits.
        """
        try:
            async with self._database.transaction() as work:
                row = await generations.lock(work, ident)
                if row is None:
                    return None
                if attempt is not None:
                    await _finish(work, attempt)
                decision = generation.apply(row.facts, event)
                applied = Applied(row, decision, record)
                cost_nano_usd, moved = await self._write(work, applied, record, made, again_s, attempt)
        except generations.PredictionClaimed:
            # Somebody else's already: for this one it was not found.
            _log.warning("the prediction that %s was to get belongs to another generation", ident)
            return None
        telling.moved(
            self._observer,
            applied,
            cost_nano_usd,
            moved.shared_with if moved is not None else (),
            self._now(),
        )
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
            self._observer.ended(telling.end(row, State.CANCELED, 0, self._now()))
            return Applied(row, generation.Decision(row.facts, charge=Charge.NOTHING))
        return await self.apply(ident, events.CancelWished())

    async def captured(self, ident: str, made: charges.Made) -> Applied | None:
        """Say that every output is stored; `made` is what was measured on them."""
        return await self.apply(ident, events.Captured(), made=made)

    async def resolve(self, ident: str, record: Prediction | None) -> bool:
        """Obey a person's word about an unknown outcome; False when there was nothing to decide."""
        found = None if record is None else seen(record)
        applied = await self.apply(ident, events.Resolved(found), record=record)
        if applied is None:
            return False
        return applied.decision.corrects is not None or applied.decision.facts != applied.row.facts

    def model(self, row: Generation) -> Model | None:
        """Return what the catalogue knows of a generation's model."""
        try:
            return self._catalogue.find(row.model)
        except UnknownModel:
            return None

    async def _write(
        self,
        work: Session,
        applied: Applied,
        record: Prediction | None,
        made: charges.Made | None,
        again_s: float,
        attempt: Attempt | None,
    ) -> tuple[int, Moved | None]:
        """Write all of it; return what it cost, and what else ended along with it."""
        row, decision = applied.row, applied.decision
        if decision.orphan is not None:
            is_its = attempt is not None and attempt.prediction_id == decision.orphan
            token = attempt.token if attempt is not None and is_its else None
            await work.run("note_orphan", id=row.id, token=token, prediction_id=decision.orphan)
        if decision.corrects is not None:
            await self._correct(work, row, decision.corrects, record)
        if decision.alert is not None:
            await alerting.tell(work, decision.alert, row)
        changes = _changes(applied, record, first_look_s=self._first_look_s)
        settled = None
        if decision.charge is Charge.MADE:
            settled = self.settlement(row, record, made)
        moved = await generations.write(
            work, row, decision, made=settled, changes=changes, event=_told(decision)
        )
        if decision.work is Work.SUBMIT:
            await generations.enqueue(work, row.id, after_s=again_s)
        elif decision.work is Work.CAPTURE:
            await work.value("enqueue_capture", id=row.id, after_s=0.0)
        if decision.facts.state.is_final and row.order_id is not None:
            await work.run("enqueue_followers", id=row.id)
        if settled is not None:
            return settled.cost_nano_usd, moved
        return (row.hold_nano_usd if decision.charge is Charge.HOLD else 0), moved

    async def _correct(
        self, work: Session, row: Generation, charge: Charge, record: Prediction | None
    ) -> None:
        settlement = generations.Settlement(0)
        if charge is Charge.MADE:
            settlement = self.settlement(row, record)
        is_booked = await ledger.correct(work, row.id, settlement, ref=RESOLVED)
        if is_booked and record is not None:
            # It is in the book now; what it made is stored like an orphan's.
            await work.run("note_orphan", id=row.id, token=None, prediction_id=record.id)
            await work.run("end_orphan", id=row.id, prediction_id=record.id, outcome="storing")

    def settlement(
        self, row: Generation, record: Prediction | None, made: charges.Made | None = None
    ) -> Settlement:
        """Say what is booked for what was really made."""
        known = facts_of(record) if record is not None else row.prediction or {}
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
        model = self.model(row)
        if model is None or row.deployment is not None or row.price_rule == charges.UNKNOWN_RULE:
            is_billed = what.status == "succeeded" or (what.status == "canceled" and what.delivered > 0)
            return row.hold_nano_usd if is_billed else 0
        return charges.cost_nano_usd(model, row.input, what)

    async def _cancel(self, prediction_id: str | None) -> None:
        """Cancel upstream, as well as it goes: who wished it is asked for again at every look."""
        if prediction_id is None:
            return
        try:
            await self._upstream.cancel(prediction_id)
        except errors.UpstreamError as error:
            _log.warning("prediction %s could not be cancelled yet: %s", prediction_id, error)


def _changes(applied: Applied, record: Prediction | None, *, first_look_s: float) -> dict[str, Any]:
    """Name the columns that change besides those which the decision names."""
    after, before = applied.decision.facts, applied.row.facts
    changes: dict[str, Any] = {}
    if before.state.is_final:
        return changes
    if before.prediction_id is not None and after.prediction_id is None:
        changes["prediction"] = None
    is_ours = record is not None and after.prediction_id == record.id
    if record is not None and is_ours and before.state is not State.CAPTURING:
        changes |= _seen_changes(applied.row, record, is_moving=after.state != before.state)
    if after.state != before.state:
        changes |= _due(after.state, first_look_s)
    elif after.cancel_wished and not before.cancel_wished:
        changes["due_in_s"] = _LOOK_S
    return changes


def _seen_changes(row: Generation, record: Prediction, *, is_moving: bool) -> dict[str, Any]:
    facts = facts_of(record)
    old = row.prediction or {}
    if not is_moving and old.get("status") == facts["status"] and old.get("output") == facts.get("output"):
        return {}
    changes: dict[str, Any] = {"prediction": facts}
    if row.submitted_at is None or row.prediction_id != record.id:
        changes["submitted_at"] = record.created_at
    for name in ("started_at", "completed_at"):
        moment = getattr(record, name)
        if moment is not None:
            changes[name] = moment
    return changes


def _due(state: State, first_look_s: float) -> dict[str, Any]:
    """Say when a sweep looks at a generation that came into a state."""
    if state is State.RUNNING:
        return {"due_in_s": first_look_s}
    if state is State.UNKNOWN:
        return {"due_in_s": 0.0}
    return {"due_at": None}


def facts_of(record: Prediction) -> dict[str, Any]:
    """Return what is kept of upstream's record: not the input, which may hold what nobody else should read."""
    # What lies too deep cannot even be dumped.
    shallow = {"output": texts.keepable(record.output), "metrics": texts.keepable(record.metrics)}
    told = record.model_copy(update=shallow).model_dump(mode="json", include=set(_KEPT))
    for name, part in (("logs", slice(-_LOGS_MAX, None)), ("error", slice(_LOGS_MAX))):
        if isinstance(told.get(name), str):
            told[name] = told[name][part]
    facts: dict[str, Any] = texts.keepable(told)
    return facts


def _told(decision: generation.Decision) -> dict[str, Any]:
    """Return the body of the event that listeners get."""
    code = decision.facts.failure_code
    return {} if code is None else {"code": code}


async def _finish(work: Session, attempt: Attempt) -> None:
    await work.run(
        "finish_attempt",
        token=attempt.token,
        outcome=attempt.outcome,
        status=attempt.status,
        prediction_id=attempt.prediction_id,
        upstream_date=None,
    )
