"""Open pictures that strangers gave: known formats only, bounded in size, turned upright."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

PIXELS_MAX = 64_000_000
"""The largest picture that is read, in pixels; a 24 × 36 inch print at 200 DPI has 35 million."""

SIDE_MAX_PX = 20_000

# Formats whose decoders are plain C code inside Pillow. EPS would start Ghostscript; PSD, FITS and the like
# are never sent to an image model.
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")

# What Pillow's decoders let through when a file lies about itself.
_DAMAGE = (
    OSError,
    EOFError,
    ValueError,
    SyntaxError,
    OverflowError,
    LookupError,
    TypeError,
    MemoryError,
    RuntimeError,
    struct.error,
    zlib.error,
    Warning,
)


class UnreadableImage(ValueError):
    """The bytes are not a picture that can be used. The message says why, in words for people."""


def measure(source: bytes) -> tuple[int, int]:
    """Give width and height in pixels as a viewer shows the picture, without decoding it.

    Raises UnreadableImage.
    """
    with _opened(source) as image:
        width, height = image.size
        # EXIF orientations 5 to 8 lie on their side.
        on_its_side = _orientation(image) >= 5
    return (height, width) if on_its_side else (width, height)


def read(source: bytes, *, at_least: tuple[int, int] | None = None) -> Image.Image:
    """Decode a given picture upright, as RGB or, where it has transparency, RGBA.

    `at_least` lets a JPEG be decoded at a smaller scale that still covers that width and height.
    Raises UnreadableImage.
    """
    with _opened(source) as image:
        try:
            if at_least is not None and image.format == "JPEG":
                side = max(at_least)  # the picture may be turned afterwards
                image.draft("RGB", (side, side))
            # In place, without copies: a given picture may have 64 million pixels.
            ImageOps.exif_transpose(image, in_place=True)
            image.load()
            has_alpha = image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info
            mode = "RGBA" if has_alpha else "RGB"
            return image if image.mode == mode else image.convert(mode)
        except _DAMAGE as error:
            raise UnreadableImage(f"the image is damaged or cut short ({error})") from error


def _opened(source: bytes) -> Image.Image:
    if not source:
        raise UnreadableImage("the image is empty: 0 bytes were given")
    try:
        image = Image.open(io.BytesIO(source), formats=_FORMATS)
    except UnidentifiedImageError:
        raise UnreadableImage(
            "the image is of no known format; give a PNG, JPEG, WebP, GIF, BMP, TIFF or AVIF file"
        ) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise UnreadableImage(_too_large()) from None
    except _DAMAGE as error:
        raise UnreadableImage(f"the image is damaged or cut short ({error})") from error
    width, height = image.size
    if width * height > PIXELS_MAX or max(width, height) > SIDE_MAX_PX:
        image.close()
        raise UnreadableImage(f"{_too_large()}; this one has {width} × {height}")
    if width < 1 or height < 1:
        image.close()
        raise UnreadableImage("the image has no pixels")
    return image


def _too_large() -> str:
    return f"the image is too large: at most {PIXELS_MAX:,} pixels and {SIDE_MAX_PX:,} on a side are read"


def _orientation(image: Image.Image) -> int:
    try:
        found = image.getexif().get(ExifTags.Base.Orientation, 1)
    except _DAMAGE:
        return 1  # a damaged EXIF block says nothing about the picture
    return found if isinstance(found, int) else 1
