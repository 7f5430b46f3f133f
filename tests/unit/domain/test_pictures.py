"""Words of other image APIs, fitted to what models take."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype import catalogue
from tintype.domain import inputs, pictures
from tintype.domain.catalogue import Kind, Model
from tintype.domain.pictures import Words

KNOWN = catalogue.load()


@pytest.mark.parametrize(
    ("model", "size", "expected"),
    [
        ("flux-schnell", (1024, 1024), {"aspect_ratio": "1:1"}),
        ("flux-schnell", (1536, 1024), {"aspect_ratio": "3:2"}),
        ("flux-schnell", (1024, 1536), {"aspect_ratio": "2:3"}),
        ("recraft-v3", (1365, 1024), {"size": "1365x1024"}),
        ("ideogram-v3-turbo", (896, 960), {"resolution": "896x960"}),
        ("flux-1.1-pro", (1024, 768), {"aspect_ratio": "custom", "width": 1024, "height": 768}),
        ("seedream-4", (2048, 1024), {"size": "custom", "width": 2048, "height": 1024}),
        ("sdxl", (1280, 720), {"width": 1280, "height": 720}),
    ],
)
def test_a_size_becomes_what_the_model_takes(
    model: str, size: tuple[int, int], expected: dict[str, object]
) -> None:
    found = pictures.fitted(KNOWN.find(model), Words(size=size))

    assert (found.inputs, found.warnings) == (expected, [])


def test_the_nearest_shape_is_said_to_be_another() -> None:
    found = pictures.fitted(KNOWN.find("imagen-4"), Words(size=(1536, 1024)))

    assert found.inputs == {"aspect_ratio": "4:3"}
    assert found.warnings == ["google/imagen-4 makes no 1536x1024; the nearest shape is 4:3"]


@pytest.mark.parametrize(
    ("model", "size", "inputs_", "words"),
    [
        (
            "flux-schnell",
            (9999, 9999),
            {"aspect_ratio": "1:1"},
            "makes no 9999x9999; the nearest shape is 1:1",
        ),
        ("flux-schnell", (64, 64), {"aspect_ratio": "1:1"}, "makes no 64x64; the nearest shape is 1:1"),
        (
            "flux-schnell",
            (2000, 100),
            {"aspect_ratio": "21:9"},
            "makes no 2000x100; the nearest shape is 21:9",
        ),
        (
            "sdxl-lightning-4step",
            (9999, 9999),
            {"width": 1024, "height": 1024},
            "of this shape it makes 1024x1024",
        ),
        (
            "flux-1.1-pro",
            (5000, 5000),
            {"aspect_ratio": "1:1"},
            "makes no 5000x5000; the nearest shape is 1:1",
        ),
    ],
)
def test_a_size_that_a_model_makes_nothing_like_is_said_to_be_too_far(
    model: str, size: tuple[int, int], inputs_: dict[str, object], words: str
) -> None:
    found = pictures.fitted(KNOWN.find(model), Words(size=size))

    assert (found.inputs, len(found.warnings), found.too_far) == (inputs_, 1, found.warnings[0])
    assert words in found.warnings[0]


def test_a_size_among_sizes_becomes_the_nearest_and_is_told() -> None:
    known = KNOWN.find("recraft-v3")
    sized = replace(known, inputs={"size": known.inputs["size"]})

    found = pictures.fitted(sized, Words(size=(2730, 2048)))

    assert found.inputs == {"size": "1365x1024"}
    assert found.warnings == ["recraft-ai/recraft-v3 makes no 2730x2048; the nearest size is 1365x1024"]
    assert found.too_far is None


def test_a_side_that_is_too_long_for_a_model_of_pixels_becomes_its_own_of_that_shape() -> None:
    found = pictures.fitted(KNOWN.find("sdxl-lightning-4step"), Words(size=(1300, 1300)))

    assert found.inputs == {"width": 1024, "height": 1024}
    assert (len(found.warnings), found.too_far) == (1, None)


def test_formats_have_two_names() -> None:
    found = pictures.fitted(KNOWN.find("flux-schnell"), Words(output_format="jpeg", output_compression=70))

    assert found.inputs == {"output_format": "jpg", "output_quality": 70}


def test_what_a_model_cannot_do_is_said() -> None:
    words = Words(quality="hd", background="transparent", style="vivid", output_format="gif")

    found = pictures.fitted(KNOWN.find("flux-schnell"), words)

    assert found.inputs == {}
    assert len(found.warnings) == 4


@pytest.mark.parametrize("text", ["", "auto", "1024", "1024x", "0x10", "1024x1024x1", "999999x1", "-1x5"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no size"):
        pictures.pixels(text)


@given(
    st.sampled_from([model for model in KNOWN.models if model.kind in {Kind.IMAGE, Kind.VECTOR, Kind.EDIT}]),
    st.tuples(st.integers(1, 9999), st.integers(1, 9999)),
    st.sampled_from(["low", "medium", "high", "xhigh", "max", "standard", "hd"]),
    st.sampled_from(["png", "jpeg", "webp", "gif", "svg"]),
    st.integers(0, 100),
)
def test_whatever_is_asked_for_every_model_takes_what_it_becomes(
    model: Model, size: tuple[int, int], quality: str, output_format: str, compression: int
) -> None:
    """No word becomes an input that its model refuses; and each that becomes none is told."""
    words = Words(
        size=size, quality=quality, output_format=output_format, output_compression=compression, style="x"
    )

    found = pictures.fitted(model, words)

    for name, value in found.inputs.items():
        inputs.check(inputs.field(model, name), value)
    assert len(found.inputs) + len(found.warnings) >= 5
