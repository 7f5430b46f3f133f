"""What a person sees: results on standard output, everything else on standard error."""

from __future__ import annotations

import csv
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rich.console import Console

# What moves a terminal's cursor or turns the direction of its text, and what cannot be written at all.
_STEERING_IN_JSON = re.compile(r"[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_STEERING = re.compile(rf"[\x00-\x1f]|{_STEERING_IN_JSON.pattern}")


def plain(text: str) -> str:
    """Show by its code whatever would steer a terminal: prompts and messages come from others."""
    return _STEERING.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def say(line: str) -> None:
    """Write one line for the person on standard error."""
    sys.stderr.write(f"{plain(line)}\n")
    sys.stderr.flush()


def put(line: str = "") -> None:
    """Write one line of the result on standard output."""
    sys.stdout.write(f"{plain(line)}\n")


def put_json(document: Any) -> None:
    """Write the one JSON document of a command on standard output."""
    text = json.dumps(document, ensure_ascii=False, indent=2)
    sys.stdout.write(_STEERING_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n")
    sys.stdout.flush()


def put_csv(rows: Sequence[Mapping[str, Any]], *, of: Sequence[str]) -> None:
    """Write rows as CSV on standard output, no cell of it a formula; `of` names the columns where there are none."""
    from tintype.domain import spreadsheets  # noqa: PLC0415 - not needed to answer --help

    writer = csv.DictWriter(sys.stdout, list(rows[0]) if rows else of, lineterminator="\n")
    writer.writeheader()
    writer.writerows(
        {
            name: spreadsheets.cell(plain(value)) if isinstance(value, str) else value
            for name, value in row.items()
        }
        for row in rows
    )


def put_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write rows in columns: folded to a terminal's width, in whole lines where the output is piped."""
    lines = [list(headings), *(list(map(plain, row)) for row in rows)]
    if not sys.stdout.isatty():
        widths = [max(len(line[column]) for line in lines) for column in range(len(headings))]
        for line in lines:
            put("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
        return
    from rich.table import Table  # noqa: PLC0415 - rich takes longer to import than most commands to run

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for number, heading in enumerate(headings):
        # Names stay whole, so that they can be copied; the last columns give way.
        table.add_column(heading, overflow="fold", no_wrap=number == 0)
    for row in lines[1:]:
        table.add_row(*row)
    console(sys.stdout).print(table)


def console(stream: Any) -> Console:
    """Return a rich console that prints words as they are: no markup, no colouring by guess."""
    from rich.console import Console  # noqa: PLC0415 - as above

    return Console(file=stream, markup=False, highlight=False, emoji=False)


def usd(nano_usd: int) -> str:
    """Write an amount of money as a person reads it: $0.003, $5.00, -$0.006; tiny ones with all their digits."""
    from tintype.domain import money  # noqa: PLC0415 - not needed to answer --help

    return f"{'-' if nano_usd < 0 else ''}${money.to_usd(abs(nano_usd))}"


def dollars(nano_usd: int) -> str:
    """Write an amount of money for JSON and CSV: a decimal number of dollars as text."""
    from tintype.domain import money  # noqa: PLC0415 - as above

    return money.to_usd(nano_usd)


def shown(path: Path) -> Path:
    """Return a path as a person would write it from here."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def size(count: int) -> str:
    """Write a number of bytes as a person reads it: 812 B, 14.2 kB, 3.1 MB."""
    if count < 1000:
        return f"{count} B"
    return f"{count / 1000:.1f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"
