"""Estimates are exact, and the bound is never below what is expected."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype import catalogue
from tintype.domain import pricing
from tintype.domain.catalogue import Unit
from tintype.domain.money import from_usd

if TYPE_CHECKING:
    from tintype.domain.catalogue import Model

KNOWN = catalogue.load()


def expected(name: str, **values: Any) -> int:
    return pricing.estimate(KNOWN.find(name), {"prompt": "x", **values}).expected_nano_usd


@pytest.mark.parametrize(
    ("name", "values", "usd"),
    [
        ("flux_schnell", {}, "0.003"),
        ("flux_schnell", {"num_outputs": 4}, "0.012"),
        ("imagen4_ultra", {}, "0.06"),
        ("seedream4", {"max_images": 5}, "0.03"),
        ("seedream4", {"max_images": 5, "sequential_image_generation": "auto"}, "0.15"),
        ("nano_banana_pro", {}, "0.15"),
        ("nano_banana_pro", {"resolution": "4K"}, "0.30"),
        ("flux2_pro", {}, "0.03"),
        ("flux2_pro", {"resolution": "0.5 MP"}, "0.0225"),
        ("flux2_pro", {"resolution": "4 MP"}, "0.075"),
        ("flux2_pro", {"aspect_ratio": "custom", "width": 2048, "height": 1024}, "0.045"),
        ("flux2_pro", {"input_images": ["a", "b"]}, "0.06"),
        ("wan2_i2v", {}, "0.05"),
        ("wan2_i2v", {"resolution": "720p"}, "0.10"),
        ("seedance_lite", {}, "0.18"),
        ("seedance_lite", {"resolution": "1080p", "duration": 12}, "0.864"),
        ("veo-3.1", {}, "3.20"),
        ("veo-3.1", {"generate_audio": False, "duration": 4}, "0.80"),
        ("real_esrgan", {}, "0.0056"),
    ],
)
def test_known_runs_cost_what_the_price_pages_say(name: str, values: dict[str, Any], usd: str) -> None:
    assert expected(name, **values) == from_usd(usd)


def test_film_length_comes_from_seconds_or_frames() -> None:
    wan, seedance = KNOWN.find("wan2_i2v"), KNOWN.find("seedance_lite")

    assert pricing.seconds(wan, {"num_frames": 100, "frames_per_second": 24}) == Fraction(100, 24)
    assert pricing.seconds(seedance, {}) == 5
    assert pricing.seconds(KNOWN.find("flux_schnell"), {}) == 0


def test_time_billed_runs_are_bounded_by_their_deadline() -> None:
    """Rule 11: the hold of time-billed models is their rate times `Cancel-After`."""
    model = KNOWN.find("real_esrgan")

    assert pricing.estimate(model, {}, run_s_max=60).bound_nano_usd == from_usd("0.084")
    assert pricing.estimate(model, {}).bound_nano_usd == from_usd("2.52")
    assert pricing.estimate(model, {}, run_s_max=2).expected_nano_usd == from_usd("0.0028")


def test_texts_are_bounded_by_the_tokens_they_may_write() -> None:
    """Rules 11 and 27: the upper bound comes from `max_tokens`."""
    model = KNOWN.find("llama3_8b")

    short = pricing.estimate(model, {"prompt": "x", "max_tokens": 100})
    long = pricing.estimate(model, {"prompt": "x", "max_tokens": 1000})

    assert long.bound_nano_usd - short.bound_nano_usd == 900 * 250
    assert short.expected_nano_usd < short.bound_nano_usd


def test_size_that_only_upstream_knows_widens_the_bound() -> None:
    """Rule 11: what cannot be known before is held at its most."""
    model = KNOWN.find("flux2_pro")

    estimate = pricing.estimate(model, {"prompt": "x", "resolution": "match_input_image"})

    assert estimate.expected_nano_usd == from_usd("0.03")
    # 4 MP, and what a side may be rounded up by.
    assert estimate.bound_nano_usd == from_usd("0.07875")


def test_a_given_picture_is_held_for_by_its_own_area() -> None:
    """Rule 11: however large it is; and for the most that it may be as long as nobody has measured it."""
    model = KNOWN.find("flux2_pro")
    values = {"prompt": "x", "input_images": ["a", "b", "a"]}

    some = pricing.estimate(model, values, areas={"a": Fraction(30)})
    every = pricing.estimate(model, values, areas={"a": Fraction(30), "b": Fraction(1, 2)})

    assert some.expected_nano_usd == from_usd("0.945")
    assert some.bound_nano_usd == from_usd("1.23")
    assert every.expected_nano_usd == every.bound_nano_usd == from_usd("0.9375")


@st.composite
def runs(draw: st.DrawFn) -> tuple[Model, dict[str, Any]]:
    """Draw a model and inputs that suit it."""
    model = draw(st.sampled_from(KNOWN.models))
    values: dict[str, Any] = {}
    for field in model.inputs.values():
        if not field.required and draw(st.booleans()):
            continue
        if field.choices:
            values[field.name] = draw(st.sampled_from(field.choices))
        elif field.type == "integer":
            low = int(field.minimum) if field.minimum is not None else 0
            high = int(field.maximum) if field.maximum is not None else low + 5000
            values[field.name] = draw(st.integers(low, high))
        elif field.type == "boolean":
            values[field.name] = draw(st.booleans())
        elif field.type == "array":
            values[field.name] = draw(
                st.lists(st.sampled_from([f"https://example.com/{one}.png" for one in "ab"]), max_size=5)
            )
        elif field.type == "string":
            values[field.name] = draw(st.text(max_size=50))
    return model, values


@given(st.data(), st.sampled_from(KNOWN.models))
def test_no_input_makes_a_price_negative(data: st.DataObject, model: Model) -> None:
    """Rule 11: inputs that nobody checked, as of a version, are counted at their default where they are no amount."""
    amounts = st.none() | st.booleans() | st.text(max_size=3) | st.integers() | st.floats() | st.just("1e999")
    names = st.sampled_from([*model.inputs, *model.seconds, "max_tokens"])

    estimate = pricing.estimate(model, data.draw(st.dictionaries(names, amounts, max_size=6)))

    assert 0 <= estimate.expected_nano_usd <= estimate.bound_nano_usd


@pytest.mark.parametrize("stated", [0, -5000, -0.5, True])
def test_an_amount_that_is_none_counts_as_the_default(stated: Any) -> None:
    assert expected("llama3_8b", max_tokens=stated) == expected("llama3_8b")
    assert expected("wan2_i2v", frames_per_second=stated, num_frames=stated) == expected("wan2_i2v")
    assert expected("vidu/q3-pro", duration=stated) == expected("vidu/q3-pro")


@given(runs(), st.integers(1, 10_000))
def test_bound_is_never_below_the_expected_price(run: tuple[Model, dict[str, Any]], run_s_max: int) -> None:
    """Rule 11: the hold is the most it can cost."""
    model, values = run

    estimate = pricing.estimate(model, values, run_s_max=run_s_max)

    assert isinstance(estimate.expected_nano_usd, int)
    assert 0 <= estimate.expected_nano_usd <= estimate.bound_nano_usd


@given(runs())
def test_estimate_is_the_price_rule_rounded_once(run: tuple[Model, dict[str, Any]]) -> None:
    """Units priced by what is asked for are exact: count or seconds times the rate, in fractions.

    Where the inputs do not say which rate counts, the dearest is the bound.
    """
    model, values = run
    if model.price.unit not in {Unit.IMAGE, Unit.VIDEO_SECOND} or model.price.given_usd:
        return
    filled = model.filled(values)
    stated = [r.usd for r in model.price.rates if all(filled.get(n) == v for n, v in r.when.items())]
    dearest = max(r.usd for r in model.price.rates)
    amount = (
        pricing.outputs(model, values) if model.price.unit is Unit.IMAGE else pricing.seconds(model, values)
    )
    is_stated = bool(stated) and all(filled.get(name, 1) > 0 for name in model.seconds)

    estimate = pricing.estimate(model, values)

    exact = Fraction(stated[0] if stated else dearest) * amount * 1_000_000_000
    assert abs(estimate.bound_nano_usd - exact) <= Fraction(1, 2)
    assert not is_stated or estimate.bound_nano_usd == estimate.expected_nano_usd


def test_a_film_whose_length_the_model_chooses_is_held_at_its_longest() -> None:
    """Rule 11: -1 seconds asks Seedance to choose between 1 and 15."""
    model = KNOWN.find("seedance2")
    values = {"prompt": "waves", "duration": -1, "resolution": "720p"}

    estimate = pricing.estimate(model, values)

    assert (estimate.expected_nano_usd, estimate.bound_nano_usd) == (850_000_000, 2_550_000_000)
    assert pricing.seconds(model, values) == 15


@given(runs(), st.integers(0, 50))
def test_many_runs_cost_their_sum(run: tuple[Model, dict[str, Any]], count: int) -> None:
    one = pricing.estimate(*run)
    total = pricing.Estimate(0, 0)

    for _ in range(count):
        total += one

    assert one * count == total
