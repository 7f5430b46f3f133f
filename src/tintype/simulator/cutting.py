"""Part the subject of a picture from its background: what is like the border and joined to it goes."""

from __future__ import annotations

import re

from PIL import Image, ImageChops, ImageColor, ImageDraw, ImageFilter

_NEAR = 26  # the most two neighbouring cells of a background differ in one colour
_FAR = 88  # the most a cell of the background differs from the border's usual colour


def cut(
    image: Image.Image, *, background: str = "rgba", reverse: bool = False, cells: int = 192
) -> Image.Image:
    """Give the picture as RGBA without its background, or on another one (see `pictures.cut_out`).

    `cells` is the longer side of the small copy on which the background is found: more are finer and slower.

    Raises ValueError for a background that is not known.
    """
    mask = _subject(image.convert("RGB"), cells)
    if reverse:
        mask = ImageChops.invert(mask)
    if image.mode == "RGBA":
        mask = ImageChops.multiply(mask, image.getchannel("A"))
    colours = image.convert("RGB")
    match background.strip().lower():
        case "rgba" | "":
            cut_out = colours.convert("RGBA")
            cut_out.putalpha(mask)
            return cut_out
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
    soft = mask.resize(image.size, Image.Resampling.BICUBIC).filter(
        ImageFilter.GaussianBlur(max(0.6, 0.6 / scale))
    )
    # Steeper than the blur left it, so that the inside is fully opaque and the outside fully transparent.
    return soft.point([min(255, max(0, round((level - 64) * 2))) for level in range(256)])


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


def _distance(one: tuple[int, int, int], other: tuple[int, int, int]) -> int:
    return max(abs(one[0] - other[0]), abs(one[1] - other[1]), abs(one[2] - other[2]))
