"""Make the films that simulated video models deliver: drawn or from a picture, enlarged, extended, cut out.

Bytes in, bytes out (MP4, H.264, yuv420p, playable while it loads), safe to call from several threads. The
same arguments give the same frames.
"""

from __future__ import annotations

import math
from array import array
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

from av.video.frame import VideoFrame
from PIL import Image, ImageDraw, ImageOps

from tintype.simulator import cutting, lettering, originals, pictures, reels
from tintype.simulator.originals import UnreadableImage
from tintype.simulator.reels import UnreadableFilm

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

__all__ = [
    "UnreadableFilm",
    "UnreadableImage",
    "cut_out_film",
    "enlarge_film",
    "extend_film",
    "film",
    "measure_film",
]

Number: TypeAlias = int | float | Decimal | Fraction

_ROOM = 1.16  # how much larger than the frame the picture is that the frame wanders over
_LIGHT = 0.30
_DRAWN_FPS_MAX = 30  # above it frames are shown twice or more: slow motion needs no more pictures


def film(
    prompt: str,
    *,
    seed: int,
    width: int,
    height: int,
    seconds: Number,
    fps: Number,
    source: bytes | None = None,
    audio: bool = False,
) -> bytes:
    """Make a film of round(seconds × fps) frames: a slow ride over a picture, with the prompt at its foot.

    The picture is `source`, a picture or the first frame of a film, and otherwise drawn from prompt and seed.
    Odd sizes lose a pixel, as H.264 has none. `audio` adds a quiet chord. Raises UnreadableImage for the
    source, ValueError for a size, length or rate that cannot be made.
    """
    width, height, rate = _checked(width, height, fps)
    count = _count(seconds, rate)
    large = (_even(width * _ROOM), _even(height * _ROOM))
    if source is None:
        picture = pictures.paint(prompt, seed=seed, width=large[0], height=large[1])
    else:
        picture = ImageOps.fit(_first_picture(source, large), large, Image.Resampling.BICUBIC)
    _, random = pictures.chances(prompt, seed, 0)
    ride = _Ride(picture, width, height, prompt, f"simulated film · seed {seed}", random)
    with reels.Writer(width, height, rate, with_sound=audio) as writer:
        _write(writer, ride.frames(rate, count), _chord(random, _samples(count, rate)) if audio else iter(()))
        return writer.finish()


def measure_film(source: bytes) -> tuple[int, int, Fraction, Fraction]:
    """Give width, height, exact length in seconds and frames a second of a film. Raises UnreadableFilm."""
    found = reels.facts(source)
    return found.width, found.height, found.seconds, found.fps


def enlarge_film(source: bytes, *, width: int, height: int, fps: Number | None = None) -> bytes:
    """Resample a given film to another size, and to another rate where one is asked; length and sound stay.

    Raises UnreadableFilm, and ValueError for a size or rate that cannot be made.
    """
    found = reels.facts(source)
    width, height, rate = _checked(width, height, found.fps if fps is None else fps)
    count = _count(found.seconds, rate)
    with reels.Writer(width, height, rate, with_sound=found.has_sound) as writer:
        larger = (
            frame.reformat(width, height, "yuv420p", interpolation="BICUBIC")
            for frame in reels.frames(source, fps=rate, count=count)
        )
        _write(writer, larger, _sound(source, found, _samples(count, rate)))
        return writer.finish()


def extend_film(source: bytes, prompt: str, *, seed: int, seconds: Number) -> bytes:
    """Give a film again with new seconds after it, which ride on from its last frame, with the prompt.

    Size, rate and sound are the given film's; the new part is silent. Raises UnreadableFilm, ValueError.
    """
    found = reels.facts(source)
    width, height, rate = _checked(found.width, found.height, found.fps)
    old, new = _count(found.seconds, rate), _count(seconds, rate)
    _, random = pictures.chances(prompt, seed, 0)

    def both() -> Iterator[VideoFrame]:
        last: VideoFrame | None = None
        for frame in reels.frames(source, fps=rate, count=old):
            last = frame
            yield frame.reformat(width, height, "yuv420p")
        if last is not None:
            large = (_even(width * _ROOM), _even(height * _ROOM))
            picture = reels.picture(last).resize(large, Image.Resampling.BICUBIC)
            yield from _Ride(picture, width, height, prompt, "simulated continuation", random).frames(
                rate, new
            )

    with reels.Writer(width, height, rate, with_sound=found.has_sound) as writer:
        _write(writer, both(), _sound(source, found, _samples(old + new, rate)))
        return writer.finish()


def cut_out_film(source: bytes, *, background: str = "green") -> bytes:
    """Put what stands in front in a given film on one colour, as H.264 has no transparency.

    `background` is a colour, `map`, `blur` or `overlay`, as in `pictures.cut_out`. Raises UnreadableFilm,
    ValueError.
    """
    found = reels.facts(source)
    width, height, rate = _checked(found.width, found.height, found.fps)
    count = _count(found.seconds, rate)
    with reels.Writer(width, height, rate, with_sound=found.has_sound) as writer:
        shown = (reels.picture(frame) for frame in reels.frames(source, fps=rate, count=count))
        parted = (cutting.cut(picture, background=background, cells=96).convert("RGB") for picture in shown)
        cut = (_frame(*_planes(picture.crop((0, 0, width, height)))) for picture in parted)
        _write(writer, cut, _sound(source, found, _samples(count, rate)))
        return writer.finish()


class _Ride:
    """A slow ride over a large picture: a drifting light, lettering, and a line that shows the time."""

    def __init__(
        self, picture: Image.Image, width: int, height: int, prompt: str, note: str, random: Random
    ) -> None:
        self.size = (width, height)
        self.large = _planes(picture)
        self.turn = 2 * math.pi * random.random()
        self.inwards = random.random() < 0.7
        written = lettering.caption(prompt, note, width=width, height=height)
        # Chroma has half the lines, so the lettering must begin on an even one.
        self.top = written.top - written.top % 2
        overlay = Image.new("RGBA", (width, height - self.top), (*lettering.SHADE, 0))
        overlay.paste(written.image, (0, written.top - self.top))
        alpha = overlay.getchannel("A")
        half = (width // 2, (height - self.top) // 2)
        self.overlay = _planes(overlay.convert("RGB"))
        self.alphas = (alpha, alpha.resize(half, Image.Resampling.BOX))
        glow = max(8, min(width, height))
        self.light = (
            Image.radial_gradient("L")
            .point([round(max(0.0, 1 - level / 180) ** 2 * 255 * _LIGHT) for level in range(256)])
            .resize((glow, glow), Image.Resampling.BILINEAR)
        )

    def frames(self, rate: Fraction, count: int) -> Iterator[VideoFrame]:
        """Give the frames one by one."""
        every = max(1, math.ceil(rate / _DRAWN_FPS_MAX))
        frame: VideoFrame | None = None
        for number in range(count):
            if frame is None or number % every == 0:
                frame = self._drawn(number / max(1, count - 1), float(number / rate))
            yield frame

    def _drawn(self, share: float, seconds: float) -> VideoFrame:
        width, height = self.size
        eased = share * share * (3 - 2 * share)
        closeness = eased if self.inwards else 1 - eased
        zoom = 1 / _ROOM + (1 - 1 / _ROOM) * (1 - closeness)
        large_width, large_height = self.large[0].size
        spare_x, spare_y = large_width * (1 - zoom), large_height * (1 - zoom)
        x = spare_x * (0.5 + 0.5 * math.cos(self.turn + 0.5 * seconds))
        y = spare_y * (0.5 + 0.5 * math.sin(self.turn + 0.4 * seconds))
        planes = []
        for number, plane in enumerate(self.large):
            part = 2 if number else 1
            box = (x / part, y / part, (x + large_width * zoom) / part, (y + large_height * zoom) / part)
            planes.append(plane.resize((width // part, height // part), Image.Resampling.BILINEAR, box=box))
        self._light_up(planes[0], seconds)
        for number, (plane, written) in enumerate(zip(planes, self.overlay, strict=True)):
            plane.paste(written, (0, self.top // (2 if number else 1)), self.alphas[1 if number else 0])
        line = max(2, height // 180)
        ImageDraw.Draw(planes[0]).rectangle((0, height - line, round((width - 1) * share), height), fill=225)
        return _frame(*planes)

    def _light_up(self, luma: Image.Image, seconds: float) -> None:
        width, height = self.size
        x = width * (0.5 + 0.45 * math.sin(self.turn + 0.9 * seconds)) - self.light.width / 2
        y = height * (0.32 + 0.12 * math.sin(1.3 * seconds)) - self.light.height / 2
        left, top = round(x), round(y)
        luma.paste(235, (left, top, left + self.light.width, top + self.light.height), self.light)


def _planes(picture: Image.Image) -> tuple[Image.Image, Image.Image, Image.Image]:
    """Turn RGB into the planes of limited-range BT.601: full brightness, halved colours."""
    luma, blue, red = picture.convert("YCbCr").split()
    half = (max(1, picture.width // 2), max(1, picture.height // 2))
    to_luma = [round(16 + level * 219 / 255) for level in range(256)]
    to_chroma = [round(128 + (level - 128) * 224 / 255) for level in range(256)]
    return (
        luma.point(to_luma),
        blue.resize(half, Image.Resampling.BOX).point(to_chroma),
        red.resize(half, Image.Resampling.BOX).point(to_chroma),
    )


def _frame(luma: Image.Image, blue: Image.Image, red: Image.Image) -> VideoFrame:
    frame = VideoFrame(luma.width, luma.height, "yuv420p")
    for plane, image in zip(frame.planes, (luma, blue, red), strict=True):
        rows = image.tobytes()
        if plane.line_size != image.width:
            # Rows in memory are padded to a multiple of the processor's word.
            gap = bytes(plane.line_size - image.width)
            rows = b"".join(rows[at : at + image.width] + gap for at in range(0, len(rows), image.width))
        plane.update(rows)
    return frame


def _first_picture(source: bytes, size: tuple[int, int]) -> Image.Image:
    try:
        picture = originals.read(source, at_least=size)
    except UnreadableImage as not_a_picture:
        try:
            frame = next(reels.frames(source, fps=Fraction(1), count=1))
        except UnreadableFilm:
            raise not_a_picture from None
        return reels.picture(frame)
    ground = Image.new("RGB", picture.size, (255, 255, 255))
    ground.paste(picture, (0, 0), picture if picture.mode == "RGBA" else None)
    return ground


def _write(writer: reels.Writer, frames: Iterator[VideoFrame], sound: Iterator[array[float]]) -> None:
    """Write frames and sound in step, so that a player never has to look far ahead."""
    heard = 0
    for shown, frame in enumerate(frames, 1):
        writer.show(frame)
        while heard < shown / writer.fps * reels.SOUND_HZ and (piece := next(sound, None)) is not None:
            writer.sound(piece)
            heard += len(piece)
    for piece in sound:
        writer.sound(piece)


def _sound(source: bytes, found: reels.Facts, count: int) -> Iterator[array[float]]:
    return reels.sounds(source, count=count) if found.has_sound else iter(())


def _chord(random: Random, count: int) -> Iterator[array[float]]:
    """Give a quiet chord that swells once a second. Whole frequencies loop after a second without a click."""
    root = (110, 130, 147, 165)[int(random.random() * 4)]
    tones = (root, root * 3 // 2, root * 2)
    second = array("f")
    for number in range(reels.SOUND_HZ):
        t = 2 * math.pi * number / reels.SOUND_HZ
        swell = 0.6 - 0.4 * math.cos(t)
        second.append(0.03 * swell * sum(math.sin(tone * t) for tone in tones))
    looped = second + second[:1024]
    for start in range(0, count, 1024):
        at = start % reels.SOUND_HZ
        yield looped[at : at + min(1024, count - start)]


def _checked(width: int, height: int, fps: Number) -> tuple[int, int, Fraction]:
    rate = _exact(fps).limit_denominator(1001)
    if not (16 <= width <= reels.SIDE_MAX_PX and 16 <= height <= reels.SIDE_MAX_PX):
        raise ValueError(
            f"a film of {width} × {height} cannot be made: sides are 16 to {reels.SIDE_MAX_PX} pixels"
        )
    if not 1 <= rate <= 240:
        raise ValueError(f"a film of {fps} frames a second cannot be made: 1 to 240 are possible")
    return _even(width), _even(height), rate


def _count(seconds: Number, rate: Fraction) -> int:
    length = _exact(seconds)
    if not 0 < length <= reels.SECONDS_MAX:
        raise ValueError(
            f"a film of {seconds} s cannot be made: more than 0 and at most {reels.SECONDS_MAX} s"
        )
    return max(1, round(length * rate))


def _samples(count: int, rate: Fraction) -> int:
    return round(count / rate * reels.SOUND_HZ)


def _exact(number: Number) -> Fraction:
    # Through the shortest decimal, so that 0.1 is a tenth.
    return number if isinstance(number, Fraction) else Fraction(str(number))


def _even(pixels: float) -> int:
    return max(2, int(pixels) // 2 * 2)
