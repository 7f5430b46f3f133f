"""The upstream's clock as seen from here, narrowed down by every answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class UpstreamClock:
    """How far the upstream's clock is ahead of ours, in seconds, as an interval.

    A moment that upstream names in an answer lies between sending and receiving. The intersection of many such
    intervals is narrow. When they contradict each other, a clock was set: the newest counts.
    """

    def __init__(self) -> None:
        self._least_s: float | None = None
        self._most_s: float | None = None

    @property
    def ahead_s(self) -> float | None:
        """The middle of what is possible, or None before the first answer."""
        if self._least_s is None or self._most_s is None:
            return None
        return (self._least_s + self._most_s) / 2

    def see(self, named: datetime, *, sent_at: datetime, received_at: datetime, precision_s: float) -> None:
        """Take in a moment that upstream named, cut down to a precision (1 s in a `Date` header)."""
        least_s = (named - received_at).total_seconds()
        most_s = (named - sent_at).total_seconds() + precision_s
        if self._least_s is None or self._most_s is None or least_s > self._most_s or most_s < self._least_s:
            self._least_s, self._most_s = least_s, most_s
            return
        self._least_s, self._most_s = max(self._least_s, least_s), min(self._most_s, most_s)

    def here(self, theirs: datetime) -> datetime:
        """A moment of the upstream's clock on ours."""
        return theirs.astimezone(UTC) - timedelta(seconds=self.ahead_s or 0.0)
