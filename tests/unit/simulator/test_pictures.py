"""Pictures are what was asked for: size, format, prompt, and always the same."""

from __future__ import annotations

import io
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageStat

from tintype.simulator import lettering, pictures

PROMPTS = (
    "a red sports car on a wet street",
    "a cat in the forest at night",
    "снежные горы на рассвете",
    "Κύματα στη θάλασσα",
    "Größe, Straße, façade, żółw",
    "東京の夜景 😀🚀",
    "",
    "word " * 2000,
    "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen" * 3,
)


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def pixel(image: Image.Image, place: tuple[int, int]) -> tuple[int, ...]:
    """The levels of one pixel."""
    found = image.getpixel(place)
    assert isinstance(found, tuple)
    return found


def difference(one: bytes, other: bytes) -> float:
    """The mean difference of two pictures in levels of 255."""
    changed = ImageChops.difference(opened(one).convert("RGB"), opened(other).convert("RGB"))
    return sum(ImageStat.Stat(changed).mean) / 3


def subject(width: int = 300, height: int = 200) -> bytes:
    """A red disc on a pale ground."""
    image = Image.new("RGB", (width, height), (240, 238, 230))
    middle = (width // 2, height // 2)
    radius = height // 3
    box = (middle[0] - radius, middle[1] - radius, middle[0] + radius, middle[1] + radius)
    ImageDraw.Draw(image).ellipse(box, fill=(200, 40, 30))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize(
    ("format_", "name"), [("png", "PNG"), ("jpg", "JPEG"), ("jpeg", "JPEG"), ("webp", "WEBP")]
)
@pytest.mark.parametrize("size", [(64, 64), (1024, 1024), (1344, 768), (333, 517), (96, 512)])
def test_a_picture_has_exactly_the_asked_size_and_format(
    format_: str, name: str, size: tuple[int, int]
) -> None:
    image = opened(pictures.draw("a lighthouse", seed=1, width=size[0], height=size[1], format=format_))

    assert image.size == size
    assert image.format == name


def test_very_large_pictures_are_drawn() -> None:
    """4096 × 4096, the largest that any model offers."""
    assert opened(pictures.draw("sea", seed=1, width=4096, height=4096, format="jpg")).size == (4096, 4096)


@pytest.mark.parametrize("prompt", PROMPTS)
@pytest.mark.parametrize("size", [(64, 64), (512, 320), (300, 900)])
def test_any_prompt_can_be_drawn(prompt: str, size: tuple[int, int]) -> None:
    assert opened(pictures.draw(prompt, seed=3, width=size[0], height=size[1])).size == size


def test_same_arguments_give_the_same_bytes_in_any_thread() -> None:
    def draw(number: int) -> bytes:
        return pictures.draw(PROMPTS[number % 2], seed=7, width=256, height=256, index=number % 4)

    alone = [draw(number) for number in range(4)]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(draw, range(24)))

    assert together == alone * 6


def test_another_prompt_seed_or_index_is_visibly_another_picture() -> None:
    def draw(prompt: str = "a quiet afternoon", seed: int = 1, index: int = 0) -> bytes:
        return pictures.draw(prompt, seed=seed, width=256, height=256, index=index)

    first = draw()
    others = [draw(prompt="a loud afternoon"), draw(seed=2), draw(index=1), draw(index=2)]

    assert min(difference(first, other) for other in others) > 8


def test_scripts_in_the_prompt_leave_no_trace() -> None:
    scripted = pictures.draw("a boat [[delay=8]] at sea [[fail=no luck]]", seed=1, width=256, height=256)

    assert scripted == pictures.draw("a boat at sea", seed=1, width=256, height=256)


def test_colour_words_colour_the_picture() -> None:
    """The same car in two colours: red has more red than blue has."""

    def mean(colour: str) -> list[float]:
        image = opened(pictures.draw(f"a {colour} car", seed=4, width=256, height=256)).convert("RGB")
        return ImageStat.Stat(image.crop((64, 96, 192, 170))).mean

    red, blue = mean("red"), mean("blue")

    assert red[0] - red[2] > blue[0] - blue[2] + 30


@pytest.mark.parametrize("format_", ["jpg", "webp"])
def test_quality_is_obeyed(format_: str) -> None:
    sizes = [
        len(pictures.draw("a city", seed=1, width=512, height=512, format=format_, quality=quality))
        for quality in (10, 50, 95)
    ]

    assert sizes[0] < sizes[1] < sizes[2]


@pytest.mark.parametrize("format_", ["png", "webp"])
def test_transparent_pictures_have_real_alpha(format_: str) -> None:
    image = opened(pictures.draw("a cat", seed=1, width=256, height=200, format=format_, transparent=True))

    assert image.mode == "RGBA"
    assert image.size == (256, 200)
    assert pixel(image, (0, 0))[3] == 0
    assert pixel(image, (128, 100))[3] == 255


def test_a_transparent_jpeg_is_white_instead() -> None:
    image = opened(pictures.draw("a cat", seed=1, width=256, height=256, format="jpg", transparent=True))

    assert min(pixel(image, (2, 2))) > 245


@pytest.mark.parametrize(("width", "height"), [(0, 64), (64, -1), (15, 64), (64, 100_000)])
def test_impossible_sizes_are_refused_with_the_size(width: int, height: int) -> None:
    with pytest.raises(ValueError, match=f"{width} × {height}"):
        pictures.draw("x", seed=1, width=width, height=height)


def test_an_unknown_format_is_refused_with_its_name() -> None:
    with pytest.raises(ValueError, match="'gif'"):
        pictures.draw("x", seed=1, width=64, height=64, format="gif")


def test_an_edit_shows_the_given_picture_and_the_prompt() -> None:
    given = pictures.draw("a house", seed=1, width=300, height=300)

    def edit(source: bytes, prompt: str, others: tuple[bytes, ...] = ()) -> bytes:
        return pictures.edit(source, prompt, seed=1, width=256, height=256, others=others)

    edited = edit(given, "make it red")
    assert opened(edited).size == (256, 256)
    assert edit(given, "make it red") == edited
    assert difference(edited, edit(given, "make it blue")) > 3
    assert difference(edited, edit(subject(), "make it red")) > 8
    assert difference(edited, edit(given, "make it red", (subject(),))) > 0.5


def test_an_edit_with_a_mask_changes_only_what_is_white_there() -> None:
    mask = Image.new("L", (256, 256))
    mask.paste(255, (128, 0, 256, 256))
    out = io.BytesIO()
    mask.save(out, "PNG")
    given = subject(256, 256)

    edited = opened(pictures.edit(given, "night", seed=1, width=256, height=256, mask=out.getvalue()))

    assert pixel(edited, (20, 60)) == pixel(opened(given), (20, 60))
    assert pixel(edited, (230, 60)) != pixel(opened(given), (230, 60))


def test_enlarging_keeps_the_picture() -> None:
    small = subject(100, 80)
    large = pictures.enlarge(small, width=400, height=320)

    assert opened(large).size == (400, 320)
    back = io.BytesIO()
    opened(large).resize((100, 80)).save(back, "PNG")
    assert difference(back.getvalue(), small) < 4


@pytest.mark.parametrize("format_", ["png", "webp"])
def test_cutting_out_keeps_the_subject_and_drops_the_ground(format_: str) -> None:
    image = opened(pictures.cut_out(subject(), format=format_))

    assert image.size == (300, 200)
    assert pixel(image, (4, 4))[3] == 0
    assert pixel(image, (150, 100))[3] == 255
    # The edge is soft: some pixels are neither.
    assert sum(image.getchannel("A").histogram()[20:236]) > 50


@pytest.mark.parametrize(
    "given",
    [
        pictures.draw("city", seed=1, width=200, height=120),
        pictures.draw("dots", seed=2, width=64, height=64, transparent=True),
    ],
    ids=["full", "with alpha"],
)
def test_every_cut_out_has_transparent_and_opaque_parts(given: bytes) -> None:
    assert opened(pictures.cut_out(given)).getchannel("A").getextrema() == (0, 255)


def test_even_a_plain_colour_has_transparent_and_opaque_parts() -> None:
    out = io.BytesIO()
    Image.new("RGB", (300, 100), (10, 200, 10)).save(out, "PNG")

    assert opened(pictures.cut_out(out.getvalue())).getchannel("A").getextrema() == (0, 255)


def test_backgrounds_can_be_colours_and_more() -> None:
    def corner(background: str) -> tuple[int, ...]:
        return pixel(opened(pictures.cut_out(subject(), background=background)), (3, 3))

    assert corner("white") == (255, 255, 255)
    assert corner("[1, 2, 3]") == (1, 2, 3)
    assert corner("map") == (0, 0, 0)
    assert corner("blur")[0] > 200
    assert corner("overlay")[1] > 200
    with pytest.raises(ValueError, match="no background"):
        corner("a nice one")


def test_measuring_gives_the_size_as_shown() -> None:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (80, 40)).save(out, "JPEG", exif=exif)

    assert pictures.measure(out.getvalue()) == (40, 80)
    assert opened(pictures.enlarge(out.getvalue(), width=40, height=80)).size == (40, 80)
    assert pictures.measure(subject(123, 45)) == (123, 45)


def bomb() -> bytes:
    """A PNG of a few bytes that says it has 60,000 × 60,000 pixels."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        )

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"not a picture at all", "no known format"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no known format"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "no known format"),
        (subject()[:200], "damaged or cut short"),
        (bomb(), "too large"),
    ],
    ids=["empty", "text", "svg", "eps", "cut short", "bomb"],
)
def test_hostile_pictures_are_refused_in_words(content: bytes, words: str) -> None:
    with pytest.raises(pictures.UnreadableImage, match=words):
        pictures.enlarge(content, width=100, height=100)
    with pytest.raises(pictures.UnreadableImage, match=words):
        pictures.cut_out(content)


def test_measuring_hostile_pictures_is_refused_too() -> None:
    for content in (b"", b"nonsense", bomb()):
        with pytest.raises(pictures.UnreadableImage):
            pictures.measure(content)


def damaged(content: bytes, chances: Random) -> bytes:
    """The same bytes with some of them changed, and sometimes cut short."""
    changed = bytearray(content)
    for _ in range(chances.choice((1, 3, 20))):
        changed[chances.randrange(min(len(changed), chances.choice((64, 1000, 100_000))))] = (
            chances.randrange(256)
        )
    return bytes(changed[: chances.randrange(len(changed))] if chances.random() < 0.3 else changed)


def test_damaged_pictures_are_read_or_refused_and_nothing_else_happens() -> None:
    """Two hundred files of eight formats with flipped bytes: a picture comes out, or UnreadableImage."""
    image = opened(pictures.draw("a fox", seed=1, width=120, height=90))
    files = []
    for name in ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"):
        out = io.BytesIO()
        image.save(out, name)
        files.append(out.getvalue())
    files.append(pictures.draw("a fox", seed=1, width=120, height=90, transparent=True))
    chances = Random(20)
    refused = 0

    for number in range(200):
        content = damaged(files[number % len(files)], chances)
        try:
            assert opened(pictures.enlarge(content, width=64, height=48)).size == (64, 48)
        except pictures.UnreadableImage:
            refused += 1

    assert 20 < refused < 200


@pytest.mark.parametrize("size", [(64, 64), (256, 256), (1024, 1024), (1600, 400), (400, 1600)])
@pytest.mark.parametrize("prompt", PROMPTS)
def test_lettering_stays_inside_the_picture(prompt: str, size: tuple[int, int]) -> None:
    """Lines end before the margin and the block stands in the lower half; what does not fit is cut."""
    placed = lettering.place(prompt, width=size[0], height=size[1])

    pen = lettering._Pen(placed.size_px)
    assert all(pen.length(line) <= size[0] - 2 * placed.margin for line in placed.lines)
    assert placed.size_px >= 8
    baselines = [placed.first_baseline + placed.leading_px * number for number in range(len(placed.lines))]
    assert all(size[1] * 0.25 < baseline < size[1] - placed.margin for baseline in baselines)
    if prompt.startswith("word"):
        assert placed.lines[-1].endswith("…")


def test_lettering_is_bright_on_dark() -> None:
    """White letters on what was made dark, even on the brightest picture."""
    page = Image.new("RGB", (512, 512), (255, 255, 255))
    placed = lettering.place("Lesbar", width=512, height=512)
    caption = lettering.caption("Lesbar", "note", width=512, height=512)
    page.paste(caption.image, (0, caption.top), caption.image)
    line = page.crop((0, placed.first_baseline - placed.size_px, 512, placed.first_baseline)).convert("L")

    dark, bright = line.histogram()[:110], line.histogram()[240:]
    assert sum(bright) > 300
    assert sum(dark) > 0.5 * 512 * placed.size_px


def test_latin_greek_and_cyrillic_are_written_and_other_scripts_get_marks_of_their_own() -> None:
    pen = lettering._Pen(32)

    assert all(pen.knows(letter) for letter in "aZäßéøłžñ€„“ΑΩλάώЖщёїЯ№")
    assert not any(pen.knows(letter) for letter in "東京אع한😀")
    marks = [lettering._substitute(letter, 24)[0].tobytes() for letter in "東京אع한😀🚀"]
    assert len(set(marks)) == len(marks)


def test_prompts_in_other_scripts_look_different_from_one_another() -> None:
    """Two prompts, same seed, only characters without glyphs: the lettering itself differs."""
    images = [
        lettering.caption(prompt, "", width=256, height=256).image.tobytes() for prompt in ("東京", "京都")
    ]

    assert images[0] != images[1]
