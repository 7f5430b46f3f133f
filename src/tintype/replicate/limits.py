"""Sliding-window limits that wait instead of failing, for threads and for tasks."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tintype.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable


class Window:
    """Places in a sliding window, handed out in the order of asking. Safe for threads.

    In any stretch of `window_s` seconds at most `max_requests` places begin. A place is taken when it is
    asked for, with the time at which it begins, so that nobody overtakes.
    """

    def __init__(
        self, max_requests: int = 60, window_s: float = 60.0, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        if max_requests < 1 or not window_s > 0:
            raise ConfigurationError(
                f"a limit of {max_requests} requests in {window_s} s admits nothing; "
                "give at least 1 request and more than 0 s, or Limits.none()"
            )
        self.max_requests = max_requests
        self.window_s = window_s
        self._clock = clock
        self._lock = threading.Lock()
        self._places: deque[float] = deque(maxlen=max_requests)

    def reserve(self, within_s: float | None = None) -> float | None:
        """Take the next place; gives the seconds until it begins, or None (and takes none) if that is too late."""
        with self._lock:
            now = self._clock()
            begins = now
            if self._places:
                begins = max(begins, self._places[-1])
                if len(self._places) == self.max_requests:
                    begins = max(begins, self._places[0] + self.window_s)
            if within_s is not None and begins - now > within_s:
                return None
            self._places.append(begins)
            return begins - now


class RateLimiter(Window):
    """A sliding-window limiter for threads, 60 a minute by default: `acquire()` blocks until its turn."""

    def acquire(self) -> None:
        """Wait for the next place; first come, first served."""
        wait_s = self.reserve()
        if wait_s:
            time.sleep(wait_s)


class AsyncRateLimiter(Window):
    """The same limiter for tasks: `await acquire()`.

    A task that is cancelled while it waits leaves its place empty; nobody is admitted too early by that.
    """

    async def acquire(self) -> None:
        """Wait for the next place; first come, first served."""
        wait_s = self.reserve()
        if wait_s:
            await asyncio.sleep(wait_s)


@dataclass(frozen=True, slots=True)
class Limits:
    """The two limits that all calls of a client share: creates, and everything else. None is no limit.

    `Limits()` is 60 creates and 3,000 other calls a minute. Give the same object to several clients and
    they share it.
    """

    creates: Window | None
    others: Window | None

    def __init__(self, *, creates_per_minute: int | None = 60, others_per_minute: int | None = 3_000) -> None:
        object.__setattr__(self, "creates", Window(creates_per_minute) if creates_per_minute else None)
        object.__setattr__(self, "others", Window(others_per_minute) if others_per_minute else None)

    @classmethod
    def replicate(cls) -> Limits:
        """What Replicate allows an account in good standing: 600 creates and 3,000 other calls a minute."""
        return cls(creates_per_minute=600, others_per_minute=3_000)

    @classmethod
    def none(cls) -> Limits:
        """No limit on this side; a 429 from upstream is still obeyed."""
        return cls(creates_per_minute=None, others_per_minute=None)
