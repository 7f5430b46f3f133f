"""Rates as people write them."""

from __future__ import annotations

import pytest

from tintype.domain import rates
from tintype.domain.errors import InputError


@pytest.mark.parametrize(
    ("text", "count", "per_s"),
    [("10/minute", 10, 60), ("1/second", 1, 1), (" 5 / hour ", 5, 3_600), ("1000000/day", 1_000_000, 86_400)],
)
def test_a_rate_is_a_count_and_a_unit(text: str, count: int, per_s: int) -> None:
    rate = rates.parse(text)

    assert (rate.count, rate.per_s) == (count, per_s)
    assert rates.parse(str(rate)) == rate


@pytest.mark.parametrize(
    "text", ["", "10", "0/minute", "10/week", "-1/minute", "1.5/hour", "10/minutes", "1000001/day", "٣/hour"]
)
def test_anything_else_is_refused_with_how_to_write_it(text: str) -> None:
    with pytest.raises(InputError, match="10/minute"):
        rates.parse(text)
