"""Decide how an order stands by how its generations do. Pure (rule 1)."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from tintype.domain.generation import State

if TYPE_CHECKING:
    from collections.abc import Iterable


class Standing(StrEnum):
    """How an order stands: nothing has begun; not all has ended; all has, and how."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"

    @property
    def is_final(self) -> bool:
        """Whether it stays so unless a failed generation is repeated."""
        return self not in (Standing.QUEUED, Standing.RUNNING)


def standing(states: Iterable[State]) -> Standing:
    """Return how an order of generations in these states stands; one that failed outweighs one that was canceled."""
    found = set(states)
    if found <= {State.QUEUED}:
        return Standing.QUEUED
    if not all(state.is_final for state in found):
        return Standing.RUNNING
    if found & {State.FAILED, State.ABORTED}:
        return Standing.FAILED
    return Standing.CANCELED if State.CANCELED in found else Standing.SUCCEEDED
