"""Write the sound of joined clips: one track, in step with the pictures, silent where a clip is."""

from __future__ import annotations

from array import array
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

from tintype.media import clips

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from av.audio.stream import AudioStream
    from av.container import OutputContainer

    from tintype.media.clips import Clip

HZ = 48_000
_PIECE = 1024  # what one AAC frame holds

_Stereo: TypeAlias = "tuple[array[float], array[float]]"


class Track:
    """The sound track of a film that is being written."""

    def __init__(
        self, out: OutputContainer, found: Sequence[Clip], counts: Sequence[int], fade: int, rate: Fraction
    ) -> None:
        self._out = out
        self._stream: AudioStream = out.add_stream("aac", rate=HZ, layout="stereo", format="fltp")
        self._stream.bit_rate = 160_000
        self._pieces = _joined(found, counts, fade, rate)
        self._written = 0

    def write_until(self, seconds: Fraction) -> None:
        """Write sound up to a moment of the film, or a little past it."""
        while self._written < seconds * HZ and (piece := next(self._pieces, None)) is not None:
            self._write(piece)

    def finish(self) -> None:
        """Write what is left."""
        for piece in self._pieces:
            self._write(piece)
        self._out.mux(self._stream.encode(None))

    def _write(self, piece: _Stereo) -> None:
        count = len(piece[0])
        frame = AudioFrame(format="fltp", layout="stereo", samples=count)
        for plane, samples in zip(frame.planes, piece, strict=True):
            plane.update(samples.tobytes())
        frame.sample_rate, frame.pts, frame.time_base = HZ, self._written, Fraction(1, HZ)
        self._written += count
        self._out.mux(self._stream.encode(frame))


def _joined(found: Sequence[Clip], counts: Sequence[int], fade: int, rate: Fraction) -> Iterator[_Stereo]:
    """Give the whole film's sound in small pieces; borders are rounded from the start, so nothing drifts."""
    current = _Reader(found[0])
    first = 0
    for number, count in enumerate(counts):
        is_last = number + 1 == len(counts)
        begin = first + (fade if number else 0)
        end = first + count - (0 if is_last else fade)
        for length in _lengths(_at(end, rate) - _at(begin, rate)):
            yield current.take(length)
        if is_last:
            return
        following = _Reader(found[number + 1])
        whole = _at(end + fade, rate) - _at(end, rate)
        done = 0
        for length in _lengths(whole):
            yield _mixed(current.take(length), following.take(length), done / whole, length / whole)
            done += length
        current, first = following, end


class _Reader:
    """Reads a clip's sound, however little of it there is: what is missing is silence."""

    def __init__(self, clip: Clip) -> None:
        self._decoded = _decoded(clip) if clip.has_audio else iter(())
        self._waiting: _Stereo = (array("f"), array("f"))

    def take(self, count: int) -> _Stereo:
        """Give exactly `count` samples of each channel."""
        left, right = self._waiting
        while len(left) < count and (piece := next(self._decoded, None)) is not None:
            left.extend(piece[0])
            right.extend(piece[1])
        taken = left[:count], right[:count]
        del left[:count], right[:count]
        for channel in taken:
            channel.extend(_silence(count - len(channel)))
        return taken


def _decoded(clip: Clip) -> Iterator[_Stereo]:
    """Give a clip's sound from the moment on when its pictures begin."""
    resampler = AudioResampler(format="fltp", layout="stereo", rate=HZ)
    with clips.opened(clip.source, clip.number) as film:
        shift: int | None = None
        for frame in film.decode(audio=0):
            if shift is None:
                heard = (frame.pts or 0) * (frame.time_base or Fraction(0))
                shift = round((heard - clip.begins) * HZ)
                if shift > 0:
                    yield _silence(shift), _silence(shift)
            for even in resampler.resample(frame):
                planes = [array("f", bytes(plane))[: even.samples] for plane in even.planes]
                left, right = planes[0], planes[1]
                early = min(len(left), max(0, -shift))
                shift += early
                yield left[early:], right[early:]


def _mixed(one: _Stereo, other: _Stereo, begun: float, step: float) -> _Stereo:
    """Fade from one sound into another; `begun` and `step` are shares of the whole fade."""
    mixed = []
    for old, new in zip(one, other, strict=True):
        count = len(old)
        shares = (begun + step * number / count for number in range(count))
        mixed.append(array("f", (a + (b - a) * share for a, b, share in zip(old, new, shares, strict=True))))
    return mixed[0], mixed[1]


def _lengths(count: int) -> Iterator[int]:
    for start in range(0, count, _PIECE):
        yield min(_PIECE, count - start)


def _silence(count: int) -> array[float]:
    return array("f", bytes(4 * max(0, count)))


def _at(frames: int, rate: Fraction) -> int:
    return round(frames / rate * HZ)
