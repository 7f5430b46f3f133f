"""Choose for simulated users with tastes of their own: how often each gets a favourite, beside other choosers.

    python -m bench.choosing [--users 200] [--choices 100] [--explore 0.05] [--seed 8086]

Each user has a favourite among the models that fit their price limit, and asks for pictures of several kinds. Some have
one favourite for everything, some another for each of two kinds of prompts. After each picture they say what they
think of it: mostly well of their favourite, now and then of others. How much each model pleases is drawn at random for
each user, and knows nothing of tiers, prices or the prior. The numbers were settled with the users of
the seeds 1 to 4; those of the seed here were not looked at before. Counted are the choices after the fiftieth.
"""

from __future__ import annotations

import argparse
import functools
import random
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.stand.figures import Figure, show
from tintype import catalogue
from tintype.domain import choosing, complexity, preference, pricing
from tintype.domain.choosing import Candidate
from tintype.domain.preference import Vote

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tintype.domain.catalogue import Model
    from tintype.domain.complexity import Subject

LEARNING = 50
FAVOURITE_LEAST = 80.0
PROMPTS = (
    "a photo of a fox in the snow",
    "studio photo of a running shoe, soft light, 85 mm, detailed texture, reflections",
    "a watercolour of a harbour with three boats and a lighthouse",
    "ink drawing of an old town square",
    "a castle on a hill",
    "an astronaut and a horse, beside a lake, with mountains behind, intricate, cinematic, golden hour",
    'a poster that says "OPEN" in red letters',
    "a flat vector logo of a bear",
)
LIMITS_NANO_USD = (40_000_000, 60_000_000, 100_000_000)
"""Price limits that users have; each leaves several models to choose among."""


@dataclass(frozen=True, slots=True)
class User:
    """Somebody with a taste: how likely each model is to please, for each kind of prompt that they ask for."""

    limit_nano_usd: int
    prompts: tuple[str, ...]
    tastes: dict[tuple[str, Subject], float]
    candidates: tuple[Candidate, ...]

    def favourite(self, prompt: str) -> str:
        """Return the model that they like best for a prompt."""
        subject = complexity.kind(prompt)
        fit = [one.model.slug for one in self.candidates if one.unfit is None]
        return max(fit, key=lambda slug: self.tastes[slug, subject])


@functools.cache
def candidates(limit_nano_usd: int) -> tuple[Candidate, ...]:
    """Return the models among which is chosen, those above the limit unfit."""
    known = catalogue.load()
    found = []
    for slug in choosing.POOL:
        model = known.find(slug)
        price = pricing.estimate(model, {"prompt": "a"})
        unfit = None if price.bound_nano_usd <= limit_nano_usd else "above the limit"
        found.append(Candidate(model=model, expected_nano_usd=price.expected_nano_usd, unfit=unfit))
    return tuple(found)


def user(chance: random.Random, *, favourites: int) -> User:
    """Make a user with one favourite for all kinds of prompts, or one for each of two kinds."""
    limit = chance.choice(LIMITS_NANO_USD)
    among = candidates(limit)
    slugs = [one.model.slug for one in among]
    fit = [one.model.slug for one in among if one.unfit is None]
    prompts: tuple[str, ...] = PROMPTS
    subjects = list(dict.fromkeys(map(complexity.kind, PROMPTS)))
    if favourites > 1:
        subjects = chance.sample(subjects, favourites)
        prompts = tuple(one for one in PROMPTS if complexity.kind(one) in subjects)
    tastes = {}
    common = chance.choice(fit)
    for subject in subjects:
        best = common if favourites == 1 else chance.choice(fit)
        for slug in slugs:
            pleases = chance.uniform(0.8, 0.95) if slug == best else chance.uniform(0.15, 0.6)
            tastes[slug, subject] = pleases
    return User(limit, prompts, tastes, among)


def by_tintype(explore: float) -> Callable[[User, str, random.Random, list[Vote]], Model]:
    """Choose as mode `auto` does."""

    def chooser(one: User, prompt: str, chance: random.Random, votes: list[Vote]) -> Model:
        choice = choosing.choose(
            one.candidates,
            prompt=prompt,
            likings=preference.tallied(votes),
            is_exploring=chance.random() < explore,
        )
        assert choice is not None
        return choice.model

    return chooser


def by_chance(one: User, _prompt: str, chance: random.Random, _votes: list[Vote]) -> Model:
    """Choose any that fits."""
    return chance.choice([it.model for it in one.candidates if it.unfit is None])


def by_price(one: User, _prompt: str, _chance: random.Random, _votes: list[Vote]) -> Model:
    """Choose the cheapest."""
    return min(one.candidates, key=lambda it: it.expected_nano_usd).model


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it: the share of choices after the fiftieth that were the favourite, and choices above a limit."""

    favourite_percent: float
    above_limit: int
    usd_each: float


def outcome(
    chooser: Callable[[User, str, random.Random, list[Vote]], Model],
    *,
    seed: int,
    users: int,
    choices: int,
    favourites: int,
) -> Outcome:
    """Let a chooser choose for many users; the same users for the same seed."""
    hits = counted = above = spent = 0
    for number in range(users):
        chance = random.Random(f"{seed} {favourites} {number}")
        one = user(chance, favourites=favourites)
        prices = {it.model.slug: it.expected_nano_usd for it in one.candidates}
        votes: list[Vote] = []
        for turn in range(choices):
            prompt = chance.choice(one.prompts)
            slug = chooser(one, prompt, chance, votes).slug
            subject = complexity.kind(prompt)
            is_liked = chance.random() < one.tastes[slug, subject]
            votes.append(Vote(slug, subject, preference.vote(chance.choice((4, 5) if is_liked else (1, 2)))))
            above += prices[slug] > one.limit_nano_usd
            spent += prices[slug]
            if turn >= LEARNING:
                counted += 1
                hits += slug == one.favourite(prompt)
    return Outcome(100 * hits / counted, above, spent / users / choices / 1e9)


def figures(*, seed: int, users: int, choices: int, explore: float) -> list[Figure]:
    """Measure the three choosers with both kinds of users."""
    found = []
    choosers = (("auto", by_tintype(explore)), ("at random", by_chance), ("the cheapest", by_price))
    for favourites, words in ((1, "one favourite"), (2, "a favourite for each kind of prompt")):
        for name, chooser in choosers:
            told = outcome(chooser, seed=seed, users=users, choices=choices, favourites=favourites)
            found.append(
                Figure(
                    f"{name}: favourite, users with {words}",
                    told.favourite_percent,
                    "%",
                    least=FAVOURITE_LEAST if name == "auto" else None,
                    beside=f"${told.usd_each:.4f} each, {told.above_limit} above the limit",
                )
            )
            if name == "auto":
                found.append(Figure("auto: choices above the limit", told.above_limit, "", most=0))
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--users", type=int, default=200)
    parser.add_argument("--choices", type=int, default=100)
    parser.add_argument("--explore", type=float, default=0.05)
    parser.add_argument("--seed", type=int, default=8086)
    chosen = parser.parse_args(arguments)
    found = figures(seed=chosen.seed, users=chosen.users, choices=chosen.choices, explore=chosen.explore)
    return 0 if show(found) else 1


if __name__ == "__main__":
    sys.exit(main())
