"""The simulator's clock and its one heap of timers. Time may be moved forward, never back."""

from __future__ import annotations

import heapq
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

NEVER_S = float("inf")
BATCH_S = 0.02
"""How long timers may hold up the event loop before others get a turn."""


class Timer:
    """One appointment. Cancelling it drops what it would have called."""

    __slots__ = ("act", "args", "when_s")

    def __init__(self, when_s: float, act: Callable[..., None], args: tuple[Any, ...]) -> None:
        self.when_s = when_s
        self.act: Callable[..., None] | None = act
        self.args = args

    def cancel(self) -> None:
        """Make the appointment void; cancelling twice, or after it ran, changes nothing."""
        self.act = None
        self.args = ()


class Clock:
    """Unix seconds that follow the wall clock plus whatever was skipped with `advance`.

    The wall is read once at the start and followed by the monotonic clock, so that a corrected system time
    never takes the simulator back. Not thread-safe: everything happens on the event loop's thread.
    """

    def __init__(self, *, start_s: float | None = None, ticks: Callable[[], float] = time.monotonic) -> None:
        self._ticks = ticks
        self._base_s = (time.time() if start_s is None else start_s) - ticks()
        self._heap: list[tuple[float, int, Timer]] = []
        self._count = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake: asyncio.TimerHandle | None = None
        self._wake_s = NEVER_S
        self.advanced_s = 0.0
        self.on_advance: Callable[[], None] | None = None
        """Called after each step that was skipped."""

    def now(self) -> float:
        """Return the simulated time in unix seconds."""
        return self._base_s + self._ticks()

    def at(self, when_s: float, act: Callable[..., None], *args: Any) -> Timer:
        """Call `act(*args)` once at that time; a time in the past is called at the next opportunity."""
        timer = Timer(when_s, act, args)
        self._count += 1
        heapq.heappush(self._heap, (when_s, self._count, timer))
        if when_s < self._wake_s:
            self._arm()
        return timer

    def run_due(self, *, batch_s: float = NEVER_S) -> int:
        """Run what is due, in order of time and then of appointment; return how many ran."""
        heap = self._heap
        ran = 0
        started = self._ticks()
        try:
            while heap and heap[0][0] <= self.now() and self._ticks() - started <= batch_s:
                timer = heapq.heappop(heap)[2]
                act, args = timer.act, timer.args
                timer.cancel()
                if act is not None:
                    act(*args)
                    ran += 1
        finally:
            self._arm()
        return ran

    def advance(self, seconds: float) -> None:
        """Move the time forward. Every timer on the way runs at its own time, in order.

        Raises ValueError for a negative or endless step.
        """
        if not 0 <= seconds < NEVER_S:
            raise ValueError(
                f"the clock cannot be advanced by {seconds} seconds; give a finite number of 0 or more"
            )
        target = self.now() + seconds
        while self._heap and self._heap[0][0] <= target:
            self._skip_to(self._heap[0][0])
            self.run_due()
        self._skip_to(target)
        self.run_due()
        if self.on_advance is not None:
            self.on_advance()

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let timers run by themselves on this event loop, until `detach`."""
        self._loop = loop
        self._arm()

    def detach(self) -> None:
        """Stop running timers by themselves; they stay in the heap."""
        self._disarm()
        self._loop = None

    def clear(self) -> None:
        """Forget every appointment."""
        self._heap.clear()
        self._arm()

    def _skip_to(self, when_s: float) -> None:
        step = when_s - self.now()
        if step > 0:
            # A microsecond more than rounding can take away: what is due then is due, not a hair later.
            self._base_s += step + 1e-6
            self.advanced_s += step + 1e-6
            self._disarm()

    def _arm(self) -> None:
        if self._loop is None or (self._heap and self._heap[0][0] == self._wake_s):
            return
        self._disarm()
        if self._heap:
            self._wake_s = self._heap[0][0]
            # A timer of the event loop may fire a little early: half a millisecond later costs nothing.
            self._wake = self._loop.call_later(max(0.0, self._wake_s - self.now() + 0.0005), self._fire)

    def _disarm(self) -> None:
        if self._wake is not None:
            self._wake.cancel()
        self._wake, self._wake_s = None, NEVER_S

    def _fire(self) -> None:
        self._wake, self._wake_s = None, NEVER_S
        self.run_due(batch_s=BATCH_S)


def resolve(future: asyncio.Future[None]) -> None:
    """Resolve a future that may have been resolved or cancelled before."""
    if not future.done():
        future.set_result(None)
