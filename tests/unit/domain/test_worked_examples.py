"""Prices worked out by hand, and what holds of every price: never below zero, more for more, within the bound."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.unit.domain import worked_examples
from tests.unit.domain.test_pricing import runs
from tintype import catalogue
from tintype.domain import charges, pricing
from tintype.domain.catalogue import Output, Unit
from tintype.domain.money import from_usd

if TYPE_CHECKING:
    from tests.unit.domain.worked_examples import Asked, Ran
    from tintype.domain.catalogue import Model

KNOWN = catalogue.load()
DEADLINE_S = 600


def test_there_are_enough_examples_and_each_has_its_source() -> None:
    every: list[Asked | Ran] = [*worked_examples.ASKED, *worked_examples.RAN]
    priced = {KNOWN.find(one.model).price.unit for one in every}

    assert len(every) >= 60
    assert priced == set(Unit)
    assert all(one.source and one.working for one in every)


@pytest.mark.parametrize("one", worked_examples.ASKED, ids=lambda one: f"{one.model} {one.working}")
def test_what_is_asked_for_is_expected_to_cost_what_its_price_says(one: Asked) -> None:
    model = KNOWN.find(one.model)

    estimate = pricing.estimate(model, {"prompt": "waves", **one.values})

    assert estimate.expected_nano_usd == from_usd(one.usd)
    assert estimate.bound_nano_usd >= estimate.expected_nano_usd


@pytest.mark.parametrize("one", worked_examples.RAN, ids=lambda one: f"{one.model} {one.working}")
def test_what_ran_costs_what_its_price_says(one: Ran) -> None:
    prediction = {"status": "succeeded", "input": {"prompt": "waves", **one.values}, **one.ended}

    assert charges.charge(KNOWN.find(one.model), prediction) == from_usd(one.usd)


def honest(model: Model, values: dict[str, Any], areas: dict[Any, Fraction], draw: st.DrawFn) -> charges.Made:
    """Draw what an upstream that keeps its word makes of an input: at most what was asked for.

    Where it is to be as large as a picture that is given, that is its size, or the largest of the model's inputs.
    """
    most = pricing.outputs(model, values)
    is_text = model.output is Output.TEXT
    tokens = int(model.filled(values).get("max_tokens", 0))
    read = sum(len(value.encode()) for value in values.values() if isinstance(value, str))
    delivered = draw(st.integers(0, most))
    return charges.Made(
        status=draw(st.sampled_from(["succeeded", "canceled", "failed", "aborted"])),
        delivered=delivered,
        predict_time_s=Fraction(draw(st.integers(0, DEADLINE_S * 1000)), 1000),
        seconds=draw(st.none() | st.fractions(0, pricing.seconds(model, values))),
        megapixels=draw(st.none() | st.fractions(0, max(Fraction(4), *areas.values(), Fraction(0))))
        if delivered
        else None,
        megapixels_in=sum((areas[part] for _, part in pricing.given(model, values)), Fraction(0)),
        tokens_in=draw(st.integers(0, read + pricing.TEMPLATE_TOKENS_MAX)) if is_text else None,
        tokens_out=draw(st.integers(0, tokens)) if is_text else None,
    )


@given(st.data(), runs())
def test_an_honest_prediction_costs_no_less_than_nothing_and_no_more_than_its_bound(
    data: st.DataObject, run: tuple[Model, dict[str, Any]]
) -> None:
    """Rules 11 and 13: what is held is enough for whatever comes of it, however large the pictures given are."""
    model, values = run
    areas = {part: data.draw(st.fractions(0, 10_000)) for _, part in pricing.given(model, values)}
    made = data.draw(st.composite(lambda draw: honest(model, values, areas, draw))())

    cost = charges.cost_nano_usd(model, values, made)

    assert isinstance(cost, int)
    assert 0 <= cost <= pricing.estimate(model, values, run_s_max=DEADLINE_S, areas=areas).bound_nano_usd


@given(runs(), st.integers(1, 60))
def test_more_costs_no_less(run: tuple[Model, dict[str, Any]], times: int) -> None:
    """More files, more film, more area, more tokens, a longer run: never cheaper."""
    model, values = run
    assume(times > 1)
    one = charges.Made("succeeded", 1, Fraction(1), Fraction(1), Fraction(1), 1, 1)
    many = charges.Made("succeeded", times, Fraction(times), Fraction(times), Fraction(times), times, times)

    assert charges.cost_nano_usd(model, values, many) >= charges.cost_nano_usd(model, values, one) >= 0


@given(runs(), st.data())
def test_asking_for_more_is_never_expected_to_be_cheaper(
    run: tuple[Model, dict[str, Any]], data: st.DataObject
) -> None:
    """Pictures of a run, seconds of a film, tokens of a text, files that are given, time that it may take."""
    model, values = run
    growing = [
        name
        for name in (
            *((model.count.input,) if model.count else ()),
            *(model.seconds[:1]),
            *(("max_tokens",) if model.price.unit is Unit.TOKEN else ()),
        )
        if model.inputs[name].type == "integer"
    ]
    assume(growing)
    name = data.draw(st.sampled_from(growing))
    field = model.inputs[name]
    # A length below 0 asks the model to choose.
    numbers = [int(choice) for choice in field.choices if int(choice) > 0]
    low, high = (
        (min(numbers), max(numbers)) if numbers else (int(field.minimum or 1), int(field.maximum or 4000))
    )
    allowed = st.sampled_from(numbers) if numbers else st.integers(max(low, 1), high)
    less, more = sorted((data.draw(allowed), data.draw(allowed)))

    small, large = (pricing.estimate(model, {**values, name: number}) for number in (less, more))

    assert small.expected_nano_usd <= large.expected_nano_usd
    assert small.bound_nano_usd <= large.bound_nano_usd


@given(
    st.sampled_from(KNOWN.models),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=8,
    ),
    st.sampled_from(["succeeded", "canceled", "failed", "starting", "?"]),
)
def test_whatever_upstream_says_the_charge_is_an_amount(model: Model, junk: Any, status: str) -> None:
    """Output and metrics that mean nothing are counted as nothing, never as less."""
    names = ("predict_time", "video_output_duration_seconds", "input_token_count", "output_token_count")
    prediction = {"status": status, "output": junk, "metrics": dict.fromkeys(names, junk), "input": junk}

    assert charges.charge(model, prediction) >= 0
