"""What people ask for, in words that are the same for every model, turned into requests for one model. Pure.

    planned = wishes.plan(catalogue, Wish(model="flux-schnell", prompt="a boat", n=3))

Common words (shape, size, format, quality, transparency) become the inputs that the model has for them. What it
cannot do is left out or done as nearly as it can, with a warning, or refused where `is_strict`. Nothing is dropped in
silence. Of n pictures each request makes as many as the model makes at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tintype.domain import errors, prompts, wording
from tintype.service.requests import Cache, Request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tintype.domain.catalogue import Catalogue, Model

N_MAX = 100
PROMPT_MAX = prompts.LENGTH_MAX


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish(wording.Said):
    """What is asked for: so many of a model, in common words and its own."""

    model: str
    n: int = 1
    deadline_s: float = 600.0
    cache: Cache = Cache.SEEDED
    metadata: Mapping[str, Any] | None = None
    tags: tuple[str, ...] = ()
    callback_url: str | None = field(default=None, repr=False)
    hold_max_nano_usd: int | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    """The requests that a wish needs, and what could not be done of it, in words.

    Among that `larger` says that more pixels come than were asked for, which are as good where a model is chosen.
    """

    requests: tuple[Request, ...]
    warnings: tuple[str, ...] = ()
    larger: str | None = None


def plan(known: Catalogue, wish: Wish) -> Planned:
    """Plan a wish. Raises InputError for what cannot be meant, UnknownModel for a name without an owner."""
    for name, value in (("n", wish.n), ("seed", wish.seed)):
        if isinstance(value, bool):
            raise errors.InputError(f"{name} is {value}, and has to be a whole number")
    if not 1 <= wish.n <= N_MAX:
        raise errors.InputError(f"n is {wish.n}; ask for 1 to {N_MAX}")
    if wish.prompt is not None:
        prompts.check(wish.prompt)
    model = known.find_ours(wish.model)
    if model is None:
        free = wording.free(wish.model, wish)
        return Planned(tuple(_free(free.inputs, wish)), tuple(free.warnings))
    fitted = wording.fitted(model, wish)
    return Planned(tuple(_known(model, fitted.inputs, wish)), tuple(fitted.warnings), fitted.larger)


def _known(model: Model, values: dict[str, Any], wish: Wish) -> list[Request]:
    counter = model.count.input if model.count is not None and not model.count.when else None
    if counter is not None and counter in wish.input:
        if wish.n > 1:
            raise errors.InputError(f"n and the input {counter!r} ask for the same; give one of them")
        return [_request(model.slug, values, wish)]
    left, made, found = wish.n, 0, []
    while left > 0:
        share = min(left, model.per_run_max)
        own = _after(made, values)
        if counter is not None and share > 1:
            own[counter] = share
        found.append(_request(model.slug, own, wish))
        left, made = left - share, made + share
    return found


def _free(values: Mapping[str, Any], wish: Wish) -> list[Request]:
    return [_request(wish.model, _after(number, values), wish) for number in range(wish.n)]


def _after(made: int, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs for what comes after so many: the same seed would buy the same picture again."""
    seed = values.get("seed")
    if not isinstance(seed, int) or isinstance(seed, bool):
        return dict(values)
    return {**values, "seed": seed + made}


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
