"""Read an invoice as CSV, however it was exported: which day, which model, how much. Pure.

Columns are found by their names, in any order, in any case: a day, an amount, and a model where there is one. Commas,
semicolons and tabs separate; amounts may carry a dollar sign and separators of thousands.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from tintype.domain import errors, money

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_DAY = (
    "date",
    "day",
    "usage_date",
    "created_at",
    "completed_at",
    "period",
    "period_start",
    "start",
    "time",
    "timestamp",
)
_MODEL = ("model", "model_name", "resource", "product", "item", "name", "description")
_AMOUNT = (
    "amount", "amount_usd", "cost", "cost_usd", "total", "total_usd", "total_cost", "price", "charge", "usd", "billed",
)  # fmt: skip
_TOTAL = re.compile(r"\s*(sub|grand )?total\b", re.IGNORECASE)
_FIRST_YEAR, _LAST_YEAR = 2000, 2999
_WRITTEN = ("%Y-%m-%d", "%Y/%m/%d", "%d %b %Y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y", "%d.%m.%Y")


@dataclass(frozen=True, slots=True)
class Billed:
    """One line of an invoice. `model` is empty where the invoice names none."""

    day: date
    model: str
    amount_nano_usd: int


def read(text: str) -> list[Billed]:
    """Read an invoice. Raises InputError naming the line and the column that cannot be understood."""
    clean = text.removeprefix("\ufeff")
    head = next((line for line in clean.splitlines() if line.strip()), "")
    separator = max(",;\t", key=head.count)
    rows = list(_rows(clean, separator))
    if not rows:
        raise errors.InputError("the invoice is empty")
    number, heads = rows[0]
    names = [_plain(head) for head in heads]
    day, model, amount = _column(names, _DAY), _column(names, _MODEL), _column(names, _AMOUNT)
    for place, what, known in ((day, "day", _DAY), (amount, "amount", _AMOUNT)):
        if place is None:
            raise errors.InputError(
                f"line {number}: no column holds the {what}; name one of them {known[0]!r} (there are: "
                f"{', '.join(head.strip() or 'an empty one' for head in heads)})"
            )
    assert day is not None  # noqa: S101 - the loop above has seen to it
    assert amount is not None  # noqa: S101 - the same
    found = []
    for line, cells in rows[1:]:
        if _TOTAL.match(cells[0]) and (day >= len(cells) or not _is_day(cells[day])):
            continue
        if len(cells) <= max(day, amount):
            raise errors.InputError(
                f"line {line}: it has {len(cells)} columns, and the first line has {len(heads)}"
            )
        name = cells[model].strip() if model is not None and model < len(cells) else ""
        found.append(
            Billed(
                _day(cells[day], line, heads[day].strip()),
                _slug(name),
                _nano_usd(cells[amount], line, heads[amount].strip(), has_decimal_comma=separator == ";"),
            )
        )
    if not found:
        raise errors.InputError("the invoice has a heading and no line below it")
    return found


def _rows(clean: str, separator: str) -> Iterable[tuple[int, list[str]]]:
    """Give the rows that hold anything, with the number of their line."""
    reader = csv.reader(io.StringIO(clean, newline=""), delimiter=separator)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, cells
    except csv.Error as fault:
        raise errors.InputError(f"line {reader.line_num}: this is not CSV ({fault})") from None


def _plain(head: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", head.strip().casefold()).strip("_")


def _column(names: Sequence[str], known: Sequence[str]) -> int | None:
    """Return the column with the best of the known names."""
    return next((names.index(name) for name in known if name in names), None)


def _slug(name: str) -> str:
    """Return a model's name without its version; addresses are cut down to owner and name."""
    name = re.sub(r"^(https?://)?(www\.)?replicate\.com/", "", name)
    return name.partition(":")[0].strip().casefold()


def _is_day(text: str) -> bool:
    try:
        _day(text, 0, "")
    except errors.InputError:
        return False
    return True


def _day(text: str, line: int, column: str) -> date:
    clean = text.strip()
    found = _written_day(clean)
    # Nobody was billed on another day, and the days around it have to be days too.
    if found is None or not _FIRST_YEAR <= found.year <= _LAST_YEAR:
        raise errors.InputError(
            f"line {line}, column {column}: {clean[:40]!r} is not a day; write it like 2026-01-31"
        )
    return found


def _written_day(clean: str) -> date | None:
    try:
        moment = datetime.fromisoformat(clean.replace(" UTC", "+00:00"))
        return (moment.astimezone(UTC) if moment.tzinfo else moment).date()
    except (ValueError, OverflowError):
        pass
    for written in _WRITTEN:
        try:
            return datetime.strptime(clean, written).replace(tzinfo=UTC).date()
        except ValueError:
            continue
    return None


def _nano_usd(text: str, line: int, column: str, *, has_decimal_comma: bool) -> int:
    clean = re.sub(r"(?i)usd|[$\s]", "", text)
    is_credit = clean.startswith("(") and clean.endswith(")")
    clean = clean.strip("()")
    is_grouped = re.fullmatch(r"-?[1-9]\d{0,2}(,\d{3})+(\.\d+)?", clean) is not None
    # 1,234 is more than a thousand, unless the file keeps its commas for decimals.
    if is_grouped and not (has_decimal_comma and "." not in clean):
        clean = clean.replace(",", "")
    elif re.fullmatch(r"-?\d+,\d+", clean):
        clean = clean.replace(",", ".")
    try:
        amount = money.from_usd(clean)
    except ValueError:
        raise errors.InputError(
            f"line {line}, column {column}: {text.strip()[:40]!r} is not an amount in dollars; write it like 0.003"
        ) from None
    return -amount if is_credit else amount


__all__ = ["Billed", "read"]
