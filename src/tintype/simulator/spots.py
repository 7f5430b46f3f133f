"""Say where a motif stands, and round its outlines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from tintype.simulator.canvas import Box, Canvas, Colour, Point
from tintype.simulator.palettes import Palette

DARK: Colour = (18, 20, 30)
WHITE: Colour = (255, 255, 255)


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a motif stands: the middle of its foot in pixels, its size in pixels, and which way it looks."""

    x: float
    y: float
    size: float
    is_mirrored: bool = False

    def points(self, *shape: Point) -> list[Point]:
        """Bring points from the motif's units to pixels."""
        side = -self.size if self.is_mirrored else self.size
        return [(self.x + x * side, self.y - y * self.size) for x, y in shape]

    def box(self, x: float, y: float, rx: float, ry: float) -> Box:
        """Give the box of an ellipse by its centre and half axes in the motif's units."""
        ((cx, cy),) = self.points((x, y))
        return (cx - rx * self.size, cy - ry * self.size, cx + rx * self.size, cy + ry * self.size)


Motif: TypeAlias = Callable[[Canvas, Spot, Palette], None]
"""Draws one thing on a canvas at its spot, in the colours of the picture."""


def smooth(points: Sequence[Point], steps: int = 7) -> list[Point]:
    """Round a closed outline by a Catmull-Rom curve through its points."""
    rounded: list[Point] = []
    count = len(points)
    for number in range(count):
        p0, p1, p2, p3 = (points[(number + shift) % count] for shift in (-1, 0, 1, 2))
        for step in range(steps):
            t = step / steps
            rounded.append((_along(p0[0], p1[0], p2[0], p3[0], t), _along(p0[1], p1[1], p2[1], p3[1], t)))
    return rounded


def _along(a: float, b: float, c: float, d: float, t: float) -> float:
    return 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t * t + (3 * b - a - 3 * c + d) * t**3)
