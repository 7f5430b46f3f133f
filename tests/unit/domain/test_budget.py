"""Whether an amount fits, and which window a moment falls into."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype.domain import budget, errors
from tintype.domain.budget import Allow, Refuse, Window

NOW = datetime(2026, 11, 20, 12, 34, 56, 789, tzinfo=UTC)
AMOUNTS = st.integers(0, 10**12)


def at(text: str) -> datetime:
    """Read a moment."""
    return datetime.fromisoformat(text).astimezone(UTC)


@given(AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS)
def test_what_is_held_counts_as_if_it_were_spent(amount: int, held: int, spent: int, asked: int) -> None:
    """Rule 10: allowed exactly when everything together stays within the limit."""
    window = budget.window("day", "UTC", NOW)

    verdict = budget.judge(amount=amount, held=held, spent=spent, asked=asked, window=window)

    assert isinstance(verdict, Allow) == (held + spent + asked <= amount)
    if isinstance(verdict, Refuse):
        assert verdict.free == max(amount - held - spent, 0)
        assert (verdict.frees_at is None) == (asked > amount)


@pytest.mark.parametrize(
    ("period", "zone", "moment", "start", "end"),
    [
        ("hour", "UTC", "2026-11-20T12:59:59Z", "2026-11-20T12:00Z", "2026-11-20T13:00Z"),
        ("hour", "Asia/Kolkata", "2026-11-20T12:59:59Z", "2026-11-20T12:30Z", "2026-11-20T13:30Z"),
        ("day", "UTC", "2026-11-20T23:59:59Z", "2026-11-20T00:00Z", "2026-11-21T00:00Z"),
        ("day", "America/New_York", "2026-11-21T04:59:59Z", "2026-11-20T05:00Z", "2026-11-21T05:00Z"),
        # Days of 23 and of 25 hours.
        ("day", "Europe/Berlin", "2026-03-29T12:00Z", "2026-03-28T23:00Z", "2026-03-29T22:00Z"),
        ("day", "Europe/Berlin", "2026-10-25T12:00Z", "2026-10-24T22:00Z", "2026-10-25T23:00Z"),
        # The same hour on the clock, twice.
        ("hour", "Europe/Berlin", "2026-10-25T00:30Z", "2026-10-25T00:00Z", "2026-10-25T01:00Z"),
        ("hour", "Europe/Berlin", "2026-10-25T01:30Z", "2026-10-25T01:00Z", "2026-10-25T02:00Z"),
        # A day that begins at one o'clock, because its midnight is skipped.
        ("day", "Africa/Cairo", "2026-04-24T12:00Z", "2026-04-23T22:00Z", "2026-04-24T21:00Z"),
        ("week", "UTC", "2026-11-22T23:00Z", "2026-11-16T00:00Z", "2026-11-23T00:00Z"),
        ("month", "UTC", "2026-12-31T23:00Z", "2026-12-01T00:00Z", "2027-01-01T00:00Z"),
        ("month", "Europe/Berlin", "2026-03-15T00:00Z", "2026-02-28T23:00Z", "2026-03-31T22:00Z"),
        ("90", "UTC", "1970-01-01T00:02:59Z", "1970-01-01T00:01:30Z", "1970-01-01T00:03:00Z"),
    ],
)
def test_windows_are_those_of_the_calendar(period: str, zone: str, moment: str, start: str, end: str) -> None:
    """Rule 12: calendar windows in the budget's zone, also where the clock is changed."""
    assert budget.window(period, zone, at(moment)) == Window(at(start), at(end))


def test_all_time_has_no_edges() -> None:
    """Rule 12: a total begins and ends never."""
    assert budget.window("total", "UTC", NOW) == Window(None, None)


@given(
    st.sampled_from(["hour", "day", "week", "month", "7", "86400"]),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Auckland"]),
    st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2035, 1, 1)),  # noqa: DTZ001 - placed below
)
def test_every_moment_falls_into_its_window(period: str, zone: str, naive: datetime) -> None:
    """Rule 12: the window holds the moment, and its last moment falls into the same one."""
    moment = naive.replace(tzinfo=UTC)

    window = budget.window(period, zone, moment)

    assert window.starts_at is not None
    assert window.ends_at is not None
    assert window.starts_at <= moment < window.ends_at
    assert budget.window(period, zone, window.ends_at - timedelta(microseconds=1)) == window
    assert budget.window(period, zone, window.starts_at) == window
    assert budget.window(period, zone, window.ends_at).starts_at == window.ends_at


@pytest.mark.parametrize("period", ["", "0", "-5", "07", "fortnight", "1.5", "123456789", "٣"])
def test_what_is_no_period_is_refused(period: str) -> None:
    """The message lists what there is."""
    with pytest.raises(errors.InputError, match="hour, day, week, month, total"):
        budget.window(period, "UTC", NOW)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd"])
def test_what_is_no_zone_is_refused(zone: str) -> None:
    """The message shows how a zone is written."""
    with pytest.raises(errors.InputError, match="Europe/Berlin"):
        budget.window("day", zone, NOW)
