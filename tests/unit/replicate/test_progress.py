"""How far a prediction is, from what models really log."""

from __future__ import annotations

import pytest

from tintype.replicate.progress import fraction, new_lines


@pytest.mark.parametrize(
    ("logs", "expected"),
    [
        (None, None),
        ("", None),
        ("Using seed: 42\n", None),
        ("Progress: 37%\n", 0.37),
        ("  0%|          | 0/28 [00:00<?, ?it/s]", 0.0),
        ("  0%|   | 0/28 [00:00<?, ?it/s]\r 50%|##### | 14/28 [00:01<00:01, 9.9it/s]", 0.5),
        ("33%|###   | 1/3 [00:01<00:02, 1.0s/it]\n", 1 / 3),
        ("10%\n20%\ndone, saving\n", 0.2),
        ("100%|##########| 28/28 [00:02<00:00]\nsaving\n", 1.0),
        ("guidance 250% is too much\n40%\n", 0.4),
        ("250%", None),
        ("99.5%", 0.99),
    ],
)
def test_the_last_progress_that_is_named_counts(logs: str | None, expected: float | None) -> None:
    assert fraction(logs) == pytest.approx(expected)


def test_long_logs_are_read_from_their_end() -> None:
    assert fraction("5%\n" + "noise\n" * 100_000) is None
    assert fraction("noise\n" * 100_000 + "55%\n") == 0.55


def test_new_lines_are_what_came_since() -> None:
    assert new_lines(None, "a\nb\n") == ("a", "b")
    assert new_lines("a\n", "a\nb\n\nc") == ("b", "c")
    assert new_lines("a\nb", "other") == ("other",)
    assert new_lines("a\n", None) == ()
