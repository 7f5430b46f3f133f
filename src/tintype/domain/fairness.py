"""Share the queue fairly: start-time fair queueing, one virtual clock, a tag per owner. Pure.

The database computes the same at admission; `tests/integration/core` holds the two together. Virtual time is
counted in thousandths of a job of weight one.
"""

from __future__ import annotations

from dataclasses import dataclass

JOB = 1000
WEIGHT_MAX = 1000
PRIORITY_MAX = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Tag:
    """Where a job stands in virtual time, and where its owner's next one may start."""

    start: int
    finish: int


def tag(*, virtual_now: int, owner_finish: int, weight: int = 1) -> Tag:
    """Place an owner's next job: after its last, and not before what runs now."""
    if not 1 <= weight <= WEIGHT_MAX:
        raise ValueError(f"a weight is 1 to {WEIGHT_MAX}, not {weight}")
    start = max(virtual_now, owner_finish)
    return Tag(start=start, finish=start + JOB // weight)


def priority(start: int, *, base: int) -> int:
    """Return a job's priority, higher first, within what the queue can hold."""
    return max(min(base - start, PRIORITY_MAX), -PRIORITY_MAX)
