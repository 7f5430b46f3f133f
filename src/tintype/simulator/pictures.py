"""Make the pictures that simulated image models deliver: drawn, edited, enlarged, cut out.

Bytes in, bytes out, safe to call from several threads. The same arguments give the same bytes; another
prompt, seed or index gives a picture that is visibly another.
"""

from __future__ import annotations

import hashlib
import io
import re
from random import Random
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFilter, ImageOps

from tintype.simulator import cutting, lettering, originals, palettes, scenes
from tintype.simulator.canvas import PixelCanvas
from tintype.simulator.originals import UnreadableImage

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "SIDE_MAX_PX",
    "UnreadableImage",
    "cut_out",
    "draw",
    "edit",
    "encode",
    "enlarge",
    "measure",
    "paint",
]

SIDE_MAX_PX = 8192
"""The longest side that is drawn or enlarged to."""

_PAINTED_PIXELS_MAX = 5_000_000


def draw(
    prompt: str,
    *,
    seed: int,
    width: int,
    height: int,
    format: str = "png",  # noqa: A002 (the API's own word)
    quality: int = 80,
    index: int = 0,
    transparent: bool = False,
) -> bytes:
    """Draw a prompt as a PNG, JPEG or WebP of exactly `width` × `height` pixels.

    `index` tells the outputs of one prediction apart. `transparent` gives a sticker with rounded corners on
    a transparent ground; a JPEG, which has no transparency, gets a white one. Scripts in double brackets
    are not part of the picture. Raises ValueError for a size or a format that cannot be drawn.
    """
    check_size(width, height)
    if not transparent:
        image = paint(prompt, seed=seed, width=width, height=height, index=index)
        _write(image, prompt, _note("simulated picture", seed, index))
        return encode(image, format, quality=quality)
    margin = round(min(width, height) * 0.06)
    inner = (width - 2 * margin, height - 2 * margin)
    image = paint(prompt, seed=seed, width=inner[0], height=inner[1], index=index)
    _write(image, prompt, _note("simulated picture", seed, index))
    sticker = Image.new("RGBA", (width, height), (255, 255, 255, 0))
    sticker.paste(image, (margin, margin), _rounded(inner, round(min(inner) * 0.12)))
    return encode(sticker, format, quality=quality)


def edit(  # noqa: PLR0913 (each is an input of image editing models)
    source: bytes,
    prompt: str,
    *,
    seed: int,
    width: int,
    height: int,
    format: str = "png",  # noqa: A002 (the API's own word)
    quality: int = 80,
    index: int = 0,
    others: Sequence[bytes] = (),
    mask: bytes | None = None,
) -> bytes:
    """Recolour a given picture in the prompt's palette, cropped to fill the size, with the prompt on it.

    `others` are further given pictures, shown as small prints in the upper corner. With a `mask`, only what
    is white there changes. Raises UnreadableImage when one of them cannot be read, ValueError for size or
    format.
    """
    check_size(width, height)
    size = (width, height)
    ground = Image.new("RGB", size, (255, 255, 255))
    original = ImageOps.fit(originals.read(source, at_least=size), size, Image.Resampling.BICUBIC)
    ground.paste(original, (0, 0), original if original.mode == "RGBA" else None)
    edited = _recoloured(ground, prompt, seed, index)
    if mask is not None:
        changed = ImageOps.fit(originals.read(mask).convert("L"), size, Image.Resampling.BILINEAR)
        edited = Image.composite(edited, ground, changed)
    _inlay(edited, others)
    _soften_foot(edited, prompt)
    _write(edited, prompt, _note("simulated edit", seed, index))
    return encode(edited, format, quality=quality)


def enlarge(
    source: bytes,
    *,
    width: int,
    height: int,
    format: str = "png",  # noqa: A002 (the API's own word)
    quality: int = 90,
) -> bytes:
    """Resample a given picture to a size, usually a larger one, and sharpen it a little.

    Transparency stays. Raises UnreadableImage, and ValueError for size or format.
    """
    check_size(width, height)
    original = originals.read(source)
    larger = original.resize((width, height), Image.Resampling.LANCZOS)
    if width > original.width:
        larger = larger.filter(ImageFilter.UnsharpMask(radius=1.6, percent=60, threshold=2))
    return encode(larger, format, quality=quality)


def cut_out(
    source: bytes,
    *,
    format: str = "png",  # noqa: A002 (the API's own word)
    background: str = "rgba",
    quality: int = 90,
    reverse: bool = False,
) -> bytes:
    """Make the background of a given picture transparent, with a soft edge; size and colours stay.

    What is like the picture's border and connected with it is background. Some part is always transparent and
    some part opaque. `background` may also be `map` (the mask itself), `blur`, `overlay`, the name of
    a colour or `[r, g, b]`; `reverse` removes the subject instead. Raises UnreadableImage, ValueError.
    """
    return encode(
        cutting.cut(originals.read(source), background=background, reverse=reverse), format, quality=quality
    )


def measure(source: bytes) -> tuple[int, int]:
    """Give width and height of a given picture in pixels, as a viewer shows it. Raises UnreadableImage."""
    return originals.measure(source)


def paint(prompt: str, *, seed: int, width: int, height: int, index: int = 0) -> Image.Image:
    """Paint the picture of a prompt without any lettering, as RGB.

    Beyond five million pixels a smaller painting is enlarged, so that memory stays bounded.
    """
    shrink = min(1.0, (_PAINTED_PIXELS_MAX / (width * height)) ** 0.5)
    canvas = PixelCanvas(Image.new("RGB", (max(1, round(width * shrink)), max(1, round(height * shrink)))))
    words, random = chances(prompt, seed, index)
    scenes.paint(canvas, words, random)
    if canvas.image.size == (width, height):
        return canvas.image
    return canvas.image.resize((width, height), Image.Resampling.BICUBIC)


def chances(prompt: str, seed: int, index: int) -> tuple[tuple[str, ...], Random]:
    """Give what a scene is drawn from: the prompt's words, and the chances of prompt, seed and index."""
    text = lettering.plain(prompt)
    number = int.from_bytes(hashlib.sha256(f"{seed}/{index}/{text}".encode()).digest()[:16], "big")
    return tuple(dict.fromkeys(re.findall(r"[^\W_]+", text.lower()))), Random(number)


def encode(image: Image.Image, format: str, *, quality: int) -> bytes:  # noqa: A002 (the API's own word)
    """Write an image as `png`, `jpg`, `jpeg` or `webp`; quality 1 to 100 matters to the last three.

    A JPEG shows transparency as white. Raises ValueError for another format.
    """
    out = io.BytesIO()
    quality = min(100, max(1, quality))
    match format.lower():
        case "png":
            image.save(out, "PNG", compress_level=2)
        case "jpg" | "jpeg":
            if image.mode == "RGBA":
                ground = Image.new("RGB", image.size, (255, 255, 255))
                ground.paste(image, (0, 0), image)
                image = ground
            image.save(out, "JPEG", quality=quality)
        case "webp":
            image.save(out, "WEBP", quality=quality, method=1)
        case _:
            raise ValueError(f"a picture cannot be written as {format!r}; use png, jpg or webp")
    return out.getvalue()


def check_size(width: int, height: int) -> None:
    """Raise ValueError for a size that cannot be drawn."""
    if not (16 <= width <= SIDE_MAX_PX and 16 <= height <= SIDE_MAX_PX):
        raise ValueError(
            f"a picture of {width} × {height} cannot be drawn: sides are 16 to {SIDE_MAX_PX} pixels"
        )


def _note(what: str, seed: int, index: int) -> str:
    return f"{what} · seed {seed} · no. {index + 1}"


def _write(image: Image.Image, prompt: str, note: str) -> None:
    caption = lettering.caption(prompt, note, width=image.width, height=image.height)
    image.paste(caption.image, (0, caption.top), caption.image)


def _soften_foot(image: Image.Image, prompt: str) -> None:
    """Blur what is under the lettering: the given picture may have lettering there itself."""
    top = lettering.place(prompt, width=image.width, height=image.height).top
    foot = image.crop((0, top, image.width, image.height))
    small = foot.resize((max(1, foot.width // 32), max(1, foot.height // 32)), Image.Resampling.BOX)
    soft = small.resize(foot.size, Image.Resampling.BICUBIC)
    sharp_above = Image.linear_gradient("L").point([min(255, level * 6) for level in range(256)])
    image.paste(soft, (0, top), sharp_above.resize(foot.size))


def _recoloured(image: Image.Image, prompt: str, seed: int, index: int) -> Image.Image:
    words, random = chances(prompt, seed, index)
    palette = palettes.choose(words, random)
    toned = ImageOps.colorize(
        ImageOps.autocontrast(image.convert("L"), cutoff=1), palette.near, palette.light, mid=palette.sky[2]
    )
    edited = Image.blend(image, toned, 0.5)
    short = min(image.size)
    place = (image.width * (0.15 + 0.7 * random.random()), image.height * 0.2 * random.random())
    PixelCanvas(edited).glow(place, short * 0.8, palette.light, alpha=0.5)
    return edited


def _inlay(image: Image.Image, others: Sequence[bytes]) -> None:
    """Show further pictures as small prints with a white edge, from the upper right corner to the left."""
    side = round(min(image.size) * 0.17)
    gap = max(2, side // 8)
    edge = max(1, side // 24)
    x = image.width - gap - side
    for other in others:
        small = ImageOps.fit(originals.read(other, at_least=(side, side)).convert("RGB"), (side, side))
        if x < gap:
            continue  # no room is left, yet an unreadable picture still has to be refused
        ImageDraw.Draw(image).rectangle(
            (x - edge, gap - edge, x + side + edge - 1, gap + side + edge - 1), fill=(255, 255, 255)
        )
        image.paste(small, (x, gap))
        x -= side + gap


def _rounded(size: tuple[int, int], radius: int) -> Image.Image:
    mask = Image.new("L", (size[0] * 2, size[1] * 2))
    ImageDraw.Draw(mask).rounded_rectangle(
        (0, 0, size[0] * 2 - 1, size[1] * 2 - 1), radius=radius * 2, fill=255
    )
    return mask.reduce(2)
