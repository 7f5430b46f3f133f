"""What a person asks for becomes runs: split, seeded, priced, or refused with what is allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype import catalogue
from tintype.cli import exits, orders
from tintype.cli.orders import Order, Wish
from tintype.domain import pricing

if TYPE_CHECKING:
    from pathlib import Path

KNOWN = catalogue.load()


def order(model: str, prompt: str = "a car", **options: Any) -> Order:
    return orders.order(KNOWN, Wish(model=model, prompt=prompt, **options))


def refusal(model: str, **options: Any) -> str:
    with pytest.raises(exits.Refusal) as caught:
        order(model, **options)
    return str(caught.value)


def test_one_run_makes_as_many_as_the_model_can() -> None:
    made = order("flux-schnell", count=4, aspect="4:3", seed=7)

    assert [run.values for run in made.runs] == [
        {"prompt": "a car", "aspect_ratio": "4:3", "seed": 7, "num_outputs": 4}
    ]


def test_more_than_one_run_makes_become_several_with_seeds_of_their_own() -> None:
    made = order("flux-schnell", count=9, seed=7)

    assert [(run.values.get("num_outputs", 1), run.seed) for run in made.runs] == [(4, 7), (4, 11), (1, 15)]


def test_models_that_make_one_run_once_for_each() -> None:
    made = order("flux-pro", count=3, seed=1)

    assert [run.seed for run in made.runs] == [1, 2, 3]
    assert made.estimate == pricing.Estimate(120_000_000, 120_000_000)


@given(st.integers(1, 60), st.sampled_from(["flux_schnell", "flux_pro", "seedream4", "imagen4"]))
def test_runs_make_exactly_what_was_asked_for(count: int, name: str) -> None:
    made = order(name, count=count)

    assert made.model is not None
    assert sum(pricing.outputs(made.model, run.values) for run in made.runs) == count


def test_settings_are_read_as_the_model_wants_them() -> None:
    made = order("flux-dev", settings=["guidance=3.5", "go_fast=no", "num_outputs=2"])

    assert made.runs[0].values == {"prompt": "a car", "guidance": 3.5, "go_fast": False, "num_outputs": 2}


@pytest.mark.parametrize(
    ("model", "options", "words"),
    [
        ("flux-schnell", {"aspect": "wide"}, "aspect_ratio 'wide' is not allowed; allowed: 1:1, 16:9, 21:9"),
        ("seedream-4", {"settings": ["size=8K"]}, "size '8K' is not allowed; allowed: 1K, 2K, 4K, custom"),
        ("flux-schnell", {"settings": ["size=8K"]}, "'8K' is no size"),
        (
            "flux-schnell",
            {"size": (4096, 4096), "is_strict": True},
            "makes no 4096x4096; 1024x1024 comes instead",
        ),
        ("flux-schnell", {"negative_prompt": "fog", "is_strict": True}, "has no input 'negative_prompt'"),
        ("flux-schnell", {"settings": ["num_inference_steps=9"]}, "out of range; allowed: 1 to 4"),
        ("flux-schnell", {"settings": ["sede=9"]}, "no input 'sede'; did you mean 'seed'?"),
        ("flux-schnell", {"settings": ["seed"]}, "is not key=value"),
        ("flux-schnell", {"settings": ["num_outputs=2"], "count": 2}, "give one of them"),
        ("flux-dev", {"settings": ["image=nowhere.png"]}, "there is no file 'nowhere.png'"),
        ("imagen4_ultra", {"seed": 7, "is_strict": True}, "google/imagen-4-ultra has no input 'seed'"),
        ("flux-schnel", {}, "did you mean 'flux-schnell'?"),
        ("a/b/c", {}, "No model is called 'a/b/c'"),
        ("real_esrgan", {}, "has no input 'prompt'"),
        ("flux_schnell", {"prompt": " \n"}, "the prompt is empty"),
        ("someone/theirs", {"prompt": ""}, "the prompt is empty"),
    ],
)
def test_what_a_model_does_not_take_is_refused_in_one_line(
    model: str, options: dict[str, Any], words: str
) -> None:
    line = refusal(model, **options)

    assert words in line
    assert "\n" not in line


@pytest.mark.parametrize(
    ("model", "options", "values", "notes"),
    [
        ("sdxl", {"aspect": "4:3"}, {"width": 1184, "height": 888}, 0),
        ("imagen-4", {"aspect": "7:5"}, {"aspect_ratio": "4:3"}, 1),
        ("imagen-4", {"size": (2048, 2048)}, {"aspect_ratio": "1:1", "image_size": "2K"}, 0),
        ("flux-schnell", {"settings": ["size=512x512", "format=jpeg"]},
         {"aspect_ratio": "1:1", "megapixels": "0.25", "output_format": "jpg"}, 0),
        ("flux-schnell", {"size": (512, 512), "settings": ["aspect_ratio=4:3"]},
         {"aspect_ratio": "1:1", "megapixels": "0.25"}, 1),
        ("seedream-4", {"settings": ["size=4K"]}, {"size": "4K"}, 0),
        ("flux-schnell", {"negative_prompt": "fog", "is_transparent": True}, {}, 2),
        ("imagen4_ultra", {"settings": ["seed=7"]}, {}, 1),
        ("someone/theirs", {"size": (640, 480), "format": "png"}, {"size": "640x480", "output_format": "png"}, 0),
    ],
)  # fmt: skip
def test_words_for_all_models_become_what_the_model_takes(
    model: str, options: dict[str, Any], values: dict[str, Any], notes: int
) -> None:
    """As over HTTP, also those of `--set`; what it cannot do is noted."""
    made = order(model, **options)

    assert made.runs[0].values == {"prompt": "a car", **values}
    assert len(made.notes) == notes


def test_a_model_outside_the_catalogue_takes_anything_at_an_unknown_price() -> None:
    made = order("someone/their-model", count=2, seed=5, settings=["steps=4", "style=bold", "flags=[1]"])

    assert made.model is None
    assert made.estimate is None
    assert [run.values["seed"] for run in made.runs] == [5, 6]
    assert made.runs[0].values == {"prompt": "a car", "seed": 5, "steps": 4, "style": "bold", "flags": [1]}


def test_a_slug_like_a_known_one_is_pointed_out() -> None:
    assert "Did you mean 'black-forest-labs/flux-schnell'?" in orders.unknown_note(
        KNOWN, "black-forest-labs/flux-schnel"
    )
    assert "Did you mean" not in orders.unknown_note(KNOWN, "someone/their-model")


def test_a_version_goes_with_the_slug() -> None:
    assert order(f"someone/their-model:{'a' * 64}").slug.endswith("a" * 64)


def test_files_are_paths_and_urls_stay(tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    picture.write_bytes(b"x")

    local = order("flux-dev", settings=[f"image={picture}"])
    remote = order("flux-dev", settings=["image=https://example.com/a.png"])
    unknown = order("someone/their-model", settings=[f"image=@{picture}"])

    assert local.runs[0].values["image"] == picture
    assert remote.runs[0].values["image"] == "https://example.com/a.png"
    assert unknown.runs[0].values["image"] == picture
