"""When to look at what runs upstream, and how the list is cut for reading. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

PAGE = 100
"""How many predictions a page of upstream's list holds."""
FIRST_S = 0.5
WEBHOOK_FIRST_S = 10.0
_DENSE_LEAST_S, _DENSE_MOST_S = 0.25, 2.0
_QUIET_MOST_S = 10.0
_LATE_MOST_S = 5.0


@dataclass(frozen=True, slots=True)
class Waiting:
    """One that runs: whose it is, its prediction, what it runs, when upstream took it, where it came from."""

    id: str
    prediction_id: str
    model: str
    is_unwanted: bool
    submitted_at: datetime
    key_id: str | None = None
    request_id: str | None = None


def next_look_s(
    *, elapsed_s: float, usual_s: float | None, waiting: int, calls_per_s: float, has_webhooks: bool
) -> float:
    """Return the seconds until the next look at one that was just seen running.

    Rare before six tenths of its model's usual time, dense until twice that, then rarer. With many waiting no
    look is planned sooner than one reading of all of them takes. Webhooks tell first: then looks are the net below.
    """
    usual = 5.0 if usual_s is None else usual_s
    ahead_s = 0.6 * usual - elapsed_s
    dense_s = min(max(0.05 * usual, _DENSE_LEAST_S), _DENSE_MOST_S)
    if ahead_s > dense_s:
        pause_s = min(ahead_s, _QUIET_MOST_S)
    elif elapsed_s < 2 * usual:
        pause_s = dense_s
    else:
        pause_s = min(dense_s + 0.25 * (elapsed_s - 2 * usual), _LATE_MOST_S)
    if has_webhooks:
        pause_s = max(4 * pause_s, WEBHOOK_FIRST_S)
    return max(pause_s, waiting / PAGE / calls_per_s)


def stretches(due: Sequence[Waiting], *, at_most: int) -> list[list[Waiting]]:
    """Cut what is due, newest first, into stretches of time to be read side by side, each worth at least a page."""
    count = max(1, min(at_most, len(due) // PAGE))
    size = -(-len(due) // count)
    return [list(due[start : start + size]) for start in range(0, len(due), size)]
