"""Windows in SQL are those of the domain, moment for moment, also where a clock is changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.integration.core.asking import USD, Asking
from tintype.domain import budget

if TYPE_CHECKING:
    from tintype.store.database import Database

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Africa/Cairo", "Pacific/Auckland"]
PERIODS = ["hour", "day", "week", "month", "total", "1", "90", "86400"]


@pytest.mark.parametrize("zone", ZONES)
async def test_a_window_is_the_same_in_sql_and_in_the_domain(db: Database, zone: str) -> None:
    """Rule 12: half-hourly through two weeks around each change of the clock, in every kind of window."""
    changes = [
        datetime(2026, month, day, tzinfo=UTC) for month, day in ((3, 8), (3, 29), (4, 24), (10, 25), (11, 1))
    ]
    moments = [
        change + timedelta(minutes=30 * step, seconds=-1) for change in changes for step in range(-72, 72)
    ]
    statement = (
        b"SELECT period, at, nullif(starts, '-infinity'),"
        b" nullif(tintype_window_end(period, %(zone)s, starts), 'infinity')"
        b" FROM unnest(%(periods)s::text[]) AS period CROSS JOIN unnest(%(moments)s::timestamptz[]) AS at"
        b" CROSS JOIN LATERAL tintype_window_start(period, %(zone)s, at) AS starts"
    )
    async with db.connection() as session:
        cursor = await session.connection.execute(
            statement, {"zone": zone, "periods": PERIODS, "moments": moments}
        )
        found = await cursor.fetchall()

    assert len(found) == len(PERIODS) * len(moments)
    for period, at, starts, ends in found:
        assert budget.Window(starts, ends) == budget.window(period, zone, at), (period, at)


async def test_a_day_of_25_hours_is_one_window(ask: Asking) -> None:
    """Rule 12: what is spent at the first two o'clock counts at the second, and frees at midnight."""
    await ask.limit(USD, period="day", zone="Europe/Berlin")
    await ask.admitted(at=datetime(2026, 10, 24, 22, tzinfo=UTC))

    refusal = await ask.refused(at=datetime(2026, 10, 25, 22, 59, 59, tzinfo=UTC))
    await ask.admitted(at=datetime(2026, 10, 25, 23, tzinfo=UTC))

    assert refusal.frees_at == datetime(2026, 10, 25, 23, tzinfo=UTC)


async def test_an_hour_that_comes_twice_is_two_windows(ask: Asking) -> None:
    """Rule 12: each of them is an hour long, and has a counter of its own."""
    await ask.limit(USD, period="hour", zone="Europe/Berlin")
    await ask.admitted(at=datetime(2026, 10, 25, 0, 30, tzinfo=UTC))

    refusal = await ask.refused(at=datetime(2026, 10, 25, 0, 59, tzinfo=UTC))
    await ask.admitted(at=datetime(2026, 10, 25, 1, 30, tzinfo=UTC))

    assert refusal.frees_at == datetime(2026, 10, 25, 1, tzinfo=UTC)
