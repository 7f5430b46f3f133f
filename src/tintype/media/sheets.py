"""Draw a contact sheet: small pictures side by side, each with a caption. Runs in the pool, as it decodes files."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

from tintype.media import thumbnails

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CELL_PX = 160
"""The longer side of a picture on the sheet."""
COLUMNS = 10
_MARGIN_PX = 8
_CAPTION_PX = 16
_KIND_PX = 32
_CAPTION_MAX = 80
_PAPER, _INK, _EMPTY = (255, 255, 255), (40, 40, 40), (228, 228, 228)


def sheet(cells: list[list[str | None]], target: str) -> dict[str, Any]:
    """Write a PNG of cells: the path of a picture or film, a caption, and what kind of file it is; return its size.

    Where there is no path, or no picture in it, the kind stands on white within a frame: something was made that
    cannot be drawn here, such as an SVG. Without a kind nothing was made, and the place is grey.
    """
    from PIL import Image, ImageDraw  # noqa: PLC0415 - the pool's other work need not wait for it

    columns = min(COLUMNS, max(len(cells), 1))
    lines = max(-(-len(cells) // columns), 1)
    width = columns * (CELL_PX + _MARGIN_PX) + _MARGIN_PX
    height = lines * (CELL_PX + _CAPTION_PX + _MARGIN_PX) + _MARGIN_PX
    with Image.new("RGB", (width, height), _PAPER) as made:
        drawing = ImageDraw.Draw(made)
        drawn: dict[str, Any] = {}
        for number, (source, caption, kind) in enumerate(cells):
            left = _MARGIN_PX + number % columns * (CELL_PX + _MARGIN_PX)
            top = _MARGIN_PX + number // columns * (CELL_PX + _CAPTION_PX + _MARGIN_PX)
            # Rows that are equal show the same one.
            small = None
            if source is not None:
                small = drawn[source] = drawn[source] if source in drawn else _small(source)
            edges = (left, top, left + CELL_PX - 1, top + CELL_PX - 1)
            if small is not None:
                place = (left + (CELL_PX - small.width) // 2, top + (CELL_PX - small.height) // 2)
                made.paste(small, place, small)
            elif kind is None:
                drawing.rectangle(edges, fill=_EMPTY)
            else:
                drawing.rectangle(edges, outline=_INK)
                middle = (left + CELL_PX // 2, top + CELL_PX // 2)
                drawing.text(middle, kind, fill=_INK, anchor="mm", font_size=_KIND_PX)
            drawing.text((left, top + CELL_PX + 1), _cut(drawing, caption or ""), fill=_INK)
        made.save(target, "PNG")
    return {"width": width, "height": height}


def _cut(drawing: Any, caption: str) -> str:
    """Return as much of a caption as stands below its picture; the font has ASCII alone, so accents are left off."""
    plain = unicodedata.normalize("NFKD", caption[:_CAPTION_MAX])
    text = " ".join("".join(sign for sign in plain if " " <= sign <= "~").split())
    if drawing.textlength(text) <= CELL_PX:
        return text
    while text and drawing.textlength(f"{text}...") > CELL_PX:
        text = text[:-1]
    return f"{text.rstrip()}..."


def _small(source: str) -> Any:
    try:
        picture = thumbnails.still(source, CELL_PX)
    except thumbnails.Unreadable:
        return None
    with picture:
        picture.thumbnail((CELL_PX, CELL_PX))
        return picture.convert("RGBA")


WORK: Mapping[str, Callable[..., dict[str, Any]]] = {"sheet": sheet}
"""What a process of the pool can be asked for."""

__all__ = ["COLUMNS", "WORK", "sheet"]
