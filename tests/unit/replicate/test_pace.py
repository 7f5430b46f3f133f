"""Looks are spent where the end is likely: little lag, and no more looks than every half second."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype.replicate.pace import Pace, Stretch, Usual, around, likely, pause_s
from tintype.replicate.results import Prediction

PACE = Pace()


def _looks(took_s: float, stretch: Stretch | None, *, phase: float) -> tuple[int, float]:
    """Play a wait: how many looks it takes, and how long after the end the last one is."""
    at, looks = 0.0, 0
    while at < took_s:
        at += pause_s(PACE, elapsed_s=at, looks=looks, stretch=stretch, phase=phase, is_watched=False)
        looks += 1
    return looks, at - took_s


def _every_half_second(took_s: float) -> int:
    return int(took_s / 0.5) + 1


@pytest.mark.parametrize("usual_s", [1.5, 3.0, 6.0, 20.0])
@pytest.mark.parametrize("samples", [5, 30])
def test_a_learned_pace_has_a_third_of_the_lag_at_no_more_looks(usual_s: float, samples: int) -> None:
    """Against a look every half second, whose lag is a quarter of a second, for times that differ by 15 %."""
    chance = random.Random(7)

    def draw() -> float:
        return usual_s * chance.uniform(0.85, 1.15)

    ours, lags, theirs = [], [], []
    for _ in range(400):
        stretch = likely([draw() for _ in range(samples)])
        took_s = draw()
        looks, lag_s = _looks(took_s, stretch, phase=chance.random())
        ours.append(looks)
        lags.append(lag_s)
        theirs.append(_every_half_second(took_s))

    assert mean(ours) <= mean(theirs)
    assert mean(lags) <= max(0.25 / 3, 0.02 * usual_s)


@pytest.mark.parametrize("usual_s", [1.5, 6.0])
def test_a_stated_usual_time_is_as_good(usual_s: float) -> None:
    chance = random.Random(7)
    times = [usual_s * chance.uniform(0.85, 1.15) for _ in range(400)]

    played = [_looks(took_s, around(usual_s), phase=chance.random()) for took_s in times]

    assert mean(looks for looks, _ in played) <= mean(map(_every_half_second, times))
    assert mean(lag_s for _, lag_s in played) <= 0.25 / 3


def test_without_knowledge_pauses_grow_by_half_from_one_to_five_seconds() -> None:
    pauses = [
        pause_s(PACE, elapsed_s=0, looks=looks, stretch=None, phase=0.5, is_watched=False)
        for looks in range(6)
    ]

    assert pauses == [1.0, 1.5, 2.25, 3.375, 5.0, 5.0]


def test_who_watches_sees_something_every_second_before_the_likely_end() -> None:
    stretch = around(60.0)

    quiet = pause_s(PACE, elapsed_s=0, looks=0, stretch=stretch, phase=0, is_watched=False)
    watched = pause_s(PACE, elapsed_s=0, looks=0, stretch=stretch, phase=0, is_watched=True)

    assert (quiet, watched) == (10.0, 1.0)


@given(
    elapsed_s=st.floats(0, 10_000),
    looks=st.integers(0, 500),
    early_s=st.floats(0, 1_000),
    width_s=st.floats(0, 1_000),
    phase=st.floats(0, 1),
    crowd=st.integers(1, 20_000),
)
def test_no_pause_is_ever_nothing_or_endless(
    elapsed_s: float, looks: int, early_s: float, width_s: float, phase: float, crowd: int
) -> None:
    stretch = Stretch(early_s, early_s + width_s)

    pause = pause_s(
        PACE, elapsed_s=elapsed_s, looks=looks, stretch=stretch, phase=phase, is_watched=False, crowd=crowd
    )

    assert 0 < pause <= 10.0


def _ended(took_s: float, **facts: object) -> Prediction:
    made = datetime(2026, 1, 1, tzinfo=UTC)
    return Prediction.model_validate(
        {
            "id": "x",
            "status": "succeeded",
            "model": "owner/name",
            "created_at": made,
            "completed_at": made + timedelta(seconds=took_s),
            **facts,
        }
    )


def _usual() -> Usual:
    return Usual(monotonic=lambda: 0.0, chance=random.Random(1).random)


def test_what_is_learned_of_a_crowd_is_not_its_last_ones() -> None:
    """Of predictions made together the slow ones end last; the memory keeps a fair sample."""
    usual = _usual()

    for number in range(1_000):
        usual.learn(_ended(5.0 + number / 500))
    stretch = usual.stretch(_ended(0))

    assert stretch is not None
    assert 4.8 < stretch.early_s < 5.3
    assert 6.7 < stretch.late_s < 7.2


def test_models_do_not_learn_from_each_other_nor_from_failures() -> None:
    usual = _usual()

    usual.learn(_ended(5.0))
    usual.learn(_ended(50.0, status="failed"))
    usual.learn(_ended(500.0, model="other/name"))

    assert usual.stretch(_ended(0)) == likely([5.0])
    assert usual.stretch(_ended(0, model="third/name")) is None


def test_what_is_learned_makes_room_for_what_is_new() -> None:
    """A model that became faster is known to be faster after two generations of a minute."""
    now = [0.0]
    usual = Usual(monotonic=lambda: now[0], chance=random.Random(1).random)

    for took_s in (60.0, 3.0, 3.0):
        for _ in range(20):
            usual.learn(_ended(took_s))
        now[0] += 61.0
    usual.learn(_ended(3.0))

    stretch = usual.stretch(_ended(0))
    assert stretch is not None
    assert stretch.late_s < 5.0
