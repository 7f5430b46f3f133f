"""Show a picture in the terminal: in its own graphics where it has some, else in half blocks of colour."""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING

from tintype.cli import screen

if TYPE_CHECKING:
    from pathlib import Path

    from PIL.Image import Image

COLUMNS_MAX = 64
ROWS_MAX = 24
# Prompt, progress and the line of facts stay on the screen beside the picture.
ROWS_LEFT = 5
# A cell of most terminals is twice as high as wide.
CELL_RATIO = 2.0


def is_possible() -> bool:
    """Whether standard output is a terminal that shows colours; NO_COLOR and TERM=dumb say no."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return False
    return screen.console(sys.stdout).color_system is not None


def show(path: Path) -> None:
    """Print a picture on the terminal. Does nothing for what is not a picture, such as SVG or a film."""
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 - needed only where there is a terminal

    try:
        with Image.open(path) as picture:
            # What is far larger than any screen is decoded at an eighth where its format allows.
            picture.draft("RGB", (1024, 1024))
            _print(picture.convert("RGBA"))
    except UnidentifiedImageError:
        return


def cells(width: int, height: int, *, columns: int, rows: int, cell_ratio: float) -> tuple[int, int]:
    """Fit a picture into columns and rows of a terminal; `cell_ratio` is a cell's height over its width."""
    across = min(columns, max(1, round(rows * cell_ratio * width / height)))
    return across, max(1, min(rows, round(across * height / width / cell_ratio)))


def _print(picture: Image) -> None:
    plain = _on_grey(picture)
    if sys.stdin.isatty():
        _print_graphics(plain)
    else:
        # A terminal answers what it can show on standard input, which is not ours to read here.
        _print_half_blocks(plain)


def _print_graphics(picture: Image) -> None:
    # Its warnings, when a terminal does not answer, are no news to a person.
    logging.getLogger("textual_image").addHandler(logging.NullHandler())
    from textual_image._terminal import get_cell_size  # noqa: PLC0415 - asks the terminal
    from textual_image.renderable import Image as Renderable  # noqa: PLC0415 - asks the terminal when imported

    cell = get_cell_size()
    columns, rows = _room(picture, cell_ratio=cell.height / cell.width)
    screen.console(sys.stdout).print(Renderable(picture, width=columns, height=rows))


def _print_half_blocks(picture: Image) -> None:
    from rich.segment import Segment, Segments  # noqa: PLC0415 - needed only where there is a terminal
    from rich.style import Style  # noqa: PLC0415 - as above

    columns, rows = _room(picture, cell_ratio=CELL_RATIO)
    raw = picture.resize((columns, rows * 2)).tobytes()
    colours = [f"#{raw[start : start + 3].hex()}" for start in range(0, len(raw), 3)]
    segments = []
    for row in range(rows):
        upper = colours[2 * row * columns : (2 * row + 1) * columns]
        lower = colours[(2 * row + 1) * columns : (2 * row + 2) * columns]
        segments += [Segment("▀", Style(color=up, bgcolor=low)) for up, low in zip(upper, lower, strict=True)]
        segments.append(Segment.line())
    screen.console(sys.stdout).print(Segments(segments))


def _room(picture: Image, *, cell_ratio: float) -> tuple[int, int]:
    console = screen.console(sys.stdout)
    return cells(
        picture.width,
        picture.height,
        columns=min(console.width, COLUMNS_MAX),
        rows=min(max(console.height - ROWS_LEFT, 4), ROWS_MAX),
        cell_ratio=cell_ratio,
    )


def _on_grey(picture: Image) -> Image:
    from PIL import Image  # noqa: PLC0415 - as above

    # What is transparent shows as a middle grey, which neither dark nor light terminals have.
    ground = Image.new("RGBA", picture.size, (128, 128, 128, 255))
    ground.alpha_composite(picture)
    return ground.convert("RGB")
