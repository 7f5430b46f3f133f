"""Times as people write them behind an option: a span such as 30m or 7d, a day, a moment."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from tintype.cli import exits

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def span(text: str) -> timedelta:
    """Read a span of time such as 45s, 30m, 12h or 7d. Raises Refusal."""
    found = re.fullmatch(r"(\d{1,6})([smhd])", text)
    if found is None:
        raise exits.Refusal(f"{text!r} is no span of time; write it like 30m, 12h or 7d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def ahead(text: str) -> datetime:
    """Read a time to come: a span from now on, or a day in UTC. Raises Refusal."""
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        try:
            return datetime.fromisoformat(text).replace(tzinfo=UTC)
        except ValueError:
            raise exits.Refusal(
                f"{text} is no day; write it like 2027-01-31, or as a span such as 30d"
            ) from None
    try:
        return datetime.now(UTC) + span(text)
    except exits.Refusal:
        raise exits.Refusal(
            f"{text!r} is no span of time like 30m, 12h or 7d, and no day like 2027-01-31"
        ) from None


def back(text: str, now: datetime, option: str) -> datetime:
    """Read a time that is over: a span back from now, a day in UTC, or a moment. Raises Refusal naming the option."""
    if re.fullmatch(r"\d{1,5}[dhm]", text.strip()):
        return now - span(text.strip())
    try:
        stated = datetime.fromisoformat(text.strip())
    except ValueError:
        raise exits.Refusal(f"{option} {text!r} is no time; write it like 2026-01-31 or 7d") from None
    return stated if stated.tzinfo else stated.replace(tzinfo=UTC)


def between(since: str | None, until: str | None) -> tuple[datetime | None, datetime | None]:
    """Read the options --since and --until. Raises Refusal."""
    now = datetime.now(UTC)
    first = None if since is None else back(since, now, "--since")
    return first, None if until is None else back(until, now, "--until")


__all__ = ["ahead", "back", "between", "span"]
