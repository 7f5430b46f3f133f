"""Say how a price is made up: units times rate, as the book has it, with where the book has it from. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from tintype.domain import pricing, sizing
from tintype.domain.catalogue import Kind, Unit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tintype.domain.catalogue import Catalogue, Model
    from tintype.domain.pricing import Estimate

ALTERNATIVES_MAX = 5


@dataclass(frozen=True, slots=True)
class Breakdown:
    """A price: `quantity` units at `rate_usd` each, both as they are expected; the book's day and source."""

    unit: Unit
    quantity: Fraction
    rate_usd: Fraction
    run_usd: Fraction
    dated: str
    source: str


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another model that could do the same: its price, and its usual time in seconds."""

    model: Model
    estimate: Estimate
    usual_s: Fraction


def of(model: Model, values: Mapping[str, Any], estimate: Estimate) -> Breakdown:
    """Return how the expected price of a run is made up."""
    rate = pricing.rate_usd(model, values)
    run = Fraction(model.price.run_usd)
    rest = Fraction(estimate.expected_nano_usd, 1_000_000_000) - run
    priced_as = rest / rate if rate else Fraction(0)
    quantity = {
        Unit.RUN: Fraction(1),
        Unit.IMAGE: Fraction(pricing.outputs(model, values)),
        # Where the inputs are not known, the length is not either.
        Unit.VIDEO_SECOND: pricing.seconds(model, values) if model.inputs else priced_as,
    }.get(model.price.unit, priced_as)
    return Breakdown(model.price.unit, quantity, rate, run, model.price.dated, model.price.source)


def alternatives(known: Catalogue, model: Model, values: Mapping[str, Any]) -> list[Alternative]:
    """Return models of the same kind that take the same, and are cheaper or faster, the cheapest first.

    They take the common words that were used: prompt, shape, seed, what to leave out, the number of pictures; and where
    the inputs say a size, they make as many pixels, at the price of these.
    """
    here = pricing.estimate(model, values)
    size = sizing.stated(model, values)
    # A size says the shape too, in each model's own inputs.
    said = (
        values if size is None else {name: value for name, value in values.items() if name != "aspect_ratio"}
    )
    found = []
    for other in known.of_kind(model.kind):
        near = None if size is None else sizing.nearest(other, *size)
        if other is model or not _fits(other, model, said):
            continue
        if size is not None and (near is None or not near.is_enough or near.apart > sizing.EQUAL):
            continue
        fitted = {**_fitted(other, model, said), **({} if near is None else near.inputs)}
        estimate = pricing.estimate(other, fitted)
        if pricing.outputs(other, fitted) < pricing.outputs(model, values):
            continue
        if estimate.expected_nano_usd < here.expected_nano_usd or other.usual_s < model.usual_s:
            found.append(Alternative(other, estimate, Fraction(other.usual_s)))
    found.sort(key=lambda one: (one.estimate.expected_nano_usd, one.usual_s, one.model.slug))
    return found[:ALTERNATIVES_MAX]


_COMMON = ("prompt", "aspect_ratio", "seed", "negative_prompt")


def _fits(other: Model, model: Model, values: Mapping[str, Any]) -> bool:
    """Whether another model takes each common word that was used, and needs nothing that was not given."""
    for name in _COMMON:
        if values.get(name) is None:
            continue
        field = other.inputs.get(name)
        if field is None or (field.choices and values[name] not in field.choices):
            return False
    is_clear = model.is_transparent or values.get("background") == "transparent"
    if is_clear and not other.is_transparent:
        return False
    gives_picture = model.image_input is not None and values.get(model.image_input.name) is not None
    needs = [one for one in other.inputs.values() if one.required and one.name not in _COMMON]
    if any(not one.takes_file for one in needs) or (needs and not gives_picture):
        return False
    return not gives_picture or other.image_input is not None


def _fitted(other: Model, model: Model, values: Mapping[str, Any]) -> dict[str, Any]:
    fitted = {name: values[name] for name in _COMMON if values.get(name) is not None}
    wanted = pricing.outputs(model, values)
    if other.count is not None and not other.count.when and wanted > 1:
        fitted[other.count.input] = min(wanted, other.per_run_max)
    if other.kind is Kind.VIDEO and other.seconds and model.seconds:
        for name in other.seconds:
            choices = _lengths(other.inputs[name].choices)
            wanted_s = pricing.seconds(model, values)
            if choices and len(other.seconds) == 1:
                fitted[name] = min(choices, key=lambda one: (one < wanted_s, abs(one - wanted_s)))
    return fitted


def _lengths(choices: Iterable[str | int]) -> list[int]:
    return [int(one) for one in choices if str(one).isdigit()]
