"""How many pixels a model makes of its inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tintype import catalogue
from tintype.domain import sizing

if TYPE_CHECKING:
    from tintype.domain.sizing import Size

KNOWN = catalogue.load()
PICTURE = "https://example.com/a.png"


@pytest.mark.parametrize("value", ["0:1", "00x00", "9" * 100_000, "x" * 41, ["4:3"], {}, None, -1, 0, True])
@pytest.mark.parametrize("model", ["flux-2-pro", "recraft-v3", "flux-kontext-fast", "veo-3.1", "sdxl"])
def test_what_no_model_takes_breaks_nothing(model: str, value: object) -> None:
    """Inputs are judged elsewhere; here any may come."""
    names = ("aspect_ratio", "size", "resolution", "image_size", "width", "height")

    made = sizing.made(KNOWN.find(model), dict.fromkeys(names, value))

    assert made is None or min(made) >= 1


@pytest.mark.parametrize(
    ("model", "values", "size"),
    [
        ("flux-schnell", {}, (1024, 1024)),
        ("flux-schnell", {"aspect_ratio": "16:9", "megapixels": "0.25"}, (672, 384)),
        ("flux-1.1-pro-ultra", {}, (2048, 2048)),
        ("qwen-image", {}, (1664, 928)),
        ("seedream-4", {}, (2048, 2048)),
        ("seedream-4", {"aspect_ratio": "1:1", "size": "4K"}, (4096, 4096)),
        ("seedream-4", {"size": "custom", "width": 3000, "height": 2000}, (3000, 2000)),
        ("seedream-4", {"image_input": [PICTURE]}, None),
        ("nano-banana-pro", {}, (2048, 2048)),
        ("nano-banana-pro", {"image_input": [PICTURE], "aspect_ratio": "1:1", "resolution": "4K"}, (4096, 4096)),
        ("recraft-v3", {"aspect_ratio": "3:2"}, (1536, 1024)),
        ("ideogram-v3-turbo", {"aspect_ratio": "3:2", "resolution": "896x960"}, (896, 960)),
        ("sdxl", {"width": 1001, "height": 700}, (1000, 704)),
        ("veo-3.1", {"resolution": "720p"}, (1280, 720)),
        ("veo-3.1", {"image": PICTURE}, None),
        ("sora-2", {}, (720, 1280)),
        ("real-esrgan-a100", {"image": PICTURE}, None),
    ],
)  # fmt: skip
def test_the_pixels_of_inputs_are_known(model: str, values: dict[str, object], size: Size | None) -> None:
    """Where a picture that is given decides the shape, nobody knows before."""
    assert sizing.made(KNOWN.find(model), values) == size
