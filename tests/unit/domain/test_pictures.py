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
        ("flux-schnell", (1024, 1024), {"aspect_ratio": "1:1", "megapixels": "1"}),
        ("flux-schnell", (1216, 832), {"aspect_ratio": "3:2", "megapixels": "1"}),
        ("flux-schnell", (512, 512), {"aspect_ratio": "1:1", "megapixels": "0.25"}),
        ("imagen-4", (2048, 2048), {"aspect_ratio": "1:1", "image_size": "2K"}),
        ("nano-banana-pro", (4096, 4096), {"aspect_ratio": "1:1", "resolution": "4K"}),
        ("recraft-v3", (1365, 1024), {"size": "1365x1024"}),
        ("ideogram-v3-turbo", (896, 960), {"resolution": "896x960"}),
        ("flux-1.1-pro", (1024, 768), {"aspect_ratio": "custom", "width": 1024, "height": 768}),
        ("seedream-4", (4096, 4096), {"aspect_ratio": "1:1", "size": "4K"}),
        ("seedream-4", (2048, 1024), {"size": "custom", "width": 2048, "height": 1024}),
        ("flux-2-pro", (2048, 2048), {"aspect_ratio": "1:1", "resolution": "4 MP"}),
        # Its price goes by the resolution, which says no less than the sides.
        (
            "flux-2-flex",
            (1600, 1104),
            {"aspect_ratio": "custom", "resolution": "2 MP", "width": 1600, "height": 1104},
        ),
        ("sdxl", (1280, 720), {"width": 1280, "height": 720}),
        ("veo-3.1", (1280, 720), {"aspect_ratio": "16:9", "resolution": "720p"}),
        ("pixverse-v5.6", (1920, 1080), {"aspect_ratio": "16:9", "quality": "1080p"}),
        ("sora-2", (1280, 720), {"aspect_ratio": "landscape"}),
    ],
)
def test_a_size_becomes_what_the_model_takes(
    model: str, size: tuple[int, int], expected: dict[str, object]
) -> None:
    found = pictures.fitted(KNOWN.find(model), Words(size=size))

    assert (found.inputs, found.warnings) == (expected, [])


@pytest.mark.parametrize(
    ("model", "size", "inputs_", "comes"),
    [
        ("seedream-4", (512, 512), {"aspect_ratio": "1:1", "size": "1K"}, "1024x1024"),
        ("veo-3.1", (640, 360), {"aspect_ratio": "16:9", "resolution": "720p"}, "1280x720"),
        ("nano-banana-pro", (1100, 1100), {"aspect_ratio": "1:1", "resolution": "2K"}, "2048x2048"),
        ("sdxl", (1299, 700), {"width": 1304, "height": 704}, "1304x704"),
        ("ideogram-v3-turbo", (1280, 720), {"resolution": "1312x736"}, "1312x736"),
    ],
)
def test_a_size_that_is_not_made_is_the_next_larger_and_is_told(
    model: str, size: tuple[int, int], inputs_: dict[str, object], comes: str
) -> None:
    found = pictures.fitted(KNOWN.find(model), Words(size=size))

    assert (found.inputs, found.too_far, found.lacks) == (inputs_, None, [])
    assert found.warnings == [f"{KNOWN.find(model).slug} makes no {size[0]}x{size[1]}; {comes} comes instead"]


@pytest.mark.parametrize(
    ("model", "size", "inputs_", "comes"),
    [
        ("flux-schnell", (1536, 1024), {"aspect_ratio": "3:2", "megapixels": "1"}, "1216x832"),
        ("flux-schnell", (2048, 2048), {"aspect_ratio": "1:1", "megapixels": "1"}, "1024x1024"),
        ("imagen-4", (1536, 1024), {"aspect_ratio": "4:3", "image_size": "2K"}, "2368x1776"),
        ("ideogram-v3-turbo", (1100, 1000), {"resolution": "1088x960"}, "1088x960"),
        ("flux-1.1-pro", (2000, 1000), {"aspect_ratio": "custom", "width": 1440, "height": 736}, "1440x736"),
        ("recraft-v3", (2730, 2048), {"size": "1365x1024"}, "1365x1024"),
    ],
)
def test_a_size_beyond_a_model_is_the_nearest_and_is_lacking(
    model: str, size: tuple[int, int], inputs_: dict[str, object], comes: str
) -> None:
    """Fewer pixels, or another shape: it comes as near as can be, and no model is chosen for it."""
    found = pictures.fitted(KNOWN.find(model), Words(size=size))

    assert (found.inputs, found.too_far) == (inputs_, None)
    assert found.lacks == found.warnings
    assert f"makes no {size[0]}x{size[1]}; {comes} comes instead" in found.warnings[0]


@pytest.mark.parametrize(
    ("model", "size", "comes"),
    [
        ("flux-schnell", (9999, 9999), "1024x1024"),
        ("flux-schnell", (64, 64), "512x512"),
        ("flux-schnell", (2000, 100), "1536x640"),
        ("flux-schnell", (4096, 4096), "1024x1024"),
        ("sdxl-lightning-4step", (9999, 9999), "1280x1280"),
        ("flux-1.1-pro", (5000, 5000), "1440x1440"),
    ],
)
def test_a_size_that_a_model_makes_nothing_like_is_said_to_be_too_far(
    model: str, size: tuple[int, int], comes: str
) -> None:
    found = pictures.fitted(KNOWN.find(model), Words(size=size))

    assert (len(found.warnings), found.too_far) == (1, found.warnings[0])
    assert f"{comes} comes instead" in found.warnings[0]


def test_where_the_picture_that_is_given_decides_the_shape_that_is_said() -> None:
    found = pictures.fitted(KNOWN.find("wan-2.2-i2v-fast"), Words(size=(1280, 720)))

    assert found.inputs == {"resolution": "720p"}
    assert found.warnings == [
        "whether wan-video/wan-2.2-i2v-fast makes 1280x720 is not known; it is asked for resolution 720p"
    ]


@pytest.mark.parametrize(
    ("model", "shape", "expected"),
    [
        ("sdxl", "4:3", {"width": 1184, "height": 888}),
        ("flux-1.1-pro", "7:5", {"aspect_ratio": "custom", "width": 1216, "height": 864}),
        ("sora-2", "16:9", {"aspect_ratio": "landscape"}),
        ("recraft-v3", "7:5", {"aspect_ratio": "7:5"}),
    ],
)
def test_a_shape_becomes_what_the_model_takes(model: str, shape: str, expected: dict[str, object]) -> None:
    found = pictures.fitted(KNOWN.find(model), Words(aspect_ratio=shape))

    assert (found.inputs, found.warnings) == (expected, [])


def test_a_shape_that_sides_do_not_reach_is_told() -> None:
    found = pictures.fitted(KNOWN.find("sdxl-lightning-4step"), Words(aspect_ratio="21:2"))

    assert found.inputs == {"width": 1280, "height": 256}
    assert "makes no 21:2; the nearest shape is 1280x256" in found.warnings[0]


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
