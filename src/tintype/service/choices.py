"""Choose the model of a request that leaves it open: by its prompt, price, speed, and what its user liked before.

    choice = await choices.made(wish, chooser=chooser, actor=actor, draw=0.7)
    choice.model.slug, choice.reasons

Asked again under the same Idempotency-Key it chooses the same: ratings that came later do not count then.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from tintype.domain import choosing, complexity, errors, inputs, preference, pricing, wording
from tintype.domain.catalogue import Kind
from tintype.domain.choosing import Candidate
from tintype.domain.errors import UnknownModel
from tintype.domain.money import to_usd
from tintype.domain.preference import Vote
from tintype.service import wishes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tintype.domain.access import Actor
    from tintype.domain.catalogue import Catalogue, Model
    from tintype.domain.choosing import Choice
    from tintype.domain.complexity import Subject
    from tintype.domain.preference import Tally
    from tintype.service.finishing import Steps
    from tintype.service.requests import Request
    from tintype.service.wishes import Wish
    from tintype.settings import Settings
    from tintype.store.database import Database

    Likings = Mapping[tuple[str, Subject], Tally]
    Judge = Callable[[Model, Wish], Candidate]

LOOKED_AT_MAX, VOTES_MAX = 5_000, 500
MAKERS = frozenset({Kind.IMAGE, Kind.EDIT})
"""What models may be chosen of themselves."""


@dataclass(frozen=True, slots=True)
class Chooser:
    """What choosing works with: the models that are liked, in their order, and the share of choices that explore."""

    known: Catalogue
    db: Database
    pool: tuple[str, ...] = choosing.POOL
    explore_share: float = 0.0

    @classmethod
    def of(cls, settings: Settings, *, known: Catalogue, db: Database) -> Self:
        """Return the chooser that the settings describe."""
        return cls(known, db, settings.models_auto, settings.explore_share)


@dataclass(frozen=True, slots=True)
class _Rated:
    model: str
    prompt: str
    rating: int


async def made(
    wish: Wish,
    *,
    chooser: Chooser,
    actor: Actor,
    draw: float,
    steps: Steps | None = None,
    idempotency_key: str | None = None,
) -> Choice:
    """Choose the model of a wish; one whose `draw` (0 to 1) is below the share of exploring choices explores.

    Where its pictures go through `steps`, they count among what it may cost at most. Raises InputError saying why each
    model cannot be chosen, where none can; UnknownModel; DatabaseAway.
    """
    return chosen(
        wish,
        known=chooser.known,
        pool=chooser.pool,
        votes=await votes_of(actor, db=chooser.db, idempotency_key=idempotency_key),
        actor=actor,
        is_exploring=draw < chooser.explore_share,
        steps=steps,
    )


async def votes_of(actor: Actor, *, db: Database, idempotency_key: str | None = None) -> list[Vote]:
    """Return what an owner thought of what was made before; under an Idempotency-Key, before that was first used."""
    rated = await db.all(
        "votes_of_owner",
        _Rated,
        key=actor.key,
        user=actor.user,
        name=idempotency_key,
        looked_at=LOOKED_AT_MAX,
        at_most=VOTES_MAX,
    )
    return [Vote(one.model, complexity.kind(one.prompt), preference.vote(one.rating)) for one in rated]


def chosen(
    wish: Wish,
    *,
    known: Catalogue,
    pool: Iterable[str],
    votes: Iterable[Vote] = (),
    actor: Actor | None = None,
    is_exploring: bool = False,
    steps: Steps | None = None,
) -> Choice:
    """Choose by what is at hand. Where no model of the pool will do, all of the catalogue are looked at.

    Raises as `made`.
    """
    return among(
        wish,
        known=known,
        liked=[known.find(name) for name in pool],
        likings=preference.tallied(votes),
        judge=lambda model, one: candidate(model, one, known=known, actor=actor, steps=steps),
        is_exploring=is_exploring,
    )


def among(
    wish: Wish,
    *,
    known: Catalogue,
    liked: Sequence[Model],
    likings: Likings,
    judge: Judge,
    is_exploring: bool = False,
) -> Choice:
    """Choose among the models that are liked, or else all that make pictures, as `judge` says what each can do.

    Raises as `made`.
    """
    names = {one.slug for one in liked}
    asked = [wish]
    if wish.is_transparent and not wish.is_strict:
        # Where no model leaves the background out by itself, the warning names the step that does.
        asked.append(replace(wish, is_transparent=False))
    looked_at: list[Candidate] = []
    for one in asked:
        for is_liked in (True, False):
            models = (
                liked if is_liked else (m for m in known.models if m.kind in MAKERS and m.slug not in names)
            )
            looked_at = [judge(model, one) for model in models]
            choice = choosing.choose(
                looked_at, prompt=wish.prompt or "", likings=likings, is_exploring=is_exploring
            )
            if choice is not None:
                return choice
    reasons = choosing.unfit_words([judge(model, asked[-1]) for model in liked])
    raise errors.InputError(f"no model can do this within the limits; {reasons}"[:2_000])


def draw(words: bytes) -> float:
    """Return a number from 0 to 1 for some random bytes, or for a key, which then always gives the same."""
    return int.from_bytes(hashlib.sha256(words).digest()[:6], "big") / 2**48


def candidate(
    model: Model, wish: Wish, *, known: Catalogue, actor: Actor | None, steps: Steps | None = None
) -> Candidate:
    """Judge whether a model can do what is asked within the limits, and what it would cost."""
    try:
        planned = wishes.plan(known, replace(wish, model=model.slug, is_strict=False))
        for request in planned.requests:
            inputs.check_all(model, request.input)
        whole = steps.after(known, planned.requests) if steps else planned.requests
    except (errors.InputError, inputs.UnfitInput, UnknownModel) as fault:
        return Candidate(model=model, expected_nano_usd=0, unfit=str(fault))
    longest_s = math.ceil(wish.deadline_s)
    prices = [pricing.estimate(model, one.input, run_s_max=longest_s) for one in planned.requests]
    expected = sum(one.expected_nano_usd for one in prices)
    most, limit = sum(_most(known, one, longest_s) for one in whole), wish.hold_max_nano_usd
    # More pixels than were asked for are as good, where it is not to be exactly so.
    is_fine = frozenset() if wish.is_strict else frozenset({planned.larger})
    unfit = next(
        (
            wording.unfit(one)
            for one in planned.warnings
            if one not in is_fine and not one.startswith("profile ")
        ),
        None,
    )
    if actor is not None and actor.models is not None and model.slug not in actor.models:
        unfit = "this key may not use it"
    elif limit is not None and most > limit:
        unfit = f"it may cost ${to_usd(most)}, above the limit of ${to_usd(limit)}"
    elif model.usual_s > wish.deadline_s:
        unfit = f"it usually takes {model.usual_s} s, longer than the deadline of {wish.deadline_s:g} s"
    return Candidate(model=model, expected_nano_usd=expected, unfit=unfit)


def _most(known: Catalogue, request: Request, longest_s: int) -> int:
    """Return what a request may cost at most, in nano-dollars."""
    model = known.find(request.model)
    return pricing.estimate(model, request.input, run_s_max=longest_s).bound_nano_usd


__all__ = ["MAKERS", "Chooser", "among", "candidate", "chosen", "draw", "made", "votes_of"]
