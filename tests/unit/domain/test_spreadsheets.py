"""No cell of a report is worked out by the spreadsheet that opens it."""

from __future__ import annotations

import pytest

from tintype.domain import spreadsheets


@pytest.mark.parametrize(
    "text", ["=HYPERLINK(1)", "+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1dcmd", "-", "-1e5"]
)
def test_what_looks_like_a_formula_begins_with_an_apostrophe(text: str) -> None:
    assert spreadsheets.cell(text) == f"'{text}"


@pytest.mark.parametrize("value", ["a boat", "", "a=b", "0.003", "-0.003", "-7", 4, None, 0.5])
def test_everything_else_stays_as_it_is(value: object) -> None:
    """Amounts below zero are numbers."""
    assert spreadsheets.cell(value) == value
