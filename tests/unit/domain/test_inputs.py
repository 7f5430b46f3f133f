"""Inputs are read from text as their model wants them, and refused with what is allowed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype import catalogue
from tintype.domain import inputs
from tintype.domain.inputs import UnfitInput

KNOWN = catalogue.load()
SCHNELL = KNOWN.find("flux-schnell")
DEV = KNOWN.find("flux-dev")


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("num_outputs", "4", 4),
        ("go_fast", "false", False),
        ("go_fast", "Yes", True),
        ("aspect_ratio", "4:3", "4:3"),
        ("megapixels", "0.25", "0.25"),
        ("guidance", "3.5", 3.5),
        ("guidance", "4", 4),
        ("prompt", "12", "12"),
    ],
)
def test_text_becomes_the_type_of_the_input(name: str, text: str, value: Any) -> None:
    read = inputs.read(DEV, name, text)

    assert read == value
    assert type(read) is type(value)


def test_lists_are_read_from_commas_or_json() -> None:
    model = KNOWN.find("seedream4")

    assert inputs.read(model, "image_input", "a.png, b.png") == ["a.png", "b.png"]
    assert inputs.read(model, "image_input", '["a,b.png"]') == ["a,b.png"]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("num_outputs", "5", "num_outputs 5 is out of range; allowed: 1 to 4"),
        ("num_outputs", "four", "num_outputs 'four' is not a whole number; allowed: 1 to 4"),
        ("output_format", "gif", "output_format 'gif' is not allowed; allowed: webp, jpg, png"),
        ("go_fast", "perhaps", "go_fast 'perhaps' is not true or false; allowed: true or false"),
        (
            "num_output",
            "2",
            "black-forest-labs/flux-schnell has no input 'num_output'; did you mean 'num_outputs'?",
        ),
    ],
)
def test_what_does_not_suit_is_refused_with_what_does(name: str, text: str, words: str) -> None:
    with pytest.raises(UnfitInput) as caught:
        inputs.read(SCHNELL, name, text)

    assert str(caught.value) == words
    assert caught.value.name == name


@pytest.mark.parametrize("text", ["nan", "inf", "1e999999999", "-Infinity"])
def test_numbers_without_a_meaning_are_refused(text: str) -> None:
    with pytest.raises(UnfitInput):
        inputs.read(DEV, "guidance", text)


def test_missing_required_input_is_named() -> None:
    with pytest.raises(UnfitInput, match="needs the input 'prompt'"):
        inputs.check_all(SCHNELL, {"seed": 7})


def test_null_suits_only_what_may_be_null() -> None:
    inputs.check_all(SCHNELL, {"prompt": "x", "seed": None})
    with pytest.raises(UnfitInput):
        inputs.check_all(SCHNELL, {"prompt": "x", "num_outputs": None})


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_never_worse(text: str) -> None:
    """Whatever a person types after `--set key=`, the answer is a value of the right type or UnfitInput."""
    for field in DEV.inputs.values():
        try:
            value = inputs.read(DEV, field.name, text)
        except UnfitInput:
            continue
        inputs.check(field, value)
        json.dumps(value, allow_nan=False)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7", 7),
        ("0.5", 0.5),
        ("true", True),
        ("null", None),
        ("[1, 2]", [1, 2]),
        ("4:3", "4:3"),
        ("a b", "a b"),
        ("1e999", "1e999"),
        ("NaN", "NaN"),
        ("[" * 100_000, "[" * 100_000),
    ],
)
def test_inputs_of_unknown_models_are_json_where_they_can_be(text: str, value: Any) -> None:
    assert inputs.read_freely(text) == value
