"""Make small pictures of pictures and films, and measure films and sound: what has to decode what a stranger made.

Runs in a process of its own (`media.pool`), because a file may be made to break a decoder. Paths in, facts out.
"""

from __future__ import annotations

import base64
import io
import os
import warnings
from typing import TYPE_CHECKING, Any

from tintype.media.kinds import PIXELS_MAX

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from av.container import InputContainer
    from av.stream import Stream
    from PIL import Image as Images

SIDE_PX = 512
"""The longer side of a thumbnail, in pixels. A smaller picture is not enlarged."""
POSTER_MAX_PX = 8_192
"""The longer side of a film's poster, at most."""
_QUALITY = 80
_TINY_PX = 16
# Pillow would start Ghostscript for an EPS, and FFmpeg follow a playlist to other files and hosts. Neither is asked to.
_PICTURES = ("PNG", "JPEG", "WEBP", "GIF", "AVIF")
_OPENING = {"protocol_whitelist": "file", "format_whitelist": "mov,mp4,matroska,webm,mp3,wav,ogg,flac"}


class Unreadable(Exception):
    """The file cannot be decoded; the message says why, in a few words and without its path."""


def thumbnail(source: str, target: str, side_px: int = SIDE_PX) -> dict[str, Any]:
    """Write a WebP of a picture, or of a film's first frame, to `target`; return its and the source's size.

    `blurred` is a WebP of sixteen pixels in base64, to show while the rest is on its way.
    """
    image, width, height = _picture(source) if _is_picture(source) else _frame(source, side_px)
    with image:
        small = _shrunk(image, side_px)
        with small:
            size_bytes = _write(small, target)
            return {
                "width": width,
                "height": height,
                "thumbnail_width": small.width,
                "thumbnail_height": small.height,
                "size_bytes": size_bytes,
                "blurred": _blurred(small),
            }


def still(source: str, side_px: int = SIDE_PX) -> Images.Image:
    """Return a picture, or a film's first frame, decoded. Raises Unreadable."""
    image, _, _ = _picture(source) if _is_picture(source) else _frame(source, side_px)
    return image


def measure(source: str) -> dict[str, Any]:
    """Return width, height, duration_ms, frames_per_second and has_sound of a film or a sound.

    A sound has no width, height and frames_per_second; a duration that cannot be told is None.
    """
    import av  # noqa: PLC0415 - costs a moment that pictures need not wait for

    try:
        with av.open(source, metadata_errors="replace", options=_OPENING) as container:
            video = next(iter(container.streams.video), None)
            sound = next(iter(container.streams.audio), None)
            duration_ms = _duration_ms(container, video or sound)
            rate = video.average_rate if video else None
            return {
                "width": video.width if video else None,
                "height": video.height if video else None,
                "duration_ms": duration_ms,
                "frames_per_second": float(rate) if rate else None,
                "has_sound": sound is not None,
            }
    except (av.FFmpegError, OSError, ValueError) as fault:
        raise Unreadable(_words(fault)) from fault


WORK: Mapping[str, Callable[..., dict[str, Any]]] = {"thumbnail": thumbnail, "measure": measure}
"""What a process of the pool can be asked for."""


def _is_picture(source: str) -> bool:
    with open(source, "rb") as file:  # noqa: PTH123 - a path is a text here
        head = file.read(16)
    return (
        not (head[4:8] == b"ftyp" and head[8:12] not in {b"avif", b"avis"})
        and head[:4] != b"\x1a\x45\xdf\xa3"
    )


def opened(source: str) -> Images.Image:
    """Return a picture decoded whole, the way up that it is meant to be seen. Raises Unreadable."""
    return _picture(source, is_whole=True)[0]


def _picture(source: str, *, is_whole: bool = False) -> tuple[Images.Image, int, int]:
    from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError  # noqa: PLC0415 - as for films

    Image.MAX_IMAGE_PIXELS = PIXELS_MAX
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    try:
        image: Images.Image = Image.open(source, formats=_PICTURES)
        width, height = image.size
        if not is_whole:
            # A JPEG is decoded at a fraction of its size when that is all that is needed.
            image.draft("RGB", (SIDE_PX * 2, SIDE_PX * 2))
        is_turned = image.getexif().get(ExifTags.Base.Orientation, 1) >= 5
        image.load()
        image = _in_8_bits(ImageOps.exif_transpose(image))
    except (
        UnidentifiedImageError,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
        OSError,
        SyntaxError,
        ValueError,
        MemoryError,
    ) as fault:
        raise Unreadable(_words(fault)) from fault
    return (image, height, width) if is_turned else (image, width, height)


def _in_8_bits(image: Images.Image) -> Images.Image:
    """Scale grey of 16 bits, whose conversions cut at 255: the level that stands for transparent becomes an alpha."""
    if not image.mode.startswith("I"):
        return image
    # Half a step more, as the rest of it is cut off.
    grey = image.point(lambda level: level * (1 / 257) + 0.5).convert("L")
    clear = image.info.get("transparency")
    if isinstance(clear, int):
        levels = [255] * 65_536
        levels[clear] = 0
        grey.putalpha(image.convert("I").point(levels, "L"))
    grey.info.pop("transparency", None)
    return grey


def _frame(source: str, side_px: int) -> tuple[Images.Image, int, int]:
    import av  # noqa: PLC0415 - as above

    try:
        with av.open(source, metadata_errors="replace", options=_OPENING) as container:
            stream = next(iter(container.streams.video), None)
            if stream is None:
                raise Unreadable("it has no picture")
            # One thread: more would each want memory of their own.
            stream.thread_type = "NONE"
            frame = next(container.decode(stream), None)
            if frame is None:
                raise Unreadable("it has no frames")
            if frame.width * frame.height > PIXELS_MAX:
                raise Unreadable("its frames are too large")
            scale = min(1.0, side_px / max(frame.width, frame.height))
            small = frame.reformat(
                width=max(round(frame.width * scale), 1),
                height=max(round(frame.height * scale), 1),
                format="rgb24",
                interpolation="AREA",
            )
            image: Images.Image = small.to_image()  # type: ignore[no-untyped-call]  # PyAV leaves it untyped
            return image, frame.width, frame.height
    except (av.FFmpegError, OSError, ValueError, MemoryError) as fault:
        raise Unreadable(_words(fault)) from fault


def _shrunk(image: Images.Image, side_px: int) -> Images.Image:
    from PIL.Image import Resampling  # noqa: PLC0415 - loaded by now

    # Transparency is told by the mode, and in palettes by a field; WebP knows both kinds.
    has_alpha = image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info
    small = image.convert("RGBA" if has_alpha else "RGB")
    small.thumbnail((side_px, side_px), Resampling.LANCZOS, reducing_gap=3.0)
    return small


def _write(image: Images.Image, target: str) -> int:
    with open(target, "xb") as file:  # noqa: PTH123 - as above
        # Only the picture: its profile, EXIF and texts stay in the original.
        image.info.clear()
        image.save(file, "WEBP", quality=_QUALITY, method=4)
        file.flush()
        os.fsync(file.fileno())
        return file.tell()


def _blurred(image: Images.Image) -> str:
    tiny = image.copy()
    tiny.thumbnail((_TINY_PX, _TINY_PX))
    file = io.BytesIO()
    tiny.save(file, "WEBP", quality=30, method=4)
    return base64.b64encode(file.getvalue()).decode()


def _duration_ms(container: InputContainer, stream: Stream | None) -> int | None:
    """Return the length: the stream's own, else the container's (in millionths of a second)."""
    if stream is not None and stream.duration is not None and stream.time_base is not None:
        return round(stream.duration * stream.time_base * 1000)
    return round(container.duration / 1000) if container.duration is not None else None


def _words(fault: BaseException) -> str:
    """Say what a decoder said, without paths and addresses in memory."""
    if isinstance(fault, MemoryError):
        return "it needs more memory than is allowed"
    text = getattr(fault, "strerror", None) or str(fault) or type(fault).__name__
    return text.partition(" '")[0].partition(" <")[0][:120]
