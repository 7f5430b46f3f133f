"""How limits are said to people."""

from __future__ import annotations

import pytest

from tintype.domain.budget import Measure
from tintype.service import budgets


@pytest.mark.parametrize(
    ("measure", "amount", "period", "said"),
    [
        (Measure.RATE, 10, "60", "10 creates a minute"),
        (Measure.RATE, 1, "1", "1 create a second"),
        (Measure.RATE, 1000, "3600", "1,000 creates an hour"),
        (Measure.RATE, 7, "90", "7 creates every 90 seconds"),
        (Measure.IMAGES, 50, "day", "50 pictures a day"),
        (Measure.IMAGES, 1, "total", "1 picture in all"),
        (Measure.VIDEO_SECONDS, 30_500, "hour", "30.5 seconds of film an hour"),
        (Measure.CONCURRENT, 4, "total", "4 generations at once"),
        (Measure.MONEY, 5_000_000_000, "month", "$5.00 a month"),
    ],
)
def test_a_limit_is_said_in_words(measure: Measure, amount: int, period: str, said: str) -> None:
    assert budgets.allowed(measure, amount, period) == said
