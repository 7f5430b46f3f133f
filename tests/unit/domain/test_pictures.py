"""Words of other image APIs, fitted to what models take."""

from __future__ import annotations

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
