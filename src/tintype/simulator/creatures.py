"""Draw the living, and those who nearly are: a cat, a dog, a fish, a person, a robot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tintype.simulator.canvas import Canvas, mix
from tintype.simulator.spots import DARK, WHITE, Spot, smooth

if TYPE_CHECKING:
    from tintype.simulator.palettes import Palette


def cat(canvas: Canvas, spot: Spot, palette: Palette) -> None:
    """Draw a sitting cat that looks at you, a unit high."""
    fur, shade = palette.accent, mix(palette.accent, DARK, 0.45)
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
    canvas.ellipses([spot.box(0, 0.27, 0.12, 0.2)], mix(fur, WHITE, 0.55), alpha=0.8)
    ears = [spot.points((s * 0.23, 0.74), (s * 0.22, 1.0), (s * 0.04, 0.86)) for s in (-1, 1)]
    canvas.polygons(ears, fur)
    canvas.polygons(
        [spot.points((s * 0.2, 0.79), (s * 0.195, 0.93), (s * 0.09, 0.86)) for s in (-1, 1)],
        mix(fur, WHITE, 0.5),
    )
    canvas.ellipses([spot.box(0, 0.7, 0.25, 0.2)], mix(fur, WHITE, 0.1), to=mix(fur, DARK, 0.12))
    canvas.ellipses([spot.box(s * 0.1, 0.73, 0.055, 0.06) for s in (-1, 1)], (250, 240, 170))
    canvas.ellipses([spot.box(s * 0.1, 0.73, 0.02, 0.052) for s in (-1, 1)], DARK)
    canvas.polygons([spot.points((-0.03, 0.655), (0.03, 0.655), (0, 0.625))], (240, 140, 150))
    whiskers = [
        spot.points((s * 0.08, 0.63), (s * 0.34, 0.63 + rise), (s * 0.34, 0.636 + rise), (s * 0.08, 0.642))
        for s in (-1, 1)
        for rise in (-0.05, 0.03)
    ]
    canvas.polygons(whiskers, WHITE, alpha=0.8)


def dog(canvas: Canvas, spot: Spot, palette: Palette) -> None:
    """Draw a sitting dog with hanging ears, a unit high."""
    fur, shade = palette.accent, mix(palette.accent, DARK, 0.5)
    tail = ((0.15, 0.08), (0.38, 0.2), (0.5, 0.42), (0.44, 0.44), (0.33, 0.28), (0.15, 0.2))
    canvas.polygons([smooth(spot.points(*tail))], shade)
    body = ((-0.25, 0.0), (-0.24, 0.25), (-0.14, 0.56), (0.14, 0.56), (0.26, 0.25), (0.28, 0.0))
    canvas.polygons([smooth(spot.points(*body))], fur, to=shade)
    canvas.ellipses([spot.box(0, 0.32, 0.11, 0.2)], mix(fur, WHITE, 0.65), alpha=0.85)
    canvas.ellipses([spot.box(0, 0.74, 0.22, 0.22)], mix(fur, WHITE, 0.12), to=fur)
    ears = [
        smooth(
            spot.points(
                (s * 0.12, 0.95), (s * 0.27, 0.9), (s * 0.33, 0.66), (s * 0.25, 0.58), (s * 0.18, 0.76)
            )
        )
        for s in (-1, 1)
    ]
    canvas.polygons(ears, shade)
    canvas.ellipses([spot.box(0, 0.65, 0.13, 0.1)], mix(fur, WHITE, 0.6))
    canvas.ellipses(
        [spot.box(s * 0.09, 0.78, 0.03, 0.035) for s in (-1, 1)] + [spot.box(0, 0.69, 0.045, 0.03)], DARK
    )
    canvas.ellipses([spot.box(s * 0.09 - 0.01, 0.79, 0.01, 0.01) for s in (-1, 1)], WHITE)


def fish(canvas: Canvas, spot: Spot, palette: Palette) -> None:
    """Draw a fish, a unit long, above its point."""
    spot = Spot(spot.x, spot.y - 0.12 * spot.size, spot.size, spot.is_mirrored)
    colour = palette.accent
    canvas.polygons(
        [
            smooth(spot.points((0.28, 0.22), (0.5, 0.42), (0.46, 0.22), (0.5, 0.02))),
            smooth(spot.points((-0.1, 0.36), (0.08, 0.54), (0.2, 0.34))),
        ],
        mix(colour, DARK, 0.3),
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
    canvas.polygons([smooth(spot.points(*body))], mix(colour, WHITE, 0.3), to=mix(colour, DARK, 0.2))
    stripes = [
        smooth(
            spot.points(
                (x, 0.36), (x + 0.05, 0.22), (x, 0.08), (x + 0.06, 0.08), (x + 0.1, 0.22), (x + 0.06, 0.36)
            )
        )
        for x in (-0.16, 0.04)
    ]
    canvas.polygons(stripes, WHITE, alpha=0.75)
    canvas.ellipses([spot.box(-0.31, 0.26, 0.035, 0.035)], WHITE)
    canvas.ellipses([spot.box(-0.318, 0.26, 0.018, 0.018)], DARK)
    canvas.ellipses(
        [spot.box(-0.5 - 0.05 * n, 0.3 + 0.11 * n, 0.014 + 0.006 * n, 0.014 + 0.006 * n) for n in range(4)],
        WHITE,
        alpha=0.6,
    )


def person(canvas: Canvas, spot: Spot, palette: Palette) -> None:
    """Draw a standing figure in a long coat, a unit high."""
    coat, skin = palette.accent, (226, 176, 142)
    legs = [spot.points((s * 0.02, 0.0), (s * 0.1, 0.0), (s * 0.09, 0.3), (s * 0.01, 0.3)) for s in (-1, 1)]
    canvas.polygons(legs, DARK)
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
    canvas.polygons([smooth(spot.points(*body))], mix(coat, WHITE, 0.12), to=mix(coat, DARK, 0.45))
    canvas.ellipses([spot.box(0, 0.885, 0.075, 0.09)], skin, to=mix(skin, DARK, 0.2))
    hair = ((-0.085, 0.86), (-0.08, 0.96), (0, 1.0), (0.08, 0.96), (0.085, 0.86), (0.05, 0.93), (-0.05, 0.94))
    canvas.polygons([smooth(spot.points(*hair))], mix(palette.near, DARK, 0.4))
    scarf = ((-0.08, 0.8), (0.08, 0.8), (0.09, 0.75), (0.3, 0.7), (0.3, 0.65), (0.05, 0.73), (-0.08, 0.75))
    canvas.polygons([smooth(spot.points(*scarf))], mix(palette.light, coat, 0.2))


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
        to=mix(steel, DARK, 0.4),
    )
    canvas.polygons(
        [spot.points((-0.24, 0.6), (-0.24, 0.91), (0.24, 0.91), (0.24, 0.6))],
        mix(steel, WHITE, 0.3),
        to=steel,
    )
    canvas.polygons([spot.points((-0.07, 0.54), (-0.07, 0.6), (0.07, 0.6), (0.07, 0.54))], dark)
    canvas.polygons([spot.points((-0.19, 0.68), (-0.19, 0.86), (0.19, 0.86), (0.19, 0.68))], DARK)
    canvas.ellipses(
        [spot.box(s * 0.09, 0.77, 0.05, 0.05) for s in (-1, 1)] + [spot.box(0, 1.0, 0.035, 0.035)],
        palette.accent,
    )
    canvas.ellipses([spot.box(0, 0.36, 0.09, 0.09)], palette.accent, to=mix(palette.accent, DARK, 0.5))
    for s in (-1, 1):
        (eye,) = spot.points((s * 0.09, 0.77))
        canvas.glow(eye, 0.16 * spot.size, palette.accent, alpha=0.7)
