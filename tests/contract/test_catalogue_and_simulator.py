"""Two independent readings of the same models agree: the catalogue's data and the simulator's."""

from __future__ import annotations

import itertools
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tintype import catalogue
from tintype.domain import pricing, sizing
from tintype.domain.catalogue import Kind, Output, Unit
from tintype.simulator import making, models, prices

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tintype.domain.catalogue import Model

KNOWN = catalogue.load()
SIMULATED = models.load()

PER = {
    Unit.RUN: {"run", "video"},
    Unit.IMAGE: {"image"},
    Unit.MEGAPIXEL: {"megapixel"},
    Unit.VIDEO_SECOND: {"second"},
    Unit.TOKEN: {"token"},
    Unit.HARDWARE_SECOND: {"time"},
}
SHAPES = {Output.FILE: "uri", Output.FILES: "uris", Output.TEXT: "text"}


@pytest.mark.parametrize("model", KNOWN.models, ids=lambda model: model.slug)
def test_inputs_are_the_same(model: Model) -> None:
    simulated = SIMULATED[model.slug]

    assert set(model.inputs) == set(simulated.inputs)
    for field in model.inputs.values():
        other = simulated.inputs[field.name]
        form = other.items.get("format") if other.items else other.format
        assert (field.type, field.choices, field.format) == (other.type, tuple(other.enum or ()), form), (
            field.name
        )
        assert (field.minimum, field.maximum) == (_exact(other.minimum), _exact(other.maximum)), field.name
        # An empty default and none ask for the same.
        assert (field.default or None) == (other.default or None), field.name


@pytest.mark.parametrize("model", KNOWN.models, ids=lambda model: model.slug)
def test_what_the_simulator_requires_the_catalogue_requires(model: Model) -> None:
    required = {field.name for field in model.inputs.values() if field.required}

    assert set(SIMULATED[model.slug].required) <= required
    # A text model runs without a prompt, but there is nothing to want from that.
    assert required - set(SIMULATED[model.slug].required) <= {"prompt"}


@pytest.mark.parametrize("model", KNOWN.models, ids=lambda model: model.slug)
def test_outputs_and_prices_are_the_same(model: Model) -> None:
    simulated = SIMULATED[model.slug]
    price, other = model.price, simulated.price

    assert simulated.output == SHAPES[model.output]
    assert simulated.kind == model.kind.value
    assert simulated.official == model.is_official
    assert other.per in PER[price.unit]
    assert [(rate.usd, _folded(rate.when)) for rate in price.rates] == [
        (rate.usd, _folded(rate.when)) for rate in other.rates
    ]
    assert price.run_usd == other.run_usd
    if price.unit is Unit.TOKEN:
        assert price.given_usd == other.usd_in


# What can be drawn here: the simulator makes nothing that is longer.
SIDE_MAX = 8192


@pytest.mark.parametrize(
    "model", [one for one in KNOWN.models if one.kind in sizing.MAKERS], ids=lambda model: model.slug
)
def test_the_pixels_of_every_choice_are_the_same(model: Model) -> None:
    """Of each shape with each size that a model has, and of sides where it takes any."""
    sized = ["aspect_ratio", "megapixels", "resolution", "image_size", "size"]
    sized += ["quality", "mode"] if model.kind is Kind.VIDEO else []
    names = [name for name in sized if name in model.inputs]
    choices = [model.inputs[name].choices or (512, 1500) for name in names]

    for chosen in itertools.product(*choices):
        given = {"prompt": "a", **dict(zip(names, chosen, strict=True))}
        if "width" in model.inputs:
            given |= {"width": 1101, "height": 700}
        planned = making.plan(SIMULATED[model.slug], given, 7)

        size = sizing.made(model, given)

        assert size == (planned.width, planned.height) or max(size or (0,)) > SIDE_MAX, given


def _exact(bound: float | Decimal | None) -> Decimal | None:
    return None if bound is None else Decimal(str(bound))


def _folded(when: Mapping[str, Any]) -> dict[str, Any]:
    """A condition of the catalogue is spelled as the input's choice, the simulator compares without case."""
    return {name: value.lower() if isinstance(value, str) else value for name, value in when.items()}


RUNS: list[tuple[str, dict[str, Any]]] = [
    ("flux_schnell", {"num_outputs": 3}),
    ("imagen4_ultra", {"aspect_ratio": "4:3"}),
    ("seedream4", {"size": "4K"}),
    ("nano_banana_pro", {"resolution": "4K"}),
    ("flux2_pro", {"resolution": "4 MP"}),
    ("seedance_lite", {"duration": 7, "resolution": "480p"}),
    ("veo-3.1", {"generate_audio": False}),
    ("wan2_t2v", {"resolution": "720p"}),
]


@pytest.mark.parametrize(("name", "values"), RUNS)
def test_the_bill_is_what_was_estimated(name: str, values: dict[str, Any]) -> None:
    """Two price evaluators, written apart, come to the same nano-dollar for a run that succeeded."""
    model = KNOWN.find(name)
    given = {"prompt": "waves at night", **values}
    simulated = SIMULATED[model.slug]
    planned = making.plan(simulated, given, 7)

    billed = prices.charge(simulated, given, planned, "succeeded", planned.count, Decimal("1.5"))

    assert pricing.estimate(model, given).expected_nano_usd == billed


@pytest.mark.parametrize("model", [one for one in KNOWN.models if one.version], ids=lambda model: model.slug)
def test_versions_are_the_same(model: Model) -> None:
    """Ids of versions that are known without being read upstream first (rule 27)."""
    assert SIMULATED[model.slug].version_id == model.version
