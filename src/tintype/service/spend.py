"""What was spent, and how that compares with what upstream bills (rules 13 and 14).

    lines = await spend.report(db, by=spend.By.MODEL, simulated=False)

Amounts are booked once, when a generation ends; corrections change them, and losses are the operator's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tintype.service.invoice import Billed
    from tintype.store.database import Database


class By(StrEnum):
    """What a report is grouped by. Days are those of UTC."""

    MODEL = "model"
    USER = "user"
    KEY = "key"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Line:
    """What was booked for one model, user, key or day, in nano-dollars.

    `estimate_nano_usd` is what the bought and successful ones were expected to cost, `saved_nano_usd` what equal
    requests would have cost again, `lost_nano_usd` what was bought for nobody. `saved_by_proofs_nano_usd` is how much
    more all pictures of proofs would have cost as finals; it is below 0 where each was approved.
    """

    name: str
    generations: int
    succeeded: int
    cost_nano_usd: int
    estimate_nano_usd: int
    saved_nano_usd: int
    lost_nano_usd: int
    saved_by_proofs_nano_usd: int


@dataclass(frozen=True, slots=True)
class Booked:
    """What was booked for a model on a day, YYYY-MM-DD in UTC."""

    day: str
    model: str
    generations: int
    booked_nano_usd: int


@dataclass(frozen=True, slots=True)
class Drift:
    """What was booked and billed for a model on a day; `model` is '*' where the invoice names none."""

    day: str
    model: str
    booked_nano_usd: int
    billed_nano_usd: int

    @property
    def drift_nano_usd(self) -> int:
        """How much more was billed than booked."""
        return self.billed_nano_usd - self.booked_nano_usd


async def report(
    db: Database,
    *,
    by: By,
    simulated: bool,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[Line]:
    """Sum up what ended in a span of time: days in their order, all else by cost."""
    return await db.all("spend", Line, by=by.value, simulated=simulated, since=since, until=until)


async def held_nano_usd(db: Database, *, simulated: bool) -> int:
    """Return what is held at the moment for what has not ended."""
    held: int = await db.value("held_now", simulated=simulated)
    return held


async def compare(db: Database, billed: Sequence[Billed], *, simulated: bool) -> list[Drift]:
    """Hold an invoice against the book, per model and day, over the days that the invoice covers.

    A day on which the invoice names no model is compared as a whole.
    """
    if not billed:
        return []
    first, last = min(one.day for one in billed), max(one.day for one in billed)
    booked = await db.all(
        "booked_by_day",
        Booked,
        simulated=simulated,
        since=_midnight(first),
        until=_midnight(last) + timedelta(days=1),
    )
    return drifts(billed, booked)


def drifts(billed: Sequence[Billed], booked: Sequence[Booked]) -> list[Drift]:
    """Compare sums per day and model; pure."""
    whole_days = {one.day for one in billed if one.model == ""}
    asked: dict[tuple[str, str], int] = {}
    for one in billed:
        key = (one.day.isoformat(), "*" if one.day in whole_days else one.model)
        asked[key] = asked.get(key, 0) + one.amount_nano_usd
    spent: dict[tuple[str, str], int] = {}
    for line in booked:
        is_whole = date.fromisoformat(line.day) in whole_days
        key = (line.day, "*" if is_whole else _fitting(line.model, line.day, asked))
        spent[key] = spent.get(key, 0) + line.booked_nano_usd
    keys = sorted({*asked, *(key for key, amount in spent.items() if amount)})
    return [Drift(day, model, spent.get((day, model), 0), asked.get((day, model), 0)) for day, model in keys]


def _fitting(model: str, day: str, asked: Mapping[tuple[str, str], int]) -> str:
    """Return the model as the invoice names it: whole, or without its owner."""
    short = model.rpartition("/")[2]
    return short if (day, model) not in asked and (day, short) in asked else model


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


__all__ = ["Booked", "By", "Drift", "Line", "compare", "drifts", "held_nano_usd", "report"]
