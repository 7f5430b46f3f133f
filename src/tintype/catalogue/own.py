"""Prices and models of one's own, over those of the book.

    own.extend(known, {"flux-schnell": "0.0025 per image", "acme/fox": "0.02 per image"})

A price is a text, as `tintype models` prints it: dollars per `run`, `image`, `megapixel`, `second of film`, `second of
run time` or `million tokens`; `, at most 1.50` bounds a run. A table in its place has the form of the book's own data,
and states a price as text or table; with `inputs` it is a model like the book's, without them only its price is known.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from tintype import catalogue
from tintype.domain import pricing
from tintype.domain.catalogue import (
    OWN,
    Catalogue,
    Count,
    Kind,
    Model,
    Output,
    Price,
    Quality,
    Rate,
    Unit,
)
from tintype.domain.errors import UnknownModel
from tintype.domain.money import NANO_PER_USD, to_usd

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SOURCE = "your own price"
_USD = r"\$?(\d{1,6}(?:\.\d{1,18})?)"
_PRICE = re.compile(rf"{_USD} per ([a-z ]+?)(?:, at most {_USD})?")
_NAME = re.compile(r"(?P<slug>[\w. -]+(?:/[\w.-]+)?)(?::(?P<version>[0-9a-f]{64}))?")
UNITS = {
    "run": Unit.RUN,
    "image": Unit.IMAGE,
    "megapixel": Unit.MEGAPIXEL,
    "second of film": Unit.VIDEO_SECOND,
    "second of run time": Unit.HARDWARE_SECOND,
    "million tokens": Unit.TOKEN,
}
"""What a price may be for, in words."""
_WORDS = {unit: word for word, unit in UNITS.items()}
_PICTURES = (Unit.RUN, Unit.IMAGE, Unit.MEGAPIXEL, Unit.HARDWARE_SECOND)
_TAKES = {
    Kind.VIDEO: (Unit.RUN, Unit.VIDEO_SECOND, Unit.HARDWARE_SECOND),
    Kind.TEXT: (Unit.RUN, Unit.TOKEN, Unit.HARDWARE_SECOND),
}
_MAKES = {Kind.VIDEO: "films", Kind.TEXT: "texts"}
_PER_TOKEN = Decimal(1_000_000)
# A nano-dollar: what is less is rounded to nothing.
_LEAST_USD = Decimal("0.000000001")
# As much as may be held for a generation.
_MOST_USD = 1_000_000
# What these cost has no bound as long as nobody knows which inputs decide it.
_UNBOUNDED = (Unit.MEGAPIXEL, Unit.VIDEO_SECOND, Unit.TOKEN)
_KINDS = {Unit.VIDEO_SECOND: Kind.VIDEO, Unit.TOKEN: Kind.TEXT}
# How long a model takes of which nothing is known.
_USUAL_S = 30


def extend(known: Catalogue, stated: Mapping[str, Any]) -> Catalogue:
    """Return a catalogue with these prices and models over its own. Raises ValueError saying what is wrong."""
    models = {model.slug: model for model in known.models}
    prices: dict[str, Model] = {}
    names: dict[tuple[str, str | None], str] = {}
    for name, value in stated.items():
        try:
            slug, version = _named(name)
            base = _found(Catalogue(tuple(models.values())), slug)
            slug = slug if base is None else base.slug
            _once(names, slug, version, name)
            model = _model(slug, base, value)
        except (KeyError, TypeError, ArithmeticError) as fault:
            raise ValueError(f"the price of {name[:80]!r} has not the form of the book: {fault}") from None
        except ValueError as fault:
            raise ValueError(f"the price of {name[:80]!r}: {fault}") from None
        if version is not None:
            prices[f"{model.slug}:{version}"] = model
        elif model.inputs:
            models[model.slug] = model
        else:
            prices[model.slug] = model
    return Catalogue(tuple(models.values()), own=MappingProxyType(prices))


def read(text: str) -> dict[str, str]:
    """Read `NAME = PRICE` with semicolons or line ends between. Raises ValueError."""
    parts = [part for part in re.split(r"[;\n]", text) if part.strip()]
    found = {}
    for part in parts:
        name, equals, price = part.partition("=")
        if not equals:
            raise ValueError(f"{part.strip()[:80]!r} is not NAME = PRICE")
        if name.strip() in found:
            raise ValueError(f"the price of {name.strip()[:80]!r} is stated twice")
        found[name.strip()] = price.strip()
    return found


def _named(name: str) -> tuple[str, str | None]:
    match = _NAME.fullmatch(name)
    if match is None:
        raise ValueError("write owner/name, or owner/name:version with the 64 digits of a version")
    return match["slug"], match["version"]


def _once(names: dict[tuple[str, str | None], str], slug: str, version: str | None, name: str) -> None:
    """Remember which name stands for a model. Raises ValueError where another does already."""
    before = names.setdefault((slug, version), name)
    if before != name:
        raise ValueError(f"{before[:80]!r} names {slug} already; state its price once")


def _found(known: Catalogue, slug: str) -> Model | None:
    try:
        return known.find(slug)
    except UnknownModel as error:
        if "/" not in slug:
            raise ValueError(str(error)) from None
        return None


def _model(slug: str, base: Model | None, value: Any) -> Model:
    table = {"price": value} if isinstance(value, str) else dict(value)
    price = _price(table.pop("price"))
    if base is not None:
        if table:
            raise ValueError(f"the book knows it; only its price can be stated, not {', '.join(table)}")
        return _priced(base, price)
    if "inputs" not in table and price.unit in _UNBOUNDED and price.run_max_usd is None:
        raise ValueError("what a run costs has no bound by itself; add: , at most AMOUNT")
    kind = Kind(table.get("kind", _KINDS.get(price.unit, Kind.IMAGE)))
    facts = {
        "name": slug,
        "kind": kind,
        "quality": Quality.STANDARD,
        "output": Output.TEXT if kind is Kind.TEXT else Output.FILE,
        "usual_s": _USUAL_S,
        "inputs": {},
        "price": {"unit": price.unit, "rates": [], "dated": OWN, "source": SOURCE},
        **table,
        "slug": slug,
    }
    unknown = [name for name in table if name not in _FIELDS]
    if unknown:
        raise ValueError(f"there is no {unknown[0]!r}; there are price, {', '.join(_FIELDS)}")
    new = catalogue.model(facts)
    if not new.usual_s.is_finite() or new.usual_s <= 0:
        raise ValueError(f"usual_s is {new.usual_s}; write the seconds that a run usually takes")
    made = _priced(new, price)
    # Of a model whose inputs are not known, this is the name by which most are told how many to make.
    return made if made.inputs else replace(made, count=Count(input="num_outputs", when={}))


_FIELDS = (
    *("name", "aliases", "kind", "quality", "output", "usual_s", "official", "transparent", "version"),
    *("inputs", "count", "seconds", "sizes"),
)


def _priced(model: Model, price: Price) -> Model:
    """Return a model at a price. Raises ValueError for one that would make it free, or that bounds nothing."""
    _check_amounts(price)
    takes = _TAKES.get(model.kind, _PICTURES)
    if price.unit not in takes:
        raise ValueError(
            f"{model.slug} makes {_MAKES.get(model.kind, 'pictures')}; write its price per {_either(takes)}"
        )
    if model.inputs:
        _check_names(model)
        _check_inputs(model, price)
    most = price.run_max_usd
    least = min(rate.usd for rate in price.rates)
    if most is not None and most < price.run_usd + least:
        raise ValueError(f"at most {most:f} is less than one {_WORDS[price.unit]} costs")
    made = replace(model, price=price)
    if most is not None and model.inputs:
        usual = pricing.estimate(replace(model, price=replace(price, run_max_usd=None)), {}).expected_nano_usd
        if usual > most * NANO_PER_USD:
            raise ValueError(f"at most {most:f} is less than a run usually costs, which is ${to_usd(usual)}")
    return made


def _check_amounts(price: Price) -> None:
    """Raise ValueError where a rate is no amount of dollars, or is nothing."""
    if not price.rates:
        raise ValueError("there is no rate in it")
    amounts = [price.run_usd, price.given_usd, price.run_max_usd or 0, *(rate.usd for rate in price.rates)]
    for usd in amounts:
        if not math.isfinite(usd) or usd > _MOST_USD:
            raise ValueError(f"{usd} is no price in dollars; write a number up to {_MOST_USD}")
    for rate in price.rates:
        each = rate.usd * (_PER_TOKEN if price.unit is Unit.TOKEN else 1)
        if each < _LEAST_USD or min(price.run_usd, price.given_usd) < 0:
            raise ValueError(f"no price is below ${_LEAST_USD:f}, as nothing is free")


def _check_names(model: Model) -> None:
    """Raise ValueError where what says how much is made names no input, or an input's range is none."""
    for one in model.inputs.values():
        if not all(math.isfinite(end) for end in (one.minimum, one.maximum) if end is not None):
            raise ValueError(f"the minimum and maximum of {one.name!r} are numbers")
    for name in (*([] if model.count is None else [model.count.input]), *model.seconds):
        if name not in model.inputs:
            raise ValueError(f"there is no input {name!r}, which is to say how much is made")
    if len(model.seconds) > 2:
        raise ValueError("seconds names one input, or those of frames and of frames per second")


def _check_inputs(model: Model, price: Price) -> None:
    """Raise ValueError where the inputs do not say how many units are asked for, so that the hold would be none."""
    match price.unit:
        case Unit.VIDEO_SECOND if not model.seconds:
            raise ValueError(
                f"the inputs of {model.slug} do not say how long its films are; write its price per run or second of "
                "run time"
            )
        case Unit.TOKEN if "max_tokens" not in model.inputs:
            raise ValueError(
                f"{model.slug} has no input 'max_tokens', so its texts have no bound; write it per run"
            )
        case Unit.MEGAPIXEL if price.run_max_usd is None and not pricing.states_area(model):
            raise ValueError(
                f"the inputs of {model.slug} do not say how large its pictures are; add: , at most AMOUNT"
            )
        case Unit.VIDEO_SECOND:
            for name in model.seconds:
                _check_amount(model, name, may_be_open=len(model.seconds) == 1)
        case Unit.TOKEN:
            # Replicate's own forms state no least, and what is below 1 is counted at the default.
            _check_amount(model, "max_tokens", has_least=model.price.dated != OWN)


def _check_amount(model: Model, name: str, *, may_be_open: bool = False, has_least: bool = False) -> None:
    """Raise ValueError where an input that a price counts may be none, or where nobody knows what it is by itself.

    One that `may_be_open` may be below zero where it has a maximum: the model chooses then. One that `has_least` needs
    no minimum.
    """
    field = model.inputs[name]
    if field.choices:
        is_bound = all(pricing.number(choice) for choice in field.choices)
    else:
        least = field.maximum if may_be_open and field.maximum is not None else field.minimum
        is_bound = field.type in {"integer", "number"} and (has_least or (least is not None and least > 0))
    if pricing.number(field.default) is None or not is_bound:
        raise ValueError(
            f"its price counts the input {name!r}, which needs a default and a minimum above 0; or write it per run"
        )


def _either(units: Sequence[Unit]) -> str:
    words = [_WORDS[unit] for unit in units]
    return f"{', '.join(words[:-1])} or {words[-1]}"


def _price(stated: Any) -> Price:
    if not isinstance(stated, str):
        return catalogue.price({"dated": OWN, "source": SOURCE, **stated})
    match = _PRICE.fullmatch(" ".join(stated.split()))
    unit = None if match is None else UNITS.get(match[2])
    if match is None or unit is None:
        raise ValueError(f"{stated[:80]!r} is no price; write 0.02 per {', '.join(UNITS)}")
    usd = Decimal(match[1]) / (_PER_TOKEN if unit is Unit.TOKEN else 1)
    return Price(
        unit=unit,
        rates=(Rate(usd=usd, when={}),),
        given_usd=usd if unit is Unit.TOKEN else Decimal(0),
        run_max_usd=None if match[3] is None else Decimal(match[3]),
        dated=OWN,
        source=SOURCE,
    )


__all__ = ["SOURCE", "UNITS", "extend", "read"]
