"""Bills: by the rule for what was made, nothing for what failed, exact to the nano-dollar."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.simulator.valid_inputs import MODELS, PICTURE, least, models_with_inputs
from tintype.simulator import making, models, prices
from tintype.simulator.making import Source
from tintype.simulator.models import Model, Price, Rate

HARDWARE = models.hardware()
FLUX = "black-forest-labs/flux-schnell"
FILM = Source(640, 480, Decimal(10), 25)

# Model, input, given file, outputs delivered, dollars: figures of the public price lists, worked out by hand.
EXAMPLES: list[tuple[str, dict[str, Any], Source | None, int, str]] = [
    (FLUX, {}, None, 1, "0.003"),
    (FLUX, {"num_outputs": 4, "megapixels": "0.25"}, None, 4, "0.012"),
    ("black-forest-labs/flux-dev", {"num_outputs": 2}, None, 2, "0.05"),
    ("black-forest-labs/flux-1.1-pro", {}, None, 1, "0.04"),
    ("black-forest-labs/flux-1.1-pro-ultra", {}, None, 1, "0.06"),
    ("black-forest-labs/flux-kontext-max", {}, None, 1, "0.08"),
    ("black-forest-labs/flux-2-pro", {"resolution": "0.5 MP"}, None, 1, "0.0225"),
    ("black-forest-labs/flux-2-pro", {}, None, 1, "0.03"),
    ("black-forest-labs/flux-2-pro", {"resolution": "2 MP", "aspect_ratio": "16:9"}, None, 1, "0.045"),
    ("black-forest-labs/flux-2-pro", {"resolution": "4 MP"}, None, 1, "0.075"),
    ("black-forest-labs/flux-2-pro", {"input_images": [PICTURE]}, Source(1024, 1024), 1, "0.045"),
    ("black-forest-labs/flux-2-pro", {"input_images": [PICTURE] * 3}, None, 1, "0.075"),
    (
        "black-forest-labs/flux-2-pro",
        {"input_images": [PICTURE] * 2},
        Source(1024, 1024, areas=(1024 * 1024, 512 * 1024)),
        1,
        "0.0525",
    ),
    ("black-forest-labs/flux-2-flex", {"resolution": "2 MP"}, None, 1, "0.12"),
    ("black-forest-labs/flux-2-klein-9b", {"megapixels": "0.25"}, None, 1, "0.00375"),
    ("black-forest-labs/flux-2-klein-9b", {}, None, 1, "0.015"),
    ("google/imagen-4", {"image_size": "2K"}, None, 1, "0.04"),
    ("google/imagen-4-fast", {}, None, 1, "0.02"),
    ("google/imagen-4-ultra", {"aspect_ratio": "4:3"}, None, 1, "0.06"),
    ("google/nano-banana-pro", {}, None, 1, "0.15"),
    ("google/nano-banana-pro", {"resolution": "4K"}, None, 1, "0.30"),
    ("bytedance/seedream-4", {"max_images": 3, "sequential_image_generation": "auto"}, None, 3, "0.09"),
    ("ideogram-ai/ideogram-v3-quality", {}, None, 1, "0.09"),
    ("recraft-ai/recraft-v3-svg", {}, None, 1, "0.08"),
    ("recraft-ai/recraft-creative-upscale", {}, None, 1, "0.30"),
    ("prunaai/z-image-turbo", {"width": 512, "height": 512}, None, 1, "0.0025"),
    ("prunaai/z-image-turbo", {}, None, 1, "0.005"),
    ("prunaai/z-image-turbo", {"width": 2048, "height": 1024}, None, 1, "0.01"),
    ("google/veo-3.1", {}, None, 1, "3.20"),
    ("google/veo-3.1", {"generate_audio": False, "duration": 4}, None, 1, "0.80"),
    ("google/veo-3.1-fast", {}, None, 1, "1.20"),
    ("openai/sora-2", {"seconds": 12}, None, 1, "1.20"),
    ("kwaivgi/kling-v2.1", {"mode": "pro", "duration": 10}, None, 1, "0.90"),
    ("kwaivgi/kling-v2.6", {"generate_audio": False}, None, 1, "0.35"),
    ("kwaivgi/kling-v3-video", {"mode": "standard", "generate_audio": True, "duration": 3}, None, 1, "0.756"),
    ("bytedance/seedance-1-lite", {"resolution": "1080p", "duration": 10}, None, 1, "0.72"),
    ("minimax/hailuo-02", {"resolution": "768p"}, None, 1, "0.27"),
    ("minimax/hailuo-02-fast", {}, None, 1, "0.0996"),
    ("pixverse/pixverse-v5.6", {"quality": "1080p"}, None, 1, "0.75"),
    ("wan-video/wan-2.2-t2v-fast", {"resolution": "720p"}, None, 1, "0.10"),
    ("wan-video/wan-2.6-t2v", {"size": "1920*1080"}, None, 1, "0.75"),
    ("topazlabs/video-upscale", {"target_resolution": "4k", "target_fps": 30}, FILM, 1, "0.746"),
    ("topazlabs/video-upscale", {"target_resolution": "720p", "target_fps": 60}, FILM, 1, "0.106"),
    ("runwayml/upscale-v1", {}, FILM, 1, "0.20"),
    ("fofr/skyreels-2", {"duration": 6}, None, 1, "0.30"),
    ("meta/meta-llama-3-8b-instruct", {"prompt": "x" * 400}, None, 100, "0.00003"),
    ("meta/meta-llama-3-70b-instruct", {"prompt": "x" * 400}, None, 1000, "0.002815"),
    ("nightmareai/real-esrgan", {}, None, 1, "0.0005625"),
    ("tencent/hunyuan-video", {}, None, 1, "0.0038125"),
]


@pytest.mark.parametrize(("slug", "given_input", "source", "delivered", "usd"), EXAMPLES)
def test_a_success_costs_what_the_price_list_says(
    slug: str,
    given_input: dict[str, Any],
    source: Source | None,
    delivered: int,
    usd: str,
) -> None:
    """Time-billed models ran for two seconds and a half here."""
    model = MODELS[slug]
    complete = {**least(model), **given_input}
    made = making.plan(model, complete, 7, source)

    cost = prices.charge(model, complete, made, "succeeded", delivered, Decimal("2.5"))

    assert cost == int(Decimal(usd) * 1_000_000_000)


@given(
    models_with_inputs(), st.sampled_from(["failed", "aborted", "starting", "processing"]), st.integers(0, 20)
)
def test_what_was_not_made_costs_nothing(
    drawn: tuple[Model, dict[str, Any]],
    status: str,
    delivered: int,
) -> None:
    model, given_input = drawn
    made = making.plan(model, given_input, 7)

    assert prices.charge(model, given_input, made, status, delivered, Decimal(9)) == 0


def test_a_canceled_run_on_hardware_costs_its_time() -> None:
    assert _charge("nightmareai/real-esrgan", "canceled", delivered=0, time_s="3.2") == 720_000
    assert _charge("nightmareai/real-esrgan", "canceled", delivered=0, time_s="0") == 0


def test_a_canceled_order_costs_the_outputs_that_came() -> None:
    assert _charge(FLUX, "canceled", delivered=2, time_s="3", num_outputs=4) == 6_000_000
    assert _charge(FLUX, "canceled", delivered=0, time_s="3") == 0
    assert _charge("google/veo-3.1", "canceled", delivered=0, time_s="60") == 0
    assert _charge("meta/meta-llama-3-8b-instruct", "canceled", delivered=0, time_s="1") == 0
    assert _charge("meta/meta-llama-3-8b-instruct", "canceled", delivered=10, time_s="1") == 2_550


@pytest.mark.parametrize("status", ["succeeded", "canceled"])
def test_a_deployment_is_billed_by_the_time_of_its_hardware(status: str) -> None:
    model = MODELS[FLUX]
    made = making.plan(model, {"prompt": "a"}, 7)

    cost = prices.charge(
        model, {"prompt": "a"}, made, status, 1, Decimal(2), deployed_on=HARDWARE["gpu-a100-large"]
    )

    assert cost == 2_800_000


@pytest.mark.parametrize(("time_s", "nano_usd"), [("0.5", 1), ("0.4999999", 0), ("1.4999", 1), ("1.5", 2)])
def test_a_bill_is_rounded_half_up_and_once(time_s: str, nano_usd: int) -> None:
    price = Price(per="time", rates=(Rate(usd=Decimal("0.000000001")),))
    model = replace(MODELS["nightmareai/real-esrgan"], price=price)
    made = making.plan(model, {"image": PICTURE}, 7)

    assert prices.charge(model, {"image": PICTURE}, made, "succeeded", 1, Decimal(time_s)) == nano_usd


def test_parts_of_a_bill_are_summed_before_rounding() -> None:
    """Three times 0.4 nano-dollars are one, not none."""
    price = Price(per="image", rates=(Rate(usd=Decimal("0.0000000004")),))
    model = replace(MODELS[FLUX], price=price)
    made = making.plan(model, {"prompt": "a", "num_outputs": 3}, 7)

    assert prices.charge(model, {"prompt": "a"}, made, "succeeded", 3, Decimal(1)) == 1


def test_without_a_fitting_rate_the_last_one_counts() -> None:
    rates = (
        Rate(usd=Decimal(1), when={"resolution": "240p"}),
        Rate(usd=Decimal(2), when={"resolution": "8K"}),
    )
    model = replace(MODELS["google/veo-3.1"], price=Price(per="second", rates=rates))
    made = making.plan(model, {"prompt": "a", "duration": 4}, 7)

    assert prices.charge(model, {"prompt": "a"}, made, "succeeded", 1, Decimal(1)) == 8_000_000_000


@given(
    models_with_inputs(),
    st.sampled_from(["succeeded", "canceled"]),
    st.integers(0, 50),
    st.integers(0, 50),
    st.decimals("0", "1800", places=6),
    st.decimals("0", "1800", places=6),
)
def test_more_of_anything_never_costs_less(
    drawn: tuple[Model, dict[str, Any]],
    status: str,
    delivered: int,
    more: int,
    time_s: Decimal,
    longer_s: Decimal,
) -> None:
    model, given_input = drawn
    made = making.plan(model, given_input, 7)

    cost = prices.charge(model, given_input, made, status, delivered, time_s)
    dearer = prices.charge(model, given_input, made, status, delivered + more, time_s + longer_s)

    assert 0 <= cost <= dearer


@given(st.integers(2, 11), st.integers(1, 10))
def test_a_longer_film_costs_more(duration: int, longer: int) -> None:
    model = MODELS["bytedance/seedance-1-lite"]

    costs = []
    for seconds in (duration, min(12, duration + longer)):
        complete = {"prompt": "a", "duration": seconds}
        made = making.plan(model, complete, 7)
        costs.append(prices.charge(model, complete, made, "succeeded", 1, Decimal(30)))

    assert costs[0] < costs[1]


def _charge(slug: str, status: str, *, delivered: int, time_s: str, **given_input: Any) -> int:
    model = MODELS[slug]
    complete = {**least(model), **given_input}
    if model.medium == "text":
        complete["prompt"] = "four"
    made = making.plan(model, complete, 7)
    return prices.charge(model, complete, made, status, delivered, Decimal(time_s))
