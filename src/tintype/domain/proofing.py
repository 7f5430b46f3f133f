"""A cheap look first, and the final of what was picked: which inputs each is asked for with. Pure."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from tintype.domain import errors, inputs
from tintype.domain.catalogue import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tintype.domain.catalogue import Field, Model

PICTURES_MAX = 4
"""How many pictures a proof may have."""
SEEDS = 2**31
"""Below this every model's seeds are."""
_SIZES = ("megapixels", "resolution", "size", "image_size")
_SIZE = re.compile(r"(\d+(?:\.\d+)?) ?(k|p|mp)?", re.IGNORECASE)
_CARRIED = ("prompt", "negative_prompt", "seed", "output_format")
# Sides are multiples of this for every model that takes them.
_STEP_PX = 16
_NEAR = 0.02


@dataclass(frozen=True, slots=True)
class Picked:
    """The output of a proof that was picked: how inputs name it, its sides in pixels, one of how many it is."""

    name: str
    width: int | None
    height: int | None
    among: int


def small(model: Model, values: Mapping[str, Any], *, seed: int) -> dict[str, Any]:
    """Return inputs as a proof is asked for: the smallest size that the model names, and a seed that is known.

    What was given stays as it is. Sizes that are shapes too, as 1024x768, are left alone.
    """
    made = dict(values)
    for name in _SIZES:
        field = model.inputs.get(name)
        least = None if field is None or name in made else _least(field)
        if least is not None:
            made[name] = least
    if model.has_seed and made.get("seed") is None:
        made["seed"] = seed
    return made


def final(
    model: Model,
    proof: Model | None,
    values: Mapping[str, Any],
    picked: Picked | None,
    given: Mapping[str, Any],
) -> tuple[dict[str, Any], list[str]]:
    """Return the inputs of a final, and in words what of the proof could not be kept.

    `values` are the proof's, `given` are inputs of the final's own model and win. Prompt, shape and seed are the
    proof's. The picked picture is given as a reference where the final model takes one and the seed does not name the
    picture: it is one of several, or there is no seed. Raises InputError for a proof of a picture where the final model
    takes none.
    """
    made: dict[str, Any] = {}
    told: list[str] = []
    for name in _CARRIED:
        value = values.get(name)
        if value is None or name in given:
            continue
        field = model.inputs.get(name)
        if field is None or not _fits(field, value):
            told.append(f"{model.slug} does not take the proof's {name}, so it was left out")
        else:
            made[name] = value
    if not {"aspect_ratio", "width", "height"} & given.keys():
        made |= _shaped(model, proof, values, picked, told)
    made |= _pictured(model, proof, values, picked, given, made, told)
    made |= given
    if model.has_seed and made.get("seed") is None and values.get("seed") is None:
        told.append("the proof's seed is not known, so the final has one of its own")
    return made, told


def check_kind(model: Model, *, is_film: bool) -> None:
    """Raise InputError where a model makes something else than what was picked."""
    makes = {Kind.VIDEO} if is_film else {Kind.IMAGE, Kind.EDIT, Kind.VECTOR}
    if model.kind not in makes:
        what = "film" if is_film else "picture"
        raise errors.InputError(f"{model.slug} makes no final of a {what}; name a model that does")


def _least(field: Field) -> str | int | None:
    found = [(amount, choice) for choice in field.choices if (amount := _amount(choice)) is not None]
    return min(found, default=(0, None), key=lambda one: one[0])[1]


def _amount(choice: str | int) -> float | None:
    said = _SIZE.fullmatch(str(choice))
    return float(said[1]) if said else None


def _shaped(
    model: Model, proof: Model | None, values: Mapping[str, Any], picked: Picked | None, told: list[str]
) -> dict[str, Any]:
    """Return the inputs that give a final the proof's shape, or the nearest that there is."""
    word = (values if proof is None else proof.filled(values)).get("aspect_ratio")
    if word in model.aspect_ratios:
        return {"aspect_ratio": word}
    ratio = _ratio(str(word))
    if picked is not None and picked.width and picked.height:
        ratio = Fraction(picked.width, picked.height)
    elif ratio is None and isinstance(values.get("width"), int) and isinstance(values.get("height"), int):
        ratio = Fraction(values["width"], values["height"])
    if ratio is None:
        return {}
    if model.aspect_ratios:
        found = min(model.aspect_ratios, key=lambda one: _apart(ratio, _ratio(one)))
        if _apart(ratio, _ratio(found)) > _NEAR:
            told.append(f"{model.slug} has no shape of {float(ratio):.2f} to 1, so {found} was taken")
        return {"aspect_ratio": found}
    filled = model.filled({})
    if isinstance(filled.get("width"), int) and isinstance(filled.get("height"), int):
        area = filled["width"] * filled["height"]
        width, height = math.sqrt(area * ratio), math.sqrt(area / ratio)
        return {
            "width": _side(model.inputs["width"], width),
            "height": _side(model.inputs["height"], height),
        }
    told.append(f"{model.slug} takes no shape, so the final has its own")
    return {}


def _pictured(
    model: Model,
    proof: Model | None,
    values: Mapping[str, Any],
    picked: Picked | None,
    given: Mapping[str, Any],
    made: Mapping[str, Any],
    told: list[str],
) -> dict[str, Any]:
    """Return the picture that a final works on: the one that the proof did, or the proof itself."""
    among = 1 if picked is None else picked.among
    target = model.image_input
    own = None if proof is None or proof.image_input is None else values.get(proof.image_input.name)
    if own:
        if target is None:
            raise errors.InputError(
                f"the proof works on a picture, and {model.slug} takes none; name a model that does"
            )
        if target.name in given:
            return {}
        if among > 1:
            told.append(
                f"{model.slug} works on the picture that the proof did, so which of {among} was picked is "
                "not kept"
            )
        return {target.name: _as(target, own)}
    if target is None and among > 1:
        told.append(
            f"{model.slug} takes no picture, so which of {among} was picked is not kept; a model that takes a "
            "reference keeps it"
        )
    if target is None or target.name in given or picked is None:
        return {}
    if made.get("seed") is not None and picked.among == 1 and not target.required:
        return {}
    return {target.name: _as(target, picked.name)}


def _as(field: Field, value: Any) -> Any:
    several = value if isinstance(value, list) else [value]
    return several if field.type == "array" else several[0]


def _fits(field: Field, value: Any) -> bool:
    try:
        inputs.check(field, value)
    except inputs.UnfitInput:
        return False
    return True


def _ratio(word: str) -> Fraction | None:
    said = re.fullmatch(r"(\d+(?:\.\d+)?):(\d+(?:\.\d+)?)", word)
    return None if said is None or not float(said[2]) else Fraction(said[1]) / Fraction(said[2])


def _apart(one: Fraction, other: Fraction | None) -> float:
    return math.inf if not other or not one else abs(math.log(one / other))


def _side(field: Field, wanted: float) -> int:
    least, most = int(field.minimum or _STEP_PX), int(field.maximum or wanted + _STEP_PX)
    return min(max(round(wanted / _STEP_PX) * _STEP_PX, least), most)


__all__ = ["PICTURES_MAX", "SEEDS", "Picked", "check_kind", "final", "small"]
