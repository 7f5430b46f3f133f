"""Decide what became of creates of unknown outcome, from the predictions that upstream lists (rule 5). Pure.

A token decides: a prediction that echoes ours belongs to that attempt and to no other. Without one count the time,
what was run and the plain values of the input. Of k equal attempts and at most k candidates each candidate is
adopted by one; more candidates than attempts are ambiguous.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

READINGS_AFTER_S = (5.0, 10.0)
"""How long after an attempt was dead the readings are made that prove it absent."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt whose outcome is unknown; `is_dead` says that nobody sends it any more.

    Its ages are in seconds; `absent_for_s` counts from the first complete reading without a trace of it.
    """

    token: str
    group: str
    is_dead: bool
    dead_for_s: float = 0.0
    absent_for_s: float | None = None


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What one reading says: which prediction each attempt bought, who is ambiguous, absent, or to be read again."""

    found: Mapping[str, str] = field(default_factory=dict)
    ambiguous: frozenset[str] = frozenset()
    absent: frozenset[str] = frozenset()
    first_absence: frozenset[str] = frozenset()


def judge(
    attempts: Sequence[Attempt],
    *,
    by_token: Mapping[str, str],
    candidates: Mapping[str, Sequence[str]],
    is_complete: bool,
    readings_after_s: tuple[float, float] = READINGS_AFTER_S,
) -> Verdicts:
    """Judge a reading of the list.

    `by_token` says which prediction echoed an attempt's token, `candidates` which unclaimed ones fit each group of
    equal attempts, oldest first. Attempts of a group stand in the order of their intents. An attempt that may still
    be answered is not judged, and nobody of its group adopts by likeness before it is.
    """
    found = {one.token: by_token[one.token] for one in attempts if one.token in by_token}
    ambiguous: set[str] = set()
    absent: set[str] = set()
    first: set[str] = set()
    for group in dict.fromkeys(one.group for one in attempts):
        open_ones = [one for one in attempts if one.group == group and one.token not in found]
        dead = [one for one in open_ones if one.is_dead]
        fitting = candidates.get(group, ())
        if len(fitting) > len(open_ones):
            ambiguous.update(one.token for one in dead)
            continue
        if fitting and len(dead) == len(open_ones):
            found |= {one.token: prediction for one, prediction in zip(dead, fitting, strict=False)}
        elif fitting:
            continue
        left = [one for one in dead if one.token not in found]
        if not is_complete:
            ambiguous.update(one.token for one in left if one.dead_for_s >= readings_after_s[0])
            continue
        for one in left:
            if one.absent_for_s is None:
                if one.dead_for_s >= readings_after_s[0]:
                    first.add(one.token)
            elif one.dead_for_s >= readings_after_s[1]:
                absent.add(one.token)
    return Verdicts(found, frozenset(ambiguous), frozenset(absent), frozenset(first))
