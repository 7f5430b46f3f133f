"""Paint pictures of nothing: orbits, ribbons and tiles, for prompts that name no place."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tintype.simulator.canvas import Canvas, Colour, Point, mix

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from tintype.simulator.palettes import Palette


def orbits(canvas: Canvas, palette: Palette, random: Random) -> None:
    """Paint rings round a bright centre, with bodies on them."""
    width, height = canvas.width, canvas.height
    short = min(width, height)
    x, y = width * (0.3 + 0.4 * random.random()), height * (0.3 + 0.16 * random.random())
    canvas.sky(palette.sky)
    canvas.glow((x, y), short * 0.9, palette.light, alpha=0.75)
    colours = _colours(palette)
    for number in range(8, 0, -1):
        radius = short * 0.095 * number
        ring = [(x - radius, y - radius, x + radius, y + radius)]
        canvas.ellipses(ring, colours[number % len(colours)], to=palette.layer(1 - number / 9), alpha=0.34)
    for number in range(3, 9):
        radius, turn = short * 0.095 * number, 6.283 * random.random()
        bx, by, size = (
            x + radius * math.cos(turn),
            y + radius * math.sin(turn),
            short * (0.012 + 0.03 * random.random()),
        )
        canvas.glow((bx, by), size * 3.2, palette.light, alpha=0.5)
        colour = colours[number % len(colours)]
        canvas.ellipses(
            [(bx - size, by - size, bx + size, by + size)], mix(colour, palette.light, 0.4), to=colour
        )
    core = short * 0.07
    canvas.ellipses([(x - core, y - core, x + core, y + core)], palette.light, to=palette.accent)


def ribbons(canvas: Canvas, palette: Palette, random: Random) -> None:
    """Paint bands of colour that flow across one another."""
    width, height = canvas.width, canvas.height
    canvas.sky(palette.sky)
    canvas.glow((width * random.random(), height * 0.25), min(width, height) * 0.9, palette.light, alpha=0.55)
    colours = _colours(palette)
    for number in range(9):
        colour = colours[(number + int(random.random() * 2)) % len(colours)]
        base = height * (0.1 + 0.085 * number)
        waves = [
            (0.7 + 1.5 * random.random(), 6.283 * random.random(), 0.07 + 0.07 * random.random())
            for _ in range(2)
        ]
        thick, swell = height * (0.05 + 0.07 * random.random()), 6.283 * random.random()
        upper: list[Point] = []
        lower: list[Point] = []
        for step in range(81):
            x = width * (step / 80 * 1.04 - 0.02)
            y = base + sum(
                height * high * math.sin(x / width * often * 6.283 + phase) for often, phase, high in waves
            )
            half = thick * (0.55 + 0.45 * math.sin(x / width * 5 + swell))
            upper.append((x, y - half))
            lower.append((x, y + half))
        canvas.polygons(
            [upper + lower[::-1]],
            mix(colour, palette.light, 0.3),
            to=mix(colour, palette.near, 0.3),
            alpha=0.72,
        )


def tiles(canvas: Canvas, palette: Palette, random: Random) -> None:
    """Paint a grid of quarter circles, discs, arcs and triangles, as on a poster of the twenties."""
    side = max(canvas.width, canvas.height) / (5 + int(random.random() * 3))
    colours = (*_colours(palette), palette.light)
    columns, rows = math.ceil(canvas.width / side), math.ceil(canvas.height / side)
    canvas.sky((palette.light, palette.light))
    for row in range(rows):
        for column in range(columns):
            x, y = column * side, row * side
            first = int(random.random() * len(colours))
            second = (first + 1 + int(random.random() * (len(colours) - 1))) % len(colours)
            ground, ink = colours[first], colours[second]
            square = [(x, y), (x + side, y), (x + side, y + side), (x, y + side)]
            canvas.polygons([square], ground, to=mix(ground, palette.near, 0.12))
            corner = int(random.random() * 4)
            match int(random.random() * 5):
                case 0:
                    canvas.polygons([_quarter(square, corner, side)], ink)
                case 1:
                    canvas.polygons([_quarter(square, corner, side)], ink)
                    canvas.polygons([_quarter(square, corner, side * 0.5)], ground)
                case 2:
                    gap = side * 0.16
                    canvas.ellipses([(x + gap, y + gap, x + side - gap, y + side - gap)], ink)
                case 3:
                    canvas.polygons(
                        [[square[corner], square[(corner + 1) % 4], square[(corner + 2) % 4]]], ink
                    )
                case _:
                    canvas.polygons(
                        [_quarter(square, corner, side), _quarter(square, (corner + 2) % 4, side)],
                        ink,
                        alpha=0.85,
                    )


def _quarter(square: Sequence[Point], corner: int, radius: float) -> list[Point]:
    x, y = square[corner]
    start = corner * math.pi / 2
    arc = [
        (
            x + radius * math.cos(start + math.pi / 2 * step / 24),
            y + radius * math.sin(start + math.pi / 2 * step / 24),
        )
        for step in range(25)
    ]
    return [(x, y), *arc]


def _colours(palette: Palette) -> tuple[Colour, ...]:
    return (
        palette.accent,
        palette.sky[1],
        palette.far,
        palette.sky[-2],
        palette.near,
        mix(palette.accent, palette.light, 0.5),
    )
