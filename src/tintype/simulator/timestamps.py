"""Write and read times as the API does: RFC 3339 in UTC, with 3, 6 or 9 digits of a second."""

from __future__ import annotations

import functools
from datetime import UTC, datetime

MILLI, MICRO, NANO = 3, 6, 9


def write(when_s: float, digits: int = MICRO) -> str:
    """Return a time as text, cut off (never rounded up into the future) after so many digits."""
    ticks = int(when_s * 1_000_000)
    seconds, micros = divmod(ticks, 1_000_000)
    if digits == NANO:
        # A float holds no nanoseconds of this century; the last three digits follow from the rest.
        return f"{_second(seconds)}.{micros:06d}{(micros * 7 + seconds) % 1000:03d}Z"
    return f"{_second(seconds)}.{f'{micros:06d}'[:digits]}Z"


def read(text: str) -> float:
    """Return the unix seconds of an ISO 8601 time; one without a zone is in UTC. Raises ValueError."""
    parsed = datetime.fromisoformat(text.replace(" ", "+"))
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()


@functools.lru_cache(maxsize=4096)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
