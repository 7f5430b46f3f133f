"""Decide what an event makes of a generation. Pure: whatever comes late, twice or out of order is harmless.

    queued ──▶ submitting ──▶ running ──▶ capturing ──▶ succeeded
      ▲            │  ▲          │            │
      │            ▼  │          ▼            ▼
      └───────  unknown     failed · canceled · aborted

States go forward; the way back to `queued` is open only after an attempt that surely bought nothing, or one
whose failure is worth another (at most ATTEMPTS_MAX). A final state is never left.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from tintype.domain import events, keeping

if TYPE_CHECKING:
    from collections.abc import Mapping

ATTEMPTS_MAX = 3
"""How often a generation is bought anew after failures of upstream's own, and sent anew after absences."""
GRACE_S = 600.0
"""How long after its deadline a generation may stay undecided."""
STORING_GRACE_S = GRACE_S + keeping.GIVE_UP_S
"""How long after its deadline outputs may be stored: what ended last ended within GRACE_S, and is kept upstream."""
_WORTH_ANOTHER = re.compile(r"\b(?:PA|E6716|E8367|E8765|E9828|E1000)\b")
NOT_FINISHED = "not_finished"
"""The failure code of what was made and is kept, but could not be finished here."""
CAME_TO_NOTHING = frozenset({"failed", "canceled", "aborted"})
"""Upstream's words for a prediction that ended without success."""
_ENDED = CAME_TO_NOTHING | {"succeeded"}
_PRESUMED = frozenset({"outcome_unknown", "upstream_lost"})
_CONTENT = re.compile(r"\bNSFW\b|\bE005\b")


class State(StrEnum):
    """Where a generation stands."""

    QUEUED = "queued"
    SUBMITTING = "submitting"
    UNKNOWN = "unknown"
    RUNNING = "running"
    CAPTURING = "capturing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"
    ABORTED = "aborted"

    @property
    def is_final(self) -> bool:
        """Whether it stays so for ever."""
        return not TRANSITIONS[self]


_ENDS = frozenset({State.FAILED, State.CANCELED, State.ABORTED})
TRANSITIONS: Mapping[State, frozenset[State]] = {
    # Who waits for another's purchase may have to carry it on, in whatever state that is.
    State.QUEUED: frozenset(State) - {State.QUEUED},
    State.SUBMITTING: frozenset({State.QUEUED, State.UNKNOWN, State.RUNNING, State.CAPTURING}) | _ENDS,
    State.UNKNOWN: frozenset({State.QUEUED, State.RUNNING, State.CAPTURING}) | _ENDS,
    State.RUNNING: frozenset({State.QUEUED, State.CAPTURING}) | _ENDS,
    State.CAPTURING: frozenset({State.SUCCEEDED, State.FAILED}),
    State.SUCCEEDED: frozenset(),
    State.FAILED: frozenset(),
    State.CANCELED: frozenset(),
    State.ABORTED: frozenset(),
}
"""Every change of state there is."""


class Charge(StrEnum):
    """What is booked when a generation ends: nothing, what was made by the price rule, or the whole hold."""

    NOTHING = "nothing"
    MADE = "made"
    HOLD = "hold"


class Work(StrEnum):
    """The job that has to be deferred with a change."""

    SUBMIT = "submit"
    CAPTURE = "capture"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a decision depends on."""

    state: State
    attempts: int = 0
    attempts_absent: int = 0
    attempts_failed: int = 0
    prediction_id: str | None = None
    predictions_past: tuple[str, ...] = ()
    cancel_wished: bool = False
    failure_code: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What to write and do. `facts` is the generation afterwards; equal to before when nothing changes.

    `charge` is set when it ends. `orphan` is the id of a prediction that was paid for and belongs to nobody: end it
    where it runs, and book it as a loss. `corrects` says that a settled cost has to be booked anew.
    """

    facts: Facts
    failure_message: str = ""
    charge: Charge | None = None
    corrects: Charge | None = None
    work: Work | None = None
    cancel_upstream: bool = False
    orphan: str | None = None
    alert: str | None = None


def apply(now: Facts, event: events.Event) -> Decision:  # noqa: C901, PLR0911, PLR0912 - one branch per event
    """Decide. The outcome is always a state that TRANSITIONS allows, or the one before."""
    match event:
        case events.Accepted(attempt, prediction) | events.FoundUpstream(prediction, attempt):
            return _found(now, prediction, attempt=attempt)
        case events.Observed(prediction=prediction):
            return _found(now, prediction)
        case events.Resolved(prediction=prediction):
            return _resolved(now, prediction)
    if now.state.is_final:
        return Decision(now)
    match event:
        case events.IntentCommitted(attempt):
            is_next = now.state is State.QUEUED and attempt == now.attempts + 1 and not now.cancel_wished
            return Decision(replace(now, state=State.SUBMITTING, attempts=attempt) if is_next else now)
        case events.RefusedDefinitely(attempt, code, message) if _is_open(now, attempt):
            return _end(now, State.FAILED, Charge.NOTHING, code=code, message=message)
        case events.NotSent(attempt) if _is_open(now, attempt):
            return _again(now)
        case events.WentSilent(attempt) if now.state is State.SUBMITTING and attempt == now.attempts:
            return Decision(replace(now, state=State.UNKNOWN))
        case events.FoundAmbiguous(attempt) if now.state is State.UNKNOWN and attempt == now.attempts:
            return Decision(now, alert="ambiguous_outcome")
        case events.ProvenAbsent(attempt) if now.state is State.UNKNOWN and attempt == now.attempts:
            return _absent(now)
        case events.Captured() if now.state is State.CAPTURING:
            return _end(now, State.SUCCEEDED, Charge.MADE)
        case events.CaptureLost(code, message) if now.state is State.CAPTURING:
            return _end(now, State.FAILED, Charge.MADE, code=code, message=message, alert="output_lost")
        case events.Unfinished(message) if now.state is State.CAPTURING:
            return _end(now, State.FAILED, Charge.MADE, code=NOT_FINISHED, message=message)
        case events.CancelWished():
            return _cancel(now)
        case events.DeadlinePassed(over_s):
            return _overdue(now, over_s)
    return Decision(now)


def _is_open(now: Facts, attempt: int) -> bool:
    """Whether this attempt's outcome is still to be told."""
    return now.state in (State.SUBMITTING, State.UNKNOWN) and attempt == now.attempts


def _end(
    now: Facts,
    state: State,
    charge: Charge,
    *,
    code: str | None = None,
    message: str = "",
    alert: str | None = None,
) -> Decision:
    return Decision(
        replace(now, state=state, failure_code=code), failure_message=message, charge=charge, alert=alert
    )


def _again(now: Facts) -> Decision:
    """Go back into the queue, unless nobody wants it any more."""
    if now.cancel_wished:
        return _end(now, State.CANCELED, Charge.NOTHING)
    return Decision(replace(now, state=State.QUEUED, prediction_id=None), work=Work.SUBMIT)


def _absent(now: Facts) -> Decision:
    counted = replace(now, attempts_absent=now.attempts_absent + 1)
    if counted.attempts_absent >= ATTEMPTS_MAX and not now.cancel_wished:
        return _end(
            counted,
            State.FAILED,
            Charge.NOTHING,
            code="upstream_unavailable",
            message="Upstream was asked several times and took none of the requests.",
        )
    return _again(counted)


def _cancel(now: Facts) -> Decision:
    wished = replace(now, cancel_wished=True)
    if now.state is State.QUEUED:
        return _end(wished, State.CANCELED, Charge.NOTHING)
    return Decision(wished, cancel_upstream=now.state is State.RUNNING)


def _overdue(now: Facts, over_s: float) -> Decision:
    """Nothing lasts for ever: what waits ends at its deadline, what may have been bought GRACE_S later.

    What is being stored was paid for, and is given up when upstream has it no more.
    """
    if now.state is State.QUEUED:
        return _end(
            now,
            State.FAILED,
            Charge.NOTHING,
            code="deadline_passed",
            message="Its time was up before it could be sent; nothing was bought.",
        )
    if over_s < GRACE_S:
        return Decision(now, cancel_upstream=now.state is State.RUNNING)
    if now.state is State.CAPTURING:
        if over_s < STORING_GRACE_S:
            return Decision(now)
        return _end(
            now,
            State.FAILED,
            Charge.MADE,
            code="output_lost",
            message="Its outputs could not be stored before upstream deleted them.",
            alert="output_lost",
        )
    return _end(
        now,
        State.FAILED,
        Charge.HOLD,
        code="outcome_unknown",
        message="Whether this was bought could not be found out; the most it can cost was booked. "
        "`tintype resolve` corrects it.",
        alert="outcome_unknown",
    )


def _found(now: Facts, prediction: events.Prediction, *, attempt: int | None = None) -> Decision:
    """Take upstream's word about a prediction: ours, one we waited for, or one that nobody waits for."""
    if now.prediction_id == prediction.id:
        if now.state is State.RUNNING:
            return _follow(now, prediction)
        # What it really cost takes the place of what was presumed spent.
        return Decision(now, corrects=Charge.MADE if _corrects(now, prediction) else None)
    if prediction.status is None or prediction.id in now.predictions_past:
        return Decision(now)
    is_earlier = now.state in (State.SUBMITTING, State.UNKNOWN) and (attempt or now.attempts) < now.attempts
    if (is_earlier or now.state is State.QUEUED) and prediction.status in CAME_TO_NOTHING:
        # The attempt under way, or the next, is not in vain because an earlier one turns out to have come to nothing.
        return Decision(replace(now, predictions_past=(*now.predictions_past, prediction.id)))
    if now.state in (State.QUEUED, State.SUBMITTING, State.UNKNOWN):
        decision = _follow(replace(now, state=State.RUNNING, prediction_id=prediction.id), prediction)
        # Who is in the queue has a job already.
        is_queued = now.state is State.QUEUED and decision.work is Work.SUBMIT
        return replace(decision, work=None) if is_queued else decision
    is_made = prediction.status == "succeeded" and prediction.has_output
    if now.state is State.RUNNING and now.prediction_id is not None and is_made and not now.cancel_wished:
        # It has what the other is still waited for, and that one is nobody's now.
        past = (*now.predictions_past, now.prediction_id)
        taken = replace(now, prediction_id=prediction.id, predictions_past=past)
        return replace(_follow(taken, prediction), orphan=now.prediction_id)
    return Decision(now, orphan=prediction.id)


def _follow(now: Facts, prediction: events.Prediction) -> Decision:
    match prediction.status:
        case None:
            return _end(
                now,
                State.FAILED,
                Charge.HOLD,
                code="upstream_lost",
                message="Upstream does not know this prediction any more; the most it can cost was booked.",
                alert="upstream_lost",
            )
        case "succeeded" if prediction.has_output:
            return Decision(replace(now, state=State.CAPTURING), work=Work.CAPTURE)
        case "succeeded":
            return _end(
                now,
                State.FAILED,
                Charge.MADE,
                code="no_output",
                message="It succeeded upstream without an output.",
            )
        case "failed":
            return _failed(now, prediction.error or "")
        case "canceled" if now.cancel_wished:
            return _end(now, State.CANCELED, Charge.MADE)
        case "canceled" | "aborted":
            return _stopped(now, prediction, has_run=prediction.status == "canceled")
    return Decision(now, cancel_upstream=now.cancel_wished)


def _stopped(now: Facts, prediction: events.Prediction, *, has_run: bool) -> Decision:
    """End what upstream has ended, which nobody here had wished: at its deadline, or for reasons of its own."""
    if prediction.is_due:
        code, message = "deadline_passed", "Its time was up before it was made; upstream ended it."
    elif has_run:
        code, message = (
            "canceled_upstream",
            "It was cancelled upstream by somebody who uses the operator's account.",
        )
    else:
        code, message = "aborted_upstream", "Upstream gave it up before it began to run."
    state, charge = (State.CANCELED, Charge.MADE) if has_run else (State.ABORTED, Charge.NOTHING)
    return _end(now, state, charge, code=code, message=message)


def _failed(now: Facts, error: str) -> Decision:
    counted = replace(now, attempts_failed=now.attempts_failed + 1)
    if _WORTH_ANOTHER.search(error) and counted.attempts_failed < ATTEMPTS_MAX and not now.cancel_wished:
        past = (
            now.predictions_past if now.prediction_id is None else (*now.predictions_past, now.prediction_id)
        )
        return _again(replace(counted, predictions_past=past))
    code = "content_refused" if _CONTENT.search(error) else "prediction_failed"
    return _end(counted, State.FAILED, Charge.NOTHING, code=code, message=error)


def _resolved(now: Facts, prediction: events.Prediction | None) -> Decision:
    """Obey a person's word, in `unknown` and after the outcome was given up on."""
    if now.state is State.UNKNOWN:
        return _found(now, prediction) if prediction else _absent(now)
    if prediction is not None:
        return Decision(now, corrects=Charge.MADE if _corrects(now, prediction) else None)
    return Decision(now, corrects=Charge.NOTHING if _is_presumed(now) else None)


def _corrects(now: Facts, prediction: events.Prediction) -> bool:
    """Whether this prediction's end says what a given up one cost; before its end nobody knows that."""
    return _is_presumed(now) and prediction.status in _ENDED


def _is_presumed(now: Facts) -> bool:
    """Whether it was given up on, and what it may have cost was booked."""
    return now.state is State.FAILED and now.failure_code in _PRESUMED
