"""Inputs are refused in the words that upstream uses, and only where upstream refuses them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import jsonschema
import pytest
from hypothesis import given

from tests.unit.simulator.valid_inputs import MODELS, least, models_with_inputs
from tintype.simulator import schemas, validation
from tintype.simulator.models import Field, Model
from tintype.simulator.validation import InvalidField

FLUX = MODELS["black-forest-labs/flux-schnell"]
SORA = MODELS["openai/sora-2"]
SEEDREAM = MODELS["bytedance/seedream-4"]

FAULTS: list[tuple[Model, dict[str, Any], tuple[str, str, str]]] = [
    (FLUX, {}, ("required", "input", "prompt is required")),
    (
        FLUX,
        {"num_inference_steps": 28},
        ("number_lte", "input.num_inference_steps", "Must be less than or equal to 4"),
    ),
    (FLUX, {"num_outputs": 0}, ("number_gte", "input.num_outputs", "Must be greater than or equal to 1")),
    (
        MODELS["google/imagen-4"],
        {"output_format": "webp"},
        ("enum", "input.output_format", 'output_format must be one of the following: "jpg", "png"'),
    ),
    (SORA, {"seconds": 5}, ("enum", "input.seconds", "seconds must be one of the following: 4, 8, 12")),
    (
        FLUX,
        {"num_outputs": "2"},
        ("invalid_type", "input.num_outputs", "Invalid type. Expected: integer, given: string"),
    ),
    (
        FLUX,
        {"num_outputs": True},
        ("invalid_type", "input.num_outputs", "Invalid type. Expected: integer, given: boolean"),
    ),
    (
        FLUX,
        {"num_outputs": 1.5},
        ("invalid_type", "input.num_outputs", "Invalid type. Expected: integer, given: number"),
    ),
    (
        FLUX,
        {"megapixels": 1},
        ("invalid_type", "input.megapixels", "Invalid type. Expected: string, given: integer"),
    ),
    (FLUX, {"prompt": None}, ("invalid_type", "input.prompt", "Invalid type. Expected: string, given: null")),
    (
        FLUX,
        {"go_fast": 1},
        ("invalid_type", "input.go_fast", "Invalid type. Expected: boolean, given: integer"),
    ),
    (
        FLUX,
        {"prompt": ["a"]},
        ("invalid_type", "input.prompt", "Invalid type. Expected: string, given: array"),
    ),
    (FLUX, {"prompt": {}}, ("invalid_type", "input.prompt", "Invalid type. Expected: string, given: object")),
    (
        SEEDREAM,
        {"image_input": ["https://example.com/a.png"] * 11},
        ("array_max_items", "input.image_input", "Array must have at most 10 items"),
    ),
    (
        SEEDREAM,
        {"image_input": ["https://example.com/a.png", 7]},
        ("invalid_type", "input.image_input.1", "Invalid type. Expected: string, given: integer"),
    ),
    (
        SEEDREAM,
        {"image_input": ["cat.png"]},
        ("format", "input.image_input.0", "Does not match format 'uri'"),
    ),
    (
        SORA,
        {"input_reference": "cat.png"},
        ("format", "input.input_reference", "Does not match format 'uri'"),
    ),
]


@pytest.mark.parametrize(("model", "given_input", "fault"), FAULTS)
def test_a_fault_is_told_as_upstream_tells_it(
    model: Model,
    given_input: dict[str, Any],
    fault: tuple[str, str, str],
) -> None:
    complete = given_input if fault[0] == "required" else {**least(model), **given_input}

    assert validation.check(model, complete) == [InvalidField(*fault)]


def test_all_faults_are_told_at_once_the_missing_ones_first() -> None:
    faults = validation.check(FLUX, {"num_inference_steps": 50, "output_format": "gif", "guidance_scale": 7})

    assert [fault.type for fault in faults] == ["required", "enum", "number_lte"]
    assert validation.detail(faults[:1]) == "- input: prompt is required\n"


@pytest.mark.parametrize(
    "given_input",
    [
        {"negative_prompt": "rain", "guidence": 3, "": None},
        {"num_outputs": 2.0},
        {"num_outputs": Decimal(2)},
        {"seed": None},
        {"seed": 2**40},
        {"prompt": ""},
    ],
)
def test_what_upstream_takes_is_taken(given_input: dict[str, Any]) -> None:
    """Unknown keys, whole numbers written with a point, null where the schema allows it."""
    assert validation.check(FLUX, {"prompt": "a cat", **given_input}) == []


@pytest.mark.parametrize(
    "url",
    ["data:image/png;base64,iVBORw0KGgo=", "http://127.0.0.1:8901/v1/files/x", "https://example.com/a b.png"],
)
def test_any_kind_of_url_is_a_url(url: str) -> None:
    assert validation.check(SORA, {"prompt": "a cat", "input_reference": url}) == []


def test_a_whole_number_is_a_number() -> None:
    assert validation.check(MODELS["black-forest-labs/flux-dev"], {"prompt": "a cat", "guidance": 3}) == []


@pytest.mark.parametrize(
    ("text", "types"),
    [("a", ["string_gte"]), ("abcdef", ["string_lte"]), ("abc", [])],
)
def test_the_length_of_a_text_counts(text: str, types: list[str]) -> None:
    field = Field(name="name", type="string", length_min=2, length_max=4)
    model = replace(FLUX, inputs=MappingProxyType({"name": field}), required=())

    assert [fault.type for fault in validation.check(model, {"name": text})] == types


@given(models_with_inputs())
def test_what_the_schema_allows_has_no_fault(drawn: tuple[Model, dict[str, Any]]) -> None:
    model, given_input = drawn

    assert validation.check(model, given_input) == []


@given(models_with_inputs())
def test_the_schema_and_the_check_agree(drawn: tuple[Model, dict[str, Any]]) -> None:
    """What is wrong by the published schema is wrong here: one value put where another type belongs."""
    model, given_input = drawn
    components = schemas.openapi_schema(model)["components"]["schemas"]
    broken = {**given_input, next(iter(model.inputs)): {"not": "this"}}

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(
            {key: value for key, value in broken.items() if value is not None},
            {**components["Input"], "components": {"schemas": components}},
            cls=jsonschema.Draft202012Validator,
        )
    assert any(fault.type == "invalid_type" for fault in validation.check(model, broken))
