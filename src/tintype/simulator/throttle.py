"""Count calls and refuse those above the limits; say in headers what is left."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from tintype.simulator import problems

WINDOW_S = 60.0
LOW_CREDIT_INTERVAL_S = 10.0  # 6 a minute with a burst of 1
LOW_CREDIT_USD = 5


class Kind(StrEnum):
    """What a call is, as the limits see it."""

    CREATE = "create"  # buys a prediction: 600 a minute
    OTHER = "other"  # 3,000 a minute
    LOOK = "look"  # one prediction read: counted with the others, announced as 60,000


_ANNOUNCED = {Kind.CREATE: 600, Kind.OTHER: 3_000, Kind.LOOK: 60_000}
_ENFORCED = {Kind.CREATE: 600, Kind.OTHER: 3_000}


@dataclass(frozen=True, slots=True)
class Permit:
    """A call that may go on, and what is left after it."""

    remaining: int
    reset_s: int

    def headers(self) -> list[tuple[bytes, bytes]]:
        """Return the two rate limit headers."""
        return [
            (b"ratelimit-remaining", b"%d" % self.remaining),
            (b"ratelimit-reset", b"%d" % self.reset_s),
        ]


@dataclass(slots=True)
class _Count:
    """The calls of one token: those of the running second, and those of the last minute where limits hold."""

    second: dict[Kind, tuple[int, int]] = field(default_factory=dict)
    minute: dict[Kind, deque[float]] = field(default_factory=dict)
    low_credit_from: float = -math.inf  # when the next create of an account with little credit is due


class Throttle:
    """The limits of all accounts.

    Without limits, calls are announced against a window of one second, as recorded upstream
    (`ratelimit-reset: 1`), and never refused. With `limits="replicate"`, 600 creates and 3,000 other calls
    pass in any 60 s of the simulator's clock.
    """

    def __init__(self, limits: Literal["none", "replicate"]) -> None:
        self._is_enforced = limits == "replicate"
        self._counts: dict[str, _Count] = {}

    def reset(self) -> None:
        """Forget all calls."""
        self._counts.clear()

    def admit(self, token: str, kind: Kind, *, now: float, low_credit: bool = False) -> Permit:
        """Count a call and return what is left.

        `low_credit` slows creates to 6 a minute with a burst of 1, whatever the limits. A refused call uses
        nothing. Raises Problem 429 with the seconds to wait.
        """
        count = self._counts.setdefault(token, _Count())
        if kind is Kind.CREATE and low_credit:
            if now < count.low_credit_from:
                raise problems.throttled(math.ceil(count.low_credit_from - now), low_credit=True)
            count.low_credit_from = now + LOW_CREDIT_INTERVAL_S
            return Permit(0, math.ceil(LOW_CREDIT_INTERVAL_S))
        return self._in_minute(count, kind, now) if self._is_enforced else self._in_second(count, kind, now)

    def _in_second(self, count: _Count, kind: Kind, now: float) -> Permit:
        second, used = count.second.get(kind, (0, 0))
        used = used + 1 if second == int(now) else 1
        count.second[kind] = (int(now), used)
        return Permit(max(0, _ANNOUNCED[kind] - used), 1)

    def _in_minute(self, count: _Count, kind: Kind, now: float) -> Permit:
        counted = Kind.CREATE if kind is Kind.CREATE else Kind.OTHER
        calls = count.minute.setdefault(counted, deque())
        while calls and calls[0] <= now - WINDOW_S:
            calls.popleft()
        if len(calls) >= _ENFORCED[counted]:
            raise problems.throttled(max(1, math.ceil(calls[0] + WINDOW_S - now)))
        calls.append(now)
        return Permit(_ANNOUNCED[kind] - len(calls), max(1, math.ceil(calls[0] + WINDOW_S - now)))
