"""A surface that scenes are painted on: one of pixels here, one of SVG elements in `vectors`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

from PIL import Image, ImageDraw

if TYPE_CHECKING:
    from collections.abc import Sequence

Colour: TypeAlias = tuple[int, int, int]
Point: TypeAlias = tuple[float, float]
Box: TypeAlias = tuple[float, float, float, float]
"""Left, top, right, bottom, in pixels from the top left corner."""

# Masks beyond this are drawn without supersampling: at that size steps are too small to be seen.
_SMOOTH_PIXELS_MAX = 3_000_000


class Canvas(Protocol):
    """What a scene may do to a surface of `width` × `height` pixels."""

    @property
    def width(self) -> int:
        """Give the width in pixels."""

    @property
    def height(self) -> int:
        """Give the height in pixels."""

    def sky(self, stops: Sequence[Colour]) -> None:
        """Fill everything with a vertical gradient through evenly spaced colours."""

    def polygons(
        self,
        shapes: Sequence[Sequence[Point]],
        colour: Colour,
        *,
        to: Colour | None = None,
        alpha: float = 1.0,
    ) -> None:
        """Fill polygons with a colour, or with a vertical gradient from `colour` down to `to`."""

    def ellipses(
        self, boxes: Sequence[Box], colour: Colour, *, to: Colour | None = None, alpha: float = 1.0
    ) -> None:
        """Fill the ellipses inscribed in boxes, coloured as polygons are."""

    def glow(self, centre: Point, radius: float, colour: Colour, *, alpha: float = 1.0) -> None:
        """Lay soft light round a point: full at the centre, nothing at the radius."""


@dataclass(frozen=True, slots=True)
class PixelCanvas:
    """A canvas of pixels. Edges are smooth: each shape's mask is drawn at double size and halved."""

    image: Image.Image

    @property
    def width(self) -> int:
        """Give the width in pixels."""
        return self.image.width

    @property
    def height(self) -> int:
        """Give the height in pixels."""
        return self.image.height

    def sky(self, stops: Sequence[Colour]) -> None:
        """Fill everything with a vertical gradient through evenly spaced colours."""
        column = Image.new("RGB", (1, self.height))
        spans = len(stops) - 1
        rows = []
        for y in range(self.height):
            place = y / max(1, self.height - 1) * spans
            span = min(int(place), spans - 1)
            rows.append(mix(stops[span], stops[span + 1], place - span))
        column.putdata(rows)
        self.image.paste(column.resize(self.image.size, Image.Resampling.NEAREST))

    def polygons(
        self,
        shapes: Sequence[Sequence[Point]],
        colour: Colour,
        *,
        to: Colour | None = None,
        alpha: float = 1.0,
    ) -> None:
        """Fill polygons with a colour, or with a vertical gradient from `colour` down to `to`."""
        points = [point for shape in shapes for point in shape]
        frame = self._frame(
            (
                min(x for x, _ in points),
                min(y for _, y in points),
                max(x for x, _ in points),
                max(y for _, y in points),
            )
        )
        if frame is None:
            return
        left, top, right, bottom = frame
        scale = _scale(frame)
        mask = Image.new("L", ((right - left) * scale, (bottom - top) * scale))
        pen = ImageDraw.Draw(mask)
        for shape in shapes:
            pen.polygon([((x - left) * scale, (y - top) * scale) for x, y in shape], fill=round(255 * alpha))
        self._lay(mask, frame, scale, colour, to)

    def ellipses(
        self, boxes: Sequence[Box], colour: Colour, *, to: Colour | None = None, alpha: float = 1.0
    ) -> None:
        """Fill the ellipses inscribed in boxes, coloured as polygons are."""
        frame = self._frame(
            (
                min(b[0] for b in boxes),
                min(b[1] for b in boxes),
                max(b[2] for b in boxes),
                max(b[3] for b in boxes),
            )
        )
        if frame is None:
            return
        left, top, right, bottom = frame
        scale = _scale(frame)
        mask = Image.new("L", ((right - left) * scale, (bottom - top) * scale))
        pen = ImageDraw.Draw(mask)
        for x0, y0, x1, y1 in boxes:
            box = ((x0 - left) * scale, (y0 - top) * scale, (x1 - left) * scale, (y1 - top) * scale)
            pen.ellipse(box, fill=round(255 * alpha))
        self._lay(mask, frame, scale, colour, to)

    def glow(self, centre: Point, radius: float, colour: Colour, *, alpha: float = 1.0) -> None:
        """Lay soft light round a point: full at the centre, nothing at the radius."""
        x, y = centre
        frame = self._frame((x - radius, y - radius, x + radius, y + radius))
        if frame is None:
            return
        left, top, right, bottom = frame
        # The gradient of Pillow is 256 pixels wide, 0 in the middle, 181 at the sides and 255 in the corners.
        # A squared fall-off looks like light in air.
        fall_off = [round(max(0.0, 1 - level / 180) ** 2 * 255 * alpha) for level in range(256)]
        unit = 256 / (2 * radius)
        part = (
            max(0.0, (left - x + radius) * unit),
            max(0.0, (top - y + radius) * unit),
            min(256.0, (right - x + radius) * unit),
            min(256.0, (bottom - y + radius) * unit),
        )
        if part[0] >= part[2] or part[1] >= part[3]:
            return  # the frame is a pixel wider than the light, which ends outside of the picture
        light = Image.radial_gradient("L").point(fall_off)
        mask = light.resize((right - left, bottom - top), Image.Resampling.BILINEAR, box=part)
        self.image.paste(colour, frame, mask)

    def _frame(self, box: Box) -> tuple[int, int, int, int] | None:
        left, top = max(0, int(box[0]) - 1), max(0, int(box[1]) - 1)
        right, bottom = min(self.width, int(box[2]) + 2), min(self.height, int(box[3]) + 2)
        return (left, top, right, bottom) if left < right and top < bottom else None

    def _lay(
        self,
        mask: Image.Image,
        frame: tuple[int, int, int, int],
        scale: int,
        colour: Colour,
        to: Colour | None,
    ) -> None:
        if scale > 1:
            mask = mask.reduce(scale)
        if to is None:
            self.image.paste(colour, frame, mask)
            return
        left, top, right, bottom = frame
        column = Image.new("RGB", (1, bottom - top))
        column.putdata([mix(colour, to, y / max(1, bottom - top - 1)) for y in range(bottom - top)])
        self.image.paste(column.resize((right - left, bottom - top), Image.Resampling.NEAREST), frame, mask)


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """Blend two colours; a share of 0 gives the first, 1 the other."""
    share = min(1.0, max(0.0, share))
    return (
        round(one[0] + (other[0] - one[0]) * share),
        round(one[1] + (other[1] - one[1]) * share),
        round(one[2] + (other[2] - one[2]) * share),
    )


def _scale(frame: tuple[int, int, int, int]) -> int:
    left, top, right, bottom = frame
    return 2 if (right - left) * (bottom - top) <= _SMOOTH_PIXELS_MAX else 1
