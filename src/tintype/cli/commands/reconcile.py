"""`tintype reconcile`: hold an invoice against the book."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tintype.cli import exits, options, screen, studio
from tintype.domain.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tintype.local.studio import Studio
    from tintype.service.spend import Drift

EXAMPLES = """\b
Examples:
  tintype reconcile invoice.csv
  tintype reconcile invoice.csv --json
  cat january.csv | tintype reconcile -

\b
The file needs a column for the day and one for the amount; with one for the
model, each is compared by itself. Commas, semicolons and tabs separate.
"""
BYTES_MAX = 64 * 1024 * 1024

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(epilog=EXAMPLES)
def reconcile(
    invoice: Annotated[str, typer.Argument(metavar="FILE", help="The invoice as CSV; - is standard input.")],
    *,
    as_json: options.AsJson = False,
) -> None:
    """Compare an invoice with what was booked, per model and day (UTC), and show the drift."""
    text = _text(invoice)

    async def act(open_studio: Studio) -> Sequence[Drift]:
        from tintype.service import invoice as reading  # noqa: PLC0415 - not needed to answer --help
        from tintype.service import spend  # noqa: PLC0415 - as above

        try:
            billed = reading.read(text)
        except InputError as error:
            raise exits.Refusal(f"{invoice}: {error}") from None
        return await spend.compare(open_studio.core.database, billed, simulated=open_studio.is_simulated)

    lines = studio.run(act, works=False)
    booked, billed = sum(one.booked_nano_usd for one in lines), sum(one.billed_nano_usd for one in lines)
    if as_json:
        screen.put_json(
            {
                "lines": [
                    {
                        "day": one.day,
                        "model": one.model,
                        "booked_usd": screen.dollars(one.booked_nano_usd),
                        "billed_usd": screen.dollars(one.billed_nano_usd),
                        "drift_usd": screen.dollars(one.drift_nano_usd),
                    }
                    for one in lines
                ],
                "booked_usd": screen.dollars(booked),
                "billed_usd": screen.dollars(billed),
                "drift_usd": screen.dollars(billed - booked),
            }
        )
        return
    screen.put_table(
        ("day", "model", "booked", "billed", "drift"),
        [
            (
                one.day,
                one.model,
                screen.usd(one.booked_nano_usd),
                screen.usd(one.billed_nano_usd),
                _signed(one.drift_nano_usd),
            )
            for one in lines
        ],
    )
    share = f" ({100 * (billed - booked) / booked:+.2f} %)" if booked else ""
    screen.put(
        f"booked {screen.usd(booked)}, billed {screen.usd(billed)}, drift {_signed(billed - booked)}{share}"
    )


def _text(name: str) -> str:
    try:
        if name == "-":
            raw = sys.stdin.buffer.read(BYTES_MAX + 1)
        else:
            with Path(name).open("rb") as file:
                raw = file.read(BYTES_MAX + 1)
    except OSError as error:
        raise exits.Refusal(f"{name} cannot be read: {error.strerror}") from None
    if len(raw) > BYTES_MAX:
        raise exits.Refusal(f"{name} is larger than {BYTES_MAX // 2**20} MB, which no invoice is")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


def _signed(nano_usd: int) -> str:
    sign = "+" if nano_usd > 0 else "-" if nano_usd < 0 else ""
    return f"{sign}{screen.usd(abs(nano_usd))}"
