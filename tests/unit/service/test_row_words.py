"""Common words of rows: said for all or by a column, they become the inputs of each row's model."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.service.planning import KNOWN, plan, planner
from tintype.domain import wording
from tintype.domain.choosing import Mode
from tintype.domain.errors import InputError
from tintype.service.rows import Broken, Template


@pytest.mark.parametrize(
    ("model", "said", "made"),
    [
        ("flux-schnell", {"size": "512x512"}, {"aspect_ratio": "1:1", "megapixels": "0.25"}),
        ("flux-schnell", {"size": "{side}x{side}", "seed": "7"}, {"megapixels": "0.25", "seed": 7}),
        ("seedream-4", {"size": "2K"}, {"size": "2K"}),
        ("seedream-4", {"size": (2048, 1024)}, {"size": "custom", "width": 2048, "height": 1024}),
        ("flux-schnell", {"format": "png", "transparent": "no"}, {"output_format": "png"}),
        ("nobody/knows", {"size": "2K", "transparent": "true"}, {"size": "2K", "transparent": True}),
    ],
)
def test_words_said_for_all_rows_are_those_of_each_model(
    model: str, said: dict[str, Any], made: dict[str, Any]
) -> None:
    """A word that the model has an input for and takes is its own; what neither is names its column."""
    found = plan({"side": "512"}, prompt="a boat", model=model, input=said, has_words=True)

    assert {name: found.input.get(name) for name in made} == made


def test_a_row_wins_over_what_is_said_for_all() -> None:
    template: dict[str, Any] = {"prompt": "a boat", "has_words": True, "input": {"size": "1024x1024"}}

    assert plan({"size": "512x512"}, **template).input["megapixels"] == "0.25"
    row = {"kind": "png", "output_format": "jpg"}
    for given in ("png", "{kind}", "{output_format}"):
        assert plan(row, prompt="a boat", input={"output_format": given}).input["output_format"] == "jpg"
    with pytest.raises(Broken, match=r"512"):
        plan({}, prompt="a boat", has_words=True, input={"size": "512"})


def test_transparent_is_a_word_of_rows() -> None:
    """What cannot be done of it is a warning or a refusal, also for a model that is chosen."""
    row = {"prompt": "a fox", "transparent": "true"}
    alone = planner(Template(mode=Mode.AUTO))
    cannot = planner(Template(model="flux-schnell"))
    strict = planner(Template(model="flux-schnell", is_strict=True))

    for planning in (alone, cannot):
        planning.plan({"prompt": "a fox", "transparent": "no"})
        assert planning.warnings == []
        planning.plan(row)
        assert "transparent" in planning.warnings[0]
        assert "used by nothing" not in planning.warnings[0]
    with pytest.raises(Broken, match="transparent"):
        strict.plan(row)
    with pytest.raises(Broken) as broken:
        cannot.plan({**row, "transparent": "maybe"})
    assert broken.value.place == "transparent"


def test_a_mistyped_column_names_the_nearest() -> None:
    """Of what the row does not have: words, inputs of its model, columns of the template."""
    planning = planner(Template(prompt="a {color} boat", model="flux-schnell"))
    alone = planner(Template(mode=Mode.AUTO))

    planning.plan({"color": "red", "aspect_ration": "1:1", "go_fsat": "1", "colour": "blue", "zzz": "1"})
    for _ in range(2):
        alone.plan({"prompt": "a fox", "transparant": "yes"})

    assert planning.warnings == [
        "the column 'aspect_ration' is used by nothing; did you mean 'aspect_ratio'?",
        "the column 'go_fsat' is used by nothing; did you mean 'go_fast'?",
        "the column 'colour' is used by nothing",
        "the column 'zzz' is used by nothing",
    ]
    assert alone.warnings == [
        "the column 'transparant' is used by nothing; did you mean 'transparent'?",
    ]


@pytest.mark.parametrize(
    ("column", "said"),
    [({}, {"size": "512x512"}), ({"size": "512x512"}, {}), ({}, {"size": (512, 512)})],
    ids=["for-all", "column", "sides"],
)
def test_a_ratio_is_no_size_and_is_left_out_beside_one(column: dict[str, Any], said: dict[str, Any]) -> None:
    """However it is said, the size stands over the shape; a strict batch names the column."""
    shape = {"aspect_ratio": "4:3"}
    for row, inputs in ((column, said | shape), (column | shape, said)):
        asked: dict[str, Any] = {
            "prompt": "a boat",
            "model": "flux-schnell",
            "has_words": True,
            "input": inputs,
        }
        planning = planner(Template(**asked))

        found = planning.plan(row).input

        assert (found["aspect_ratio"], found["megapixels"]) == ("1:1", "0.25")
        assert planning.warnings == ["the size 512x512 says the shape, so 4:3 was left out"]
        with pytest.raises(Broken) as broken:
            plan(row, **asked, is_strict=True)
        assert broken.value.place == "size"
    common, own = wording.parted(KNOWN.find("flux-schnell"), {"size": (512, 512), **shape})
    assert (common["aspect_ratio"], own) == ("4:3", {})


def test_a_prompt_of_a_row_is_its_own() -> None:
    """One that is said for all as an input is for rows that have none, and stands beside no template."""
    said: dict[str, Any] = {"input": {"prompt": "a kite"}, "has_words": True}

    assert plan({"prompt": "a boat"}, **said).input["prompt"] == "a boat"
    assert plan({}, **said).input["prompt"] == "a kite"
    assert plan({"prompt": "red"}, input={"prompt": "a {prompt} kite"}).input["prompt"] == "a red kite"
    with pytest.raises(InputError, match="given twice"):
        plan({}, prompt="a boat", **said)


def test_how_many_is_said_once() -> None:
    """A row's own word for it wins over what is said for all; said for all by two words it is refused."""
    for_all: dict[str, Any] = {"prompt": "a boat", "n": 3, "has_words": True}

    assert plan({"num_outputs": "2"}, **for_all).count == 2
    for inputs in ({"num_outputs": 2}, {"n": "2"}):
        with pytest.raises(Broken) as broken:
            plan({}, **for_all, input=inputs)
        assert broken.value.place == "n"
