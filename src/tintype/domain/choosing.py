"""Choose a model: by what it is for, or by the prompt, the price, the speed and what its user likes. Pure.

    choice = choosing.choose(candidates, prompt="a lighthouse", likings=preference.tallied(votes))
    choice.model, choice.reasons

Each candidate that can do what is asked within the limits gets a score: how much it is expected to be liked, less a
little for its price and its time. The highest wins; an exploring choice takes the one that could turn out best.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from tintype.domain import complexity, errors, money, preference
from tintype.domain.catalogue import Ability, Quality

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tintype.domain.catalogue import Model
    from tintype.domain.complexity import Complexity, Subject
    from tintype.domain.preference import Liking, Tally


class Mode(StrEnum):
    """How the model is chosen: by what it is for, where a setting names it, or each time anew."""

    PROOF = "proof"
    STANDARD = "standard"
    FINAL = "final"
    AUTO = "auto"


POOL = (
    "black-forest-labs/flux-schnell",
    "bytedance/seedream-4",
    "black-forest-labs/flux-1.1-pro-ultra",
    "google/imagen-4-ultra",
    "ideogram-ai/ideogram-v3-turbo",
    "recraft-ai/recraft-v3",
)
"""The models among which one is chosen when nothing else is said; where several are equal, the first."""

LIKED = 0.75
"""How much a model is expected to be liked that is good enough for what the prompt asks for."""
SHORTFALL = 0.35
"""What is taken off that for a model of the lowest tier and a prompt that asks for most."""
NO_LETTERING = 0.20
"""What is taken off for a model that is not known for legible text, where the prompt asks for some."""
PRICE_WEIGHT, PRICE_FULL_NANO_USD = 0.10, 100_000_000
TIME_WEIGHT, TIME_FULL_S = 0.05, 60.0
_LEVELS = {Quality.PROOF: 0.0, Quality.STANDARD: 0.5, Quality.FINAL: 1.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A model that may be chosen, with what this request would cost with it; `unfit` says why it cannot be."""

    model: Model
    expected_nano_usd: int
    unfit: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A candidate with its score and what that is made of; what was unfit has neither."""

    candidate: Candidate
    score: float = 0.0
    prior: float = 0.0
    liking: Liking | None = None
    price_cost: float = 0.0
    time_cost: float = 0.0

    @property
    def model(self) -> Model:
        """The model."""
        return self.candidate.model

    @property
    def at_best(self) -> float:
        """What its score may be, were it liked as much as it may be."""
        return 0.0 if self.liking is None else self.score + self.liking.at_best - self.liking.mean


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which model was chosen, whether to learn something, and how all candidates were judged, the best first."""

    chosen: Judged
    judged: tuple[Judged, ...]
    complexity: Complexity = field(repr=False)
    subject: Subject
    is_exploring: bool = False

    @property
    def model(self) -> Model:
        """The model that was chosen."""
        return self.chosen.model

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why, in words and numbers."""
        return tuple(_reasons(self))


def mode(word: str) -> Mode:
    """Read a mode. Raises InputError naming those that there are."""
    try:
        return Mode(word)
    except ValueError:
        raise errors.InputError(f"{word[:40]!r} is no mode; there are {', '.join(Mode)}") from None


def choose(
    candidates: Sequence[Candidate],
    *,
    prompt: str,
    likings: Mapping[tuple[str, Subject], Tally],
    is_exploring: bool = False,
) -> Choice | None:
    """Choose among candidates; None where none can do what is asked within the limits.

    An exploring choice takes the one that could turn out better than the best, if there is one.
    """
    asked, subject = complexity.of(prompt), complexity.kind(prompt)
    fit = [_judged(one, asked, subject, likings) for one in candidates if one.unfit is None]
    if not fit:
        return None
    best = max(fit, key=lambda one: one.score)
    chosen = max(fit, key=lambda one: one.at_best) if is_exploring else best
    fit.sort(key=lambda one: -one.score)
    rest = (Judged(candidate=one) for one in candidates if one.unfit is not None)
    return Choice(
        chosen=chosen,
        judged=(*fit, *rest),
        complexity=asked,
        subject=subject,
        is_exploring=chosen is not best,
    )


def prior(model: Model, asked: Complexity) -> float:
    """Say how much a model is expected to be liked before anybody has voted: less where its tier falls short."""
    level = _LEVELS[model.quality]
    found = LIKED - SHORTFALL * max(0.0, asked.score - level)
    if asked.wants_lettering and Ability.LETTERING not in model.abilities:
        found -= NO_LETTERING
    return found


def unfit_words(candidates: Iterable[Candidate]) -> str:
    """Say why each of some candidates cannot be chosen, in one line."""
    return "; ".join(f"{one.model.slug}: {one.unfit}" for one in candidates if one.unfit is not None)


def _judged(
    candidate: Candidate,
    asked: Complexity,
    subject: Subject,
    likings: Mapping[tuple[str, Subject], Tally],
) -> Judged:
    model = candidate.model
    before = prior(model, asked)
    liking = preference.of(likings, model.slug, subject, prior=before)
    price = PRICE_WEIGHT * min(1.0, candidate.expected_nano_usd / PRICE_FULL_NANO_USD)
    time = TIME_WEIGHT * min(1.0, float(model.usual_s) / TIME_FULL_S)
    return Judged(
        candidate=candidate,
        score=liking.mean - price - time,
        prior=before,
        liking=liking,
        price_cost=price,
        time_cost=time,
    )


def _reasons(choice: Choice) -> Iterable[str]:
    asked, one = choice.complexity, choice.chosen
    parts = ", ".join(f"{name} {share:.2f}" for name, share in asked.parts.items() if share)
    yield (
        f"the prompt asks for {asked.score:.2f} of 1 ({parts or 'nothing that is hard'}; {asked.words} words), "
        f"its kind is {choice.subject.value}"
    )
    liking = one.liking
    if liking is None:
        return
    yield (
        f"{one.model.slug} ({one.model.quality.value} tier) is expected to be liked {liking.mean:.2f} of 1: "
        f"{one.prior:.2f} before any vote, {liking.votes:g} vote{'' if liking.votes == 1 else 's'} of yours"
    )
    yield (
        f"its price of ${money.to_usd(one.candidate.expected_nano_usd)} takes {one.price_cost:.3f} off that, its "
        f"usual {one.model.usual_s} s take {one.time_cost:.3f}: {one.score:.3f}"
    )
    fit = [other for other in choice.judged if other.liking is not None and other is not one]
    if choice.is_exploring:
        yield (
            f"this choice explores: {fit[0].model.slug} has {fit[0].score:.3f} now, and {one.model.slug} may have "
            f"up to {one.at_best:.3f}"
        )
    elif fit:
        yield f"next is {fit[0].model.slug} with {fit[0].score:.3f}"
    for other in choice.judged:
        if other.candidate.unfit is not None:
            yield f"not {other.model.slug}: {other.candidate.unfit}"


__all__ = ["POOL", "Candidate", "Choice", "Judged", "Mode", "choose", "mode", "prior", "unfit_words"]
