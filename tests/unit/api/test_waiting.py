"""What a caller says of waiting is understood as RFC 7240 has it, or ignored."""

from __future__ import annotations

import pytest

from tintype.api import waiting


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        ("wait=2", 2),
        ("WAIT=2", 2),
        ('wait="2"', 2),
        ('respond-async, Wait = "7"; strict', 7),
        ("wait", 60),
        ("wait=600", 60),
        ('wait="2', None),
        ("await=2", None),
        ("wait=soon", None),
        (None, None),
    ],
)
def test_a_preference_is_understood_whatever_its_case_and_quotes(
    prefer: str | None, seconds: int | None
) -> None:
    assert waiting.preferred_s(prefer) == seconds
