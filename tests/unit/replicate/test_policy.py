"""What is repeated, and when: never a create that may have bought something."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype.domain import errors
from tintype.replicate.policy import Again, GiveUp, Policy, Unknown, decide
from tintype.replicate.wire import Kind

POLICY = Policy()
PASSING = [
    errors.TimedOut(can_retry=True),
    errors.NetworkError(can_retry=True),
    errors.ServerError(status=503, can_retry=True),
    errors.RateLimited(status=429, can_retry=True),
    errors.ConnectFailed(can_retry=True),
]


@pytest.mark.parametrize("error", PASSING, ids=lambda error: error.code)
def test_what_buys_nothing_is_repeated_after_one_two_and_four_seconds(error: errors.UpstreamError) -> None:
    pauses = [
        decide(POLICY, kind=Kind.REPEATABLE, attempt=attempt, error=error, chance=0.5)
        for attempt in (1, 2, 3, 4)
    ]

    assert pauses == [Again(1.0), Again(2.0), Again(4.0), GiveUp()]


def test_jitter_spreads_a_pause_to_either_side() -> None:
    error = errors.NetworkError(can_retry=True)

    least = decide(POLICY, kind=Kind.REPEATABLE, attempt=1, error=error, chance=0.0)
    most = decide(POLICY, kind=Kind.REPEATABLE, attempt=1, error=error, chance=1.0)

    assert (least, most) == (Again(0.75), Again(1.25))


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 413, 422])
def test_a_refusal_is_told_and_not_repeated(status: int) -> None:
    error = errors.InvalidInput(status=status)

    for kind in Kind:
        assert decide(POLICY, kind=kind, attempt=1, error=error, chance=0.5) == GiveUp()


@pytest.mark.parametrize(
    "error",
    [
        errors.TimedOut(can_retry=True),
        errors.NetworkError(can_retry=True),
        errors.ServerError(status=500, can_retry=True),
        errors.ServerError(status=201, can_retry=True),
        errors.ServerError(status=408, can_retry=True),
    ],
    ids=["timeout", "reset", "500", "unreadable", "408"],
)
def test_a_create_without_a_clear_answer_has_an_unknown_outcome(error: errors.UpstreamError) -> None:
    assert decide(POLICY, kind=Kind.CREATE, attempt=1, error=error, chance=0.5) == Unknown()


def test_a_create_is_repeated_after_a_failed_connect_and_after_429() -> None:
    unreached = errors.ConnectFailed(can_retry=True)
    throttled = errors.RateLimited(status=429, can_retry=True, retry_after_s=10)

    assert decide(POLICY, kind=Kind.CREATE, attempt=1, error=unreached, chance=0.5) == Again(1.0)
    assert decide(POLICY, kind=Kind.CREATE, attempt=8, error=throttled, chance=0.0) == Again(10.0)
    assert decide(POLICY, kind=Kind.CREATE, attempt=9, error=throttled, chance=0.0) == GiveUp()


def test_what_upstream_asks_for_is_obeyed_up_to_a_minute() -> None:
    patient = errors.ServerError(status=503, can_retry=True, retry_after_s=30)
    endless = errors.ServerError(status=503, can_retry=True, retry_after_s=61)

    assert decide(POLICY, kind=Kind.REPEATABLE, attempt=1, error=patient, chance=0.0) == Again(30)
    assert decide(POLICY, kind=Kind.REPEATABLE, attempt=1, error=endless, chance=0.0) == GiveUp()


def test_nothing_is_repeated_after_the_deadline() -> None:
    error = errors.NetworkError(can_retry=True)

    verdict = decide(POLICY, kind=Kind.REPEATABLE, attempt=2, error=error, chance=0.5, remaining_s=1.9)

    assert verdict == GiveUp()


@given(
    attempt=st.integers(1, 20),
    status=st.none() | st.integers(100, 599),
    can_retry=st.booleans(),
    kind_of_error=st.sampled_from(
        [errors.TimedOut, errors.NetworkError, errors.ServerError, errors.UpstreamError, errors.InvalidInput]
    ),
    retry_after_s=st.none() | st.floats(0, 1000),
    chance=st.floats(0, 1),
)
def test_no_other_failure_ever_repeats_a_create(
    attempt: int,
    status: int | None,
    *,
    can_retry: bool,
    kind_of_error: type[errors.UpstreamError],
    retry_after_s: float | None,
    chance: float,
) -> None:
    """Whatever else is known of the failure: again is said for refusals of 4xx at most."""
    error = kind_of_error(status=status, can_retry=can_retry, retry_after_s=retry_after_s)

    verdict = decide(POLICY, kind=Kind.CREATE, attempt=attempt, error=error, chance=chance)

    if isinstance(verdict, Again):
        assert status is not None
        assert 400 <= status < 500
        assert status != 408
