"""Clips of any kind become one film of exactly their length."""

from __future__ import annotations

import io
import tracemalloc
from array import array
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

import av
import pytest
from av.video.frame import VideoFrame
from PIL import Image

from tintype.media import video

if TYPE_CHECKING:
    from pathlib import Path


def clip(
    colour: str,
    *,
    width: int = 160,
    height: int = 96,
    frames: int = 12,
    fps: int = 12,
    sound: float = 0,
    codec: Literal["libx264", "libvpx-vp9"] = "libx264",
    container: str = "mp4",
) -> bytes:
    """A clip of one colour, perhaps with a steady sound as loud as is said."""
    out = io.BytesIO()
    picture = Image.new("RGB", (width, height), colour)
    with av.open(out, "w", format=container) as film:
        stream = film.add_stream(codec, rate=fps)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        audio = film.add_stream("aac", rate=44100, layout="mono", format="fltp") if sound else None
        one: VideoFrame = VideoFrame.from_image(picture)  # type: ignore[no-untyped-call]  # PyAV has it untyped
        for number in range(frames):
            frame = one.reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, fps)
            film.mux(stream.encode(frame))
        film.mux(stream.encode(None))
        if audio is not None:
            for start in range(0, frames * 44100 // fps, 1024):
                piece = av.AudioFrame(format="fltp", layout="mono", samples=1024)
                wave = (sound if number // 50 % 2 else -sound for number in range(start, start + 1024))
                piece.planes[0].update(array("f", wave).tobytes())
                piece.sample_rate, piece.pts = 44100, start
                film.mux(audio.encode(piece))
            film.mux(audio.encode(None))
    return out.getvalue()


def shown(path: Path) -> list[Image.Image]:
    with av.open(str(path), "r") as film:
        return [frame.to_image() for frame in film.decode(video=0)]  # type: ignore[no-untyped-call]  # as above


def loudness(path: Path, begin: float, end: float) -> float:
    """The loudest sample between two moments."""
    peak = 0.0
    with av.open(str(path), "r") as film:
        for frame in film.decode(audio=0):
            moment = frame.time or 0.0
            if begin <= moment and moment + 1024 / 48000 <= end:
                peak = max(peak, *(abs(sample) for sample in array("f", bytes(frame.planes[0]))))
    return peak


def pixel(image: Image.Image, place: tuple[int, int]) -> tuple[int, ...]:
    """The levels of one pixel."""
    found = image.getpixel(place)
    assert isinstance(found, tuple)
    return found


def colour(image: Image.Image) -> str:
    red, green, blue = pixel(image, (image.width // 2, image.height // 2))
    return max((red, "red"), (green, "green"), (blue, "blue"))[1] if max(red, green, blue) > 60 else "black"


def test_clips_follow_one_another_in_the_size_and_rate_of_the_first(tmp_path: Path) -> None:
    joined = video.join(
        [clip("red"), clip("lime", width=96, height=160, fps=24, frames=24), clip("blue", fps=8, frames=8)],
        tmp_path / "film.mp4",
    )

    frames = shown(joined.path)
    assert (joined.width, joined.height, joined.fps) == (160, 96, Fraction(12))
    assert (joined.frames, joined.seconds, joined.has_audio) == (36, Fraction(3), False)
    assert [colour(frame) for frame in frames] == ["red"] * 12 + ["green"] * 12 + ["blue"] * 12
    # A tall clip in a wide film has black beside it.
    assert max(pixel(frames[15], (2, 48))) < 20
    with av.open(str(joined.path), "r") as film:
        assert not film.streams.audio
        assert film.streams.video[0].codec_context.name == "h264"
        assert film.duration == 3_000_000
    content = joined.path.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


def test_size_and_rate_can_be_asked_for(tmp_path: Path) -> None:
    joined = video.join([clip("red"), clip("blue")], tmp_path / "film.mp4", fps=29.97, size=(321, 241))

    assert (joined.width, joined.height) == (320, 240)
    assert joined.fps == Fraction(2997, 100)
    assert len(shown(joined.path)) == joined.frames == 60


def test_many_short_clips_do_not_drift(tmp_path: Path) -> None:
    """Thirty clips of 5/12 s at 25 frames a second: 12.5 s, give or take half a frame."""
    joined = video.join([clip("red", frames=5)] * 30, tmp_path / "film.mp4", fps=25, size=(64, 64))

    assert abs(joined.seconds - Fraction(25, 2)) <= Fraction(1, 50)
    assert len(shown(joined.path)) == joined.frames


def test_files_and_other_containers_are_clips_too(tmp_path: Path) -> None:
    (tmp_path / "one clip.webm").write_bytes(clip("blue", codec="libvpx-vp9", container="webm"))

    joined = video.join([tmp_path / "one clip.webm", clip("red")], tmp_path / "new" / "film.mp4")

    assert [colour(frame) for frame in shown(joined.path)] == ["blue"] * 12 + ["red"] * 12
    # Whoever reads other files of this folder reads the film.
    assert joined.path.stat().st_mode == (tmp_path / "one clip.webm").stat().st_mode
    assert [one.name for one in joined.path.parent.iterdir()] == ["film.mp4"]


def test_sound_is_kept_and_what_has_none_is_silent(tmp_path: Path) -> None:
    joined = video.join([clip("red"), clip("lime", sound=0.5), clip("blue")], tmp_path / "film.mp4")

    assert joined.has_audio
    assert loudness(joined.path, 0.1, 0.9) < 0.01
    assert loudness(joined.path, 1.1, 1.9) > 0.3
    assert loudness(joined.path, 2.1, 2.9) < 0.01
    with av.open(str(joined.path), "r") as film:
        sound = film.streams.audio[0]
        assert sound.duration is not None
        assert sound.time_base is not None
        assert abs(float(sound.duration * sound.time_base) - 3) < 0.03


def test_a_crossfade_mixes_pictures_and_sound_and_shortens_the_film(tmp_path: Path) -> None:
    joined = video.join(
        [clip("red", sound=0.5), clip("blue"), clip("lime")], tmp_path / "film.mp4", crossfade_s=0.5
    )

    frames = shown(joined.path)
    assert joined.frames == len(frames) == 36 - 2 * 6
    red, _, blue = pixel(frames[8], (80, 48))
    assert 60 < red < 200
    assert 60 < blue < 200
    assert colour(frames[5]) == "red"
    assert colour(frames[12]) == "blue" or colour(frames[11]) == "blue"
    assert colour(frames[23]) == "green"
    assert loudness(joined.path, 0.1, 0.5) > loudness(joined.path, 0.8, 1.0) > 0.02


def test_one_clip_is_a_film(tmp_path: Path) -> None:
    assert video.join([clip("red")], tmp_path / "film.mp4", crossfade_s=3).frames == 12


def test_a_clip_on_its_side_is_turned_upright(tmp_path: Path) -> None:
    """Telephones write sideways pictures and a note that says so."""
    lying = bytearray(clip("red", width=160, height=96))
    # The matrix of the track header (tkhd), 16.16 fixed point: from upright to a quarter turn.
    upright = b"".join(
        number.to_bytes(4, "big") for number in (0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    )
    turned = (0, 0x10000, 0, 0xFFFF0000, 0, 0, 96 << 16, 0, 0x40000000)
    place = lying.index(upright, lying.index(b"tkhd"))
    lying[place : place + 36] = b"".join(number.to_bytes(4, "big") for number in turned)

    joined = video.join([bytes(lying)], tmp_path / "film.mp4")

    assert (joined.width, joined.height) == (96, 160)
    assert colour(shown(joined.path)[0]) == "red"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a film",
        b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/hostname\n",
        clip("red")[:300],
    ],
    ids=["empty", "text", "playlist", "cut short"],
)
def test_a_clip_that_cannot_be_read_is_named_and_nothing_is_left(tmp_path: Path, content: bytes) -> None:
    bad = tmp_path / "holiday.mp4"
    bad.write_bytes(content)

    with pytest.raises(video.UnreadableClip, match=r"clip 2 \(holiday\.mp4\)") as caught:
        video.join([clip("red"), bad], tmp_path / "film.mp4")

    assert (caught.value.number, caught.value.name) == (1, "holiday.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["holiday.mp4"]


def test_a_missing_file_is_an_unreadable_clip(tmp_path: Path) -> None:
    with pytest.raises(video.UnreadableClip, match=r"clip 1 \(gone\.mp4\) cannot be opened"):
        video.join([tmp_path / "gone.mp4"], tmp_path / "film.mp4")


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"size": (4, 4)}, "4 × 4"),
        ({"fps": 0}, "frames a second"),
        ({"crossfade_s": -1}, "crossfade"),
        ({"crossfade_s": 0.6}, "too long"),
    ],
    ids=["size", "rate", "negative", "crossfade"],
)
def test_what_is_impossible_is_refused_in_words(tmp_path: Path, asked: dict[str, Any], words: str) -> None:
    with pytest.raises(video.CannotJoin, match=words):
        video.join([clip("red"), clip("blue")], tmp_path / "film.mp4", **asked)
    assert not list(tmp_path.iterdir())


def test_nothing_to_join_is_refused(tmp_path: Path) -> None:
    with pytest.raises(video.CannotJoin, match="at least one clip"):
        video.join([], tmp_path / "film.mp4")


def test_a_failure_leaves_the_film_that_was_there(tmp_path: Path) -> None:
    target = tmp_path / "film.mp4"
    target.write_bytes(b"the old film")

    with pytest.raises(video.UnreadableClip):
        video.join([b"nothing"], target)

    assert target.read_bytes() == b"the old film"


def test_memory_does_not_grow_with_the_number_of_clips(tmp_path: Path) -> None:
    """Python's share of it; the clips themselves are files."""
    source = tmp_path / "clip.mp4"
    source.write_bytes(clip("red", sound=0.3))
    peaks = []
    for count in (4, 24):
        tracemalloc.start()
        video.join([source] * count, tmp_path / "film.mp4")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    assert peaks[1] < peaks[0] * 1.5 + 100_000
