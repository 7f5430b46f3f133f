"""What people ask for, in words that are the same for every model, turned into requests for one model. Pure.

    planned = wishes.plan(catalogue, Wish(model="flux-schnell", prompt="a boat", n=3))

Common words (shape, size, format, quality, transparency) become the inputs that the model has for them. What it
cannot do is left out or done as nearly as it can, with a warning, or refused where `is_strict`. Nothing is dropped in
silence. Of n pictures each request makes as many as the model makes at once.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tintype.domain import catalogue, errors, pictures, profiles, prompts, sizing
from tintype.domain.pictures import Fitted
from tintype.service.requests import Cache, Request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tintype.domain.catalogue import Catalogue, Model
    from tintype.domain.profiles import Profile

N_MAX = 100
PROMPT_MAX = prompts.LENGTH_MAX
# What a warning says of a word that is dropped, and a refusal does not.
_LEFT_OUT = re.compile(r", so [^;]*was left out")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is asked for. `input` holds the model's own words, which win over the common ones, and both over `profile`.

    `size` is width and height in pixels.
    """

    model: str
    prompt: str | None = field(default=None, repr=False)
    n: int = 1
    aspect_ratio: str | None = None
    seed: int | None = None
    negative_prompt: str | None = field(default=None, repr=False)
    size: tuple[int, int] | None = None
    format: str | None = None
    quality: str | None = None
    is_transparent: bool = False
    profile: Profile = profiles.PLAIN
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
    """The requests that a wish needs, and what could not be done of it, in words.

    Among that `larger` says that more pixels come than were asked for, which are as good where a model is chosen.
    """

    requests: tuple[Request, ...]
    warnings: tuple[str, ...] = ()
    larger: str | None = None


def plan(known: Catalogue, wish: Wish) -> Planned:
    """Plan a wish. Raises InputError for what cannot be meant, UnknownModel for a name without an owner."""
    if not 1 <= wish.n <= N_MAX:
        raise errors.InputError(f"n is {wish.n}; ask for 1 to {N_MAX}")
    if wish.prompt is not None:
        prompts.check(wish.prompt)
    model = known.find_ours(wish.model)
    if model is None:
        return Planned(tuple(_free(wish)), tuple(_unfit_for_free(wish)))
    fitted = _fitted(model, wish)
    return Planned(tuple(_known(model, fitted.inputs, wish)), tuple(fitted.warnings), fitted.larger)


def _fitted(model: Model, wish: Wish) -> Fitted:
    """Return the values that the model has inputs for, and a sentence for each thing that it cannot do."""
    values, warnings = {}, []
    for name, value in {**_common(wish), **wish.input}.items():
        if name in model.inputs:
            values[name] = value
            continue
        # A common word is no slip of the pen.
        close = catalogue.nearest(name, model.inputs) if name in wish.input else None
        hint = f"; did you mean {close!r}?" if close else ""
        if wish.is_strict or name == "prompt":
            raise errors.InputError(f"{model.slug} has no input {name!r}{hint}")
        warnings.append(f"{model.slug} has no input {name!r}, so it was left out{hint}")
    words = _words(model, wish)
    asked = pictures.fitted(model, words)
    warnings += [*_unsaid(wish, words), *asked.warnings]
    if warnings and wish.is_strict:
        raise errors.InputError(_LEFT_OUT.sub("", warnings[0]))
    values = {**asked.inputs, **values}
    along = profiles.along(model, wish.profile, said={*values, *_said(wish)})
    return Fitted({**along.inputs, **values}, [*warnings, *along.warnings], asked.larger)


def _unsaid(wish: Wish, words: pictures.Words) -> list[str]:
    """Tell which size or shape is not asked for, as another word stands over it."""
    if wish.size is None:
        return []
    size = f"{wish.size[0]}x{wish.size[1]}"
    if words.size is None:
        return [f"the input says how large it is, so the size {size} was left out"]
    shape = sizing.ratio(wish.aspect_ratio)
    if shape is None or abs(math.log(wish.size[0] / wish.size[1] / shape)) <= sizing.EQUAL:
        return []
    return [f"the size {size} says the shape, so {wish.aspect_ratio} was left out"]


def _said(wish: Wish) -> set[str]:
    """Return the inputs that the wish says something of, whether the model has them or not."""
    return {
        name
        for name, is_said in (
            ("aspect_ratio", wish.aspect_ratio is not None or wish.size is not None),
            ("output_format", wish.format is not None),
            ("negative_prompt", wish.negative_prompt is not None),
        )
        if is_said
    }


def _common(wish: Wish) -> dict[str, Any]:
    """Return the words that models know by the same name."""
    named = {
        "prompt": None if wish.prompt is None else wish.profile.prompt(wish.prompt),
        "seed": wish.seed,
        "negative_prompt": wish.negative_prompt,
    }
    return {name: value for name, value in named.items() if value is not None and name not in wish.input}


def _words(model: Model, wish: Wish) -> pictures.Words:
    """Return what models know by different names, but for what the model's own words say."""
    given = wish.input.keys()
    return pictures.Words(
        size=None if sizing.says_size(model, wish.input) else wish.size,
        aspect_ratio=None if sizing.says_shape(wish.input) else wish.aspect_ratio,
        output_format=None if "output_format" in given else wish.format,
        quality=None if "quality" in given else wish.quality,
        background=pictures.TRANSPARENT if wish.is_transparent and "background" not in given else None,
    )


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
    named = {"aspect_ratio": wish.aspect_ratio, "output_format": wish.format, "quality": wish.quality}
    common = {**_common(wish), **{name: value for name, value in named.items() if value is not None}}
    if wish.size is not None:
        common["size"] = f"{wish.size[0]}x{wish.size[1]}"
    values = {**common, **wish.input}
    seed = values.get("seed")
    return [
        _request(
            wish.model,
            {**values, "seed": seed + number} if isinstance(seed, int) and number else values,
            wish,
        )
        for number in range(wish.n)
    ]


def _unfit_for_free(wish: Wish) -> list[str]:
    """Tell what cannot be said to a model whose inputs are not known. Raises InputError where that is refused."""
    profile, told = wish.profile, []
    if wish.is_transparent:
        told.append(f"whether {wish.model} makes transparent pictures is not known, so it was left out")
        if wish.is_strict:
            raise errors.InputError(told[0])
    if profile.negative_prompt or profile.aspect_ratio or profile.format:
        told.append(
            f"profile {profile.name}: the inputs of {wish.model} are not known; the prompt alone follows it"
        )
    return told


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
