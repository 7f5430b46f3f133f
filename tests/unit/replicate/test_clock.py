"""The upstream's clock, narrowed down by every answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tintype.replicate.clock import UpstreamClock

HERE = datetime(2026, 1, 1, tzinfo=UTC)


@given(
    ahead_s=st.floats(-1000, 1000),
    calls=st.lists(st.tuples(st.floats(0.001, 2), st.floats(0, 1)), min_size=1, max_size=20),
)
def test_the_truth_is_never_further_off_than_half_the_fastest_answer(
    ahead_s: float, calls: list[tuple[float, float]]
) -> None:
    clock = UpstreamClock()
    for number, (took_s, share) in enumerate(calls):
        sent = HERE + timedelta(seconds=10 * number)
        named = sent + timedelta(seconds=took_s * share + ahead_s)
        clock.see(named, sent_at=sent, received_at=sent + timedelta(seconds=took_s), precision_s=0.001)

    assert clock.ahead_s is not None
    assert abs(clock.ahead_s - ahead_s) <= min(took_s for took_s, _ in calls) / 2 + 0.001


def test_a_clock_that_was_set_is_believed_anew() -> None:
    clock = UpstreamClock()

    for ahead_s in (0.0, 3600.0):
        named = HERE + timedelta(seconds=ahead_s)
        clock.see(named, sent_at=HERE, received_at=HERE, precision_s=0.0)

    assert clock.ahead_s == 3600.0
    assert clock.here(HERE) == HERE - timedelta(hours=1)
