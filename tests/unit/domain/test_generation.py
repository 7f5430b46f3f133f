"""What an event makes of a generation: forward only, once, and never something that the table forbids."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype.domain import events, generation
from tintype.domain.generation import Charge, Facts, State, Work

if TYPE_CHECKING:
    from collections.abc import Callable

_STATUSES = st.sampled_from(["starting", "processing", "succeeded", "failed", "canceled", "aborted", None])
_ERRORS = st.sampled_from([None, "", "boom", "Prediction interrupted (code: PA)", "NSFW content", "E005"])
_PREDICTIONS = st.builds(
    events.Prediction,
    id=st.sampled_from(["p1", "p2", "p3"]),
    status=_STATUSES,
    has_output=st.booleans(),
    error=_ERRORS,
)
_ATTEMPTS = st.integers(1, 4)
_EVENTS: st.SearchStrategy[events.Event] = st.one_of(
    st.builds(events.IntentCommitted, _ATTEMPTS),
    st.builds(events.Accepted, _ATTEMPTS, _PREDICTIONS),
    st.builds(events.RefusedDefinitely, _ATTEMPTS, st.just("invalid_input")),
    st.builds(events.NotSent, _ATTEMPTS),
    st.builds(events.WentSilent, _ATTEMPTS),
    st.builds(events.FoundUpstream, _PREDICTIONS, st.none() | _ATTEMPTS),
    st.builds(events.FoundAmbiguous, _ATTEMPTS),
    st.builds(events.ProvenAbsent, _ATTEMPTS),
    st.builds(events.Observed, _PREDICTIONS),
    st.just(events.Captured()),
    st.just(events.CaptureLost("output_lost")),
    st.just(events.CancelWished()),
    st.builds(events.DeadlinePassed, st.sampled_from([0.0, 700.0])),
    st.builds(events.Resolved, st.none() | _PREDICTIONS),
)
RUNNING = Facts(State.RUNNING, attempts=1, prediction_id="p1")
UNKNOWN = Facts(State.UNKNOWN, attempts=1)
SUBMITTING = Facts(State.SUBMITTING, attempts=1)
CAPTURING = Facts(State.CAPTURING, attempts=1, prediction_id="p1")


def seen(status: str | None, **more: object) -> events.Prediction:
    """Return what upstream says of the prediction p1."""
    return events.Prediction("p1", status, **more)  # type: ignore[arg-type]  # has_output or error


@given(st.lists(_EVENTS, max_size=40))
def test_whatever_comes_no_state_goes_back(several: list[events.Event]) -> None:
    """Rules 4 to 7: every change is in the table, ends are charged exactly once, counts only grow."""
    now = Facts(State.QUEUED)
    charged = 0
    for event in several:
        decision = generation.apply(now, event)
        after = decision.facts
        assert after.state is now.state or after.state in generation.TRANSITIONS[now.state]
        assert (decision.charge is not None) == (after.state.is_final and not now.state.is_final)
        assert after.attempts >= now.attempts
        assert after.attempts_absent >= now.attempts_absent
        assert after.attempts_failed >= now.attempts_failed
        assert now.cancel_wished <= after.cancel_wished or now.state.is_final
        assert (decision.work is Work.SUBMIT) == (
            after.state is State.QUEUED and now.state is not State.QUEUED
        )
        if now.state.is_final:
            assert after == now
        charged += decision.charge is not None
        now = after
    assert charged == now.state.is_final


@given(st.lists(_EVENTS, max_size=20), _EVENTS)
def test_the_same_event_again_changes_nothing(several: list[events.Event], last: events.Event) -> None:
    """A late duplicate leaves everything as it was, a webhook's too; only a person may say 'absent' twice."""
    now = Facts(State.QUEUED)
    for event in several:
        now = generation.apply(now, event).facts
    once = generation.apply(now, last).facts

    twice = generation.apply(once, last)

    if not (isinstance(last, events.Resolved) and last.prediction is None):
        assert twice.facts == once
        assert twice.charge is None
        assert twice.work is None


@given(st.sampled_from(State), _EVENTS)
def test_who_wished_to_cancel_is_not_bought_again(state: State, event: events.Event) -> None:
    """Rule 7: a wish to cancel is obeyed in every state: nothing goes back into the queue."""
    now = Facts(state, attempts=1, prediction_id="p1", cancel_wished=True)

    decision = generation.apply(now, event)

    assert decision.work is not Work.SUBMIT
    assert decision.facts.state is not State.SUBMITTING or state is State.SUBMITTING


def test_a_purchase_goes_its_way() -> None:
    """The plain road: intent, answer, end, capture."""
    now = Facts(State.QUEUED)
    states = []
    charge = None
    for event in (
        events.IntentCommitted(1),
        events.Accepted(1, seen("starting")),
        events.Observed(seen("processing")),
        events.Observed(seen("succeeded", has_output=True)),
        events.Captured(),
    ):
        decision = generation.apply(now, event)
        now, charge = decision.facts, decision.charge
        states.append(now.state)

    assert states == [State.SUBMITTING, State.RUNNING, State.RUNNING, State.CAPTURING, State.SUCCEEDED]
    assert charge is Charge.MADE


@pytest.mark.parametrize(
    ("now", "event", "state", "charge", "code"),
    [
        (SUBMITTING, events.RefusedDefinitely(1, "invalid_input"), "failed", "nothing", "invalid_input"),
        (SUBMITTING, events.NotSent(1), "queued", None, None),
        (SUBMITTING, events.WentSilent(1), "unknown", None, None),
        (SUBMITTING, events.NotSent(2), "submitting", None, None),
        (UNKNOWN, events.RefusedDefinitely(1, "upstream_payment"), "failed", "nothing", "upstream_payment"),
        (UNKNOWN, events.FoundUpstream(seen("succeeded", has_output=True)), "capturing", None, None),
        (UNKNOWN, events.ProvenAbsent(1), "queued", None, None),
        (UNKNOWN, events.DeadlinePassed(0), "unknown", None, None),
        (UNKNOWN, events.DeadlinePassed(600), "failed", "hold", "outcome_unknown"),
        (RUNNING, events.DeadlinePassed(600), "failed", "hold", "outcome_unknown"),
        (CAPTURING, events.DeadlinePassed(4_799), "capturing", None, None),
        (CAPTURING, events.DeadlinePassed(4_800), "failed", "made", "output_lost"),
        (Facts(State.QUEUED), events.DeadlinePassed(0), "failed", "nothing", "deadline_passed"),
        (Facts(State.QUEUED), events.CancelWished(), "canceled", "nothing", None),
        (RUNNING, events.Observed(seen("succeeded")), "failed", "made", "no_output"),
        (RUNNING, events.Observed(seen(None)), "failed", "hold", "upstream_lost"),
        (RUNNING, events.Observed(seen("canceled")), "canceled", "made", "canceled_upstream"),
        (RUNNING, events.Observed(seen("canceled", is_due=True)), "canceled", "made", "deadline_passed"),
        (RUNNING, events.Observed(seen("aborted", is_due=True)), "aborted", "nothing", "deadline_passed"),
        (RUNNING, events.Observed(seen("aborted")), "aborted", "nothing", "aborted_upstream"),
        (
            RUNNING,
            events.Observed(seen("failed", error="NSFW content")),
            "failed",
            "nothing",
            "content_refused",
        ),
        (RUNNING, events.Observed(seen("failed", error="boom")), "failed", "nothing", "prediction_failed"),
        (RUNNING, events.Observed(seen("failed", error="stopped (E9828)")), "queued", None, None),
        (CAPTURING, events.CaptureLost("output_lost"), "failed", "made", "output_lost"),
        (CAPTURING, events.CancelWished(), "capturing", None, None),
        (CAPTURING, events.Observed(seen("succeeded", has_output=True)), "capturing", None, None),
    ],
)
def test_each_event_has_its_outcome(
    now: Facts, event: events.Event, state: str, charge: str | None, code: str | None
) -> None:
    """Rules 4 to 7 and 13, case by case."""
    decision = generation.apply(now, event)

    assert (decision.facts.state, decision.charge, decision.facts.failure_code) == (state, charge, code)


@pytest.mark.parametrize("code", ["PA", "E6716", "E8367", "E8765", "E9828", "E1000"])
def test_upstreams_own_failures_are_tried_three_times(code: str) -> None:
    """Rule 7: three attempts in all, then the failure is told."""
    failed = events.Observed(seen("failed", error=f"Prediction failed (code: {code})"))

    states = [
        generation.apply(replace(RUNNING, attempts_failed=before), failed).facts.state for before in range(3)
    ]

    assert states == [State.QUEUED, State.QUEUED, State.FAILED]


def test_three_absences_are_enough() -> None:
    """Rule 5: after three attempts proven absent it fails, and nothing is booked."""
    decision = generation.apply(replace(UNKNOWN, attempts=3, attempts_absent=2), events.ProvenAbsent(3))

    assert decision.facts.failure_code == "upstream_unavailable"
    assert decision.charge is Charge.NOTHING


def test_an_ambiguous_outcome_keeps_its_hold_and_alerts() -> None:
    """Rule 5: more candidates than attempts: nothing is adopted, somebody is told."""
    decision = generation.apply(UNKNOWN, events.FoundAmbiguous(1))

    assert (decision.facts, decision.alert) == (UNKNOWN, "ambiguous_outcome")


@pytest.mark.parametrize(
    "now", [RUNNING, CAPTURING, Facts(State.FAILED), Facts(State.SUCCEEDED, prediction_id="p1")]
)
def test_a_second_purchase_is_an_orphan(now: Facts) -> None:
    """Rule 6: what was paid for and nobody waits for changes no generation and is told apart."""
    other = events.Prediction("p2", "processing")

    decision = generation.apply(now, events.FoundUpstream(other))

    assert (decision.facts, decision.orphan) == (now, other.id)


def test_a_late_purchase_is_adopted_while_it_is_open() -> None:
    """Rule 6: also what waits in the queue again takes what an earlier attempt bought after all."""
    decision = generation.apply(
        Facts(State.QUEUED, attempts=1), events.FoundUpstream(seen("succeeded", has_output=True))
    )

    assert (decision.facts.state, decision.facts.prediction_id) == (State.CAPTURING, "p1")
    assert decision.orphan is None


def test_what_another_purchase_made_takes_the_place_of_what_still_runs() -> None:
    """Rule 6: open is also what runs: a success is adopted, and what ran in its place is told as the orphan."""
    other = events.Prediction("p2", "succeeded", has_output=True)

    decision = generation.apply(RUNNING, events.FoundUpstream(other))

    after = decision.facts
    assert (after.state, after.prediction_id, decision.work) == (State.CAPTURING, "p2", Work.CAPTURE)
    assert (decision.orphan, after.predictions_past) == ("p1", ("p1",))
    assert generation.apply(after, events.Observed(seen("succeeded", has_output=True))).orphan is None


@pytest.mark.parametrize(
    ("now", "other"),
    [
        (replace(RUNNING, cancel_wished=True), events.Prediction("p2", "succeeded", has_output=True)),
        (RUNNING, events.Prediction("p2", "succeeded")),
        (CAPTURING, events.Prediction("p2", "succeeded", has_output=True)),
    ],
)
def test_nothing_is_swapped_for_what_is_of_no_use(now: Facts, other: events.Prediction) -> None:
    """Rule 6: not where it is unwanted, has no output, or the outputs of one are being stored already."""
    decision = generation.apply(now, events.FoundUpstream(other))

    assert (decision.facts, decision.orphan) == (now, "p2")


@pytest.mark.parametrize("status", ["failed", "canceled", "aborted"])
def test_what_waits_to_be_bought_again_is_not_ended_by_what_came_to_nothing(status: str) -> None:
    """Rule 6: a late word about an orphan that was ended takes nothing from the next attempt."""
    now = Facts(State.QUEUED, attempts=1)

    decision = generation.apply(now, events.FoundUpstream(seen(status), 1))

    assert decision.facts == replace(now, predictions_past=("p1",))


def test_a_wish_to_cancel_reaches_upstream_as_soon_as_there_is_one() -> None:
    """Rule 7: recorded while the outcome is open, sent when the prediction is known."""
    wished = generation.apply(SUBMITTING, events.CancelWished())
    accepted = generation.apply(wished.facts, events.Accepted(1, seen("starting")))

    assert (wished.facts.cancel_wished, wished.cancel_upstream) == (True, False)
    assert (accepted.facts.state, accepted.cancel_upstream) == (State.RUNNING, True)


@pytest.mark.parametrize(
    ("word", "charge"), [(None, Charge.NOTHING), (seen("succeeded", has_output=True), Charge.MADE)]
)
def test_a_person_may_correct_what_was_presumed(word: events.Prediction | None, charge: Charge) -> None:
    """Rule 7: the state stays, the money is booked anew; what was decided by facts is not touched."""
    given_up = Facts(State.FAILED, attempts=1, failure_code="outcome_unknown")

    decision = generation.apply(given_up, events.Resolved(word))
    other = generation.apply(Facts(State.FAILED, failure_code="prediction_failed"), events.Resolved(word))

    assert (decision.facts, decision.corrects) == (given_up, charge)
    assert other.corrects is None


@pytest.mark.parametrize("code", ["outcome_unknown", "upstream_lost"])
@pytest.mark.parametrize("kind", [events.FoundUpstream, events.Observed, events.Resolved])
def test_upstreams_late_word_takes_the_place_of_what_was_presumed(
    code: str, kind: Callable[[events.Prediction], events.Event]
) -> None:
    """Rule 7: not before the prediction has ended, as nobody knows what it costs until then."""
    given_up = Facts(State.FAILED, attempts=1, prediction_id="p1", failure_code=code)

    early = generation.apply(given_up, kind(seen("processing")))
    ended = generation.apply(given_up, kind(seen("failed", error="boom")))
    others = generation.apply(replace(given_up, failure_code="prediction_failed"), kind(seen("succeeded")))

    assert (early.facts, early.corrects) == (given_up, None)
    assert (ended.facts, ended.corrects, ended.orphan) == (given_up, Charge.MADE, None)
    assert others.corrects is None


def test_a_person_may_decide_what_is_still_unknown() -> None:
    """Rule 7: `--bought` adopts, `--absent` sends again."""
    bought = generation.apply(UNKNOWN, events.Resolved(seen("processing")))
    absent = generation.apply(UNKNOWN, events.Resolved(None))

    assert (bought.facts.state, absent.facts.state) == (State.RUNNING, State.QUEUED)


def test_an_attempt_under_way_is_not_repeated_for_an_earlier_one() -> None:
    """Rule 3: while the second POST is out, the first one's late failure is noted and nothing more."""
    second = Facts(State.SUBMITTING, attempts=2)
    failed = seen("failed", error="stopped (code: PA)")

    old = generation.apply(second, events.FoundUpstream(failed, attempt=1))
    again = generation.apply(old.facts, events.FoundUpstream(failed, attempt=1))
    alive = generation.apply(second, events.FoundUpstream(seen("processing"), attempt=1))

    assert (old.facts.state, old.work, old.facts.predictions_past) == (State.SUBMITTING, None, ("p1",))
    assert again.facts == old.facts
    assert alive.facts.state is State.RUNNING
