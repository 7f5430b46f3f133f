"""Compose a picture from a prompt's words: a place, a light, and what the words name in the foreground."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from random import Random
from typing import TypeAlias

from tintype.simulator import motifs, palettes, patterns, places, spots
from tintype.simulator.canvas import Canvas, Colour, Point, mix
from tintype.simulator.palettes import Palette

Scene: TypeAlias = Callable[[Canvas, Palette, Random], None]


def paint(canvas: Canvas, words: Sequence[str], random: Random) -> None:
    """Paint a whole picture. Words decide what they name; chance, from prompt and seed, decides the rest."""
    palette = palettes.choose(words, random)
    scenes: dict[str, Scene] = {
        "hills": partial(hills, words=words),
        "sea": sea,
        "city": city,
        "desert": desert,
        "space": space,
        "orbits": patterns.orbits,
        "ribbons": patterns.ribbons,
        "tiles": patterns.tiles,
    }
    names = list(scenes)
    drawn = names[int(random.random() * len(names))]
    place = places.choose(words) or drawn
    scenes[place](canvas, palette, random)
    known = motifs.named()
    subjects = list({known[word][0]: known[word] for word in words if word in known}.values())[:2]
    _stand(canvas, subjects, palette, random)


def hills(canvas: Canvas, palette: Palette, random: Random, *, words: Sequence[str] = ()) -> None:
    """Paint mountains in the distance, hills before them, and trees on the nearer ones."""
    width, height = canvas.width, canvas.height
    _heaven(canvas, palette, random, sun_y=0.12 + 0.2 * random.random())
    horizon = height * (0.36 + 0.12 * random.random())
    steep = (
        not {"mountain", "mountains", "alps", "snow", "peak", "volcano"}.isdisjoint(words)
        or random.random() < 0.4
    )
    count = 5
    wooded = not {"forest", "tree", "trees", "wood", "woods", "jungle", "pine"}.isdisjoint(words)
    for number in range(count):
        share = number / (count - 1)
        base = horizon + (height * 0.86 - horizon) * share**1.15
        rough = steep and number < 2
        swing = height * (0.15 if rough else 0.055)
        ridge = _ridge(width, base, swing, random, peaks=rough)
        colour = palette.layer(0.1 + 0.9 * share)
        canvas.polygons([_ground(ridge, canvas)], colour, to=mix(colour, palette.horizon, 0.28 * (1 - share)))
        if rough and number == 0 and random.random() < 0.7:
            _snow(canvas, ridge, base - swing * 0.45, swing, mix(palette.light, palette.horizon, 0.2))
        if number >= 2 and (wooded or random.random() < 0.55):
            pines = [
                pine
                for x, y in ridge[1::2]
                if random.random() < (0.75 if wooded else 0.22)
                for pine in _pine(x, y, height * (0.035 + 0.06 * share) * (0.7 + 0.6 * random.random()))
            ]
            if pines:
                canvas.polygons(pines, mix(colour, palette.near, 0.45))
    _birds(canvas, palette, random)


def sea(canvas: Canvas, palette: Palette, random: Random) -> None:
    """Paint water up to the horizon, with the light's path on it and waves in front."""
    width, height = canvas.width, canvas.height
    horizon = height * (0.42 + 0.1 * random.random())
    sun = _heaven(canvas, palette, random, sun_y=horizon / height - 0.03 - 0.16 * random.random())
    deep = mix(palette.near, (8, 60, 110), 0.4)
    shore = _ridge(width, horizon - height * 0.01, height * 0.035, random, peaks=False)
    canvas.polygons([_ground(shore, canvas)], mix(palette.far, palette.horizon, 0.35))
    canvas.polygons(
        [[(0, horizon), (width, horizon), (width, height), (0, height)]],
        mix(palette.far, palette.horizon, 0.3),
        to=deep,
    )
    streaks = []
    for number in range(26):
        fall = (number / 26) ** 1.5
        y = horizon + (height - horizon) * fall * 0.9 + 2
        half = width * (0.012 + 0.13 * fall) * (0.35 + 0.9 * random.random())
        x = sun + width * 0.06 * fall * (random.random() - 0.5)
        thick = max(0.7, height * (0.0016 + 0.006 * fall))
        streaks.append((x - half, y - thick, x + half, y + thick))
    canvas.ellipses(streaks, palette.light, alpha=0.62)
    for number in range(4):
        share = number / 3
        base = horizon + (height - horizon) * (0.34 + 0.56 * share)
        length, phase = width * (0.16 + 0.2 * share), random.random() * 6.3
        crest = [
            (x, base + math.sin(x / length * 6.3 + phase) * height * 0.008 * (1 + 2 * share))
            for x in _steps(width, 60)
        ]
        colour = mix(mix(palette.far, deep, 0.4 + 0.5 * share), palette.near, 0.25 * share)
        canvas.polygons([_ground(crest, canvas)], mix(colour, palette.light, 0.16), to=colour, alpha=0.78)
    _birds(canvas, palette, random)


def city(canvas: Canvas, palette: Palette, random: Random) -> None:
    """Paint a skyline in three depths with lit windows, and a wet street that mirrors them."""
    width, height = canvas.width, canvas.height
    _heaven(canvas, palette, random, sun_y=0.1 + 0.14 * random.random())
    street = height * 0.6
    lamp = mix(palette.light, (255, 205, 120), 0.6)
    for number in range(3):
        share = number / 2
        colour = palette.layer(0.2 + 0.72 * share)
        towers: list[list[Point]] = []
        windows: list[list[Point]] = []
        x = -width * 0.02 * random.random()
        while x < width:
            wide = width * (0.055 + 0.06 * random.random()) * (0.8 + 0.4 * share)
            tall = height * (0.16 + 0.34 * random.random() ** 1.3) * (1.08 - 0.35 * share)
            top = street - tall
            towers.append([(x, top), (x + wide, top), (x + wide, street + 2), (x, street + 2)])
            if random.random() < 0.25:
                mast = x + wide / 2
                towers.append([(mast - 1, top), (mast, top - tall * 0.22), (mast + 1, top)])
            windows += _windows(x, top, wide, street, max(3.0, width * (0.009 + 0.004 * share)), random)
            x += wide + width * 0.006 * random.random()
        canvas.polygons(towers, colour, to=mix(colour, palette.horizon, 0.3 * (1 - share)))
        if windows:
            canvas.polygons(windows, lamp, alpha=0.35 + 0.5 * share)
    wet = mix(palette.near, (12, 14, 24), 0.45)
    canvas.polygons(
        [[(0, street), (width, street), (width, height), (0, height)]],
        mix(wet, palette.horizon, 0.42),
        to=wet,
    )
    for _ in range(9):
        x, far = width * random.random(), height * (0.1 + 0.22 * random.random())
        colour = (lamp, palette.accent, palette.light)[int(random.random() * 3)]
        half = width * (0.004 + 0.01 * random.random())
        canvas.polygons(
            [
                [
                    (x - half, street),
                    (x + half, street),
                    (x + half * 2, street + far),
                    (x - half * 2, street + far),
                ]
            ],
            colour,
            to=wet,
            alpha=0.32,
        )
    middle = width * 0.5
    dashes = []
    for number in range(5):
        near, far = (number + 0.15) / 5, (number + 0.6) / 5
        y0, y1 = street + (height - street) * near**1.4, street + (height - street) * far**1.4
        w0, w1 = width * 0.004 * (1 + 4 * near), width * 0.004 * (1 + 4 * far)
        dashes.append([(middle - w0, y0), (middle + w0, y0), (middle + w1, y1), (middle - w1, y1)])
    canvas.polygons(dashes, palette.light, alpha=0.35)


def desert(canvas: Canvas, palette: Palette, random: Random) -> None:
    """Paint dunes with a lit and a shaded side, under a large sun."""
    width, height = canvas.width, canvas.height
    _heaven(canvas, palette, random, sun_y=0.2 + 0.12 * random.random(), sun_size=0.13)
    count = 5
    for number in range(count):
        share = number / (count - 1)
        base = height * (0.44 + 0.4 * share)
        ridge = _ridge(width, base, height * (0.03 + 0.07 * share), random, peaks=False)
        lit = palette.layer(0.06 + 0.62 * share)
        canvas.polygons([_ground(ridge, canvas)], mix(lit, palette.light, 0.22), to=lit)
        start = int(len(ridge) * (0.15 + 0.5 * random.random()))
        part = ridge[start : start + len(ridge) // 3]
        foot = [
            (
                x + width * 0.07 * (1 + share),
                y + height * (0.015 + 0.09 * math.sin(math.pi * place / max(1, len(part) - 1))),
            )
            for place, (x, y) in enumerate(part)
        ]
        canvas.polygons([part + foot[::-1]], mix(lit, palette.near, 0.55), to=lit, alpha=0.7)


def space(canvas: Canvas, palette: Palette, random: Random) -> None:
    """Paint stars, glowing clouds of gas, and planets, one of them with a ring."""
    width, height = canvas.width, canvas.height
    short = min(width, height)
    canvas.sky([mix(stop, (4, 3, 16), 0.75) for stop in palette.sky])
    for number in range(5):
        colour = (palette.accent, palette.far, palette.horizon)[number % 3]
        spot = (width * random.random(), height * random.random())
        canvas.glow(spot, short * (0.35 + 0.4 * random.random()), colour, alpha=0.42)
    _stars(canvas, random, 240, reach=1.0)
    x, y = width * (0.25 + 0.5 * random.random()), height * (0.28 + 0.1 * random.random())
    radius = short * (0.17 + 0.06 * random.random())
    canvas.glow((x, y), radius * 2.1, palette.accent, alpha=0.5)
    ring = [_ellipse(x, y, radius * 1.9 * k, radius * 0.5 * k, -0.28) for k in (1.0, 0.78)]
    half = len(ring[0]) // 2
    back = [[*outline[half:], outline[0]] for outline in ring]
    front = [outline[: half + 1] for outline in ring]
    pale = mix(palette.light, palette.accent, 0.25)
    canvas.polygons([back[0] + back[1][::-1]], pale, alpha=0.6)
    canvas.ellipses(
        [(x - radius, y - radius, x + radius, y + radius)],
        mix(palette.accent, palette.light, 0.35),
        to=mix(palette.accent, (6, 4, 20), 0.72),
    )
    for number in range(4):
        level = -0.6 + 0.36 * number
        long = radius * math.sqrt(1 - level * level) * 0.97
        thick = radius * 0.055
        canvas.ellipses(
            [(x - long, y + level * radius - thick, x + long, y + level * radius + thick)],
            palette.light,
            alpha=0.2,
        )
    canvas.polygons([front[0] + front[1][::-1]], pale, alpha=0.85)
    for _ in range(2):
        mx, my, mr = (
            width * random.random(),
            height * 0.55 * random.random(),
            short * (0.015 + 0.03 * random.random()),
        )
        canvas.ellipses(
            [(mx - mr, my - mr, mx + mr, my + mr)], palette.light, to=mix(palette.far, (5, 4, 18), 0.5)
        )


def _stand(
    canvas: Canvas, subjects: Sequence[tuple[spots.Motif, float]], palette: Palette, random: Random
) -> None:
    """Put what the words name on the ground, above the place where the lettering will be."""
    short = min(canvas.width, canvas.height)
    for number, (motif, size) in enumerate(subjects):
        middle = 0.5 if len(subjects) == 1 else (0.3, 0.7)[number]
        x = canvas.width * (middle + 0.12 * (random.random() - 0.5))
        y = canvas.height * (0.67 + 0.03 * random.random())
        scale = size if len(subjects) == 1 else size * 0.8
        motif(canvas, spots.Spot(x, y, short * scale, is_mirrored=random.random() < 0.5), palette)


def _heaven(
    canvas: Canvas, palette: Palette, random: Random, *, sun_y: float, sun_size: float = 0.075
) -> float:
    """Paint the sky with its light, stars or clouds; give where the light stands, in pixels from the left."""
    width, height = canvas.width, canvas.height
    short = min(width, height)
    canvas.sky((*palette.sky, mix(palette.horizon, palette.far, 0.4)))
    if palette.is_night:
        _stars(canvas, random, 130, reach=0.6)
    x, y = width * (0.18 + 0.64 * random.random()), height * sun_y
    canvas.glow((x, y), short * 0.62, palette.light, alpha=0.62)
    radius = short * sun_size * (0.75 + 0.5 * random.random())
    canvas.ellipses(
        [(x - radius, y - radius, x + radius, y + radius)],
        palette.light,
        to=mix(palette.light, palette.horizon, 0.2),
    )
    if palette.is_night:
        craters = ((-0.35, -0.2, 0.18), (0.25, 0.3, 0.24), (0.3, -0.4, 0.12), (-0.2, 0.45, 0.1))
        shade = mix(palette.light, palette.sky[1], 0.25)
        canvas.ellipses(
            [
                (x + radius * (a - r), y + radius * (b - r), x + radius * (a + r), y + radius * (b + r))
                for a, b, r in craters
            ],
            shade,
            alpha=0.7,
        )
    else:
        for _ in range(3):
            cx, cy = width * random.random(), height * (0.06 + 0.24 * random.random())
            long = width * (0.07 + 0.09 * random.random())
            puffs = [(cx - long, cy - long * 0.1, cx + long, cy + long * 0.1)]
            puffs += [
                (cx + long * (k - 0.22), cy - long * 0.3, cx + long * (k + 0.42), cy + long * 0.08)
                for k in (-0.6, -0.2, 0.2)
            ]
            canvas.ellipses(puffs, mix(palette.light, palette.sky[1], 0.15), alpha=0.5)
    return x


def _stars(canvas: Canvas, random: Random, count: int, *, reach: float) -> None:
    unit = min(canvas.width, canvas.height) / 1000
    stars = []
    for _ in range(count):
        x, y = canvas.width * random.random(), canvas.height * reach * random.random()
        radius = max(0.45, unit * (0.7 + 1.9 * random.random() ** 4))
        stars.append((x - radius, y - radius, x + radius, y + radius))
    canvas.ellipses(stars, (255, 250, 235), alpha=0.85)


def _birds(canvas: Canvas, palette: Palette, random: Random) -> None:
    if palette.is_night:
        return
    x, y = canvas.width * (0.2 + 0.6 * random.random()), canvas.height * (0.14 + 0.14 * random.random())
    span = min(canvas.width, canvas.height) * 0.018
    flock = []
    for _ in range(3 + int(random.random() * 4)):
        bx, by = x + span * 7 * (random.random() - 0.5), y + span * 4 * (random.random() - 0.5)
        flock.append(
            [(bx - span, by - span * 0.5), (bx, by), (bx + span, by - span * 0.55), (bx, by - span * 0.18)]
        )
    canvas.polygons(flock, palette.near)


def _ridge(width: int, base: float, swing: float, random: Random, *, peaks: bool) -> list[Point]:
    """Give a skyline from left to right: a few waves of different length, sharp where there are peaks."""
    waves = [
        (1.3 + 1.9 * order + random.random(), random.random() * 6.3, 0.62**order)
        for order in range(6 if peaks else 3)
    ]
    line = []
    for x in _steps(width, 110):
        lift = 0.0
        for often, phase, weight in waves:
            wave = math.sin(x / width * often * 3.14 + phase)
            lift += weight * (1 - 2 * abs(wave) if peaks else wave)
        line.append((x, base - lift * swing * 0.62))
    return line


def _snow(canvas: Canvas, ridge: Sequence[Point], line: float, swing: float, colour: Colour) -> None:
    """Whiten what rises above a line, with a jagged lower edge."""
    caps = []
    part: list[Point] = []
    for place, (x, y) in enumerate((*ridge, (ridge[-1][0], line + 1))):
        if y < line:
            part.append((x, y))
            continue
        if len(part) > 3:
            edge = [
                (px, min(line, py + swing * (0.16 + 0.1 * ((place + n) % 3))))
                for n, (px, py) in enumerate(part)
            ]
            caps.append(part + edge[::-1])
        part = []
    if caps:
        canvas.polygons(caps, colour, alpha=0.85)


def _pine(x: float, y: float, tall: float) -> list[list[Point]]:
    foot = y + tall * 0.2
    return [
        [(x - tall * w, foot - tall * low), (x, foot - tall * high), (x + tall * w, foot - tall * low)]
        for w, low, high in ((0.26, 0.05, 0.6), (0.2, 0.35, 0.85), (0.13, 0.62, 1.1))
    ]


def _windows(
    x: float, top: float, wide: float, street: float, unit: float, random: Random
) -> list[list[Point]]:
    found = []
    y = top + unit * 1.4
    while y < street - unit * 2:
        wx = x + unit * 0.9
        while wx < x + wide - unit * 1.2:
            if random.random() < 0.34:
                found.append(
                    [(wx, y), (wx + unit * 0.8, y), (wx + unit * 0.8, y + unit * 1.1), (wx, y + unit * 1.1)]
                )
            wx += unit * 1.7
        y += unit * 2.3
    return found


def _ellipse(x: float, y: float, rx: float, ry: float, turn: float) -> list[Point]:
    cos, sin = math.cos(turn), math.sin(turn)
    outline = []
    for step in range(96):
        t = 2 * math.pi * step / 96
        a, b = rx * math.cos(t), ry * math.sin(t)
        outline.append((x + a * cos - b * sin, y + a * sin + b * cos))
    return outline


def _ground(line: Sequence[Point], canvas: Canvas) -> list[Point]:
    return [*line, (line[-1][0], float(canvas.height)), (line[0][0], float(canvas.height))]


def _steps(width: int, count: int) -> list[float]:
    return [width * (number / count * 1.04 - 0.02) for number in range(count + 1)]
