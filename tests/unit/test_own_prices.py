"""Prices and models of one's own stand over those of the book, and whatever they say the money is bounded."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype import catalogue, settings
from tintype.catalogue import own
from tintype.domain import charges, pricing
from tintype.domain.catalogue import Kind, Unit
from tintype.domain.errors import ConfigurationError, UnknownModel
from tintype.domain.money import from_usd

if TYPE_CHECKING:
    from pathlib import Path

    from tintype.domain.catalogue import Model

BOOK = catalogue.load()
VERSION = "5c7d" * 16
POSTER = {
    "price": {"unit": "image", "rates": [{"usd": "0.04", "when": {"size": "small"}}, {"usd": "0.09"}]},
    "aliases": ["poster"],
    "inputs": {
        "prompt": {"type": "string", "required": True},
        "n": {"type": "integer", "default": 1, "minimum": 1, "maximum": 4},
        "size": {"type": "string", "default": "small", "choices": ["small", "large"]},
    },
    "count": {"input": "n"},
}


def film(*seconds: str, **stated: dict[str, Any]) -> dict[str, Any]:
    """Return a model of films whose length these inputs say."""
    inputs = {"prompt": {"type": "string"}, **stated}
    return {"price": "0.1 per second of film", "seconds": list(seconds), "inputs": inputs}


def integer(**more: Any) -> dict[str, Any]:
    return {"type": "integer", **more}


@pytest.mark.parametrize(
    ("text", "unit", "usd"),
    [
        ("0.02 per run", Unit.RUN, "0.02"),
        ("$0.02 per image", Unit.IMAGE, "0.02"),
        ("0.0014 per second of run time", Unit.HARDWARE_SECOND, "0.084"),
        ("0.05 per second of film, at most 1", Unit.VIDEO_SECOND, "1"),
        ("0.01 per megapixel, at most $0.20", Unit.MEGAPIXEL, "0.20"),
        ("0.30 per million tokens, at most 0.01", Unit.TOKEN, "0.01"),
        ("0.0014 per second of run time, at most 0.05", Unit.HARDWARE_SECOND, "0.05"),
    ],
)
def test_a_price_is_written_as_it_is_printed(text: str, unit: Unit, usd: str) -> None:
    """Rule 11: the hold is the most it can cost, by the rule or as it was stated."""
    known = own.extend(BOOK, {"acme/fox": text})
    model = known.priced("acme/fox", None)

    assert model is not None
    assert model.price.unit is unit
    assert pricing.estimate(model, {"prompt": "a fox"}, run_s_max=60).bound_nano_usd == from_usd(usd)
    with pytest.raises(UnknownModel, match="nothing says what it takes"):
        known.find("acme/fox")


def test_the_books_price_is_replaced_and_the_rest_stays() -> None:
    known = own.extend(BOOK, {"Flux.Schnell": "0.0025 per image"})

    model = known.find("flux_schnell")

    assert pricing.estimate(model, {"prompt": "x", "num_outputs": 4}).bound_nano_usd == from_usd("0.01")
    assert own.extend(BOOK, {"llama3_8b": "1 per million tokens"}).find("llama3_8b").price.unit is Unit.TOKEN
    assert model.inputs == BOOK.find("flux_schnell").inputs
    assert len(known.models) == len(BOOK.models)


@given(
    st.sampled_from(BOOK.models),
    st.sampled_from(list(own.UNITS)),
    st.sampled_from(["", ", at most 0.5", ", at most 50"]),
)
def test_no_price_of_ones_own_makes_a_model_free(model: Model, unit: str, most: str) -> None:
    """Rule 11: whatever is stated is refused, or is held above zero, and covers what it is expected to cost."""
    try:
        known = own.extend(BOOK, {model.slug: f"0.001 per {unit}{most}"})
    except ValueError as fault:
        assert model.slug in str(fault)  # noqa: PT017 - not every price is refused
        return

    estimate = pricing.estimate(known.find(model.slug), {"prompt": "x"})

    assert 0 < estimate.expected_nano_usd <= estimate.bound_nano_usd


def test_what_is_stated_as_the_most_holds_no_less_than_what_is_asked_for() -> None:
    """Rule 11: four at 10 cents are 40, though a run was said to cost 20; an open area costs what was said."""
    known = own.extend(
        BOOK, {"flux-schnell": "0.1 per image, at most 0.2", "sdxl": "0.01 per megapixel, at most 0.2"}
    )

    four = pricing.estimate(known.find("flux-schnell"), {"prompt": "x", "num_outputs": 4})

    assert (four.expected_nano_usd, four.bound_nano_usd) == (from_usd("0.4"), from_usd("0.4"))
    assert pricing.estimate(known.find("sdxl"), {"prompt": "x"}).bound_nano_usd == from_usd("0.2")

    by_area = own.extend(BOOK, {"flux-schnell": "0.02 per megapixel, at most 0.05"}).find("flux-schnell")
    four = pricing.estimate(by_area, {"prompt": "x", "num_outputs": 4})

    assert (four.expected_nano_usd, four.bound_nano_usd) == (from_usd("0.08"), from_usd("0.08"))


@given(st.integers(-(2**63), 2**63), st.integers(-(2**63), 2**63))
def test_a_film_is_as_long_as_is_asked_for_and_never_for_nothing(first: int, second: int) -> None:
    """Rule 11: what is no length counts as the default; one that the model chooses, as the longest."""
    rate = integer(default=10, minimum=1)
    by_frames = film("frames", "fps", frames=integer(default=50, minimum=1), fps=rate)
    chosen = film("duration", duration=integer(default=5, minimum=-1, maximum=15))
    known = own.extend(BOOK, {"acme/frames": by_frames, "acme/chosen": chosen})

    frames = pricing.seconds(known.find("acme/frames"), {"frames": first, "fps": second})
    length = pricing.seconds(known.find("acme/chosen"), {"duration": first})

    assert frames == Fraction(first if first > 0 else 50, second if second > 0 else 10)
    assert length == (first if first > 0 else 15)


def test_a_version_has_a_price_of_its_own() -> None:
    known = own.extend(BOOK, {f"stability-ai/sdxl:{VERSION}": "0.004 per run", "acme/fox": "0.02 per run"})

    version, other = known.priced("stability-ai/sdxl", VERSION), known.priced("stability-ai/sdxl", "0" * 64)

    assert version is not None
    assert pricing.estimate(version, {}).bound_nano_usd == from_usd("0.004")
    assert other is None
    assert known.find("sdxl").price == BOOK.find("sdxl").price


def test_a_model_with_inputs_is_one_like_the_books() -> None:
    known = own.extend(BOOK, {"acme/poster": POSTER})

    model = known.find("poster")

    assert (model.slug, model.kind, model.per_run_max) == ("acme/poster", Kind.IMAGE, 4)
    assert pricing.estimate(model, {"prompt": "x", "n": 3, "size": "large"}).expected_nano_usd == from_usd(
        "0.27"
    )


@pytest.mark.parametrize(
    ("prices", "words"),
    [
        ({"acme/fox": "cheap"}, "is no price; write 0.02 per run"),
        ({"acme/fox": "0.02 per picture"}, "is no price"),
        ({"acme/fox": "-1 per image"}, "is no price"),
        ({"acme/fox": "0.05 per second of film"}, "has no bound by itself"),
        ({"flux-schnel": "0.02 per image"}, "did you mean 'flux-schnell'?"),
        ({"acme/fox:12": "0.02 per image"}, "64 digits"),
        ({"acme/fox": {"kind": "image"}}, "has not the form"),
        ({"acme/fox": {"price": "0.02 per image", "colour": "red"}}, "there is no 'colour'"),
        ({"acme/fox": {"price": "0.02 per image", "kind": "song"}}, "song"),
        ({"flux-schnell": {"price": "0.02 per image", "kind": "edit"}}, "only its price"),
        ({"acme/fox": 3}, "has not the form"),
        (
            {"flux-schnell": "0.003 per second of film"},
            "makes pictures; write its price per run, image, megapixel or",
        ),
        (
            {"veo-3.1": "0.1 per image"},
            "makes films; write its price per run, second of film or second of run time",
        ),
        (
            {"llama3_8b": "0.1 per megapixel, at most 1"},
            "makes texts; write its price per run, million tokens or",
        ),
        ({"flux-schnell": "0.0000000001 per image"}, "nothing is free"),
        ({"acme/fox": "0 per run"}, "nothing is free"),
        ({"acme/fox": {"price": {"unit": "image", "rates": [{"usd": "-1"}]}}}, "nothing is free"),
        ({"flux-schnell": "0.1 per image, at most 0.01"}, "less than one image costs"),
        ({"veo-3.1": "0.1 per second of film, at most 0.2"}, "less than a run usually costs, which is $0.8"),
        ({"flux-schnell": "0.01 per megapixel"}, "do not say how large its pictures are"),
        ({f"acme/fox:{VERSION}": "0.1 per run, at most 0.05"}, "less than one run costs"),
        ({"acme/poster": {**POSTER, "price": "0.1 per second of film"}}, "do not say how long"),
        ({"acme/poster": {**POSTER, "price": "0.1 per million tokens"}}, "no input 'max_tokens'"),
        ({"acme/poster": {**POSTER, "count": {"input": "N"}}}, "there is no input 'N'"),
        ({"acme/poster": {**POSTER, "usual_s": "Infinity"}}, "usual_s is Infinity"),
        ({"acme/poster": {**POSTER, "usual_s": 0}}, "usual_s is 0"),
        (
            {"acme/fox": {"price": {"unit": "image", "rates": [{"usd": "Infinity"}]}}},
            "is no price in dollars",
        ),
        ({"acme/fox": {"price": {"unit": "image", "rates": [{"usd": "NaN"}]}}}, "is no price in dollars"),
        (
            {"acme/fox": {"price": {"unit": "run", "run_usd": "1e9", "rates": [{"usd": "1"}]}}},
            "number up to 1000000",
        ),
        ({"acme/film": film("nosuch", duration=integer(default=5, minimum=1))}, "no input 'nosuch'"),
        ({"acme/film": {**film("nosuch"), "price": "1 per run", "kind": "video"}}, "no input 'nosuch'"),
        ({"acme/film": film(*["duration"] * 3, duration=integer(default=5))}, "seconds names one input, or"),
        ({"acme/film": film("duration", duration=integer(default=5))}, "a default and a minimum above 0"),
        ({"acme/film": film("duration", duration=integer(minimum=1))}, "a default and a minimum above 0"),
        (
            {"acme/film": film("duration", duration=integer(minimum=0, default=5))},
            "counts the input 'duration'",
        ),
        (
            {"acme/film": film("duration", duration={"type": "string", "default": "5"})},
            "counts the input 'duration'",
        ),
        (
            {"acme/film": film("duration", duration=integer(default=5, minimum=1, maximum=float("nan")))},
            "are numbers",
        ),
        (
            {
                "acme/film": film(
                    "n", "fps", n=integer(default=9, minimum=1), fps=integer(default=9, maximum=9)
                )
            },
            "counts the input 'fps'",
        ),
        (
            {
                "acme/text": {
                    "price": "1 per million tokens",
                    "inputs": {"prompt": {"type": "string"}, "max_tokens": integer(minimum=1)},
                }
            },
            "counts the input 'max_tokens'",
        ),
        ({"flux-schnell": "0.02 per image", "flux_schnell": "0.03 per image"}, "'flux-schnell' names black"),
        ({"acme/poster": POSTER, "poster": "0.03 per image"}, "state its price once"),
    ],
)
def test_what_is_wrong_with_a_price_is_told(prices: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=next(iter(prices))) as caught:
        own.extend(BOOK, prices)

    assert words in str(caught.value)


def test_prices_are_said_in_the_environment_a_file_or_the_settings_file(tmp_path: Path) -> None:
    table = '"acme/fox" = "0.02 per image"\nflux-schnell = "0.0025 per image"\n'
    file, config = tmp_path / "prices.toml", tmp_path / "tintype.toml"
    file.write_text(table)
    config.write_text(f"[prices]\n{table}")
    expected = {"acme/fox": "0.02 per image", "flux-schnell": "0.0025 per image"}

    text = "acme/fox = 0.02 per image; flux-schnell = 0.0025 per image"

    assert settings.load(prices=text).prices == expected
    assert settings.load(prices=str(file)).prices == expected
    assert settings.load(config=config).prices == expected
    assert settings.load().prices == {}


@pytest.mark.parametrize(
    "said",
    [
        "acme/fox = cheap",
        "nowhere.toml",
        "acme/fox",
        "a = b; c",
        "flux-dev = 1 per run; flux-dev = 2 per run",
    ],
)
def test_prices_that_are_none_are_refused_at_the_start(said: str) -> None:
    with pytest.raises(ConfigurationError, match="TINTYPE_PRICES"):
        settings.load(prices=said)


@given(
    st.sampled_from(
        [
            "0.02 per image",
            "0.02 per run",
            "0.05 per second of film, at most 1",
            "0.01 per megapixel, at most 1",
            "0.001 per second of run time",
        ]
    ),
    st.dictionaries(
        st.sampled_from(["num_outputs", "duration", "width", "resolution", "aspect_ratio", "prompt"]),
        st.integers(-(10**20), 10**20) | st.text(max_size=5) | st.none() | st.booleans() | st.just([1]),
    ),
    st.integers(0, 20),
)
def test_whatever_goes_to_a_model_of_unknown_inputs_its_price_is_an_amount(
    text: str, values: dict[str, Any], delivered: int
) -> None:
    """Rule 11: never zero, never without a bound."""
    model = own.extend(BOOK, {"acme/fox": text}).priced("acme/fox")
    assert model is not None

    estimate = pricing.estimate(model, values)
    cost = charges.cost_nano_usd(model, values, charges.Made("succeeded", delivered))

    assert 0 < estimate.expected_nano_usd <= estimate.bound_nano_usd < 10**14
    assert cost >= 0
