"""Films play: exact length, rate and size, made from what was given."""

from __future__ import annotations

import io
from array import array
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import TYPE_CHECKING, Any

import av
import pytest
from PIL import Image, ImageChops, ImageStat

from tintype.simulator import films, pictures, reels

if TYPE_CHECKING:
    from av.stream import Stream


def decoded(content: bytes) -> list[Image.Image]:
    with av.open(io.BytesIO(content), "r") as container:
        return [reels.picture(frame) for frame in container.decode(video=0)]


def loudness(content: bytes) -> list[tuple[float, float]]:
    """Moments in seconds and the loudest sample of each piece of sound."""
    with av.open(io.BytesIO(content), "r") as container:
        return [
            (frame.time or 0.0, max(abs(sample) for sample in array("f", bytes(frame.planes[0]))))
            for frame in container.decode(audio=0)
        ]


def length_s(stream: Stream) -> float:
    """How long a stream says that it is."""
    assert stream.duration is not None
    assert stream.time_base is not None
    return float(stream.duration * stream.time_base)


def likeness(one: Image.Image, other: Image.Image) -> float:
    """The mean difference of two pictures, seen from afar, in levels of 255."""
    small = [image.convert("RGB").resize((32, 32), Image.Resampling.BOX) for image in (one, other)]
    return sum(ImageStat.Stat(ImageChops.difference(*small)).mean) / 3


def pixel(image: Image.Image, place: tuple[int, int]) -> tuple[int, ...]:
    """The levels of one pixel."""
    found = image.getpixel(place)
    assert isinstance(found, tuple)
    return found


@pytest.fixture(scope="module")
def clip() -> bytes:
    """Two seconds with sound, 16 frames a second."""
    return films.film("a clip", seed=1, width=320, height=180, seconds=2, fps=16, audio=True)


@pytest.mark.parametrize(
    ("seconds", "fps", "frames"),
    [(1, 24, 24), (2, 16, 32), (Decimal("0.5"), 30, 15), (1.5, 25, 38), (1, 60, 60), (1, 29.97, 30)],
)
def test_a_film_has_exactly_the_asked_frames(seconds: float, fps: float, frames: int) -> None:
    content = films.film("hills", seed=1, width=160, height=96, seconds=seconds, fps=fps)

    shown = decoded(content)
    assert len(shown) == frames
    width, height, length, rate = films.measure_film(content)
    assert (width, height) == (160, 96)
    assert abs(rate - Fraction(str(fps))) < Fraction(1, 1000)
    assert abs(length - frames / rate) < Fraction(1, 1000)


@pytest.mark.parametrize("size", [(1280, 720), (480, 854), (64, 64), (854, 480)])
def test_a_film_has_the_asked_size_and_is_h264_that_plays_anywhere(size: tuple[int, int]) -> None:
    content = films.film("sea", seed=1, width=size[0], height=size[1], seconds=0.25, fps=16)

    with av.open(io.BytesIO(content), "r") as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height) == size
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
        assert not container.streams.audio
    # The index stands before the frames, so that a browser plays while it loads.
    assert content.index(b"moov") < content.index(b"mdat")


def test_odd_sizes_lose_a_pixel() -> None:
    assert films.measure_film(films.film("x", seed=1, width=101, height=67, seconds=1, fps=8))[:2] == (
        100,
        66,
    )


def test_a_film_moves_and_always_in_the_same_way() -> None:
    def make(prompt: str = "a car", seed: int = 1) -> list[Image.Image]:
        content = films.film(prompt, seed=seed, width=160, height=96, seconds=1, fps=8)
        return decoded(content)

    first = make()
    assert [frame.tobytes() for frame in first] == [frame.tobytes() for frame in make()]
    assert likeness(first[0], first[-1]) > 0.5
    assert likeness(first[0], make("a boat")[0]) > 3
    assert likeness(first[0], make(seed=2)[0]) > 3


def test_colours_survive_the_way_into_the_film() -> None:
    """A frame looks like the picture that it was made from: no swapped planes, no shifted range."""
    out = io.BytesIO()
    Image.new("RGB", (320, 320), (200, 60, 40)).save(out, "PNG")
    shown = decoded(films.film("", seed=1, width=320, height=320, seconds=0.2, fps=10, source=out.getvalue()))

    red, green, blue = pixel(shown[0], (5, 120))
    assert abs(red - 200) < 30
    assert abs(green - 60) < 30
    assert abs(blue - 40) < 30


def test_a_film_is_made_from_the_given_picture() -> None:
    given = pictures.draw("a red car on a wet street", seed=5, width=512, height=512, format="jpg")
    shown = decoded(films.film("drive", seed=1, width=256, height=256, seconds=0.5, fps=8, source=given))
    upper = (0, 0, 256, 140)

    original = Image.open(io.BytesIO(given)).resize((256, 256)).crop(upper)
    other = Image.open(io.BytesIO(pictures.draw("sea", seed=1, width=256, height=256))).crop(upper)
    frame = shown[0].crop(upper)
    assert likeness(frame, original) < 35
    assert likeness(frame, original) < likeness(frame, other) / 1.5


def test_a_film_can_begin_with_the_first_picture_of_a_film(clip: bytes) -> None:
    content = films.film("on", seed=1, width=320, height=180, seconds=1, fps=8, source=clip)

    assert likeness(decoded(content)[0], decoded(clip)[0]) < 30


def test_sound_lasts_as_long_as_the_pictures_and_is_quiet(clip: bytes) -> None:
    with av.open(io.BytesIO(clip), "r") as container:
        sound = container.streams.audio[0]
        assert sound.codec_context.name == "aac"
        assert abs(length_s(sound) - 2) < 0.03
    peaks = [peak for _, peak in loudness(clip)]
    assert 0.01 < max(peaks) < 0.2


def test_a_larger_film_keeps_length_and_sound(clip: bytes) -> None:
    larger = films.enlarge_film(clip, width=640, height=360, fps=30)

    assert films.measure_film(larger) == (640, 360, Fraction(2), Fraction(30))
    shown = decoded(larger)
    assert len(shown) == 60
    assert likeness(shown[59], decoded(clip)[31]) < 4
    assert max(peak for _, peak in loudness(larger)) > 0.01


def test_an_extended_film_begins_as_the_given_one_and_goes_on(clip: bytes) -> None:
    longer = films.extend_film(clip, "and then it rains", seed=2, seconds=1.5)

    assert films.measure_film(longer) == (320, 180, Fraction(7, 2), Fraction(16))
    shown, given = decoded(longer), decoded(clip)
    assert likeness(shown[10], given[10]) < 4
    assert likeness(shown[32], given[31]) < 30


def test_a_film_without_its_background_is_green_there() -> None:
    out = io.BytesIO()
    page = Image.new("RGB", (256, 256), (235, 235, 230))
    page.paste((180, 30, 30), (90, 60, 170, 160))
    page.save(out, "PNG")
    given = films.film("", seed=1, width=256, height=256, seconds=0.25, fps=8, source=out.getvalue())

    cut = films.cut_out_film(given)

    frame = decoded(cut)[0]
    red, green, blue = pixel(frame, (4, 4))
    assert green > 90
    assert green > red + 60
    assert green > blue + 60
    assert films.measure_film(cut)[2:] == films.measure_film(given)[2:]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"no film", "no known format"),
        (
            b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/hostname\n#EXT-X-ENDLIST\n",
            "no known format",
        ),
        (b"ffconcat version 1.0\nfile '/etc/hostname'\n", "no known format"),
    ],
    ids=["empty", "text", "playlist", "concat"],
)
def test_hostile_films_are_refused_in_words(content: bytes, words: str) -> None:
    """Playlists among them, which would have other files opened."""
    with pytest.raises(films.UnreadableFilm, match=words):
        films.measure_film(content)
    with pytest.raises(films.UnreadableFilm, match=words):
        films.enlarge_film(content, width=64, height=64)


def test_films_that_are_cut_short_are_refused_or_shorter(clip: bytes) -> None:
    with pytest.raises(films.UnreadableFilm):
        films.measure_film(clip[:400])
    # The index is whole, frames are missing: what is there is used, and the length is as announced.
    damaged = films.enlarge_film(clip[: len(clip) * 3 // 4], width=64, height=64)
    assert len(decoded(damaged)) > 8


def test_a_picture_or_a_sound_is_no_film() -> None:
    with pytest.raises(films.UnreadableFilm):
        films.measure_film(pictures.draw("x", seed=1, width=64, height=64))
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=44100, layout="mono")
        frame = av.AudioFrame(format="fltp", layout="mono", samples=1024)
        frame.planes[0].update(bytes(4096))
        frame.sample_rate = 44100
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(films.UnreadableFilm, match="no video"):
        films.measure_film(out.getvalue())


@pytest.mark.parametrize(
    "asked",
    [{"seconds": 0}, {"seconds": 1000}, {"fps": 0}, {"fps": 1000}, {"width": 8}, {"height": 20_000}],
    ids=str,
)
def test_impossible_films_are_refused(asked: dict[str, Any]) -> None:
    usual: dict[str, Any] = {"seed": 1, "width": 64, "height": 64, "seconds": 1, "fps": 8}

    with pytest.raises(ValueError, match="cannot be made"):
        films.film("x", **(usual | asked))


def test_a_source_that_is_neither_picture_nor_film_is_refused() -> None:
    with pytest.raises(pictures.UnreadableImage):
        films.film("x", seed=1, width=64, height=64, seconds=1, fps=8, source=b"neither")


def test_damaged_films_are_read_or_refused_and_nothing_else_happens(clip: bytes) -> None:
    """Forty films with flipped bytes: a film comes out, or UnreadableFilm."""
    chances = Random(21)
    refused = 0

    for _ in range(40):
        changed = bytearray(clip)
        for _ in range(chances.choice((1, 5, 30))):
            changed[chances.randrange(chances.choice((2000, len(changed))))] = chances.randrange(256)
        try:
            assert films.measure_film(films.enlarge_film(bytes(changed), width=64, height=64))[:2] == (64, 64)
        except films.UnreadableFilm:
            refused += 1

    assert 0 < refused < 40
