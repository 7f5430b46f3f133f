"""Bars and spans of `tintype spend`."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tintype.cli import exits, times
from tintype.cli.commands import spend

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("amount", "most", "shown"),
    [(0, 0, ""), (0, 5, ""), (5, 5, "█" * 24), (1, 2, "█" * 12), (1, 192, "▏"), (1, 1_000_000, "")],
)
def test_a_bar_is_as_long_as_its_share(amount: int, most: int, shown: str) -> None:
    assert spend.bar(amount, most) == shown


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("7d", datetime(2026, 2, 22, 12, tzinfo=UTC)),
        ("12h", datetime(2026, 3, 1, 0, tzinfo=UTC)),
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
    ],
)
def test_a_time_is_a_span_or_a_day(text: str, meant: datetime) -> None:
    assert times.back(text, NOW, "--since") == meant


def test_what_is_no_time_is_refused() -> None:
    with pytest.raises(exits.Refusal, match="--since 'soon' is no time"):
        times.back("soon", NOW, "--since")
