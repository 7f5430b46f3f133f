from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype.simulator import lifecycle
from tintype.simulator.lifecycle import Status
from tintype.simulator.records import Prediction
from tintype.simulator.script import Script

ORDER = {Status.STARTING: 0, Status.PROCESSING: 1, **dict.fromkeys(lifecycle.FINAL, 2)}
seconds = st.floats(0, 4_000)
scripts = st.builds(
    Script,
    delay_s=st.none() | st.floats(0, 100),
    cold_s=st.none() | st.floats(0, 100),
    fail=st.none() | st.just("broken"),
    is_nsfw=st.booleans(),
    is_stuck=st.booleans(),
)


def _planned(**options: Any) -> lifecycle.Schedule:
    usual: dict[str, Any] = {
        "created_s": 1_000.0,
        "script": Script(),
        "usual_s": 4.0,
        "ready_s": 1_000.0,
        "speed": 1.0,
        "roll": 0.5,
    }
    return lifecycle.schedule(**{**usual, **options})


def _prediction(planned: lifecycle.Schedule, *, count: int = 1, ending: str = "png") -> Prediction:
    return Prediction(
        id="01" * 13,
        account="r8_x",
        model="a/b",
        version="hidden",
        runs="a/b",
        input=b"{}",
        created_s=1_000.0,
        starts_s=planned.starts_s,
        ends_s=planned.ends_s,
        run_s=planned.run_s,
        outcome=planned.outcome,
        base="http://x",
        error=planned.error,
        count=count,
        ending=ending,
    )


@given(
    scripts,
    st.sampled_from([0.5, 1.0, 20.0, float("inf")]),
    st.floats(0, 1),
    st.none() | st.floats(5, 3_000),
    st.integers(1, 6),
    st.lists(seconds, min_size=2, max_size=12),
    st.none() | seconds,
)
def test_whatever_happens_a_prediction_only_goes_forward(
    script: Script,
    speed: float,
    roll: float,
    cancel_after: float | None,
    count: int,
    looks: list[float],
    cancelled: float | None,
) -> None:
    """Status, outputs, log and progress never go back, and a final status never changes."""
    deadline = None if cancel_after is None else 1_000 + cancel_after
    planned = _planned(script=script, speed=speed, roll=roll, deadline_s=deadline)
    prediction = _prediction(planned, count=count)
    seen: list[tuple[int, int, int]] = []
    final: Status | None = None

    for look in sorted(looks):
        now_s = 1_000 + look
        if cancelled is not None and look >= cancelled and now_s < prediction.ends_s:
            prediction.ends_s, prediction.outcome, prediction.error = now_s, Status.CANCELED, None
        status = lifecycle.status(prediction, now_s)
        assert final in {None, status}
        final = status if status in lifecycle.FINAL else None
        text = lifecycle.logs(prediction, now_s, seed=1, steps=20)
        seen.append((ORDER[status], lifecycle.delivered(prediction, now_s), len(text)))

    assert [one[0] for one in seen] == sorted(one[0] for one in seen)
    assert [one[1] for one in seen] == sorted(one[1] for one in seen)
    assert [one[2] for one in seen] == sorted(one[2] for one in seen)
    if final is Status.SUCCEEDED:
        assert seen[-1][1] == count
    if final in {Status.FAILED, Status.ABORTED}:
        assert seen[-1][1] == 0


@given(st.floats(0, 1), st.floats(1, 1_000))
def test_speed_divides_the_usual_time_with_a_little_jitter(roll: float, speed: float) -> None:
    planned = _planned(roll=roll, speed=speed, usual_s=10.0)

    assert 8.5 / speed <= planned.run_s <= 11.5 / speed + 1e-9


def test_infinite_speed_is_instant_and_leaves_scripted_seconds_alone() -> None:
    instant = _planned(speed=float("inf"))
    scripted = _planned(speed=float("inf"), script=Script(delay_s=8, cold_s=30))

    assert (instant.starts_s, instant.ends_s) == (1_000, 1_000)
    assert (scripted.starts_s, scripted.ends_s) == (1_030, 1_038)


def test_deadline_aborts_what_never_started_and_cancels_what_runs() -> None:
    never = _planned(script=Script(cold_s=30), deadline_s=1_010.0)
    running = _planned(script=Script(delay_s=30), deadline_s=1_010.0)

    assert (never.outcome, never.ends_s) == (Status.ABORTED, 1_010)
    assert (running.outcome, running.ends_s) == (Status.CANCELED, 1_010)
    assert not lifecycle.has_started(_prediction(never), 2_000)
    assert lifecycle.predict_time_s(_prediction(never)) == 0


def test_stuck_prediction_fails_by_the_run_timeout() -> None:
    planned = _planned(script=Script(is_stuck=True))

    assert planned.outcome is Status.FAILED
    assert planned.ends_s - planned.starts_s == pytest.approx(lifecycle.RUN_TIMEOUT_S)
    assert planned.error == lifecycle.TIMED_OUT


def test_log_grows_with_lines_like_those_of_tqdm() -> None:
    prediction = _prediction(_planned(script=Script(delay_s=10)))

    early = lifecycle.logs(prediction, prediction.starts_s + 5.1, seed=7, steps=50)
    late = lifecycle.logs(prediction, prediction.ends_s, seed=7, steps=50)

    assert late.startswith(early)
    assert early.splitlines()[:2] == ["Using seed: 7", "  0%|          | 0/50 [00:00<?, ?it/s]"]
    assert early.splitlines()[-1] == " 50%|█████     | 25/50 [00:05<00:05,  5.00it/s]"
    assert late.splitlines()[-1] == "100%|██████████| 50/50 [00:10<00:00,  5.00it/s]"


@given(st.integers(2, 9), st.floats(0.01, 500))
def test_outputs_arrive_when_they_are_said_to(count: int, run: float) -> None:
    prediction = _prediction(_planned(script=Script(delay_s=run)), count=count)

    for index in range(count):
        at = lifecycle.delivered_at(prediction, index)
        assert lifecycle.delivered(prediction, at) >= index + 1
        assert at <= prediction.ends_s + 1e-3
