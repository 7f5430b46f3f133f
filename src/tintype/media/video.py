"""Join clips into one MP4: one size, one rate, sound kept, exact length, in little memory however long."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import av
from av.video.reformatter import ColorRange, Colorspace

from tintype.media import clips, sound
from tintype.media.clips import CannotJoin, Clip, UnreadableClip

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from av.container import OutputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

__all__ = ["CannotJoin", "Joined", "UnreadableClip", "join"]


@dataclass(frozen=True, slots=True)
class Joined:
    """A finished film: where it is and what it holds. `seconds` is exactly `frames / fps`."""

    path: Path
    width: int
    height: int
    fps: Fraction
    seconds: Fraction
    frames: int
    has_audio: bool


def join(
    sources: Sequence[Path | bytes],
    out: Path,
    *,
    fps: float | Fraction | None = None,
    size: tuple[int, int] | None = None,
    crossfade_s: float = 0,
) -> Joined:
    """Write clips one after another into an MP4 (H.264, yuv420p, AAC) that plays while it loads.

    Size and rate are those of the first clip unless stated; other clips are scaled to fit and padded with
    black, repeated or thinned to the rate. A clip without sound is silent while others sound; where none has
    any, the film has no sound track. With a crossfade each clip dissolves into the next, and the film is that
    much shorter at each seam. `out` appears only when the film is complete, and replaces what was there.

    Raises UnreadableClip for a clip that is not a video, CannotJoin for no clips, or for a size, a rate or a
    crossfade that is not possible, OSError where `out` cannot be written.
    """
    if not sources:
        raise CannotJoin("there is nothing to join: give at least one clip")
    found = [clips.read(source, number) for number, source in enumerate(sources)]
    width, height = _size(size, found[0])
    rate = _rate(fps, found[0])
    counts = _counts(found, rate)
    fade = _fade(crossfade_s, rate, counts)
    frames = sum(counts) - fade * (len(counts) - 1)
    has_audio = any(clip.has_audio for clip in found)
    out.parent.mkdir(parents=True, exist_ok=True)
    # In the same folder, so that the finished film takes its place in one step.
    unfinished = out.with_name(f".{out.stem}-{secrets.token_hex(4)}.mp4")
    unfinished.touch(exist_ok=False)
    try:
        _write(unfinished, found, counts, fade, rate=rate, size=(width, height), has_audio=has_audio)
        unfinished.replace(out)
    finally:
        unfinished.unlink(missing_ok=True)
    return Joined(out, width, height, rate, frames / rate, frames, has_audio)


def _write(
    path: Path,
    found: Sequence[Clip],
    counts: Sequence[int],
    fade: int,
    *,
    rate: Fraction,
    size: tuple[int, int],
    has_audio: bool,
) -> None:
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as out:
        video = out.add_stream("libx264", rate=rate, options={"preset": "veryfast", "crf": "20"})
        video.width, video.height, video.pix_fmt = *size, "yuv420p"
        video.codec_context.time_base = 1 / rate
        video.codec_context.colorspace = Colorspace.ITU709
        video.codec_context.color_range = ColorRange.MPEG
        track = sound.Track(out, found, counts, fade, rate) if has_audio else None
        for number, frame in enumerate(_frames(found, counts, fade, rate, size)):
            frame.pts, frame.time_base = number, 1 / rate
            _mux(out, video, frame)
            if track is not None:
                track.write_until((number + 1) / rate)
        _mux(out, video, None)
        if track is not None:
            track.finish()


def _mux(out: OutputContainer, video: VideoStream, frame: VideoFrame | None) -> None:
    out.mux(video.encode(frame))


def _frames(
    found: Sequence[Clip], counts: Sequence[int], fade: int, rate: Fraction, size: tuple[int, int]
) -> Iterator[VideoFrame]:
    """Give all frames of the film. At a seam two clips are read side by side, so nothing is kept."""
    current = clips.frames(found[0], rate=rate, count=counts[0], size=size)
    for number in range(len(found)):
        begun = fade if number else 0
        has_next = number + 1 < len(found)
        alone = counts[number] - begun - (fade if has_next else 0)
        for _ in range(alone):
            yield next(current)
        if not has_next:
            return
        following = clips.frames(found[number + 1], rate=rate, count=counts[number + 1], size=size)
        for step in range(fade):
            yield clips.dissolve(next(current), next(following), share=(step + 1) / (fade + 1))
        current = following


def _counts(found: Sequence[Clip], rate: Fraction) -> list[int]:
    """Give each clip's number of frames; seams are rounded from the start, so that nothing drifts."""
    counts = []
    seconds = Fraction(0)
    for clip in found:
        begin = round(seconds * rate)
        seconds += clip.seconds
        counts.append(max(1, round(seconds * rate) - begin))
    return counts


def _size(asked: tuple[int, int] | None, first: Clip) -> tuple[int, int]:
    width, height = asked or (first.width, first.height)
    # H.264 in yuv420p has no odd sizes.
    width, height = width - width % 2, height - height % 2
    if not (16 <= width <= clips.SIDE_MAX_PX and 16 <= height <= clips.SIDE_MAX_PX):
        raise CannotJoin(
            f"a film of {width} × {height} pixels cannot be made: sides are 16 to {clips.SIDE_MAX_PX}"
        )
    return width, height


def _rate(asked: float | Fraction | None, first: Clip) -> Fraction:
    if asked is None:
        return first.fps
    rate = asked if isinstance(asked, Fraction) else Fraction(str(asked))
    if not 1 <= rate <= 240:
        raise CannotJoin(f"a film of {asked} frames a second cannot be made: 1 to 240 are possible")
    return rate.limit_denominator(1001)


def _fade(crossfade_s: float, rate: Fraction, counts: Sequence[int]) -> int:
    if crossfade_s < 0:
        raise CannotJoin("a crossfade cannot be shorter than 0 seconds")
    fade = round(Fraction(str(crossfade_s)) * rate)
    shortest = min(counts)
    # A clip in the middle dissolves at both ends.
    if len(counts) > 1 and fade * 2 > shortest:
        raise CannotJoin(
            f"a crossfade of {crossfade_s:g} s is too long: the shortest clip "
            f"has {float(shortest / rate):.2f} s, and a crossfade may be half of that"
        )
    return fade if len(counts) > 1 else 0
