"""The catalogue is whole, and its models are found under any spelling."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from importlib import resources
from typing import TYPE_CHECKING

import jsonschema
import pytest

from tintype import catalogue
from tintype.domain.catalogue import Ability, Kind, Output, Unit, key, names
from tintype.domain.errors import TintypeError, UnknownModel

if TYPE_CHECKING:
    from tintype.domain.catalogue import Model

TEXT = resources.files("tintype.catalogue").joinpath("models.json").read_text(encoding="utf-8")
USD = {"type": "string", "pattern": r"^\d+(\.\d+)?$"}
FIELD = {
    "type": "object",
    "required": ["type"],
    "additionalProperties": False,
    "properties": {
        "type": {"enum": ["string", "integer", "number", "boolean", "array"]},
        "required": {"const": True},
        "default": True,
        "minimum": {"type": "number"},
        "maximum": {"type": "number"},
        "choices": {
            "type": "array",
            "minItems": 1,
            "items": {"type": ["string", "integer"]},
            "uniqueItems": True,
        },
        "format": {"enum": ["uri", "password"]},
        "nullable": {"const": True},
        "items": {"enum": ["string", "number"]},
    },
}
RATE = {
    "type": "object",
    "required": ["usd"],
    "additionalProperties": False,
    "properties": {"usd": USD, "when": {"type": "object", "minProperties": 1}},
}
PRICE = {
    "type": "object",
    "required": ["unit", "rates", "dated", "source"],
    "additionalProperties": False,
    "properties": {
        "unit": {"enum": ["run", "image", "megapixel", "video_second", "token", "hardware_second"]},
        "rates": {"type": "array", "minItems": 1, "items": RATE},
        "run_usd": USD,
        "given_usd": USD,
        "dated": {"type": "string", "format": "date"},
        "source": {"type": "string", "minLength": 5},
    },
}
SIZES = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "pixels": {"type": "integer", "minimum": 2**18},
        "lines": {"type": "integer", "minimum": 360},
        "step": {"enum": [1, 8, 32]},
        "shapes": {
            "type": "object",
            "propertyNames": {"pattern": r"^\d+:\d+$"},
            "additionalProperties": {
                "type": "array",
                "items": {"type": "integer"},
                "minItems": 2,
                "maxItems": 2,
            },
        },
        "scaled": {"const": False},
        "words": {"type": "object", "additionalProperties": {"type": "object"}},
    },
}
MODEL = {
    "type": "object",
    "required": ["slug", "name", "aliases", "kind", "quality", "output", "usual_s", "price", "inputs"],
    "additionalProperties": False,
    "properties": {
        "slug": {"type": "string", "pattern": r"^[a-z0-9][a-z0-9-]*/[a-z0-9][a-z0-9.-]*$"},
        "name": {"type": "string", "minLength": 1},
        "version": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        "aliases": {"type": "array", "minItems": 1, "items": {"type": "string"}},
        "kind": {"enum": [kind.value for kind in Kind]},
        "quality": {"enum": ["proof", "standard", "final"]},
        "output": {"enum": [output.value for output in Output]},
        "usual_s": {"type": "number", "exclusiveMinimum": 0},
        "official": {"const": False},
        "transparent": {"const": True},
        "lettering": {"const": True},
        "count": {
            "type": "object",
            "required": ["input"],
            "additionalProperties": False,
            "properties": {"input": {"type": "string"}, "when": {"type": "object", "minProperties": 1}},
        },
        "seconds": {"type": "array", "minItems": 1, "maxItems": 2},
        "price": PRICE,
        "sizes": SIZES,
        "inputs": {"type": "object", "minProperties": 1, "additionalProperties": FIELD},
    },
}


def test_data_file_has_the_stated_shape() -> None:
    schema = {
        "type": "object",
        "required": ["models"],
        "additionalProperties": False,
        "properties": {"models": {"type": "array", "minItems": 68, "items": MODEL}},
    }
    jsonschema.Draft202012Validator(schema).validate(json.loads(TEXT))


def test_there_is_a_choice_of_every_kind() -> None:
    """At least 64 models that make or change pictures and films, and four that write, priced by the token."""
    models = catalogue.load().models
    texts = [model for model in models if model.kind is Kind.TEXT]

    assert len(models) - len(texts) >= 64
    assert [model.price.unit for model in texts] == [Unit.TOKEN] * len(texts)
    assert len(texts) >= 4
    assert {model.kind for model in models} == set(Kind)
    assert {model.price.unit for model in models} == set(Unit)


def test_no_two_models_answer_to_one_name() -> None:
    seen: dict[str, str] = {}

    for model in catalogue.load().models:
        for name in names(model):
            assert seen.setdefault(name, model.slug) == model.slug


@pytest.mark.parametrize("model", catalogue.load().models, ids=lambda model: model.slug)
def test_model_is_consistent(model: Model) -> None:
    """Defaults, conditions and the inputs that count or measure exist and suit the inputs they speak of."""
    for field in model.inputs.values():
        assert not (field.required and field.default is not None), field.name
        if field.default is not None and field.choices:
            assert field.default in field.choices, field.name
        if field.default is not None and field.minimum is not None:
            assert field.minimum <= field.default, field.name
        if field.default is not None and field.maximum is not None:
            assert field.default <= field.maximum, field.name
    for rate in model.price.rates:
        assert rate.usd > 0
        for name, value in rate.when.items():
            field = model.inputs[name]
            assert value in field.choices or field.type == "boolean"
    if model.count is not None:
        assert {model.count.input, *model.count.when} <= set(model.inputs)
        assert model.output is Output.FILES
    assert set(model.seconds) <= set(model.inputs)
    assert bool(model.seconds) == (model.kind is Kind.VIDEO)
    assert date(2025, 1, 1) < date.fromisoformat(model.price.dated)
    assert model.kind not in {Kind.UPSCALE, Kind.BACKGROUND} or model.image_input is not None


@pytest.mark.parametrize(
    ("spelling", "slug"),
    [
        ("imagen4_ultra", "google/imagen-4-ultra"),
        ("flux_pro_ultra", "black-forest-labs/flux-1.1-pro-ultra"),
        ("flux_schnell", "black-forest-labs/flux-schnell"),
        ("seedream4", "bytedance/seedream-4"),
        ("imagen4Ultra", "google/imagen-4-ultra"),
        ("FLUX.Schnell", "black-forest-labs/flux-schnell"),
        ("Flux Pro-Ultra", "black-forest-labs/flux-1.1-pro-ultra"),
        ("SeeDream4", "bytedance/seedream-4"),
        ("flux-1-1-pro", "black-forest-labs/flux-1.1-pro"),
        ("Black-Forest-Labs/Flux_Schnell", "black-forest-labs/flux-schnell"),
    ],
)
def test_any_spelling_finds_the_model(spelling: str, slug: str) -> None:
    assert catalogue.load().find(spelling).slug == slug


def test_every_name_of_every_model_finds_it() -> None:
    known = catalogue.load()

    for model in known.models:
        for name in (model.slug, model.slug.upper(), model.slug.partition("/")[2], *model.aliases):
            assert known.find(name) is model


def test_unknown_name_is_told_with_the_nearest() -> None:
    with pytest.raises(UnknownModel) as caught:
        catalogue.load().find("flux-schnel")

    assert caught.value.nearest == "flux-schnell"
    assert "did you mean 'flux-schnell'?" in str(caught.value)


def test_a_name_with_an_owner_may_be_upstreams_alone() -> None:
    """It is none of ours then, and no error; a name without one is, as every error of ours a TintypeError."""
    known = catalogue.load()

    assert known.find_ours("flux-schnell") is known.get("Flux Schnell") is not None
    assert known.find_ours("acme/fox") is known.get("acme/fox") is None
    assert known.get("fox") is None
    with pytest.raises(TintypeError) as caught:
        known.find_ours("flux-schnel")
    assert (caught.value.code, isinstance(caught.value, LookupError)) == ("unknown_model", True)


def test_name_like_no_other_is_told_without_a_guess() -> None:
    with pytest.raises(UnknownModel) as caught:
        catalogue.load().find("qqqqqq")

    assert caught.value.nearest is None


def test_the_owner_stays_part_of_a_slug() -> None:
    assert key("google/imagen-4") != key("googleimagen-4")


def test_capabilities_follow_from_the_inputs() -> None:
    known = catalogue.load()

    schnell, qwen, rembg = (known.find(name) for name in ("flux_schnell", "qwen_image", "cjwbw/rembg"))

    assert schnell.has_seed
    assert not schnell.has_negative_prompt
    assert "4:3" in schnell.aspect_ratios
    assert schnell.per_run_max == 4
    assert qwen.has_negative_prompt
    assert rembg.is_transparent
    assert not rembg.aspect_ratios


@pytest.mark.parametrize(
    ("name", "abilities"),
    [
        ("flux_schnell", {Ability.SEED, Ability.SIZES, Ability.SEVERAL}),
        ("seedream4", {Ability.EDIT, Ability.REFERENCES, Ability.SIZES, Ability.SEVERAL, Ability.LETTERING}),
        ("imagen4_ultra", {Ability.SIZES, Ability.LETTERING}),
        ("remove_background", {Ability.TRANSPARENCY}),
        ("real_esrgan", {Ability.SIZES}),
        ("veo3", {Ability.SEED, Ability.NEGATIVE_PROMPT, Ability.REFERENCES, Ability.SIZES, Ability.AUDIO}),
    ],
)
def test_abilities_are_told_from_the_inputs(name: str, abilities: set[Ability]) -> None:
    model = catalogue.load().find(name)

    assert set(model.abilities) == abilities


def test_the_picture_goes_into_the_main_file_input() -> None:
    known = catalogue.load()

    chosen = {name: known.find(name).image_input for name in ("wan2_i2v", "seedance_lite", "ideogram3_turbo")}

    assert {field.name for field in chosen.values() if field} == {"image"}
    assert known.find("imagen4").image_input is None


def test_defaults_count_where_an_input_is_left_out() -> None:
    model = catalogue.load().find("veo-3.1")

    filled = model.filled({"prompt": "waves", "resolution": None, "duration": 4})

    assert filled["resolution"] == "1080p"
    assert filled["duration"] == 4
    assert model.inputs["duration"].choices == (4, 6, 8)
    assert model.usual_s == Decimal(90)
