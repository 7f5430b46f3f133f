"""Part the subject of a picture from its background: what is like the border and joined to it goes."""

from __future__ import annotations

import re

from PIL import Image, ImageChops, ImageColor, ImageDraw, ImageFilter

_NEAR = 26  # the most two neighbouring cells of a background differ in one colour
_CRUMB = 0.04  # parts below this share of the largest one are taken for background
_FAR = 88  # the most a cell of the background differs from the border's usual colour


def cut(
    image: Image.Image, *, background: str = "rgba", reverse: bool = False, cells: int = 192
) -> Image.Image:
    """Give the picture as RGBA without its background, or on another one (see `pictures.cut_out`).

    The picture that is handed in is used up. `cells` is the longer side of the small copy on which the
    background is found: more are finer and slower. Raises ValueError for a background that is not known.
    """
    # Copies are avoided: a given picture may have 64 million pixels.
    colours = image if image.mode == "RGB" else image.convert("RGB")
    mask = _subject(colours, cells)
    if reverse:
        mask = ImageChops.invert(mask)
    if image.mode == "RGBA":
        mask = ImageChops.multiply(mask, image.getchannel("A"))
    match background.strip().lower():
        case "rgba" | "":
            colours.putalpha(mask)
            return colours
        case "map":
            return mask.convert("RGB")
        case "blur":
            ground = colours.filter(ImageFilter.GaussianBlur(max(2, min(image.size) // 40)))
        case "overlay":
            ground = Image.blend(colours, Image.new("RGB", image.size, (120, 255, 155)), 0.6)
        case name:
            ground = Image.new("RGB", image.size, _colour(name))
    return Image.composite(colours, ground, mask)


def _colour(name: str) -> tuple[int, int, int]:
    numbers = re.fullmatch(r"[\[(]\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*[\])]", name)
    if numbers is not None and all(int(number) <= 255 for number in numbers.groups()):
        return (int(numbers[1]), int(numbers[2]), int(numbers[3]))
    try:
        return ImageColor.getrgb(name)[:3]
    except ValueError:
        raise ValueError(
            f"{name[:40]!r} is no background: use rgba, map, blur, overlay, a colour's name or [r, g, b]"
        ) from None


def _subject(image: Image.Image, cells: int) -> Image.Image:
    """Give a mask of the picture's size: 255 for the subject, 0 for the background, soft between."""
    scale = min(1.0, cells / max(image.size))
    size = (max(3, round(image.width * scale)), max(3, round(image.height * scale)))
    small = image.resize(size, Image.Resampling.BOX)
    background = _flooded(small)
    _drop_crumbs(background, size[0])
    share = sum(background) / len(background)
    if 0.02 <= share <= 0.97:
        mask = Image.frombytes("L", size, bytes(0 if cell else 255 for cell in background))
        mask = mask.filter(ImageFilter.MedianFilter(3))
    else:
        # A picture of one colour, or one whose border is all subject, has nothing to follow: an oval is kept.
        mask = Image.new("L", size)
        ImageDraw.Draw(mask).ellipse(
            (size[0] * 0.08, size[1] * 0.08, size[0] * 0.92, size[1] * 0.92), fill=255
        )
    # Steeper than the blur left it, so that the inside is fully opaque and the outside fully transparent.
    steeper = [min(255, max(0, round((level - 64) * 2))) for level in range(256)]
    finer = mask.resize((size[0] * 3, size[1] * 3), Image.Resampling.BICUBIC)
    soft = finer.filter(ImageFilter.GaussianBlur(1.8)).point(steeper)
    return soft.resize(image.size, Image.Resampling.BICUBIC)


def _flooded(small: Image.Image) -> bytearray:
    """Mark the cells which are reached from the border without a jump in colour."""
    width, height = small.size
    raw = small.tobytes()
    cells = [(raw[at], raw[at + 1], raw[at + 2]) for at in range(0, len(raw), 3)]
    border = [
        y * width + x
        for y in range(height)
        for x in range(width)
        if x in {0, width - 1} or y in {0, height - 1}
    ]
    usual = tuple(sorted(cells[at][channel] for at in border)[len(border) // 2] for channel in range(3))
    reached = bytearray(width * height)
    waiting: list[int] = []
    for at in border:
        if _distance(cells[at], (usual[0], usual[1], usual[2])) <= _FAR:
            reached[at] = 1
            waiting.append(at)
    while waiting:
        at = waiting.pop()
        x = at % width
        for other, inside in (
            (at - 1, x > 0),
            (at + 1, x < width - 1),
            (at - width, True),
            (at + width, True),
        ):
            if not inside or not 0 <= other < len(cells) or reached[other]:
                continue
            if _distance(cells[at], cells[other]) <= _NEAR and (
                _distance(cells[other], (usual[0], usual[1], usual[2])) <= _FAR
            ):
                reached[other] = 1
                waiting.append(other)
    return reached


def _drop_crumbs(background: bytearray, width: int) -> None:
    """Add to the background what stands alone and is small beside the largest part that is left."""
    parts: list[list[int]] = []
    seen = bytearray(background)
    for start in range(len(seen)):
        if seen[start]:
            continue
        seen[start] = 1
        part = [start]
        for at in part:  # grows while it is walked
            x = at % width
            for other, inside in (
                (at - 1, x > 0),
                (at + 1, x < width - 1),
                (at - width, True),
                (at + width, True),
            ):
                if inside and 0 <= other < len(seen) and not seen[other]:
                    seen[other] = 1
                    part.append(other)
        parts.append(part)
    largest = max((len(part) for part in parts), default=0)
    for part in parts:
        if len(part) < largest * _CRUMB:
            for at in part:
                background[at] = 1


def _distance(one: tuple[int, int, int], other: tuple[int, int, int]) -> int:
    return max(abs(one[0] - other[0]), abs(one[1] - other[1]), abs(one[2] - other[2]))
