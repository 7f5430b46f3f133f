from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype.simulator.clock import Clock


class _Ticks:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def _clock() -> tuple[Clock, _Ticks]:
    ticks = _Ticks()
    return Clock(start_s=1_000.0, ticks=ticks), ticks


def test_time_follows_the_wall_and_what_was_skipped() -> None:
    clock, ticks = _clock()
    ticks.now += 5
    clock.advance(60)

    assert clock.now() == pytest.approx(1_065)
    assert clock.advanced_s == pytest.approx(60)


@given(st.lists(st.floats(0, 100), max_size=30), st.lists(st.floats(0, 40), max_size=8))
def test_timers_run_in_order_and_at_their_own_time(times: list[float], steps: list[float]) -> None:
    """However the clock is advanced, each timer sees a time at or just after its own, in order."""
    clock, _ = _clock()
    ran: list[tuple[float, float]] = []
    for when in times:
        clock.at(1_000 + when, lambda due: ran.append((due, clock.now())), 1_000 + when)

    for step in [*steps, 0.0]:
        clock.advance(step)

    assert [due for due, _ in ran] == sorted(1_000 + when for when in times if 1_000 + when <= clock.now())
    assert all(seen == pytest.approx(due, abs=1e-5) for due, seen in ran)


def test_timer_made_by_a_timer_runs_in_the_same_step() -> None:
    clock, _ = _clock()
    ran: list[str] = []

    def first() -> None:
        ran.append("first")
        clock.at(1_020, ran.append, "second")

    clock.at(1_010, first)

    clock.advance(30)

    assert ran == ["first", "second"]


def test_cancelled_timer_never_runs() -> None:
    clock, _ = _clock()
    ran: list[int] = []
    timer = clock.at(1_001, ran.append, 1)
    timer.cancel()
    timer.cancel()

    clock.advance(10)

    assert ran == []


@pytest.mark.parametrize("step", [-1, float("inf"), float("nan")])
def test_clock_goes_forward_by_finite_steps_only(step: float) -> None:
    clock, _ = _clock()

    with pytest.raises(ValueError, match="cannot be advanced"):
        clock.advance(step)


async def test_timers_run_by_themselves_on_the_event_loop() -> None:
    clock = Clock()
    clock.attach(asyncio.get_running_loop())
    late = asyncio.Event()
    clock.at(clock.now() + 30, late.set)
    soon = asyncio.Event()
    clock.at(clock.now() + 0.01, soon.set)

    async with asyncio.timeout(5):
        await soon.wait()

    assert not late.is_set()
    clock.detach()
