"""Write films as MP4 (H.264, AAC), frame by frame, and read the films that strangers gave."""

from __future__ import annotations

import io
import tempfile
from array import array
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Self

import av
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.error import FFmpegError
from av.video.reformatter import ColorRange, Colorspace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from av.audio.stream import AudioStream
    from av.container import InputContainer, OutputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream
    from PIL import Image

SOUND_HZ = 44_100
SECONDS_MAX = 600
SIDE_MAX_PX = 7680

# Containers that hold a film in themselves. Playlists would make FFmpeg open other files and URLs.
_CONTAINERS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,gif,flv,ogg"
_FRAME_SAMPLES = 1024  # what one AAC frame holds


class UnreadableFilm(ValueError):
    """The bytes are not a film that can be used. The message says why, in words for people."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a film is: even or odd pixels as stored, exact length and rate, and whether it sounds."""

    width: int
    height: int
    seconds: Fraction
    fps: Fraction
    has_sound: bool

    @property
    def frames(self) -> int:
        """Give the number of frames that the length has at the rate."""
        return max(1, round(self.seconds * self.fps))


@dataclass(slots=True)
class Writer:
    """A film being written, as a context manager; `finish` gives an MP4 that plays while it loads."""

    width: int
    height: int
    fps: Fraction
    with_sound: bool = False
    _folder: tempfile.TemporaryDirectory[str] = field(init=False)
    _out: OutputContainer = field(init=False)
    _video: VideoStream = field(init=False)
    _audio: AudioStream | None = field(init=False, default=None)
    _shown: int = field(init=False, default=0)
    _heard: int = field(init=False, default=0)

    def __enter__(self) -> Self:
        # Moving the index to the front needs a file that can be read again while it is written.
        self._folder = tempfile.TemporaryDirectory(prefix="tintype-film-")
        flags = {"movflags": "+faststart", "fflags": "+bitexact"}
        self._out = av.open(str(self._path), "w", format="mp4", options=flags)
        self._video = self._out.add_stream(
            "libx264", rate=self.fps, options={"preset": "ultrafast", "crf": "25"}
        )
        self._video.width, self._video.height, self._video.pix_fmt = self.width, self.height, "yuv420p"
        self._video.codec_context.time_base = 1 / self.fps
        # BT.601 in its limited range is what pictures are turned into.
        self._video.codec_context.colorspace = Colorspace.SMPTE170M
        self._video.codec_context.color_range = ColorRange.MPEG
        if self.with_sound:
            self._audio = self._out.add_stream("aac", rate=SOUND_HZ, layout="mono", format="fltp")
            self._audio.bit_rate = 64_000
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._out.close()
        self._folder.cleanup()

    def show(self, frame: VideoFrame) -> None:
        """Append a frame of the film's size in yuv420p."""
        frame.pts, frame.time_base = self._shown, 1 / self.fps
        self._shown += 1
        self._out.mux(self._video.encode(frame))

    def sound(self, samples: array[float]) -> None:
        """Append at most 1,024 samples, mono, between -1 and 1."""
        if self._audio is None or not samples:
            return
        frame = AudioFrame(format="fltp", layout="mono", samples=len(samples))
        frame.planes[0].update(samples.tobytes())
        frame.sample_rate, frame.pts, frame.time_base = SOUND_HZ, self._heard, Fraction(1, SOUND_HZ)
        self._heard += len(samples)
        self._out.mux(self._audio.encode(frame))

    def finish(self) -> bytes:
        """Close the film and give its bytes."""
        self._out.mux(self._video.encode(None))
        if self._audio is not None:
            self._out.mux(self._audio.encode(None))
        self._out.close()
        return self._path.read_bytes()

    @property
    def _path(self) -> Path:
        return Path(self._folder.name, "film.mp4")


def facts(source: bytes) -> Facts:
    """Tell what a given film is, from its packets and without decoding it. Raises UnreadableFilm."""
    with opened(source) as film:
        video = film.streams.video[0]
        rate = video.average_rate or video.guessed_rate or Fraction(24)
        first: Fraction | None = None
        last = Fraction(0)
        count = 0
        try:
            for packet in film.demux(video):
                if packet.pts is None or packet.time_base is None:
                    continue
                count += 1
                start = packet.pts * packet.time_base
                first = start if first is None else min(first, start)
                length = packet.duration * packet.time_base if packet.duration else 1 / rate
                last = max(last, start + length)
        except FFmpegError as error:
            raise UnreadableFilm(f"the video is damaged or cut short ({error.strerror})") from error
        if first is None or not count:
            raise UnreadableFilm("the video holds no frames")
        seconds = last - first
        if seconds > SECONDS_MAX:
            raise UnreadableFilm(
                f"the video is too long: {float(seconds):.0f} s; at most {SECONDS_MAX} s are read"
            )
        return Facts(video.width, video.height, seconds, _sane(rate), bool(film.streams.audio))


def opened(source: bytes) -> InputContainer:
    """Open a given film for reading. Raises UnreadableFilm."""
    if not source:
        raise UnreadableFilm("the video is empty: 0 bytes were given")
    allowed = {"format_whitelist": _CONTAINERS, "protocol_whitelist": "none"}
    try:
        film = av.open(io.BytesIO(source), "r", container_options=allowed, metadata_errors="replace")
    except (FFmpegError, ValueError) as error:
        raise UnreadableFilm(
            "the video is of no known format; give an MP4, MOV, WebM, MKV or AVI file"
        ) from error
    if not film.streams.video:
        film.close()
        raise UnreadableFilm("the file holds no video, perhaps only sound")
    video = film.streams.video[0]
    # A stream whose codec is not known has no size at all.
    width, height = getattr(video, "width", 0), getattr(video, "height", 0)
    if not width or not height:
        film.close()
        raise UnreadableFilm("the video is damaged, or compressed in a way that is not known")
    if max(width, height) > SIDE_MAX_PX:
        film.close()
        raise UnreadableFilm(
            f"the video is too large: {width} × {height}; at most {SIDE_MAX_PX} pixels on a side are read"
        )
    return film


def frames(source: bytes, *, fps: Fraction, count: int) -> Iterator[VideoFrame]:
    """Give exactly `count` frames of a film at an even rate: at each moment the frame that is then on screen.

    A film that ends early stands still. Raises UnreadableFilm when no frame can be decoded.
    """
    with opened(source) as film:
        film.streams.video[0].thread_type = "AUTO"
        given = 0
        held: VideoFrame | None = None
        start: float | None = None
        try:
            for frame in film.decode(film.streams.video[0]):
                moment = frame.time or 0.0
                start = moment if start is None else start
                # Half a millisecond forgives rounded time stamps.
                while held is not None and given < count and float(given / fps) < moment - start - 0.0005:
                    yield held
                    given += 1
                held = frame
                if given >= count:
                    return
        except FFmpegError as error:
            if held is None:
                raise UnreadableFilm(f"the video cannot be decoded ({error.strerror})") from error
        if held is None:
            raise UnreadableFilm("the video holds no frames")
        for _ in range(count - given):
            yield held


def picture(frame: VideoFrame) -> Image.Image:
    """Turn a frame into an RGB picture."""
    image: Image.Image = frame.to_image()  # type: ignore[no-untyped-call]  # PyAV types its Pillow bridge not
    return image


def sounds(source: bytes, *, count: int) -> Iterator[array[float]]:
    """Give exactly `count` samples of a film's sound, mono, in pieces of 1,024; silence where it has none."""
    waiting: array[float] = array("f")
    given = 0
    for piece in _decoded(source):
        waiting.extend(piece)
        while len(waiting) >= _FRAME_SAMPLES and given < count:
            part = waiting[: min(_FRAME_SAMPLES, count - given)]
            del waiting[: len(part)]
            given += len(part)
            yield part
        if given >= count:
            return
    waiting.extend(array("f", bytes(4 * max(0, count - given - len(waiting)))))
    for start in range(0, count - given, _FRAME_SAMPLES):
        yield waiting[start : min(start + _FRAME_SAMPLES, count - given)]


def _decoded(source: bytes) -> Iterator[array[float]]:
    with opened(source) as film:
        if not film.streams.audio:
            return
        resampler = AudioResampler(format="fltp", layout="mono", rate=SOUND_HZ)
        try:
            for frame in film.decode(film.streams.audio[0]):
                for even in resampler.resample(frame):
                    yield _samples(even)
        except FFmpegError:
            return  # broken sound ends early and is followed by silence; the pictures are what is asked for


def _samples(frame: AudioFrame) -> array[float]:
    samples = array("f", bytes(frame.planes[0]))
    return samples[: frame.samples]


def _sane(rate: Fraction) -> Fraction:
    return min(Fraction(240), max(Fraction(1), rate)).limit_denominator(1001)
