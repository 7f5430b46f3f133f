"""A sliding window: never too many, nobody overtakes, threads and tasks alike."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype import AsyncRateLimiter, ConfigurationError, Limits, RateLimiter
from tintype.replicate.limits import Window


@given(
    arrivals=st.lists(st.floats(0, 30), min_size=1, max_size=60),
    max_requests=st.integers(1, 7),
    window_s=st.floats(0.5, 20),
)
def test_no_stretch_of_the_window_ever_admits_more(
    arrivals: list[float], max_requests: int, window_s: float
) -> None:
    """Whenever callers come, the places that they get are in order and spread over the window."""
    now = 0.0
    window = Window(max_requests, window_s, clock=lambda: now)
    begins = []
    for pause in arrivals:
        now += pause
        wait_s = window.reserve()
        assert wait_s is not None
        begins.append(now + wait_s)

    assert begins == sorted(begins)
    for first, beyond in zip(begins, begins[max_requests:], strict=False):
        assert beyond - first >= window_s - 1e-6


def test_sixty_places_are_free_at_once_and_the_next_is_a_minute_away() -> None:
    limiter = RateLimiter(clock=lambda: 0.0)

    waits = [limiter.reserve() for _ in range(61)]

    assert waits == [0.0] * 60 + [60.0]


def test_a_place_that_begins_too_late_is_not_taken() -> None:
    limiter = RateLimiter(1, 60.0, clock=lambda: 0.0)
    limiter.reserve()

    assert limiter.reserve(within_s=59.0) is None
    assert limiter.reserve() == 60.0


def test_acquire_blocks_threads_until_their_turn() -> None:
    limiter = RateLimiter(3, 0.2)
    started = time.monotonic()
    passed: list[float] = []

    def pass_through() -> None:
        limiter.acquire()
        passed.append(time.monotonic() - started)

    threads = [threading.Thread(target=pass_through) for _ in range(7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    passed.sort()
    assert passed[2] < 0.15
    assert passed[3] >= 0.2
    assert passed[6] >= 0.4


async def test_acquire_lets_tasks_pass_in_the_order_of_asking() -> None:
    limiter = AsyncRateLimiter(2, 0.1)
    order: list[int] = []

    async def pass_through(number: int) -> None:
        await limiter.acquire()
        order.append(number)

    await asyncio.gather(*(pass_through(number) for number in range(6)))

    # The two places of a window begin microseconds apart, and a busy machine wakes tasks no finer than that.
    assert [set(order[start : start + 2]) for start in (0, 2, 4)] == [{0, 1}, {2, 3}, {4, 5}]


@pytest.mark.parametrize(("max_requests", "window_s"), [(0, 60.0), (-1, 60.0), (60, 0.0), (60, float("nan"))])
def test_a_limit_that_admits_nothing_is_refused(max_requests: int, window_s: float) -> None:
    with pytest.raises(ConfigurationError, match="admits nothing"):
        RateLimiter(max_requests, window_s)


def test_presets_are_the_default_replicates_and_none() -> None:
    standard, replicate, none = Limits(), Limits.replicate(), Limits.none()

    assert standard.creates is not None
    assert standard.others is not None
    assert (standard.creates.max_requests, standard.others.max_requests) == (60, 3_000)
    assert replicate.creates is not None
    assert replicate.others is not None
    assert (replicate.creates.max_requests, replicate.others.max_requests) == (600, 3_000)
    assert (none.creates, none.others) == (None, None)
