"""What people ask for, in words that are the same for every model, turned into requests for one model. Pure.

    planned = wishes.plan(catalogue, Wish(model="flux-schnell", prompt="a boat", n=3))

A word that the model has no input for is left out with a warning, or refused where `is_strict`. Nothing is dropped
in silence. Of n pictures each request makes as many as the model makes at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tintype.domain import catalogue, errors
from tintype.domain.catalogue import UnknownModel
from tintype.service.requests import Cache, Request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tintype.domain.catalogue import Catalogue, Model

N_MAX = 100
PROMPT_MAX = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is asked for. `input` holds the model's own words, which win over the common ones."""

    model: str
    prompt: str | None = field(default=None, repr=False)
    n: int = 1
    aspect_ratio: str | None = None
    seed: int | None = None
    negative_prompt: str | None = field(default=None, repr=False)
    input: Mapping[str, Any] = field(default_factory=dict, repr=False)
    is_strict: bool = False
    deadline_s: float = 600.0
    cache: Cache = Cache.SEEDED
    metadata: Mapping[str, Any] | None = None
    tags: tuple[str, ...] = ()
    callback_url: str | None = field(default=None, repr=False)
    hold_max_nano_usd: int | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    """The requests that a wish needs, and what could not be done of it, in words."""

    requests: tuple[Request, ...]
    warnings: tuple[str, ...] = ()


def plan(known: Catalogue, wish: Wish) -> Planned:
    """Plan a wish. Raises InputError for what cannot be meant, UnknownModel for a name without an owner."""
    if not 1 <= wish.n <= N_MAX:
        raise errors.InputError(f"n is {wish.n}; ask for 1 to {N_MAX}")
    if wish.prompt is not None and not wish.prompt.strip():
        raise errors.InputError("the prompt is empty; say what is to be made")
    if wish.prompt is not None and len(wish.prompt) > PROMPT_MAX:
        raise errors.InputError(f"the prompt has {len(wish.prompt):,} characters; {PROMPT_MAX:,} are taken")
    try:
        model = known.find(wish.model)
    except UnknownModel:
        if "/" not in wish.model:
            raise
        return Planned(tuple(_free(wish)))
    values, warnings = _fitted(model, wish)
    return Planned(tuple(_known(model, values, wish)), tuple(warnings))


def _common(wish: Wish) -> dict[str, Any]:
    named = {
        "prompt": wish.prompt,
        "aspect_ratio": wish.aspect_ratio,
        "seed": wish.seed,
        "negative_prompt": wish.negative_prompt,
    }
    return {name: value for name, value in named.items() if value is not None and name not in wish.input}


def _fitted(model: Model, wish: Wish) -> tuple[dict[str, Any], list[str]]:
    """Return the values that the model has inputs for, and a sentence for each that it has not."""
    values, warnings = {}, []
    for name, value in [*_common(wish).items(), *wish.input.items()]:
        if name in model.inputs:
            values[name] = value
            continue
        close = catalogue.nearest(name, model.inputs)
        hint = f"; did you mean {close!r}?" if close else ""
        sentence = f"{model.slug} has no input {name!r}, so it was left out{hint}"
        if wish.is_strict or name == "prompt":
            raise errors.InputError(f"{model.slug} has no input {name!r}{hint}")
        warnings.append(sentence)
    return values, warnings


def _known(model: Model, values: dict[str, Any], wish: Wish) -> list[Request]:
    counter = model.count.input if model.count is not None and not model.count.when else None
    if counter is not None and counter in wish.input:
        if wish.n > 1:
            raise errors.InputError(f"n and the input {counter!r} ask for the same; give one of them")
        return [_request(model.slug, values, wish)]
    left, made, found = wish.n, 0, []
    while left > 0:
        share = min(left, model.per_run_max)
        own = dict(values)
        if counter is not None and share > 1:
            own[counter] = share
        if isinstance(own.get("seed"), int):
            # The same seed would buy the same picture again.
            own["seed"] += made
        found.append(_request(model.slug, own, wish))
        left, made = left - share, made + share
    return found


def _free(wish: Wish) -> list[Request]:
    """Plan for a model whose inputs are not known: all words go as they are."""
    values = {**_common(wish), **wish.input}
    seed = values.get("seed")
    return [
        _request(
            wish.model,
            {**values, "seed": seed + number} if isinstance(seed, int) and number else values,
            wish,
        )
        for number in range(wish.n)
    ]


def _request(model: str, values: Mapping[str, Any], wish: Wish) -> Request:
    return Request(
        model,
        values,
        deadline_s=wish.deadline_s,
        cache=wish.cache,
        metadata=wish.metadata,
        tags=wish.tags,
        callback_url=wish.callback_url,
        hold_max_nano_usd=wish.hold_max_nano_usd,
    )
