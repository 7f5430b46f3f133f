"""The words that are the same for every model, turned into the inputs that each has for them. Pure.

    wording.fitted(model, Said(prompt="a boat", size=(1024, 768), format="png"))      # its inputs, and warnings
    wording.parted(model, {"size": "1024x768", "num_outputs": 2})                       # common words, its own inputs

What a model cannot do is left out or done as nearly as it can, with a warning, or refused where `is_strict`. Nothing is
dropped in silence.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tintype.domain import catalogue, errors, inputs, pictures, profiles, sizing, spans
from tintype.domain.pictures import Fitted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tintype.domain.catalogue import Model
    from tintype.domain.profiles import Profile

# What a warning says of a word that is dropped, and a refusal does not.
_LEFT_OUT = re.compile(r", so [^;]*was left out")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What is said in common words; `input` holds the model's own, which win over them, and both over `profile`.

    `size` is width and height in pixels.
    """

    prompt: str | None = field(default=None, repr=False)
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


def parted(model: Model | None, stated: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Part what is stated by name into common words, as `Said` has them, and inputs of the model's own.

    A word that the model has an input for and takes, as `size="2K"`, is its own, but for a ratio beside a size. Without
    a model, while it is to be chosen, every common word is one. Raises InputError for a value that is neither.
    """
    common: dict[str, Any] = {}
    own: dict[str, Any] = {}
    for name, value in stated.items():
        if name not in NAMES or (model is not None and _takes(model, name, value)):
            own[name] = value
            continue
        if value is None:
            # Nothing is said.
            continue
        try:
            common[_FIELDS.get(name, name)] = NAMES[name](value)
        except ValueError as fault:
            if model is not None and name not in model.inputs:
                raise errors.InputError(str(fault)) from None
            own[name] = value
    return ranked(model, common, own, is_sized=False)


def ranked(
    model: Model | None, common: Mapping[str, Any], own: Mapping[str, Any], *, is_sized: bool
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return common words and a model's own with a ratio among the common ones, where a size stands over it.

    The size is one of the common words, or said apart, where it `is_sized`.
    """
    rest = {name: value for name, value in own.items() if name != "aspect_ratio"}
    is_under = is_sized or common.get("size") is not None
    if model is None or not is_under or sizing.says_size(model, rest):
        return dict(common), dict(own)
    shape = own.get("aspect_ratio")
    return ({**common, "aspect_ratio": shape}, rest) if spans.ratio(shape) else (dict(common), dict(own))


def fitted(model: Model, said: Said) -> Fitted:
    """Return the values that the model has inputs for, and a sentence for each thing that it cannot do."""
    values, warnings = {}, []
    for name, value in {**_common(said), **said.input}.items():
        if name in model.inputs:
            values[name] = value
            continue
        # A common word is no slip of the pen.
        close = catalogue.nearest(name, model.inputs) if name in said.input else None
        hint = f"; did you mean {close!r}?" if close else ""
        if said.is_strict or name == "prompt":
            raise errors.InputError(f"{model.slug} has no input {name!r}{hint}")
        warnings.append(f"{model.slug} has no input {name!r}, so it was left out{hint}")
    words = _words(model, said)
    asked = pictures.fitted(model, words)
    warnings += [*_unsaid(said, words), *asked.warnings]
    if warnings and said.is_strict:
        raise errors.InputError(unfit(warnings[0]))
    values = {**asked.inputs, **values}
    along = profiles.along(model, said.profile, said={*values, *_said_inputs(said)})
    return Fitted({**along.inputs, **values}, [*warnings, *along.warnings], asked.larger)


def unfit(warning: str) -> str:
    """Return a warning as the reason for refusing what it warns of."""
    return _LEFT_OUT.sub("", warning)


def free(name: str, said: Said) -> Fitted:
    """Return the values for a model whose inputs are not known: all words as they are; told is what cannot be said."""
    named = {"aspect_ratio": said.aspect_ratio, "output_format": said.format, "quality": said.quality}
    common = {**_common(said), **{word: value for word, value in named.items() if value is not None}}
    if said.size is not None:
        common["size"] = f"{said.size[0]}x{said.size[1]}"
    told = []
    if said.is_transparent:
        told.append(f"whether {name} makes transparent pictures is not known, so it was left out")
        if said.is_strict:
            raise errors.InputError(unfit(told[0]))
    profile = said.profile
    if profile.negative_prompt or profile.aspect_ratio or profile.format:
        told.append(
            f"profile {profile.name}: the inputs of {name} are not known; the prompt alone follows it"
        )
    return Fitted({**common, **said.input}, told)


def _unsaid(said: Said, words: pictures.Words) -> list[str]:
    """Tell which size or shape is not asked for, as another word stands over it."""
    if said.size is None:
        return []
    size = f"{said.size[0]}x{said.size[1]}"
    if words.size is None:
        return [f"the input says how large it is, so the size {size} was left out"]
    shape = spans.ratio(said.aspect_ratio)
    if shape is None or abs(math.log(said.size[0] / said.size[1] / shape)) <= sizing.EQUAL:
        return []
    return [f"the size {size} says the shape, so {said.aspect_ratio} was left out"]


def _said_inputs(said: Said) -> set[str]:
    """Return the inputs that somebody says something of, whether the model has them or not."""
    return {
        name
        for name, is_said in (
            ("aspect_ratio", said.aspect_ratio is not None or said.size is not None),
            ("output_format", said.format is not None),
            ("negative_prompt", said.negative_prompt is not None),
        )
        if is_said
    }


def _common(said: Said) -> dict[str, Any]:
    """Return the words that models know by the same name."""
    named = {
        "prompt": None if said.prompt is None else said.profile.prompt(said.prompt),
        "seed": said.seed,
        "negative_prompt": said.negative_prompt,
    }
    return {name: value for name, value in named.items() if value is not None and name not in said.input}


def _words(model: Model, said: Said) -> pictures.Words:
    """Return what models know by different names, but for what the model's own words say."""
    given = said.input.keys()
    return pictures.Words(
        size=None if sizing.says_size(model, said.input) else said.size,
        aspect_ratio=None if sizing.says_shape(said.input) else said.aspect_ratio,
        output_format=None if "output_format" in given else said.format,
        quality=None if "quality" in given else said.quality,
        background=pictures.TRANSPARENT if said.is_transparent and "background" not in given else None,
    )


def _takes(model: Model, name: str, value: Any) -> bool:
    try:
        inputs.check(inputs.field(model, name), value)
    except inputs.UnfitInput:
        return False
    return True


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{str(value)[:40]!r} is no text")  # noqa: TRY004 - as the other readers
    return value


def _size(value: Any) -> tuple[int, int]:
    sides = value if isinstance(value, tuple | list) else ()
    return pictures.pixels("x".join(map(str, sides)) if len(sides) == 2 else str(value))


def _seed(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"the seed {str(value)[:40]!r} is no whole number")  # noqa: TRY004 - as the other readers
    return value


def _truth(value: Any) -> bool:
    found = inputs.WORDS.get(value.strip().casefold()) if isinstance(value, str) else value
    if not isinstance(found, bool):
        raise ValueError(f"transparent is true or false, not {str(value)[:40]!r}")  # noqa: TRY004 - as above
    return found


NAMES: Mapping[str, Callable[[Any], Any]] = {
    "aspect_ratio": _text,
    "size": _size,
    "seed": _seed,
    "negative_prompt": _text,
    "format": _text,
    "quality": _text,
    "transparent": _truth,
}
"""The common words beside the prompt, each with what reads it."""
_FIELDS = {"transparent": "is_transparent"}

__all__ = ["NAMES", "Said", "fitted", "free", "parted", "ranked"]
