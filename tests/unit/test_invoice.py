"""An invoice is read however it was exported, and what cannot be read is told with its place."""

from __future__ import annotations

from datetime import date

import pytest

from tintype.domain.errors import InputError
from tintype.service import invoice, spend
from tintype.service.invoice import Billed
from tintype.service.spend import Booked, Drift

DAY = date(2026, 1, 31)
FLUX = "black-forest-labs/flux-schnell"


@pytest.mark.parametrize(
    "text",
    [
        f"date,model,amount\n2026-01-31,{FLUX},0.012\n",
        f"Amount;Model;Day\n$0,012;{FLUX};31.01.2026\n",
        f"\ufeffModel\tCreated At\tCost (USD)\tNote\r\n{FLUX}:abc\t2026-01-31T23:59:59Z\t0.012 USD\tx\r\n",
        f'usage_date,description,total_cost\n"Jan 31, 2026",https://replicate.com/{FLUX},"$0.012"\n\nTotal,,9\n',
        f"day;model;cost\n2026/01/31;{FLUX};0,012\n",
        f"Date,Model,Amount\n2026-02-01T00:30:00+01:00,{FLUX.upper()},1.2e-2\n",
    ],
)
def test_one_line_is_read_from_any_export(text: str) -> None:
    assert invoice.read(text) == [Billed(DAY, FLUX, 12_000_000)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("date,amount\n", "no line below"),
        ("model,amount\nx,1\n", "line 1: no column holds the day"),
        ("date,model\n2026-01-31,x\n", "line 1: no column holds the amount"),
        ("date,amount\n2026-01-31,1\nsoon,1\n", "line 3, column date: 'soon' is not a day"),
        ("date,amount\n9999-12-31,1\n", "line 2, column date: '9999-12-31' is not a day"),
        ("date,amount\n2026-01-31,many\n", "line 2, column amount: 'many' is not an amount"),
        ("date,amount\n2026-01-31,NaN\n", "line 2, column amount"),
        ("date,model,amount\n2026-01-31\n", "line 2: it has 1 columns"),
        ("date,amount\n2026-01-31,1e400", "line 2, column amount: '1e400'"),
    ],
)
def test_what_cannot_be_read_is_told_by_line_and_column(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        invoice.read(text)


@pytest.mark.parametrize(
    ("written", "nano_usd"),
    [
        ("$1,234.56", 1_234_560_000_000),
        ("(0.50)", -500_000_000),
        ("-3", -3_000_000_000),
        ("1,5", 1_500_000_000),
    ],
)
def test_amounts_are_read_as_they_are_written(written: str, nano_usd: int) -> None:
    (line,) = invoice.read(f'date,amount\n2026-01-31,"{written}"\n')

    assert line.amount_nano_usd == nano_usd


def test_drift_is_told_per_model_and_day() -> None:
    """A model is found without its owner too; what only one side has is drift as a whole."""
    billed = [Billed(DAY, "flux-schnell", 5), Billed(DAY, "flux-schnell", 5), Billed(DAY, "stranger", 7)]
    booked = [Booked("2026-01-31", FLUX, 3, 9), Booked("2026-01-31", "google/imagen-4", 1, 4)]

    assert spend.drifts(billed, booked) == [
        Drift("2026-01-31", "flux-schnell", 9, 10),
        Drift("2026-01-31", "google/imagen-4", 4, 0),
        Drift("2026-01-31", "stranger", 0, 7),
    ]


def test_without_models_a_day_is_compared_as_a_whole() -> None:
    booked = [Booked("2026-01-31", FLUX, 3, 9), Booked("2026-01-31", "google/imagen-4", 1, 4)]

    assert spend.drifts([Billed(DAY, "", 13)], booked) == [Drift("2026-01-31", "*", 13, 13)]
