"""Decide whether an amount fits a limit, and which window a moment falls into. Pure: no clock, no database.

The database judges by the same rules inside the admission; tests hold the two together.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tintype.domain import errors


class Measure(StrEnum):
    """What a limit counts. Amounts are nano-dollars, milliseconds of film, or a number."""

    MONEY = "money"
    IMAGES = "images"
    VIDEO_SECONDS = "video_seconds"
    CONCURRENT = "concurrent"
    RATE = "rate"


class Scope(StrEnum):
    """Whom a limit is for."""

    ALL = "all"
    PROJECT = "project"
    KEY = "key"
    USER = "user"


CALENDAR = ("hour", "day", "week", "month")
TOTAL = "total"
DEFAULT = "*"
"""The subject that stands for each project, key or end user without a limit of its own."""


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time in which amounts add up; None where it has no start or end."""

    starts_at: datetime | None
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class Allow:
    """It fits; `free` is left after it."""

    free: int


@dataclass(frozen=True, slots=True)
class Refuse:
    """It does not fit. `frees_at` is None when waiting for a window will not help."""

    free: int
    frees_at: datetime | None


def judge(*, amount: int, held: int, spent: int, asked: int, window: Window) -> Allow | Refuse:
    """Decide about one limit: what is held counts as if it were spent."""
    left = amount - held - spent
    if asked <= left:
        return Allow(left - asked)
    return Refuse(free=max(left, 0), frees_at=window.ends_at if asked <= amount else None)


def window(period: str, zone: str, at: datetime) -> Window:
    """Return the window of a moment: hour, day, week, month or total in a zone, or a number of seconds.

    Days begin at the zone's midnight, or at the first moment of a day that has none; an hour is an hour long,
    also when the clock is changed. Raises InputError for an unknown period or zone.
    """
    check_period(period)
    if period == TOTAL:
        return Window(None, None)
    if period not in CALENDAR:
        length_s = int(period)
        start = datetime.fromtimestamp(at.timestamp() // length_s * length_s, UTC)
        return Window(start, start + timedelta(seconds=length_s))
    local = at.astimezone(_zone(zone))
    if period == "hour":
        start = at.astimezone(UTC) - timedelta(
            minutes=local.minute, seconds=local.second, microseconds=local.microsecond
        )
        return Window(start, start + timedelta(hours=1))
    day = datetime(local.year, local.month, local.day)  # noqa: DTZ001 - a calendar day, placed in its zone below
    if period == "day":
        return Window(_first_moment(day, zone), _first_moment(day + timedelta(days=1), zone))
    if period == "week":
        day -= timedelta(days=day.weekday())
        return Window(_first_moment(day, zone), _first_moment(day + timedelta(days=7), zone))
    day = day.replace(day=1)
    following = (day + timedelta(days=31)).replace(day=1)
    return Window(_first_moment(day, zone), _first_moment(following, zone))


def check_period(period: str) -> None:
    """Raise InputError for what is no period."""
    is_seconds = period.isascii() and period.isdigit() and not period.startswith("0") and len(period) <= 8
    if period not in (*CALENDAR, TOTAL) and not is_seconds:
        raise errors.InputError(
            f"a period is hour, day, week, month, total or a number of seconds, not {period!r}"
        )


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise errors.InputError(f"there is no time zone {name!r}; write it like Europe/Berlin") from None


def _first_moment(day: datetime, zone: str) -> datetime:
    """Return when a day begins: where midnight is skipped, reading it with the offset before gives that."""
    return day.replace(tzinfo=_zone(zone), fold=0).astimezone(UTC)
