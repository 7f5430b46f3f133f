"""When waiting predictions are looked at, and how the list is cut (rule 16)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tintype.domain import looking
from tintype.domain.looking import Waiting

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def _pause(elapsed_s: float, *, waiting: int = 1, has_webhooks: bool = False) -> float:
    return looking.next_look_s(
        elapsed_s=elapsed_s, usual_s=20.0, waiting=waiting, calls_per_s=25.0, has_webhooks=has_webhooks
    )


def test_looks_are_rare_before_the_likely_end_dense_around_it_and_rarer_after() -> None:
    """Rule 16: a due time: paced by what the model usually takes."""
    assert _pause(0.0) == 10.0
    assert _pause(19.0) == 1.0
    assert _pause(21.0) == 1.0
    assert _pause(200.0) == 5.0


def test_many_that_wait_are_never_due_sooner_than_one_reading_takes() -> None:
    """Rule 16: 10,000 at 25 calls a second with 100 to a page: 4 s."""
    assert _pause(19.0, waiting=10_000) == 4.0


def test_with_webhooks_looks_are_the_net_below() -> None:
    """Rule 16: webhooks tell first."""
    assert _pause(19.0, has_webhooks=True) == looking.WEBHOOK_FIRST_S


def test_what_is_due_is_cut_into_stretches_of_at_least_a_page() -> None:
    """Rule 16: several run side by side, and none for less than a page."""
    due = [
        Waiting(f"{n}", f"p{n}", "m", is_unwanted=False, submitted_at=NOON - timedelta(seconds=n))
        for n in range(1_000)
    ]

    assert [len(one) for one in looking.stretches(due, at_most=4)] == [250] * 4
    assert [len(one) for one in looking.stretches(due[:150], at_most=4)] == [150]
    assert [one for part in looking.stretches(due, at_most=4) for one in part] == due
