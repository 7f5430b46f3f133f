"""Draw the things that prompts name: a car, a cat, a house. Each stands on a point, as large as is asked.

Motifs are stated in units of their size: x to the right of the standing point, y up from the ground.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from tintype.simulator.canvas import Box, Canvas, Colour, Point, mix
from tintype.simulator.palettes import Palette

_DARK: Colour = (18, 20, 30)
_WHITE: Colour = (255, 255, 255)


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


def named() -> dict[str, tuple[Motif, float]]:
    """Give each motif and its size, as a share of the picture's shorter side, under the words that call for it."""
    drawn: tuple[tuple[str, Motif, float], ...] = (
        ("car cars taxi automobile vehicle sportscar roadster truck", car, 0.62),
        ("cat cats kitten kittens kitty tiger lion", cat, 0.42),
        ("dog dogs puppy puppies fox wolf", dog, 0.42),
        ("house houses cottage cabin home barn hut village", house, 0.40),
        ("boat boats ship ships sail sailboat yacht sailing", boat, 0.40),
        ("flower flowers rose roses tulip tulips sunflower blossom daisy", flower, 0.46),
        ("balloon balloons airship", balloon, 0.46),
        ("rocket rockets spaceship spacecraft shuttle", rocket, 0.50),
        ("robot robots android cyborg mech", robot, 0.46),
        ("fish fishes goldfish shark whale dolphin", fish, 0.46),
        ("person people man woman girl boy child portrait astronaut knight wizard dancer hero", person, 0.46),
        ("heart hearts love valentine", heart, 0.40),
        ("tree trees oak", tree, 0.52),
    )
    return {word: (motif, size) for words, motif, size in drawn for word in words.split()}


def car(canvas: Canvas, spot: Spot, palette: Palette) -> None:
    """Draw a sports car from the side, a unit long, with its reflection on the ground."""
    body = (
        (-0.5, 0.09), (-0.5, 0.17), (-0.43, 0.205), (-0.24, 0.225), (-0.08, 0.32), (0.08, 0.335), (0.2, 0.315),
        (0.34, 0.24), (0.45, 0.225), (0.5, 0.18), (0.495, 0.09), (0.3, 0.065), (-0.3, 0.065),
    )  # fmt: skip
    paint = palette.accent
    outline = smooth(spot.points(*body))
    mirrored = [(x, 2 * spot.y - y + 0.0 * spot.size) for x, y in outline]
    canvas.polygons([mirrored], paint, to=mix(paint, _DARK, 0.8), alpha=0.35)
    canvas.ellipses([spot.box(0, 0.01, 0.55, 0.035)], (4, 5, 10), alpha=0.55)
    canvas.polygons([outline], mix(paint, _WHITE, 0.28), to=mix(paint, _DARK, 0.42))
    glass = ((-0.2, 0.228), (-0.07, 0.305), (0.08, 0.315), (0.18, 0.298), (0.26, 0.235))
    canvas.polygons(
        [spot.points(*glass)], mix(palette.sky[0], _WHITE, 0.45), to=mix(palette.near, _DARK, 0.3)
    )
    canvas.polygons(
        [
            spot.points((0.035, 0.228), (0.055, 0.325), (0.075, 0.325), (0.06, 0.228)),
            spot.points((-0.47, 0.15), (0.48, 0.16), (0.48, 0.152), (-0.47, 0.142)),
        ],
        mix(paint, _DARK, 0.6),
    )
    wheels = (-0.3, 0.31)
    for radius, colour in ((0.098, _DARK), (0.06, (196, 200, 208)), (0.045, (92, 96, 108)), (0.016, _DARK)):
        canvas.ellipses([spot.box(x, 0.09, radius, radius) for x in wheels], colour)
    (lamp,) = spot.points((-0.475, 0.17))
    canvas.ellipses([spot.box(-0.455, 0.172, 0.026, 0.014)], (255, 250, 220))
    canvas.glow(lamp, 0.3 * spot.size, (255, 240, 190), alpha=0.75)
    canvas.ellipses([spot.box(0.475, 0.19, 0.018, 0.012)], (255, 70, 60))


def cat(canvas: Canvas, spot: Spot, palette: Palette) -> None:
    """Draw a sitting cat that looks at you, a unit high."""
    fur, shade = palette.accent, mix(palette.accent, _DARK, 0.45)
    tail = (
        (0.16, 0.02),
        (0.42, 0.03),
        (0.52, 0.2),
        (0.44, 0.34),
        (0.4, 0.3),
        (0.44, 0.2),
        (0.36, 0.11),
        (0.16, 0.12),
    )
    canvas.polygons([smooth(spot.points(*tail))], shade)
    body = ((-0.27, 0.0), (-0.27, 0.2), (-0.15, 0.52), (0, 0.6), (0.15, 0.52), (0.27, 0.2), (0.27, 0.0))
    canvas.polygons([smooth(spot.points(*body))], fur, to=shade)
    canvas.ellipses([spot.box(0, 0.27, 0.12, 0.2)], mix(fur, _WHITE, 0.55), alpha=0.8)
    ears = [spot.points((s * 0.23, 0.74), (s * 0.22, 1.0), (s * 0.04, 0.86)) for s in (-1, 1)]
    canvas.polygons(ears, fur)
    canvas.polygons(
        [spot.points((s * 0.2, 0.79), (s * 0.195, 0.93), (s * 0.09, 0.86)) for s in (-1, 1)],
        mix(fur, _WHITE, 0.5),
    )
    canvas.ellipses([spot.box(0, 0.7, 0.25, 0.2)], mix(fur, _WHITE, 0.1), to=mix(fur, _DARK, 0.12))
    canvas.ellipses([spot.box(s * 0.1, 0.73, 0.055, 0.06) for s in (-1, 1)], (250, 240, 170))
    canvas.ellipses([spot.box(s * 0.1, 0.73, 0.02, 0.052) for s in (-1, 1)], _DARK)
    canvas.polygons([spot.points((-0.03, 0.655), (0.03, 0.655), (0, 0.625))], (240, 140, 150))
    whiskers = [
        spot.points((s * 0.08, 0.63), (s * 0.34, 0.63 + rise), (s * 0.34, 0.636 + rise), (s * 0.08, 0.642))
        for s in (-1, 1)
        for rise in (-0.05, 0.03)
    ]
    canvas.polygons(whiskers, _WHITE, alpha=0.8)


def dog(canvas: Canvas, spot: Spot, palette: Palette) -> None:
    """Draw a sitting dog with hanging ears, a unit high."""
    fur, shade = palette.accent, mix(palette.accent, _DARK, 0.5)
    tail = ((0.15, 0.08), (0.38, 0.2), (0.5, 0.42), (0.44, 0.44), (0.33, 0.28), (0.15, 0.2))
    canvas.polygons([smooth(spot.points(*tail))], shade)
    body = ((-0.25, 0.0), (-0.24, 0.25), (-0.14, 0.56), (0.14, 0.56), (0.26, 0.25), (0.28, 0.0))
    canvas.polygons([smooth(spot.points(*body))], fur, to=shade)
    canvas.ellipses([spot.box(0, 0.32, 0.11, 0.2)], mix(fur, _WHITE, 0.65), alpha=0.85)
    canvas.ellipses([spot.box(0, 0.74, 0.22, 0.22)], mix(fur, _WHITE, 0.12), to=fur)
    ears = [
        smooth(
            spot.points(
                (s * 0.12, 0.95), (s * 0.27, 0.9), (s * 0.33, 0.66), (s * 0.25, 0.58), (s * 0.18, 0.76)
            )
        )
        for s in (-1, 1)
    ]
    canvas.polygons(ears, shade)
    canvas.ellipses([spot.box(0, 0.65, 0.13, 0.1)], mix(fur, _WHITE, 0.6))
    canvas.ellipses(
        [spot.box(s * 0.09, 0.78, 0.03, 0.035) for s in (-1, 1)] + [spot.box(0, 0.69, 0.045, 0.03)], _DARK
    )
    canvas.ellipses([spot.box(s * 0.09 - 0.01, 0.79, 0.01, 0.01) for s in (-1, 1)], _WHITE)


def house(canvas: Canvas, spot: Spot, palette: Palette) -> None:
    """Draw a small house with lit windows, a unit wide."""
    wall = mix(palette.light, palette.far, 0.25)
    canvas.polygons(
        [spot.points((0.2, 0.55), (0.2, 0.86), (0.3, 0.86), (0.3, 0.5))], mix(palette.near, _DARK, 0.2)
    )
    canvas.polygons(
        [spot.points((-0.4, 0), (-0.4, 0.46), (0.4, 0.46), (0.4, 0))], wall, to=mix(wall, palette.near, 0.35)
    )
    canvas.polygons(
        [spot.points((-0.5, 0.44), (-0.02, 0.84), (0.5, 0.44))],
        palette.accent,
        to=mix(palette.accent, _DARK, 0.4),
    )
    canvas.polygons(
        [spot.points((-0.08, 0), (-0.08, 0.27), (0.08, 0.27), (0.08, 0))], mix(palette.accent, _DARK, 0.6)
    )
    windows = [spot.points((x, 0.14), (x, 0.32), (x + 0.15, 0.32), (x + 0.15, 0.14)) for x in (-0.31, 0.16)]
    canvas.polygons(windows, (255, 224, 140))
    bars = [spot.points((x, 0.14), (x, 0.32), (x + 0.012, 0.32), (x + 0.012, 0.14)) for x in (-0.241, 0.229)]
    canvas.polygons(bars, mix(palette.near, _DARK, 0.3))
    for x in (-0.235, 0.235):
        (centre,) = spot.points((x, 0.23))
        canvas.glow(centre, 0.26 * spot.size, (255, 214, 120), alpha=0.45)


def boat(canvas: Canvas, spot: Spot, palette: Palette) -> None:
    """Draw a sailing boat, a unit high, with its shadow on the water."""
    canvas.ellipses([spot.box(0, -0.01, 0.42, 0.03)], mix(palette.near, _DARK, 0.4), alpha=0.5)
    canvas.polygons(
        [spot.points((-0.015, 0.1), (-0.015, 1.0), (0.015, 1.0), (0.015, 0.1))], mix(palette.near, _DARK, 0.2)
    )
    canvas.polygons(
        [smooth(spot.points((0.04, 0.2), (0.04, 0.96), (0.2, 0.62), (0.38, 0.22)))],
        (255, 253, 245),
        to=palette.horizon,
    )
    canvas.polygons(
        [spot.points((-0.04, 0.2), (-0.04, 0.88), (-0.32, 0.22))],
        palette.accent,
        to=mix(palette.accent, _DARK, 0.25),
    )
    hull = ((-0.42, 0.14), (0.46, 0.14), (0.34, -0.01), (-0.3, -0.01))
    canvas.polygons([spot.points(*hull)], mix(palette.accent, _DARK, 0.35), to=mix(palette.near, _DARK, 0.4))
    canvas.polygons(
        [spot.points((-0.42, 0.14), (0.46, 0.14), (0.445, 0.115), (-0.405, 0.115))], (255, 250, 240)
    )


def flower(canvas: Canvas, spot: Spot, palette: Palette) -> None:
    """Draw a flower with two rings of petals, a unit high."""
    green: Colour = (58, 128, 74)
    canvas.polygons(
        [
            smooth(
                spot.points((-0.012, 0), (0.02, 0.3), (-0.012, 0.62), (0.02, 0.62), (0.05, 0.3), (0.016, 0))
            )
        ],
        green,
    )
    leaves = [
        smooth(spot.points((0.02, y), (s * 0.16, y + 0.13), (s * 0.3, y + 0.15), (s * 0.18, y + 0.03)))
        for s, y in ((-1, 0.12), (1, 0.22))
    ]
    canvas.polygons(leaves, mix(green, _WHITE, 0.15), to=mix(green, _DARK, 0.3))
    for count, radius, half, colour in (
        (9, 0.2, 0.085, mix(palette.accent, _DARK, 0.18)),
        (8, 0.13, 0.07, mix(palette.accent, _WHITE, 0.18)),
    ):
        petals = []
        for number in range(count):
            turn = 2 * math.pi * number / count
            across = (math.cos(turn + math.pi / 2) * half, math.sin(turn + math.pi / 2) * half)
            ux, uy = math.cos(turn), math.sin(turn)
            petals.append(
                smooth(
                    spot.points(
                        (0.0, 0.72),
                        (ux * radius * 0.7 + across[0], 0.72 + uy * radius * 0.7 + across[1]),
                        (ux * radius * 1.35, 0.72 + uy * radius * 1.35),
                        (ux * radius * 0.7 - across[0], 0.72 + uy * radius * 0.7 - across[1]),
                    )
                )
            )
        canvas.polygons(petals, colour)
    canvas.ellipses([spot.box(0, 0.72, 0.075, 0.075)], (255, 214, 92), to=(226, 140, 40))


def balloon(canvas: Canvas, spot: Spot, palette: Palette) -> None:
    """Draw a hot-air balloon in the sky, a unit high, well above its point."""
    spot = Spot(spot.x, spot.y - 0.35 * spot.size, spot.size)
    for half, colour in (
        (0.36, palette.accent),
        (0.25, mix(palette.light, _WHITE, 0.3)),
        (0.13, palette.accent),
        (0.045, mix(palette.light, _WHITE, 0.3)),
    ):
        outline = (
            (0, 1.0), (half * 0.72, 0.93), (half, 0.68), (half * 0.8, 0.46), (half * 0.28 + 0.02, 0.24),
            (-half * 0.28 - 0.02, 0.24), (-half * 0.8, 0.46), (-half, 0.68), (-half * 0.72, 0.93),
        )  # fmt: skip
        canvas.polygons(
            [smooth(spot.points(*outline))], mix(colour, _WHITE, 0.12), to=mix(colour, _DARK, 0.3)
        )
    ropes = [
        spot.points((s * 0.1, 0.25), (s * 0.07, 0.12), (s * 0.06, 0.12), (s * 0.09, 0.25)) for s in (-1, 1)
    ]
    canvas.polygons(ropes, _DARK)
    canvas.polygons(
        [spot.points((-0.08, 0.13), (0.08, 0.13), (0.06, 0.02), (-0.06, 0.02))],
        (150, 98, 52),
        to=(82, 48, 24),
    )


def rocket(canvas: Canvas, spot: Spot, palette: Palette) -> None:
    """Draw a rocket that climbs on its flame, a unit high."""
    (nozzle,) = spot.points((0, 0.12))
    canvas.glow(nozzle, 0.5 * spot.size, (255, 170, 70), alpha=0.8)
    canvas.polygons(
        [smooth(spot.points((-0.08, 0.22), (-0.07, 0.02), (0, -0.16), (0.07, 0.02), (0.08, 0.22)))],
        (255, 236, 150),
        to=(255, 96, 40),
    )
    fins = [spot.points((s * 0.12, 0.5), (s * 0.3, 0.24), (s * 0.28, 0.16), (s * 0.1, 0.26)) for s in (-1, 1)]
    canvas.polygons(fins, palette.accent, to=mix(palette.accent, _DARK, 0.4))
    body = ((-0.11, 0.2), (-0.17, 0.5), (-0.1, 0.82), (0, 1.0), (0.1, 0.82), (0.17, 0.5), (0.11, 0.2))
    canvas.polygons([smooth(spot.points(*body))], (250, 250, 252), to=(150, 158, 178))
    canvas.polygons(
        [smooth(spot.points((-0.1, 0.82), (-0.05, 0.94), (0, 1.0), (0.05, 0.94), (0.1, 0.82)))],
        palette.accent,
    )
    for radius, colour in ((0.085, palette.accent), (0.06, (120, 200, 240)), (0.02, _WHITE)):
        canvas.ellipses([spot.box(-0.01 if radius < 0.03 else 0, 0.62, radius, radius)], colour)


def robot(canvas: Canvas, spot: Spot, palette: Palette) -> None:
    """Draw a friendly robot, a unit high."""
    steel, dark = mix((206, 214, 226), palette.accent, 0.15), mix((92, 100, 120), palette.near, 0.3)
    limbs = [spot.points((s * 0.08, 0), (s * 0.2, 0), (s * 0.18, 0.2), (s * 0.09, 0.2)) for s in (-1, 1)]
    limbs += [
        smooth(
            spot.points(
                (s * 0.26, 0.52),
                (s * 0.4, 0.4),
                (s * 0.4, 0.22),
                (s * 0.34, 0.22),
                (s * 0.33, 0.37),
                (s * 0.24, 0.44),
            )
        )
        for s in (-1, 1)
    ]
    limbs.append(spot.points((-0.012, 0.9), (-0.012, 1.0), (0.012, 1.0), (0.012, 0.9)))
    canvas.polygons(limbs, dark)
    canvas.polygons(
        [spot.points((-0.27, 0.17), (-0.27, 0.54), (0.27, 0.54), (0.27, 0.17))],
        steel,
        to=mix(steel, _DARK, 0.4),
    )
    canvas.polygons(
        [spot.points((-0.24, 0.6), (-0.24, 0.91), (0.24, 0.91), (0.24, 0.6))],
        mix(steel, _WHITE, 0.3),
        to=steel,
    )
    canvas.polygons([spot.points((-0.07, 0.54), (-0.07, 0.6), (0.07, 0.6), (0.07, 0.54))], dark)
    canvas.polygons([spot.points((-0.19, 0.68), (-0.19, 0.86), (0.19, 0.86), (0.19, 0.68))], _DARK)
    canvas.ellipses(
        [spot.box(s * 0.09, 0.77, 0.05, 0.05) for s in (-1, 1)] + [spot.box(0, 1.0, 0.035, 0.035)],
        palette.accent,
    )
    canvas.ellipses([spot.box(0, 0.36, 0.09, 0.09)], palette.accent, to=mix(palette.accent, _DARK, 0.5))
    for s in (-1, 1):
        (eye,) = spot.points((s * 0.09, 0.77))
        canvas.glow(eye, 0.16 * spot.size, palette.accent, alpha=0.7)


def fish(canvas: Canvas, spot: Spot, palette: Palette) -> None:
    """Draw a fish, a unit long, above its point."""
    spot = Spot(spot.x, spot.y - 0.12 * spot.size, spot.size, spot.is_mirrored)
    colour = palette.accent
    canvas.polygons(
        [
            smooth(spot.points((0.28, 0.22), (0.5, 0.42), (0.46, 0.22), (0.5, 0.02))),
            smooth(spot.points((-0.1, 0.36), (0.08, 0.54), (0.2, 0.34))),
        ],
        mix(colour, _DARK, 0.3),
    )
    body = (
        (-0.46, 0.22),
        (-0.26, 0.37),
        (0.02, 0.4),
        (0.34, 0.25),
        (0.34, 0.19),
        (0.02, 0.04),
        (-0.26, 0.07),
    )
    canvas.polygons([smooth(spot.points(*body))], mix(colour, _WHITE, 0.3), to=mix(colour, _DARK, 0.2))
    stripes = [
        smooth(
            spot.points(
                (x, 0.36), (x + 0.05, 0.22), (x, 0.08), (x + 0.06, 0.08), (x + 0.1, 0.22), (x + 0.06, 0.36)
            )
        )
        for x in (-0.16, 0.04)
    ]
    canvas.polygons(stripes, _WHITE, alpha=0.75)
    canvas.ellipses([spot.box(-0.31, 0.26, 0.035, 0.035)], _WHITE)
    canvas.ellipses([spot.box(-0.318, 0.26, 0.018, 0.018)], _DARK)
    canvas.ellipses(
        [spot.box(-0.5 - 0.05 * n, 0.3 + 0.11 * n, 0.014 + 0.006 * n, 0.014 + 0.006 * n) for n in range(4)],
        _WHITE,
        alpha=0.6,
    )


def person(canvas: Canvas, spot: Spot, palette: Palette) -> None:
    """Draw a standing figure in a long coat, a unit high."""
    coat, skin = palette.accent, (226, 176, 142)
    legs = [spot.points((s * 0.02, 0.0), (s * 0.1, 0.0), (s * 0.09, 0.3), (s * 0.01, 0.3)) for s in (-1, 1)]
    canvas.polygons(legs, _DARK)
    body = (
        (-0.17, 0.22),
        (-0.13, 0.52),
        (-0.15, 0.72),
        (-0.06, 0.79),
        (0.06, 0.79),
        (0.15, 0.72),
        (0.13, 0.52),
        (0.17, 0.22),
    )
    canvas.polygons([smooth(spot.points(*body))], mix(coat, _WHITE, 0.12), to=mix(coat, _DARK, 0.45))
    canvas.ellipses([spot.box(0, 0.885, 0.075, 0.09)], skin, to=mix(skin, _DARK, 0.2))
    hair = ((-0.085, 0.86), (-0.08, 0.96), (0, 1.0), (0.08, 0.96), (0.085, 0.86), (0.05, 0.93), (-0.05, 0.94))
    canvas.polygons([smooth(spot.points(*hair))], mix(palette.near, _DARK, 0.4))
    scarf = ((-0.08, 0.8), (0.08, 0.8), (0.09, 0.75), (0.3, 0.7), (0.3, 0.65), (0.05, 0.73), (-0.08, 0.75))
    canvas.polygons([smooth(spot.points(*scarf))], mix(palette.light, coat, 0.2))


def heart(canvas: Canvas, spot: Spot, palette: Palette) -> None:
    """Draw a heart that shines, a unit wide."""
    (middle,) = spot.points((0, 0.45))
    canvas.glow(middle, 0.95 * spot.size, mix(palette.accent, _WHITE, 0.4), alpha=0.6)
    for scale, colour in ((1.0, palette.accent), (0.8, mix(palette.accent, _WHITE, 0.22))):
        outline = []
        for step in range(64):
            t = 2 * math.pi * step / 64
            x = 16 * math.sin(t) ** 3 / 34 * scale
            y = (13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)) / 34 * scale
            outline.append((x, y + 0.48))
        canvas.polygons([spot.points(*outline)], colour, to=mix(colour, _DARK, 0.3))


def tree(canvas: Canvas, spot: Spot, palette: Palette) -> None:
    """Draw a broad tree, a unit high."""
    bark, leaf = (86, 58, 42), mix((64, 138, 82), palette.accent, 0.45)
    trunk = ((-0.09, 0), (-0.035, 0.16), (-0.03, 0.5), (0.03, 0.5), (0.035, 0.16), (0.09, 0))
    canvas.polygons([smooth(spot.points(*trunk))], bark, to=mix(bark, _DARK, 0.4))
    crown = (
        (-0.22, 0.5, 0.2),
        (0.22, 0.52, 0.2),
        (0, 0.46, 0.2),
        (-0.13, 0.7, 0.2),
        (0.14, 0.72, 0.19),
        (0, 0.84, 0.16),
    )
    canvas.ellipses(
        [spot.box(x, y, r, r) for x, y, r in crown], mix(leaf, _WHITE, 0.12), to=mix(leaf, _DARK, 0.5)
    )
    canvas.ellipses(
        [spot.box(x - 0.05, y + 0.05, r * 0.55, r * 0.5) for x, y, r in crown],
        mix(leaf, _WHITE, 0.3),
        alpha=0.5,
    )


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
