"""A contact sheet tells what was made from what was not, though not all of it can be drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image

from tintype.media import sheets

if TYPE_CHECKING:
    from pathlib import Path


def test_what_cannot_be_drawn_is_told_from_what_was_not_made(tmp_path: Path) -> None:
    """A picture is shown; an SVG and a file that is broken stand in a frame by their kind; a failed row is grey."""
    Image.new("RGB", (40, 40), (200, 30, 20)).save(tmp_path / "picture", "PNG")
    (tmp_path / "broken").write_bytes(b"\x89PNG\r\n\x1a\n")
    cells: list[list[str | None]] = [
        [str(tmp_path / "picture"), "1", "PNG"],
        [None, "2", "SVG"],
        [str(tmp_path / "broken"), "3", "PNG"],
        [None, "4 failed", None],
    ]

    sheets.sheet(cells, str(tmp_path / "sheet.png"))

    with Image.open(tmp_path / "sheet.png") as made:
        places = [made.crop((left, 8, left + 160, 168)) for left in range(8, made.width, 168)]
        middles = [place.getpixel((80, 80)) for place in places]
        edges = [place.getpixel((0, 80)) for place in places]
        inks = [sum(place.crop((20, 50, 140, 110)).convert("L").histogram()[:100]) for place in places]
    assert (middles[0], edges[0]) == ((200, 30, 20), (255, 255, 255))
    assert (middles[3], edges[3], inks[3]) == ((228, 228, 228), (228, 228, 228), 0)
    assert (edges[1], edges[2]) == ((40, 40, 40), (40, 40, 40))
    assert min(inks[1:3]) > 100
