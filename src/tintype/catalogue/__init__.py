"""The price book and input schemas of the models, read from `models.json` beside this file."""

from __future__ import annotations

import json
from decimal import Decimal
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from tintype.domain.catalogue import (
    Catalogue,
    Count,
    Field,
    Kind,
    Model,
    Output,
    Price,
    Quality,
    Rate,
    Sizes,
    Unit,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


def load() -> Catalogue:
    """Read the catalogue that comes with the package; a few milliseconds, so keep the result."""
    text = resources.files("tintype.catalogue").joinpath("models.json").read_text(encoding="utf-8")
    return parse(text)


def parse(text: str) -> Catalogue:
    """Read a catalogue from JSON. Raises KeyError, TypeError or ValueError where it is not one."""
    document: dict[str, Any] = json.loads(text)
    return Catalogue(tuple(model(facts) for facts in document["models"]))


def inputs(facts: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Field]:
    """Read the inputs of a model by their names, as they stand in the catalogue's data."""
    return MappingProxyType({name: _field(name, stated) for name, stated in facts.items()})


def model(facts: Mapping[str, Any]) -> Model:
    """Read a model as it stands in the catalogue's data. Raises KeyError, TypeError or ValueError."""
    count = facts.get("count")
    return Model(
        slug=facts["slug"],
        version=facts.get("version"),
        name=facts["name"],
        aliases=tuple(facts.get("aliases", ())),
        kind=Kind(facts["kind"]),
        quality=Quality(facts["quality"]),
        output=Output(facts["output"]),
        usual_s=Decimal(str(facts["usual_s"])),
        is_official=facts.get("official", True),
        is_transparent=facts.get("transparent", False),
        has_lettering=facts.get("lettering", False),
        count=Count(input=count["input"], when=MappingProxyType(count.get("when", {}))) if count else None,
        seconds=tuple(facts.get("seconds", ())),
        price=price(facts["price"]),
        inputs=inputs(facts["inputs"]),
        sizes=sizes(facts["sizes"]) if "sizes" in facts else None,
    )


def sizes(facts: Mapping[str, Any]) -> Sizes:
    """Read how many pixels a model makes, as it stands in the catalogue's data. Raises as `model`."""
    usual = Sizes()
    return Sizes(
        pixels=facts.get("pixels", usual.pixels),
        lines=facts.get("lines", usual.lines),
        step=facts.get("step", usual.step),
        shapes=MappingProxyType(
            {word: (width, height) for word, (width, height) in facts.get("shapes", {}).items()}
        ),
        is_scaled=facts.get("scaled", usual.is_scaled),
        words=MappingProxyType(facts.get("words", {})),
    )


def price(facts: Mapping[str, Any]) -> Price:
    """Read a price rule as it stands in the catalogue's data. Raises as `model`, and ArithmeticError."""
    return Price(
        unit=Unit(facts["unit"]),
        rates=tuple(
            Rate(usd=Decimal(rate["usd"]), when=MappingProxyType(rate.get("when", {})))
            for rate in facts["rates"]
        ),
        run_usd=Decimal(facts.get("run_usd", "0")),
        given_usd=Decimal(facts.get("given_usd", "0")),
        run_max_usd=Decimal(facts["run_max_usd"]) if "run_max_usd" in facts else None,
        dated=facts["dated"],
        source=facts["source"],
    )


def _field(name: str, stated: Mapping[str, Any]) -> Field:
    return Field(
        name=name,
        type=stated["type"],
        required=stated.get("required", False),
        default=stated.get("default"),
        minimum=_bound(stated.get("minimum")),
        maximum=_bound(stated.get("maximum")),
        choices=tuple(stated.get("choices", ())),
        format=stated.get("format"),
        nullable=stated.get("nullable", False),
        items=stated.get("items"),
    )


def _bound(stated: float | None) -> Decimal | None:
    return None if stated is None else Decimal(str(stated))
