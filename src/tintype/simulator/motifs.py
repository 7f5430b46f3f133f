"""Draw the things that prompts name: a car, a cat, a house. Each stands on a point, as large as is asked.

Motifs are stated in units of their size: x to the right of the standing point, y up from the ground.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tintype.simulator import creatures
from tintype.simulator.canvas import Canvas, Colour, mix
from tintype.simulator.spots import DARK, WHITE, Motif, Spot, smooth

if TYPE_CHECKING:
    from tintype.simulator.palettes import Palette


def named() -> dict[str, tuple[Motif, float]]:
    """Give each motif, and its size as a share of the shorter side, under the words that call for it."""
    drawn: tuple[tuple[str, Motif, float], ...] = (
        ("car cars auto taxi automobile vehicle sportscar roadster truck", car, 0.62),
        ("cat cats katze kitten kittens kitty tiger lion", creatures.cat, 0.42),
        ("dog dogs hund puppy puppies fox wolf", creatures.dog, 0.42),
        ("house houses haus cottage cabin home barn hut village", house, 0.40),
        ("boat boats boot segelboot schiff ship ships sail sailboat yacht sailing", boat, 0.40),
        ("flower flowers blume rose roses tulip tulips sunflower blossom daisy", flower, 0.46),
        ("balloon balloons airship", balloon, 0.46),
        ("rocket rockets spaceship spacecraft shuttle", rocket, 0.50),
        ("robot robots android cyborg mech", creatures.robot, 0.46),
        ("fish fishes goldfish shark whale dolphin", creatures.fish, 0.46),
        (
            "person people man woman girl boy child portrait astronaut knight wizard dancer hero",
            creatures.person,
            0.46,
        ),
        ("heart hearts love valentine", heart, 0.40),
        ("tree trees baum oak", tree, 0.52),
    )
    return {word: (motif, size) for words, motif, size in drawn for word in words.split()}


def car(canvas: Canvas, spot: Spot, palette: Palette) -> None:
    """Draw a sports car from the side, a unit long, with its reflection on the ground."""
    body = (
        (-0.5, 0.09), (-0.5, 0.17), (-0.43, 0.205), (-0.24, 0.225), (-0.08, 0.32), (0.08, 0.335),
        (0.2, 0.315), (0.34, 0.24), (0.45, 0.225), (0.5, 0.18), (0.495, 0.09), (0.3, 0.065), (-0.3, 0.065),
    )  # fmt: skip
    paint = palette.accent
    outline = smooth(spot.points(*body))
    mirrored = [(x, 2 * spot.y - y + 0.0 * spot.size) for x, y in outline]
    canvas.polygons([mirrored], paint, to=mix(paint, DARK, 0.8), alpha=0.35)
    canvas.ellipses([spot.box(0, 0.01, 0.55, 0.035)], (4, 5, 10), alpha=0.55)
    canvas.polygons([outline], mix(paint, WHITE, 0.28), to=mix(paint, DARK, 0.42))
    glass = ((-0.2, 0.228), (-0.07, 0.305), (0.08, 0.315), (0.18, 0.298), (0.26, 0.235))
    canvas.polygons([spot.points(*glass)], mix(palette.sky[0], WHITE, 0.45), to=mix(palette.near, DARK, 0.3))
    canvas.polygons(
        [
            spot.points((0.035, 0.228), (0.055, 0.325), (0.075, 0.325), (0.06, 0.228)),
            spot.points((-0.47, 0.15), (0.48, 0.16), (0.48, 0.152), (-0.47, 0.142)),
        ],
        mix(paint, DARK, 0.6),
    )
    wheels = (-0.3, 0.31)
    for radius, colour in ((0.098, DARK), (0.06, (196, 200, 208)), (0.045, (92, 96, 108)), (0.016, DARK)):
        canvas.ellipses([spot.box(x, 0.09, radius, radius) for x in wheels], colour)
    (lamp,) = spot.points((-0.475, 0.17))
    canvas.ellipses([spot.box(-0.455, 0.172, 0.026, 0.014)], (255, 250, 220))
    canvas.glow(lamp, 0.3 * spot.size, (255, 240, 190), alpha=0.75)
    canvas.ellipses([spot.box(0.475, 0.19, 0.018, 0.012)], (255, 70, 60))


def house(canvas: Canvas, spot: Spot, palette: Palette) -> None:
    """Draw a small house with lit windows, a unit wide."""
    wall = mix(palette.light, palette.far, 0.25)
    canvas.polygons(
        [spot.points((0.2, 0.55), (0.2, 0.86), (0.3, 0.86), (0.3, 0.5))], mix(palette.near, DARK, 0.2)
    )
    canvas.polygons(
        [spot.points((-0.4, 0), (-0.4, 0.46), (0.4, 0.46), (0.4, 0))], wall, to=mix(wall, palette.near, 0.35)
    )
    canvas.polygons(
        [spot.points((-0.5, 0.44), (-0.02, 0.84), (0.5, 0.44))],
        palette.accent,
        to=mix(palette.accent, DARK, 0.4),
    )
    canvas.polygons(
        [spot.points((-0.08, 0), (-0.08, 0.27), (0.08, 0.27), (0.08, 0))], mix(palette.accent, DARK, 0.6)
    )
    windows = [spot.points((x, 0.14), (x, 0.32), (x + 0.15, 0.32), (x + 0.15, 0.14)) for x in (-0.31, 0.16)]
    canvas.polygons(windows, (255, 224, 140))
    bars = [spot.points((x, 0.14), (x, 0.32), (x + 0.012, 0.32), (x + 0.012, 0.14)) for x in (-0.241, 0.229)]
    canvas.polygons(bars, mix(palette.near, DARK, 0.3))
    for x in (-0.235, 0.235):
        (centre,) = spot.points((x, 0.23))
        canvas.glow(centre, 0.26 * spot.size, (255, 214, 120), alpha=0.45)


def boat(canvas: Canvas, spot: Spot, palette: Palette) -> None:
    """Draw a sailing boat, a unit high, with its shadow on the water."""
    canvas.ellipses([spot.box(0, -0.01, 0.42, 0.03)], mix(palette.near, DARK, 0.4), alpha=0.5)
    canvas.polygons(
        [spot.points((-0.015, 0.1), (-0.015, 1.0), (0.015, 1.0), (0.015, 0.1))], mix(palette.near, DARK, 0.2)
    )
    canvas.polygons(
        [smooth(spot.points((0.04, 0.2), (0.04, 0.96), (0.2, 0.62), (0.38, 0.22)))],
        (255, 253, 245),
        to=palette.horizon,
    )
    canvas.polygons(
        [spot.points((-0.04, 0.2), (-0.04, 0.88), (-0.32, 0.22))],
        palette.accent,
        to=mix(palette.accent, DARK, 0.25),
    )
    hull = ((-0.42, 0.14), (0.46, 0.14), (0.34, -0.01), (-0.3, -0.01))
    canvas.polygons([spot.points(*hull)], mix(palette.accent, DARK, 0.35), to=mix(palette.near, DARK, 0.4))
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
    canvas.polygons(leaves, mix(green, WHITE, 0.15), to=mix(green, DARK, 0.3))
    for count, radius, half, colour in (
        (9, 0.2, 0.085, mix(palette.accent, DARK, 0.18)),
        (8, 0.13, 0.07, mix(palette.accent, WHITE, 0.18)),
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
        (0.25, mix(palette.light, WHITE, 0.3)),
        (0.13, palette.accent),
        (0.045, mix(palette.light, WHITE, 0.3)),
    ):
        outline = (
            (0, 1.0), (half * 0.72, 0.93), (half, 0.68), (half * 0.8, 0.46), (half * 0.28 + 0.02, 0.24),
            (-half * 0.28 - 0.02, 0.24), (-half * 0.8, 0.46), (-half, 0.68), (-half * 0.72, 0.93),
        )  # fmt: skip
        canvas.polygons([smooth(spot.points(*outline))], mix(colour, WHITE, 0.12), to=mix(colour, DARK, 0.3))
    ropes = [
        spot.points((s * 0.1, 0.25), (s * 0.07, 0.12), (s * 0.06, 0.12), (s * 0.09, 0.25)) for s in (-1, 1)
    ]
    canvas.polygons(ropes, DARK)
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
    canvas.polygons(fins, palette.accent, to=mix(palette.accent, DARK, 0.4))
    body = ((-0.11, 0.2), (-0.17, 0.5), (-0.1, 0.82), (0, 1.0), (0.1, 0.82), (0.17, 0.5), (0.11, 0.2))
    canvas.polygons([smooth(spot.points(*body))], (250, 250, 252), to=(150, 158, 178))
    canvas.polygons(
        [smooth(spot.points((-0.1, 0.82), (-0.05, 0.94), (0, 1.0), (0.05, 0.94), (0.1, 0.82)))],
        palette.accent,
    )
    for radius, colour in ((0.085, palette.accent), (0.06, (120, 200, 240)), (0.02, WHITE)):
        canvas.ellipses([spot.box(-0.01 if radius < 0.03 else 0, 0.62, radius, radius)], colour)


def heart(canvas: Canvas, spot: Spot, palette: Palette) -> None:
    """Draw a heart that shines, a unit wide."""
    (middle,) = spot.points((0, 0.45))
    canvas.glow(middle, 0.95 * spot.size, mix(palette.accent, WHITE, 0.4), alpha=0.6)
    for scale, colour in ((1.0, palette.accent), (0.8, mix(palette.accent, WHITE, 0.22))):
        outline = []
        for step in range(64):
            t = 2 * math.pi * step / 64
            x = 16 * math.sin(t) ** 3 / 34 * scale
            y = (13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)) / 34 * scale
            outline.append((x, y + 0.48))
        canvas.polygons([spot.points(*outline)], colour, to=mix(colour, DARK, 0.3))


def tree(canvas: Canvas, spot: Spot, palette: Palette) -> None:
    """Draw a broad tree, a unit high."""
    bark, leaf = (86, 58, 42), mix((64, 138, 82), palette.accent, 0.45)
    trunk = ((-0.09, 0), (-0.035, 0.16), (-0.03, 0.5), (0.03, 0.5), (0.035, 0.16), (0.09, 0))
    canvas.polygons([smooth(spot.points(*trunk))], bark, to=mix(bark, DARK, 0.4))
    crown = (
        (-0.22, 0.5, 0.2),
        (0.22, 0.52, 0.2),
        (0, 0.46, 0.2),
        (-0.13, 0.7, 0.2),
        (0.14, 0.72, 0.19),
        (0, 0.84, 0.16),
    )
    canvas.ellipses(
        [spot.box(x, y, r, r) for x, y, r in crown], mix(leaf, WHITE, 0.12), to=mix(leaf, DARK, 0.5)
    )
    canvas.ellipses(
        [spot.box(x - 0.05, y + 0.05, r * 0.55, r * 0.5) for x, y, r in crown],
        mix(leaf, WHITE, 0.3),
        alpha=0.5,
    )
