"""What a run cost, by what was really made (rule 13)."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype import catalogue
from tintype.domain import charges, pricing
from tintype.domain.catalogue import Unit
from tintype.simulator import making, models, prices
from tintype.simulator.making import Source

MODELS = catalogue.load()
FLUX = MODELS.find("black-forest-labs/flux-schnell")
FLUX_2 = MODELS.find("flux2_pro")
UPSTREAM = models.load()[FLUX_2.slug]


@pytest.mark.parametrize(
    ("status", "output", "cost"),
    [
        ("succeeded", ["a"], 3_000_000),
        ("succeeded", ["a", "b", "c"], 9_000_000),
        ("canceled", ["a"], 3_000_000),
        ("canceled", None, 0),
        ("failed", ["a"], 0),
        ("aborted", None, 0),
    ],
)
def test_what_is_priced_by_the_picture_costs_what_was_delivered(status: str, output: Any, cost: int) -> None:
    """Rule 13: per output; failed and aborted cost nothing."""
    made = charges.made({"status": status, "output": output, "metrics": {"predict_time": 2.5}})

    assert charges.cost_nano_usd(FLUX, {"prompt": "a", "num_outputs": 4}, made) == cost


@pytest.mark.parametrize(
    ("status", "is_billed"), [("succeeded", True), ("canceled", True), ("failed", False)]
)
def test_what_is_priced_by_time_costs_its_running_time(status: str, is_billed: bool) -> None:  # noqa: FBT001 - a case
    """Rule 13: predict_time × rate, read as a decimal, also when it was cancelled."""
    model = next(one for one in MODELS.models if one.price.unit is Unit.HARDWARE_SECOND)
    rate = Fraction(model.price.rates[0].usd)
    made = charges.made({"status": status, "output": None, "metrics": {"predict_time": 1.1}})

    cost = charges.cost_nano_usd(model, {}, made)

    assert cost == (round(Fraction("1.1") * rate * 10**9) if is_billed else 0)


def test_time_that_nobody_measured_counts_as_the_most_that_was_held() -> None:
    """Rule 13: a success without `predict_time` was not for nothing; a cancelled one never ran."""
    model = next(one for one in MODELS.models if one.price.unit is Unit.HARDWARE_SECOND)
    succeeded, canceled = (charges.Made(status, 1) for status in ("succeeded", "canceled"))

    assert charges.cost_nano_usd(model, {}, succeeded) == pricing.estimate(model, {}).bound_nano_usd > 0
    assert charges.cost_nano_usd(model, {}, canceled) == 0


@pytest.mark.parametrize(
    "metrics", [None, [], {"predict_time": "NaN"}, {"predict_time": True}, {"predict_time": -1}]
)
def test_metrics_that_are_none_count_as_not_measured(metrics: Any) -> None:
    """Whatever upstream writes there, it is a number or nothing."""
    assert charges.made({"status": "succeeded", "output": "a", "metrics": metrics}).predict_time_s is None


@pytest.mark.parametrize(
    ("values", "measured", "megapixels"),
    [
        ({"resolution": "1 MP"}, {}, 1),
        ({"resolution": "0.5 MP"}, {"megapixels": Fraction("0.49")}, Fraction("0.5")),
        ({"resolution": "match_input_image"}, {"megapixels": Fraction("0.09")}, Fraction("0.09")),
        ({"resolution": "match_input_image"}, {}, 1),
        ({"input_images": ["a", "b"]}, {}, 3),
        ({"input_images": ["a", "b"]}, {"megapixels_in": Fraction("0.18")}, Fraction("1.18")),
        ({"aspect_ratio": "custom", "width": 768, "height": 512}, {}, Fraction("0.38")),
    ],
)
def test_areas_cost_what_was_asked_for_and_else_what_was_measured(
    values: dict[str, Any], measured: dict[str, Fraction], megapixels: Fraction
) -> None:
    """FLUX.2 pro: 0.015 dollars a run and as much for each megapixel in and out, to the hundredth."""
    made = charges.made({"status": "succeeded", "output": "a"})
    known = {"megapixels": None, "seconds": None, **measured}

    cost = charges.cost_nano_usd(MODELS.find("flux2_pro"), values, made.measured(**known))

    assert cost == 15_000_000 * (1 + megapixels)


@given(
    st.sampled_from(FLUX_2.inputs["aspect_ratio"].choices),
    st.sampled_from(FLUX_2.inputs["resolution"].choices),
    st.tuples(st.integers(256, 2048), st.integers(256, 2048)),
    st.none() | st.tuples(st.integers(64, 4000), st.integers(64, 4000)),
)
def test_areas_cost_what_the_simulator_bills(
    ratio: str, resolution: str, sides: tuple[int, int], given: tuple[int, int] | None
) -> None:
    """Rule 13: to the nano-dollar, whichever inputs say the area, or none does."""
    values: dict[str, Any] = {"prompt": "a", "aspect_ratio": ratio, "resolution": resolution}
    values |= {"width": sides[0], "height": sides[1]} if ratio == "custom" else {}
    values |= {} if given is None else {"input_images": ["https://example.com/a.png"]}
    source = None if given is None else Source(*given, areas=(given[0] * given[1],))
    plan = making.plan(UPSTREAM, values, 1, source)
    made = charges.Made(
        status="succeeded",
        delivered=1,
        megapixels=pricing.area(plan.width, plan.height),
        megapixels_in=Fraction(0) if given is None else pricing.area(*given),
    )

    bill = prices.charge(UPSTREAM, values, plan, "succeeded", 1, Decimal(1))

    assert charges.cost_nano_usd(FLUX_2, values, made) == bill


@given(st.integers(0, 10**9 - 1), st.integers(1, 9))
def test_a_number_of_json_is_billed_as_the_decimal_that_was_written(seconds_nano: int, places: int) -> None:
    """Rule 13: whichever way JSON is read, nothing of a time to the nanosecond is lost to a float."""
    written = f"{seconds_nano // 1000}.{seconds_nano % 10**places:0{places}d}"
    body = '{"status": "succeeded", "metrics": {"predict_time": %s}}' % written  # noqa: UP031 - braces are JSON's

    by_float = charges.made(json.loads(body))
    by_decimal = charges.made(json.loads(body, parse_float=Decimal))

    assert by_float.predict_time_s == by_decimal.predict_time_s == Fraction(written)
