"""Read video clips: what they are, and their frames at an even rate in one size."""

from __future__ import annotations

import io
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
from av.error import FFmpegError
from av.filter import Graph

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.container import InputContainer
    from av.video.frame import VideoFrame

SIDE_MAX_PX = 8192
SECONDS_MAX = 4 * 60 * 60
"""The longest clip that is joined; a damaged one may announce years."""

# Containers that hold a film in themselves. Playlists would make FFmpeg open other files and URLs.
_CONTAINERS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,gif,flv,ogg"

_COLOURS = "out_color_matrix=bt709:out_range=tv"


class CannotJoin(ValueError):
    """Clips cannot be joined as asked. The message says why."""


class UnreadableClip(CannotJoin):
    """A clip is no video that can be read: `number` counts from 0, `name` is its file's."""

    def __init__(self, number: int, name: str | None, reason: str) -> None:
        self.number = number
        self.name = name
        self.reason = reason
        super().__init__(f"clip {number + 1}{f' ({name})' if name else ''} {reason}")


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip and its facts: upright size, exact length and rate, when pictures begin, whether it sounds."""

    source: Path | bytes
    number: int
    width: int
    height: int
    seconds: Fraction
    fps: Fraction
    begins: Fraction
    has_audio: bool

    @property
    def name(self) -> str | None:
        """Give the name of the clip's file, None for bytes."""
        return _name(self.source)


def read(source: Path | bytes, number: int) -> Clip:
    """Find out what a clip is: its packets are read through, one frame is decoded. Raises UnreadableClip."""
    with opened(source, number) as film:
        video = film.streams.video[0]
        rate = video.average_rate or video.guessed_rate or Fraction(25)
        first: Fraction | None = None
        last = Fraction(0)
        for packet in film.demux(video):
            if packet.pts is None or packet.time_base is None:
                continue
            start = packet.pts * packet.time_base
            first = start if first is None else min(first, start)
            last = max(last, start + (packet.duration * packet.time_base if packet.duration else 1 / rate))
        has_audio = bool(film.streams.audio)
    if first is None:
        raise UnreadableClip(number, _name(source), "holds no frames")
    if last - first > SECONDS_MAX:
        raise UnreadableClip(
            number,
            _name(source),
            f"announces {float(last - first):.0f} s; at most {SECONDS_MAX} s are joined",
        )
    with opened(source, number) as film:
        shown = next(film.decode(video=0), None)
        if shown is None:
            raise UnreadableClip(number, _name(source), "holds no frames that can be decoded")
        width, height = shown.width, shown.height
        if shown.rotation % 180:
            width, height = height, width
    fps = min(Fraction(240), max(Fraction(1), rate)).limit_denominator(1001)
    return Clip(source, number, width, height, last - first, fps, first, has_audio)


@contextmanager
def opened(source: Path | bytes, number: int) -> Iterator[InputContainer]:
    """Open a clip for reading. Raises UnreadableClip, also for what goes wrong while it is open."""
    name = _name(source)
    try:
        # Given to FFmpeg as a stream, so that a name like `concat:…` is a name and nothing else.
        with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as stream:
            allowed = {"format_whitelist": _CONTAINERS, "protocol_whitelist": "none"}
            with av.open(stream, "r", container_options=allowed, metadata_errors="replace") as film:
                if not film.streams.video:
                    raise UnreadableClip(number, name, "holds no pictures, perhaps only sound")
                video = film.streams.video[0]
                # A stream whose codec is not known has no size at all.
                width, height = getattr(video, "width", 0), getattr(video, "height", 0)
                if not width or not height:
                    raise UnreadableClip(number, name, "is damaged, or compressed in a way that is not known")
                if max(width, height) > SIDE_MAX_PX:
                    size = f"{width} × {height}"
                    raise UnreadableClip(number, name, f"is too large: {size}, at most {SIDE_MAX_PX} a side")
                video.thread_type = "AUTO"
                yield film
    except FFmpegError as error:
        raise UnreadableClip(number, name, f"is not a video that can be read ({error.strerror})") from error
    except OSError as error:
        raise UnreadableClip(number, name, f"cannot be opened ({error.strerror})") from error


def frames(clip: Clip, *, rate: Fraction, count: int, size: tuple[int, int]) -> Iterator[VideoFrame]:
    """Give exactly `count` frames in yuv420p of one size: at each moment the frame that is then on screen.

    The picture is turned upright, scaled to fit and padded. A clip that ends early stands still.
    """
    with opened(clip.source, clip.number) as film:
        given = 0
        held: VideoFrame | None = None
        fitting = _Fitting(size)
        for frame in film.decode(video=0):
            moment = (frame.pts or 0) * (frame.time_base or Fraction(0)) - clip.begins
            # Half a millisecond forgives rounded time stamps.
            while held is not None and given < count and given / rate < moment - Fraction(1, 2000):
                yield held
                given += 1
            if given >= count:
                return
            held = fitting.fit(frame)
        if held is None:
            raise UnreadableClip(clip.number, clip.name, "holds no frames that can be decoded")
        for _ in range(count - given):
            yield held


def dissolve(one: VideoFrame, other: VideoFrame, *, share: float) -> VideoFrame:
    """Mix two frames of one size; `share` is how much of the other shows, between 0 and 1."""
    graph = Graph()
    tick = Fraction(1, 1000)
    inputs = [
        graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=tick)
        for frame in (other, one)
    ]
    blend = graph.add("blend", f"all_mode=normal:all_opacity={share:.4f}")
    sink = graph.add("buffersink")
    for pad, node in enumerate(inputs):
        node.link_to(blend, 0, pad)
    blend.link_to(sink)
    graph.configure()
    for node, frame in zip(inputs, (other, one), strict=True):
        frame.pts, frame.time_base = 0, tick
        node.push(frame)
        node.push(None)
    return graph.vpull()


class _Fitting:
    """Scales and pads frames; the filter graph is built anew when a clip changes its size on the way."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.size = size
        self.kind: tuple[int, int, str, int] | None = None
        self.graph = Graph()

    def fit(self, frame: VideoFrame) -> VideoFrame:
        kind = (frame.width, frame.height, frame.format.name, frame.rotation)
        if kind != self.kind:
            self.graph, self.kind = self._built(frame), kind
        frame.pts, frame.time_base = 0, Fraction(1, 1000)
        self.graph.vpush(frame)
        return self.graph.vpull()

    def _built(self, frame: VideoFrame) -> Graph:
        width, height = self.size
        graph = Graph()
        turn = {90: ("transpose", "cclock"), -90: ("transpose", "clock"), 270: ("transpose", "clock")}
        steps: list[tuple[str, str]] = []
        if frame.rotation in turn:
            steps.append(turn[frame.rotation])
        elif abs(frame.rotation) == 180:
            steps += [("hflip", ""), ("vflip", "")]
        steps += [
            ("scale", f"{width}:{height}:force_original_aspect_ratio=decrease:flags=bicubic:{_COLOURS}"),
            ("pad", f"{width}:{height}:(ow-iw)/2:(oh-ih)/2:black"),
            ("setsar", "1"),
            ("format", "yuv420p"),
        ]
        source = graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 1000)
        )
        nodes = [
            source,
            *(graph.add(name, options or None) for name, options in steps),
            graph.add("buffersink"),
        ]
        graph.link_nodes(*nodes).configure()
        return graph


def _name(source: Path | bytes) -> str | None:
    return source.name if isinstance(source, Path) else None
