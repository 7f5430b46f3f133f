"""Measure what pictures and films of the simulator cost: milliseconds by size and format.

    python bench/pictures.py [--runs 7]

A picture of 1024 × 1024 is to take at most 150 ms in each format, encoding included; the exit code is 1 when
the median of one does not.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import TYPE_CHECKING

from tintype.simulator import films, pictures

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT_MS = 150.0
PROMPTS = (
    "a red sports car on a wet street",
    "a cat in the forest at night",
    "a planet with a ring in space",
    "something else entirely",
)
SIZES = ((256, 256), (1024, 1024), (1344, 768), (2048, 2048), (4096, 4096))
FILMS = ((640, 360, 16), (1280, 720, 24), (1920, 1080, 24))


def elapsed_ms(act: Callable[[int], object], runs: int) -> tuple[float, float]:
    """Return the median and the slowest of several runs in milliseconds."""
    times = []
    for number in range(runs):
        started = time.perf_counter()
        act(number)
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times), max(times)


def picture_ms(width: int, height: int, name: str, runs: int) -> tuple[float, float]:
    """Draw pictures of one size and format, each prompt in turn."""

    def act(number: int) -> object:
        prompt = PROMPTS[number % len(PROMPTS)]
        return pictures.draw(prompt, seed=number, width=width, height=height, format=name)

    return elapsed_ms(act, runs)


def film_ms(width: int, height: int, fps: int, runs: int) -> tuple[float, float]:
    """Make films of 5 seconds with sound."""

    def act(number: int) -> object:
        prompt = PROMPTS[number % len(PROMPTS)]
        return films.film(prompt, seed=number, width=width, height=height, seconds=5, fps=fps, audio=True)

    return elapsed_ms(act, runs)


def main() -> int:
    """Print both tables; 1 when a picture of 1024 × 1024 is too slow."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=8, help="pictures per row (default: 8)")
    runs = parser.parse_args().runs
    pictures.draw("warm", seed=0, width=64, height=64)
    is_slow = False
    print(f"{'picture':<16}{'format':<8}{'median ms':>10}{'slowest ms':>12}")
    for width, height in SIZES:
        for name in ("png", "jpg", "webp"):
            median_ms, slowest_ms = picture_ms(
                width, height, name, max(1, runs if width < 2048 else runs // 2)
            )
            is_slow = is_slow or ((width, height) == (1024, 1024) and median_ms > LIMIT_MS)
            print(f"{f'{width} × {height}':<16}{name:<8}{median_ms:>10.0f}{slowest_ms:>12.0f}")
    print(f"\n{'film of 5 s':<16}{'fps':<8}{'median ms':>10}{'slowest ms':>12}")
    for width, height, fps in FILMS:
        median_ms, slowest_ms = film_ms(width, height, fps, max(1, runs // 4))
        print(f"{f'{width} × {height}':<16}{fps:<8}{median_ms:>10.0f}{slowest_ms:>12.0f}")
    return 1 if is_slow else 0


if __name__ == "__main__":
    raise SystemExit(main())
