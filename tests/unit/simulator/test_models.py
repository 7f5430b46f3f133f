"""The simulator's models: all are there, and what is stated of each holds together."""

from __future__ import annotations

import re
import time
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.unit.simulator.valid_inputs import MODELS
from tintype.simulator import models, validation

if TYPE_CHECKING:
    from tintype.simulator.models import Model

each_model = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)

NAMED_IN_THE_API_NOTES = [
    "black-forest-labs/flux-schnell",
    "black-forest-labs/flux-dev",
    "black-forest-labs/flux-1.1-pro",
    "black-forest-labs/flux-kontext-max",
    "black-forest-labs/flux-kontext-dev",
    "black-forest-labs/flux-pro",
    "black-forest-labs/flux-1.1-pro-ultra",
    "black-forest-labs/flux-kontext-pro",
    "black-forest-labs/flux-2-pro",
    "google/imagen-4",
    "google/imagen-4-fast",
    "google/imagen-4-ultra",
    "bytedance/seedream-4",
    "bytedance/seedream-4.5",
    "bytedance/seedream-5-lite",
    "ideogram-ai/ideogram-v3-turbo",
    "ideogram-ai/ideogram-v3-balanced",
    "ideogram-ai/ideogram-v3-quality",
    "recraft-ai/recraft-v3",
    "recraft-ai/recraft-v3-svg",
    "recraft-ai/recraft-v4",
    "recraft-ai/recraft-v4-svg",
    "google/nano-banana",
    "google/nano-banana-pro",
    "qwen/qwen-image",
    "prunaai/p-image",
    "prunaai/z-image-turbo",
    "xai/grok-imagine-image",
    "google/veo-3.1",
    "google/veo-3.1-fast",
    "kwaivgi/kling-v2.1",
    "kwaivgi/kling-v2.5-turbo-pro",
    "kwaivgi/kling-v2.6",
    "kwaivgi/kling-v3-video",
    "kwaivgi/kling-v1.6-standard",
    "kwaivgi/kling-v1.6-pro",
    "wan-video/wan-2.2-t2v-fast",
    "wan-video/wan-2.2-i2v-fast",
    "wan-video/wan-2.6-t2v",
    "wan-video/wan-2.6-i2v",
    "wan-video/wan-2.7-t2v",
    "wan-video/wan-2.7-i2v",
    "bytedance/seedance-1-lite",
    "bytedance/seedance-1-pro-fast",
    "bytedance/seedance-1.5-pro",
    "bytedance/seedance-2.0",
    "minimax/hailuo-02",
    "minimax/hailuo-2.3",
    "openai/sora-2",
    "pixverse/pixverse-v5.6",
    "topazlabs/video-upscale",
    "runwayml/upscale-v1",
    "nightmareai/real-esrgan",
    "daanelson/real-esrgan-a100",
    "philz1337x/clarity-upscaler",
    "recraft-ai/recraft-crisp-upscale",
    "recraft-ai/recraft-creative-upscale",
    "recraft-ai/recraft-remove-background",
    "recraft-ai/recraft-vectorize",
    "bria/remove-background",
    "851-labs/background-remover",
    "lucataco/remove-bg",
    "cjwbw/rembg",
    "fofr/skyreels-2",
    "meta/meta-llama-3-8b-instruct",
    "meta/meta-llama-3-70b-instruct",
]


def test_every_model_of_the_api_notes_is_there() -> None:
    assert set(NAMED_IN_THE_API_NOTES) <= set(MODELS)


def test_there_are_models_of_every_kind_and_at_least_four_that_write() -> None:
    kinds = [model.kind for model in MODELS.values()]

    assert set(kinds) == {"image", "edit", "video", "upscale", "background", "text", "vector"}
    assert kinds.count("text") >= 4
    assert len(kinds) >= 180


def test_all_models_are_read_in_a_tenth_of_a_second() -> None:
    times = []
    for _ in range(3):
        began = time.perf_counter()
        models.load()
        times.append(time.perf_counter() - began)

    assert min(times) < 0.1


@each_model
def test_defaults_are_what_the_input_allows(model: Model) -> None:
    defaults = {name: field.default for name, field in model.inputs.items() if field.has_default}

    faults = [fault for fault in validation.check(model, defaults) if fault.type != "required"]

    # An empty default of a file input means that no file is given.
    assert [fault for fault in faults if fault.type != "format"] == []


@each_model
def test_what_is_required_exists_and_has_no_default(model: Model) -> None:
    for name in model.required:
        assert not model.inputs[name].has_default
        assert not model.inputs[name].nullable


@each_model
def test_a_model_is_told_apart_and_can_be_run(model: Model) -> None:
    assert re.fullmatch(r"[0-9a-f]{64}", model.version_id)
    assert model.slug == f"{model.owner}/{model.name}"
    assert model.created_at.tzinfo is not None
    assert model.run_count > 0
    assert model.usual_s > 0
    assert (model.cold_s == 0) == model.official
    assert model.output in {"uri", "uris", "text"}
    assert model.description
    assert model.readme.startswith("# ")
    assert set(model.sources) <= set(model.inputs)


@each_model
def test_a_price_has_its_source_and_its_date(model: Model) -> None:
    price = model.price

    assert price.source
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", price.date)
    assert price.rates
    assert all(rate.usd > 0 for rate in price.rates)
    assert price.per in {"image", "megapixel", "second", "video", "run", "token", "time"}
    for rate in price.rates:
        known = {*model.inputs, "made_fps_max", "made_megapixels_max", "made_lines"}
        assert set(rate.when) <= known


@each_model
def test_a_price_by_choice_knows_every_choice(model: Model) -> None:
    """A condition names a value that the input can have, so that no rate is dead."""
    for rate in model.price.rates:
        for name, value in rate.when.items():
            field = model.inputs.get(name)
            if field is not None and field.enum is not None:
                assert str(value).lower() in {str(choice).lower() for choice in field.enum}


def test_version_ids_are_each_model_s_own() -> None:
    ids = [model.version_id for model in MODELS.values()]

    assert len(set(ids)) == len(ids)


def test_hardware_has_the_known_rates() -> None:
    machines = models.hardware()

    assert {sku: machines[sku].usd_per_second for sku in ("cpu", "gpu-t4", "gpu-l40s", "gpu-h100")} == {
        "cpu": Decimal("0.0001"),
        "gpu-t4": Decimal("0.000225"),
        "gpu-l40s": Decimal("0.000975"),
        "gpu-h100": Decimal("0.001525"),
    }
    assert machines["gpu-a100-large"].usd_per_second == Decimal("0.0014")
    assert machines["gpu-a40-small"].usd_per_second == Decimal("0.000575")
    assert {model.hardware for model in MODELS.values()} <= set(machines)


def test_what_is_billed_by_time_costs_what_its_hardware_does() -> None:
    machines = models.hardware()
    by_time = [model for model in MODELS.values() if model.price.per == "time"]

    assert by_time
    for model in by_time:
        assert model.price.rates[0].usd == machines[model.hardware].usd_per_second
        assert not model.official


def test_collections_hold_models_that_exist() -> None:
    collections = models.collections()

    assert {
        "text-to-image",
        "image-to-video",
        "text-to-video",
        "super-resolution",
        "remove-backgrounds",
        "image-editing",
        "language-models",
    } <= set(collections)
    for collection in collections.values():
        assert collection.members
        assert set(collection.members) <= set(MODELS)
        assert len(set(collection.members)) == len(collection.members)


def test_secrets_are_marked() -> None:
    assert MODELS["openai/sora-2"].inputs["openai_api_key"].secret
    assert not MODELS["openai/sora-2"].inputs["prompt"].secret
