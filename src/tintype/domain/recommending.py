"""Recommend a model for a budget: the best tier that is affordable and can do what is asked. Pure.

    found = recommending.recommend(known, Asked(budget_nano_usd=10**9, iterations=20), pool=choosing.POOL)
    found.model, found.price_nano_usd, found.reasons

The price of an iteration is the budget divided by their number. Who needs high quality gets the `final` tier where that
is affordable, others `standard`; else the best tier below. Prices are those that are expected by the book.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tintype.domain import errors, pictures, pricing
from tintype.domain.catalogue import Ability, Kind, Quality
from tintype.domain.money import to_usd

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tintype.domain.catalogue import Catalogue, Model

CUTTER = "cjwbw/rembg"
"""The model that cuts pictures out where no setting names another."""
BACKGROUND = "remove-background"
"""The finishing step that makes a picture transparent."""
_LEVELS = (Quality.PROOF, Quality.STANDARD, Quality.FINAL)
_MAKERS, _EDITORS = frozenset({Kind.IMAGE, Kind.EDIT}), frozenset({Kind.EDIT})
_PICTURE = "https://example.com/a.png"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What money there is, for how many iterations, and what the picture is to be.

    `words` are its size or shape; `background` is the model of the step that leaves the background out.
    """

    budget_nano_usd: int
    iterations: int
    needs_high_quality: bool = False
    is_transparent: bool = False
    has_lettering: bool = False
    is_edit: bool = False
    words: pictures.Words = field(default_factory=pictures.Words)
    background: str = CUTTER

    @property
    def per_iteration_nano_usd(self) -> int:
        """What may be spent on each."""
        return self.budget_nano_usd // self.iterations


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """A model with the finishing steps that it needs, what one picture costs, and why it is this one.

    `fits` says whether the budget is enough for all iterations; otherwise it is the cheapest that can do it. `input`
    are the inputs that ask for the size or shape, and for no background where the model has an input for it; more
    pixels than were asked for are as good.
    """

    model: Model
    price_nano_usd: int
    finish: tuple[str, ...]
    fits: bool
    asked: Asked
    reasons: tuple[str, ...]
    input: Mapping[str, Any]

    @property
    def total_nano_usd(self) -> int:
        """What all iterations cost."""
        return self.price_nano_usd * self.asked.iterations

    @property
    def iterations_possible(self) -> int:
        """How many iterations the budget is enough for."""
        return self.asked.budget_nano_usd // max(self.price_nano_usd, 1)


@dataclass(frozen=True, slots=True)
class _Priced:
    model: Model
    nano_usd: int
    finish: tuple[str, ...]
    place: int


def recommend(known: Catalogue, asked: Asked, *, pool: Sequence[str], only: bool = False) -> Recommendation:
    """Recommend a model of the pool, the first of equals; where none of it will do, one of all that are known.

    With `only` none but those of the pool are looked at. Raises InputError for a budget or a number that is none, and
    where no model can do what is asked; UnknownModel.
    """
    if asked.budget_nano_usd <= 0 or isinstance(asked.iterations, bool) or asked.iterations < 1:
        raise errors.InputError("a budget is above 0, for at least one iteration")
    if asked.words.aspect_ratio is not None:
        try:
            pictures.check_ratio(asked.words.aspect_ratio)
        except ValueError as fault:
            raise errors.InputError(str(fault)) from None
    liked = [known.find(name) for name in pool]
    kinds = _EDITORS if asked.is_edit else _MAKERS
    others = sorted(
        (one for one in known.models if one.kind in kinds and one not in liked and not only),
        key=lambda one: pricing.estimate(one, {"prompt": ""}).expected_nano_usd,
    )
    notes: list[str] = []
    able: list[_Priced] = []
    groups = [(liked, "of those to choose among"), (others, "of the rest of the catalogue")]
    if asked.needs_high_quality and _are_unable(liked, Quality.FINAL, asked):
        notes.append(f"none of those to choose among is of the {Quality.FINAL} tier and can do what is asked")
        finals = [one for one in others if one.quality is Quality.FINAL]
        groups.insert(0, (finals, f"of the {Quality.FINAL} tier of the rest"))
    for models, whose in groups:
        if not models:
            continue
        here = [
            _Priced(model, *_price(known, model, asked), place)
            for place, model in enumerate(models)
            if _unable(model, asked) is None
        ]
        able += here
        affordable = [one for one in here if one.nano_usd <= asked.per_iteration_nano_usd]
        if affordable:
            best = max(affordable, key=lambda one: _rank(one, asked))
            return _told(best, asked, [*notes, *_unaffordable(best, here, asked)], fits=True)
        cheapest = min((one.nano_usd for one in here), default=None)
        notes.append(
            f"none {whose} can do what is asked"
            if cheapest is None
            else f"the cheapest {whose} that can do what is asked costs ${to_usd(cheapest)}"
        )
    if not able:
        raise errors.InputError(f"no model can do this: {'; '.join(notes)}")
    return _told(min(able, key=lambda one: one.nano_usd), asked, notes, fits=False)


def _unable(model: Model, asked: Asked) -> str | None:
    """Say why a model cannot do what is asked; None where it can."""
    if asked.is_edit and model.kind is not Kind.EDIT:
        return "it is not made to work on a picture"
    if not asked.is_edit and any(one.required and one.takes_file for one in model.inputs.values()):
        return "it works on a picture that is given"
    if asked.has_lettering and Ability.LETTERING not in model.abilities:
        return "it is not known for legible text"
    return next(iter(pictures.fitted(model, asked.words).lacks), None)


def _are_unable(models: Sequence[Model], tier: Quality, asked: Asked) -> bool:
    """Whether there are models of a tier, and none of them can do what is asked."""
    of_tier = [one for one in models if one.quality is tier]
    return bool(of_tier) and all(_unable(one, asked) is not None for one in of_tier)


def _price(known: Catalogue, model: Model, asked: Asked) -> tuple[int, tuple[str, ...]]:
    """Return what one picture is expected to cost, and the finishing steps that are in it."""
    values = {"prompt": "", **_fitted(model, asked).inputs}
    if asked.is_edit and model.image_input is not None:
        picture = model.image_input
        values[picture.name] = [_PICTURE] if picture.type == "array" else _PICTURE
    price = pricing.estimate(model, values).expected_nano_usd
    if not asked.is_transparent or model.makes_transparent:
        return price, ()
    step = known.find(asked.background)
    return price + pricing.estimate(step, {}).expected_nano_usd, (BACKGROUND,)


def _fitted(model: Model, asked: Asked) -> pictures.Fitted:
    """Return the inputs that ask for the picture, without its background where the model can leave it out."""
    is_clear = asked.is_transparent and model.makes_transparent
    words = replace(asked.words, background=pictures.TRANSPARENT) if is_clear else asked.words
    return pictures.fitted(model, words)


def _wanted(asked: Asked) -> Quality:
    return Quality.FINAL if asked.needs_high_quality else Quality.STANDARD


def _rank(one: _Priced, asked: Asked) -> tuple[bool, int, int]:
    """Order by tier up to the one that is wanted, then by the order of the pool; above it only in want of others."""
    level = _LEVELS.index(one.model.quality)
    is_enough = level <= _LEVELS.index(_wanted(asked))
    return is_enough, level if is_enough else -level, -one.place


def _unaffordable(best: _Priced, here: Iterable[_Priced], asked: Asked) -> list[str]:
    """Say what a better tier would cost, where one is wanted and was too dear."""
    if best.model.quality is _wanted(asked):
        return []
    level = _LEVELS.index(best.model.quality)
    better = [
        one for one in here if level < _LEVELS.index(one.model.quality) <= _LEVELS.index(_wanted(asked))
    ]
    if not better:
        return []
    cheapest = min(better, key=lambda one: one.nano_usd)
    return [
        f"{cheapest.model.slug} ({cheapest.model.quality} tier) costs ${to_usd(cheapest.nano_usd)} and is too dear"
    ]


def _told(one: _Priced, asked: Asked, notes: Sequence[str], *, fits: bool) -> Recommendation:
    number = f"{asked.iterations:,} iteration{'s' if asked.iterations > 1 else ''}"
    first = f"${to_usd(asked.budget_nano_usd)} for {number} leave ${to_usd(asked.per_iteration_nano_usd)} for each"
    need = "high quality is needed" if asked.needs_high_quality else "everyday quality will do"
    last = (
        f"{one.model.slug} is of the {one.model.quality.value} tier and costs ${to_usd(one.nano_usd)}"
        f"{' with ' + ', '.join(one.finish) if one.finish else ''}; {need}"
    )
    if not fits:
        possible = asked.budget_nano_usd // max(one.nano_usd, 1)
        last += f"; the budget is enough for {possible:,}"
    fitted = _fitted(one.model, asked)
    return Recommendation(
        model=one.model,
        price_nano_usd=one.nano_usd,
        finish=one.finish,
        fits=fits,
        asked=asked,
        reasons=(first, *notes, last, *fitted.warnings),
        input=fitted.inputs,
    )


__all__ = ["BACKGROUND", "Asked", "Recommendation", "recommend"]
