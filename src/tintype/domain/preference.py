"""What a user likes, learned from ratings: a Bayesian estimate for each model and kind of prompt. Pure.

    known = preference.tallied(votes)
    preference.of(known, "flux-schnell", Subject.PHOTO, prior=0.7).mean

A rating from 1 to 5 is a vote from 0 to 1. The prior is a Beta distribution that weighs as much as PRIOR_VOTES votes,
so that few votes move little; votes about other kinds of prompts count as OTHER_KIND of a vote.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tintype.domain.complexity import Subject

PRIOR_VOTES = 4.0
OTHER_KIND = 0.15


@dataclass(frozen=True, slots=True)
class Vote:
    """What was thought of one thing that a model made: from 0 (not at all) to 1 (just so)."""

    model: str
    subject: Subject
    liking: float


@dataclass(frozen=True, slots=True)
class Tally:
    """Votes added up: how many, and the sum of what they say."""

    votes: float = 0.0
    liked: float = 0.0


@dataclass(frozen=True, slots=True)
class Liking:
    """How much a model is expected to be liked, how sure that is (one standard deviation), and after how many votes."""

    mean: float
    deviation: float
    votes: float

    @property
    def at_best(self) -> float:
        """How much it may be liked, with a chance of one in twenty that it is more."""
        return min(1.0, self.mean + 1.645 * self.deviation)


def vote(rating: int) -> float:
    """Return the vote that a rating from 1 to 5 is."""
    return (rating - 1) / 4


def tallied(votes: Iterable[Vote]) -> dict[tuple[str, Subject], Tally]:
    """Add votes up by model and kind of prompt."""
    found: dict[tuple[str, Subject], Tally] = {}
    for one in votes:
        before = found.get((one.model, one.subject), Tally())
        found[one.model, one.subject] = Tally(before.votes + 1, before.liked + one.liking)
    return found


def of(known: Mapping[tuple[str, Subject], Tally], model: str, subject: Subject, *, prior: float) -> Liking:
    """Return the posterior of a model for a kind of prompt; `prior` is what is expected before any vote."""
    votes = liked = 0.0
    for (slug, other), tally in known.items():
        if slug == model:
            weight = 1.0 if other == subject else OTHER_KIND
            votes += weight * tally.votes
            liked += weight * tally.liked
    strength = PRIOR_VOTES + votes
    mean = (PRIOR_VOTES * prior + liked) / strength
    return Liking(mean, math.sqrt(mean * (1 - mean) / (strength + 1)), votes)


__all__ = ["OTHER_KIND", "PRIOR_VOTES", "Liking", "Tally", "Vote", "of", "tallied", "vote"]
