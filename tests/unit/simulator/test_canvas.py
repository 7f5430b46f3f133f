"""Shapes that lie beside the picture, or only touch its edge, leave it as it is."""

from __future__ import annotations

import pytest
from PIL import Image

from tintype.simulator.canvas import PixelCanvas


@pytest.mark.parametrize(
    "centre", [(-10.5, 32.0), (32.0, -10.5), (74.5, 32.0), (32.0, 74.5), (-500.0, -500.0)]
)
def test_light_beside_the_picture_changes_nothing(centre: tuple[float, float]) -> None:
    """A glow whose radius ends less than a pixel outside is not drawn, and is no error."""
    canvas = PixelCanvas(Image.new("RGB", (64, 64), "black"))

    canvas.glow(centre, 10.0, (255, 255, 255))

    assert canvas.image.getextrema() == ((0, 0), (0, 0), (0, 0))
