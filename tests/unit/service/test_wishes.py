"""Common words become what each model takes; what it cannot do is said, or refused."""

from __future__ import annotations

from typing import Any

import pytest

from tintype import catalogue
from tintype.domain import inputs, profiles
from tintype.domain.catalogue import Kind, Model
from tintype.domain.errors import InputError
from tintype.service import wishes
from tintype.service.wishes import Wish

KNOWN = catalogue.load()
PRINT = profiles.find("print")
PICTURES = [one for one in KNOWN.models if one.kind in {Kind.IMAGE, Kind.VECTOR, Kind.EDIT}]


def planned(model: str, **words: Any) -> tuple[dict[str, Any], list[str]]:
    found = wishes.plan(KNOWN, Wish(model=model, prompt=words.pop("prompt", "a fox"), **words))
    (request,) = found.requests
    return dict(request.input), list(found.warnings)


@pytest.mark.parametrize(
    ("model", "words", "expected"),
    [
        ("flux-schnell", {"aspect_ratio": "4:3", "format": "jpeg"}, {"aspect_ratio": "4:3", "output_format": "jpg"}),
        ("flux-schnell", {"size": (512, 512), "seed": 3}, {"aspect_ratio": "1:1", "megapixels": "0.25", "seed": 3}),
        ("recraft-v3", {"aspect_ratio": "1:1"}, {"aspect_ratio": "1:1"}),
        ("sdxl", {"aspect_ratio": "4:3"}, {"width": 1184, "height": 888}),
        (
            "nano-banana-pro",
            {"aspect_ratio": "16:9", "input": {"resolution": "4K"}},
            {"aspect_ratio": "16:9", "resolution": "4K"},
        ),
        ("qwen-image", {"negative_prompt": "fog"}, {"negative_prompt": "fog"}),
        ("flux-schnell", {"aspect_ratio": "4:3", "input": {"aspect_ratio": "1:1"}}, {"aspect_ratio": "1:1"}),
    ],
)  # fmt: skip
def test_common_words_become_the_models_own(
    model: str, words: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert planned(model, **words) == ({"prompt": "a fox", **expected}, [])


@pytest.mark.parametrize(
    ("model", "words", "said"),
    [
        ("flux-schnell", {"negative_prompt": "fog"}, "has no input 'negative_prompt', so it was left out"),
        ("flux-schnell", {"aspect_ratio": "7:5"}, "makes no 7:5; the nearest shape is 4:3"),
        ("flux-schnell", {"size": (4096, 4096)}, "makes no 4096x4096; 1024x1024 comes instead"),
        ("imagen-4-fast", {"size": (2048, 2048)}, "makes no 2048x2048; 1024x1024 comes instead"),
        ("seedream-4", {"size": (512, 512)}, "makes no 512x512; 1024x1024 comes instead"),
        ("veo-3.1", {"size": (640, 360)}, "makes no 640x360; 1280x720 comes instead"),
        ("imagen-4", {"size": (1024, 1024), "aspect_ratio": "4:3"}, "says the shape, so 4:3 was left out"),
        (
            "imagen-4",
            {"size": (2048, 2048), "input": {"image_size": "1K"}},
            "so the size 2048x2048 was left out",
        ),
        ("flux-schnell", {"transparent": True}, "the finishing step remove-background does it"),
        ("flux-schnell", {"quality": "high"}, "has no input for quality"),
        ("flux-schnell", {"format": "gif"}, "has no output_format 'gif', so it was left out"),
        ("imagen-4", {"seed": 7}, "has no input 'seed', so it was left out"),
        ("imagen-4", {"input": {"num_inference_step": 50}}, "has no input 'num_inference_step'"),
        ("someone/their-model", {"transparent": True}, "transparent pictures is not known"),
    ],
)
def test_what_a_model_cannot_do_is_said_or_refused(model: str, words: dict[str, Any], said: str) -> None:
    words = {"is_transparent" if name == "transparent" else name: value for name, value in words.items()}

    _, warnings = planned(model, **words)

    assert len(warnings) == 1
    assert said in warnings[0]
    with pytest.raises(InputError):
        planned(model, is_strict=True, **words)


@pytest.mark.parametrize("model", PICTURES, ids=lambda model: model.slug)
def test_every_model_is_given_what_it_takes_and_nothing_else(model: Model) -> None:
    """All common words at once, with the profile for print: the inputs suit the model, all else is said."""
    needed = {
        one.name: ["https://example.com/a.png"] if one.type == "array" else "https://example.com/a.png"
        for one in model.inputs.values()
        if one.required and one.takes_file
    }

    found = wishes.plan(
        KNOWN,
        Wish(
            model=model.slug, prompt="a fox", aspect_ratio="4:3", seed=1, negative_prompt="fog", format="png",
            quality="high", is_transparent=True, profile=PRINT, input=needed,
        ),
    )  # fmt: skip

    for request in found.requests:
        inputs.check_all(model, request.input)
        for name, word in (("seed", "seed"), ("negative_prompt", "negative_prompt")):
            assert (name in request.input) is not any(word in one for one in found.warnings)


def test_the_guides_input_for_print_is_made_for_imagen() -> None:
    """The guide's defaults and its words for print, as far as the real model takes them."""
    defaults = {"width": 1024, "height": 1024, "num_inference_steps": 50, "guidance_scale": 7.5}

    values, warnings = planned("imagen4_ultra", prompt="a fox", profile=PRINT, input=defaults)

    assert values == {"prompt": "a fox", "aspect_ratio": "4:3", "output_format": "png"}
    left_out = [name for name in defaults if any(f"no input {name!r}" in one for one in warnings)]
    assert left_out == list(defaults)
    assert "profile print: google/imagen-4-ultra takes no negative prompt, so none was sent" in warnings


def test_the_guides_negative_prompt_reaches_a_model_that_takes_one() -> None:
    values, warnings = planned("qwen-image", profile=PRINT)

    assert values["negative_prompt"] == PRINT.negative_prompt
    assert values["aspect_ratio"] == "4:3"
    assert not [one for one in warnings if "negative" in one]


def test_what_the_user_says_wins_over_the_profile() -> None:
    """The user's settings are merged last."""
    said = {"aspect_ratio": "1:1", "negative_prompt": "fog", "format": "jpg"}

    values, warnings = planned("qwen-image", profile=PRINT, **said)

    assert (values["aspect_ratio"], values["negative_prompt"]) == ("1:1", "fog")
    assert planned("flux-schnell", profile=PRINT, input={"aspect_ratio": "16:9"})[0]["aspect_ratio"] == "16:9"
    assert not [one for one in warnings if "profile" in one]


def test_a_profile_puts_words_around_the_prompt_and_is_no_reason_to_refuse() -> None:
    values, warnings = planned("flux-schnell", profile=profiles.find("logo"), is_strict=True)

    assert values["prompt"].startswith("a fox, logo, flat vector style")
    assert warnings == [
        "profile logo: black-forest-labs/flux-schnell takes no negative prompt, so none was sent"
    ]


@pytest.mark.parametrize("model", ["flux-schnell", "someone/their-model"])
@pytest.mark.parametrize("word", ["n", "seed"])
def test_true_is_no_number(model: str, word: str) -> None:
    """Python takes it for 1; a model's own input of that name is checked with all others, as it was given."""
    with pytest.raises(InputError, match=f"{word} is True, and has to be a whole number"):
        planned(model, **{word: True})

    assert planned(model, input={"seed": True})[0]["seed"] is True


def test_a_model_that_nobody_knows_is_given_all_words() -> None:
    values, warnings = planned("someone/their-model", size=(640, 480), format="png", profile=PRINT)

    assert values == {"prompt": "a fox", "size": "640x480", "output_format": "png"}
    assert warnings == [
        "profile print: the inputs of someone/their-model are not known; the prompt alone follows it"
    ]
