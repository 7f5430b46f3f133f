"""The OpenAPI documents of versions: official SDKs read them, so they are formed as cog forms them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from tests.unit.simulator.valid_inputs import MODELS, least
from tintype.simulator import schemas

if TYPE_CHECKING:
    from tintype.simulator.models import Model

each_model = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)


@each_model
def test_schemas_are_valid_and_take_what_the_model_needs(model: Model) -> None:
    document = schemas.openapi_schema(model)
    components = document["components"]["schemas"]

    for schema in components.values():
        jsonschema.Draft202012Validator.check_schema(schema)
    whole = {**components["Input"], "components": {"schemas": components}}
    jsonschema.validate(least(model), whole, cls=jsonschema.Draft202012Validator)


@each_model
def test_every_input_has_its_place_and_every_reference_its_target(model: Model) -> None:
    document = schemas.openapi_schema(model)
    properties = document["components"]["schemas"]["Input"]["properties"]

    assert sorted(schema["x-order"] for schema in properties.values()) == list(range(len(properties)))
    for reference in _references(document):
        assert reference.removeprefix("#/components/schemas/") in document["components"]["schemas"]
    json.dumps(document, allow_nan=False)


def test_a_choice_is_a_schema_of_its_own() -> None:
    document = schemas.openapi_schema(MODELS["black-forest-labs/flux-schnell"])
    components = document["components"]["schemas"]

    assert components["Input"]["properties"]["output_format"] == {
        "allOf": [{"$ref": "#/components/schemas/output_format"}],
        "default": "webp",
        "x-order": components["Input"]["properties"]["output_format"]["x-order"],
    }
    assert components["output_format"]["enum"] == ["webp", "jpg", "png"]
    assert components["Input"]["required"] == ["prompt"]
    assert components["Input"]["properties"]["num_outputs"]["maximum"] == 4


def test_text_comes_in_pieces_and_files_in_a_plain_list() -> None:
    text = _output("meta/meta-llama-3-8b-instruct")
    several = _output("black-forest-labs/flux-schnell")
    one = _output("google/imagen-4")

    assert text["type"] == "array"
    assert text["x-cog-array-type"] == "iterator"
    assert text["x-cog-array-display"] == "concatenate"
    assert several == {"type": "array", "title": "Output", "items": {"type": "string", "format": "uri"}}
    assert one == {"type": "string", "title": "Output", "format": "uri"}


def test_a_secret_says_that_it_is_one() -> None:
    document = schemas.openapi_schema(MODELS["openai/sora-2"])
    secret = document["components"]["schemas"]["Input"]["properties"]["openai_api_key"]

    assert (secret["format"], secret["writeOnly"], secret["x-cog-secret"]) == ("password", True, True)


def test_a_document_is_the_caller_s_own() -> None:
    model = MODELS["google/imagen-4"]

    schemas.openapi_schema(model)["components"]["schemas"].clear()

    assert schemas.openapi_schema(model)["components"]["schemas"]


def _output(slug: str) -> dict[str, Any]:
    output: dict[str, Any] = schemas.openapi_schema(MODELS[slug])["components"]["schemas"]["Output"]
    return output


def _references(node: Any) -> list[str]:
    if isinstance(node, dict):
        found = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return found + [reference for child in node.values() for reference in _references(child)]
    if isinstance(node, list):
        return [reference for child in node for reference in _references(child)]
    return []
