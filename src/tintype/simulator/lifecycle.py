"""Say what a prediction is at a time. Pure: the schedule is made once, the rest is computed from it."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tintype.simulator.records import Prediction
    from tintype.simulator.script import Script

RUN_TIMEOUT_S = 30 * 60.0
RETENTION_S = 60 * 60.0
WARM_S = 10 * 60.0
"""How long a community model stays booted after its last use."""
QUEUE_S = (0.05, 0.3)
JITTER = 0.15
FAILED_AT = 0.9
"""How far a run gets that fails."""
LINES_MAX = 20
"""Progress lines that a run writes at most."""

FLAGGED = "The input or output was flagged as sensitive. Please try again with different inputs. (E005)"
TIMED_OUT = "The prediction ran into the run timeout of 30 minutes"


class Status(StrEnum):
    """The six statuses; the last four are final."""

    STARTING = "starting"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"
    ABORTED = "aborted"


FINAL = frozenset({Status.SUCCEEDED, Status.FAILED, Status.CANCELED, Status.ABORTED})


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a prediction starts and ends, how, and how long an undisturbed run takes."""

    starts_s: float
    ends_s: float
    run_s: float
    outcome: Status
    error: str | None = None


def schedule(
    *,
    created_s: float,
    script: Script,
    usual_s: float,
    ready_s: float,
    speed: float,
    roll: float,
    deadline_s: float | None = None,
) -> Schedule:
    """Plan a prediction.

    `ready_s` is when the model is booted, `roll` a number from 0 to 1 that scatters the model's own times by
    15 % to either side. Speed divides the model's times, never those of the script.
    """
    starts_s = max(created_s + (QUEUE_S[0] + (QUEUE_S[1] - QUEUE_S[0]) * roll) / speed, ready_s)
    if script.cold_s is not None:
        starts_s = max(starts_s, created_s + script.cold_s)
    run_s = usual_s * (1 - JITTER + 2 * JITTER * roll) / speed if script.delay_s is None else script.delay_s
    outcome, error = Status.SUCCEEDED, None
    if script.fail is not None:
        outcome, error = Status.FAILED, script.fail
    elif script.is_nsfw:
        outcome, error = Status.FAILED, FLAGGED
    if script.is_stuck or run_s > RUN_TIMEOUT_S:
        run_s, outcome, error = RUN_TIMEOUT_S, Status.FAILED, TIMED_OUT
    planned = Schedule(starts_s, starts_s + run_s, run_s, outcome, error)
    return planned if deadline_s is None else with_deadline(planned, deadline_s)


def with_deadline(planned: Schedule, deadline_s: float) -> Schedule:
    """End a plan at its deadline: aborted where it never started, canceled where it runs."""
    if deadline_s <= planned.starts_s and deadline_s < planned.ends_s:
        return Schedule(planned.starts_s, deadline_s, planned.run_s, Status.ABORTED)
    if deadline_s < planned.ends_s:
        return Schedule(planned.starts_s, deadline_s, planned.run_s, Status.CANCELED)
    return planned


def status(prediction: Prediction, now_s: float) -> Status:
    """Return the status at a time."""
    if now_s >= prediction.ends_s:
        return Status(prediction.outcome)
    return Status.PROCESSING if now_s >= prediction.starts_s else Status.STARTING


def has_started(prediction: Prediction, now_s: float) -> bool:
    """Return whether it ever ran by then; one that ended before its start never does."""
    return prediction.starts_s <= min(now_s, prediction.ends_s) and prediction.outcome != Status.ABORTED


def delivered(prediction: Prediction, now_s: float) -> int:
    """Return how many outputs there are. The last one comes with the end; a run that fails delivers none."""
    count = prediction.count
    if now_s >= prediction.ends_s and prediction.outcome == Status.SUCCEEDED:
        return count
    if not delivers(prediction) or not has_started(prediction, now_s):
        return 0
    return min(count - 1, math.floor(count * progress(prediction, now_s)))


def delivers(prediction: Prediction) -> bool:
    """Return whether outputs come while it runs; a run that fails or never starts gives none."""
    return prediction.outcome not in {Status.FAILED, Status.ABORTED}


def delivered_at(prediction: Prediction, index: int) -> float:
    """Return when the output with this index comes, counted from 0."""
    if index + 1 >= prediction.count:
        return prediction.ends_s
    # A hair later than the exact quotient, so that rounding never finds it not yet there.
    return prediction.starts_s + prediction.run_s * ((index + 1) / prediction.count + 1e-9) + 1e-6


def progress(prediction: Prediction, now_s: float) -> float:
    """Return the share of the run that is done, from 0 to 1."""
    if not has_started(prediction, now_s):
        return 0.0
    if now_s >= prediction.ends_s and prediction.outcome == Status.SUCCEEDED:
        return 1.0
    ran_s = min(now_s, prediction.ends_s) - prediction.starts_s
    share = ran_s / prediction.run_s if prediction.run_s > 0 else 1.0
    return min(share, FAILED_AT if prediction.outcome == Status.FAILED else 1.0)


def predict_time_s(prediction: Prediction) -> float:
    """Return how long an ended prediction ran."""
    return prediction.ends_s - prediction.starts_s if has_started(prediction, prediction.ends_s) else 0.0


def lines(prediction: Prediction, now_s: float) -> int:
    """Return how many progress lines are written; texts write none."""
    if not prediction.ending or not has_started(prediction, now_s):
        return 0
    return 1 + math.floor(LINES_MAX * progress(prediction, now_s))


def line_at(prediction: Prediction, index: int) -> float:
    """Return when the progress line with this index is written, counted from 0."""
    return prediction.starts_s + prediction.run_s * (index / LINES_MAX + 1e-9) + 1e-6


def logs(prediction: Prediction, now_s: float, *, seed: int, steps: int) -> str:
    """Return the log text at a time: a line with the seed, then progress in the manner of tqdm."""
    written = lines(prediction, now_s)
    if not written:
        return ""
    run_s = prediction.run_s
    speed = f"{steps / run_s:5.2f}it/s" if run_s > 0 else "?it/s"
    text = [f"Using seed: {seed}"]
    for index, head in _heads(steps):
        if index >= written:
            break
        elapsed_s = run_s * index / LINES_MAX if index else 0.0
        left = _clock(run_s - elapsed_s) if index and run_s > 0 else "?"
        text.append(f"{head} [{_clock(elapsed_s)}<{left}, {speed if index else '?it/s'}]")
    if now_s >= prediction.ends_s and prediction.error is not None:
        text.append(prediction.error)
    return "\n".join(text) + "\n"


@functools.lru_cache(maxsize=256)
def _heads(steps: int) -> tuple[tuple[int, str], ...]:
    """Return index and first part of each progress line; two lines for the same step are one."""
    by_step = {steps * index // LINES_MAX: index for index in range(LINES_MAX, -1, -1)}
    return tuple((index, _head(step, steps)) for step, index in sorted(by_step.items()))


def _head(step: int, steps: int) -> str:
    eighths = round(step / steps * 80)
    bar = ("█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8] * (eighths % 8 > 0)).ljust(10)
    return f"{round(step / steps * 100):3d}%|{bar}| {step}/{steps}"


def _clock(seconds: float) -> str:
    whole = int(seconds + 1e-6)
    return f"{whole // 60:02d}:{whole % 60:02d}"
