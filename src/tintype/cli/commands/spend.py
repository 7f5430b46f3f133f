"""`tintype spend`: what was booked, with bars in the terminal."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tintype.cli import exits, options, screen, studio, times

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tintype.local.studio import Studio
    from tintype.service.spend import Line

EXAMPLES = """\b
Examples:
  tintype spend
  tintype spend --by day --since 7d
  tintype spend --by user --since 2026-01-01 --until 2026-02-01 --csv >january.csv
  tintype spend --json
"""
BAR_WIDTH = 24

app = typer.Typer(rich_markup_mode=None, add_completion=False)


class By(StrEnum):
    """What the sums are for."""

    MODEL = "model"
    USER = "user"
    KEY = "key"
    DAY = "day"


@app.command(epilog=EXAMPLES)
def spend(
    *,
    by: Annotated[By, typer.Option(help="What to sum up by; days are those of UTC.")] = By.MODEL,
    since: options.Since = None,
    until: options.Until = None,
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
) -> None:
    """Show what was spent, what is held, and what equal requests saved."""
    if as_json and as_csv:
        raise exits.Refusal("--json and --csv are two forms of the same; give one of them")
    first, last = times.between(since, until)

    async def act(open_studio: Studio) -> tuple[Sequence[Line], int, bool]:
        from tintype.service import spend as service  # noqa: PLC0415 - not needed to answer --help

        lines = await open_studio.spend(by=by.value, since=first, until=last)
        held = await service.held_nano_usd(open_studio.core.database, simulated=open_studio.is_simulated)
        return lines, held, open_studio.is_simulated

    lines, held, is_simulated = studio.run(act, works=False)
    if as_json:
        screen.put_json(
            {
                "by": by.value,
                "simulated": is_simulated,
                "lines": [_document(line) for line in lines],
                "total_usd": screen.dollars(sum(line.cost_nano_usd for line in lines)),
                "held_usd": screen.dollars(held),
                "saved_by_proofs_usd": screen.dollars(sum(line.saved_by_proofs_nano_usd for line in lines)),
            }
        )
    elif as_csv:
        screen.put_csv([_document(line) for line in lines], of=("name", "cost_usd"))
    else:
        _put(lines, by=by.value, held=held, is_simulated=is_simulated)


def bar(amount: int, most: int) -> str:
    """Draw an amount as a bar, in eighths of a cell; the largest fills the width."""
    eighths = 0 if most <= 0 else round(BAR_WIDTH * 8 * amount / most)
    whole, part = divmod(eighths, 8)
    return "█" * whole + (" ▏▎▍▌▋▊▉"[part] if part else "")


def _put(lines: Sequence[Line], *, by: str, held: int, is_simulated: bool) -> None:
    if is_simulated:
        screen.say("These are simulated: nothing was bought.")
    total = sum(line.cost_nano_usd for line in lines)
    most = max((line.cost_nano_usd for line in lines), default=0)
    has_bars = sys.stdout.isatty()
    rows = []
    for line in lines:
        saved = screen.usd(line.saved_nano_usd) if line.saved_nano_usd else ""
        lost = screen.usd(line.lost_nano_usd) if line.lost_nano_usd else ""
        row = [line.name or "-", screen.usd(line.cost_nano_usd), str(line.succeeded), saved, lost]
        rows.append([*row, bar(line.cost_nano_usd, most)] if has_bars else row)
    headings = [by, "cost", "made", "saved", "lost"]
    if rows:
        screen.put_table([*headings, ""] if has_bars else headings, rows)
    by_proofs = sum(line.saved_by_proofs_nano_usd for line in lines)
    proofs = f", saved by proofs {screen.usd(by_proofs)}" if by_proofs else ""
    screen.put(f"total {screen.usd(total)}, held {screen.usd(held)}{proofs}")


def _document(line: Line) -> dict[str, Any]:
    return {
        "name": line.name,
        "generations": line.generations,
        "succeeded": line.succeeded,
        "cost_usd": screen.dollars(line.cost_nano_usd),
        "estimate_usd": screen.dollars(line.estimate_nano_usd),
        "saved_usd": screen.dollars(line.saved_nano_usd),
        "lost_usd": screen.dollars(line.lost_nano_usd),
        "saved_by_proofs_usd": screen.dollars(line.saved_by_proofs_nano_usd),
    }
