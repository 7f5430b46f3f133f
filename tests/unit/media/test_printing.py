"""Trimming pictures and laying them out for the print shop, as a process of the pool does."""

from __future__ import annotations

import io
import struct
import zlib
from typing import TYPE_CHECKING

import pikepdf
import pytest
from PIL import Image, ImageCms, ImageDraw

from tintype.media import kinds, printing, thumbnails
from tintype.media.kinds import Kind
from tintype.media.provenance import KEYWORD
from tintype.media.thumbnails import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from PIL import Image as Images

IDENT = "01k9w3t8m2q7r5v6x0y4z1a2b3"


def cut_out(folder: Path) -> str:
    """Write a red disc of 200 pixels in the middle of 600 × 800 transparent ones; returns where."""
    image = Image.new("RGBA", (600, 800), (0, 0, 0, 0))
    ImageDraw.Draw(image).ellipse((200, 300, 399, 499), fill=(200, 30, 20, 255))
    image.save(folder / "disc.png")
    return str(folder / "disc.png")


def test_a_poster_has_its_size_its_dots_and_its_profile(tmp_path: Path) -> None:
    """A transparent picture stays whole; the sheet is the product with its bleed, at the picture's own pixels."""
    target = tmp_path / "poster.png"

    made = printing.finish(cut_out(tmp_path), str(target), ["print:poster-a3"], IDENT)

    with Image.open(target) as sheet:
        assert (made["kind"], sheet.size) == ("image/png", (made["width"], made["height"]))
        dpi = sheet.info["dpi"][0]
        # A3 with 3 mm of bleed at each edge.
        assert [round(side / float(dpi) * 25.4) for side in sheet.size] == [303, 426]
        assert round(dpi) == round(made["dpi"]) == 51
        assert (sheet.mode, sheet.getpixel((0, 0))) == ("RGBA", (0, 0, 0, 0))
        assert sheet.getchannel("A").getbbox() == (
            (sheet.width - 600) // 2 + 200,
            (sheet.height - 800) // 2 + 300,
            (sheet.width - 600) // 2 + 400,
            (sheet.height - 800) // 2 + 500,
        )
        profile = ImageCms.ImageCmsProfile(io.BytesIO(sheet.info["icc_profile"]))
        assert "sRGB" in ImageCms.getProfileDescription(profile)
        assert sheet.info[KEYWORD] == IDENT


def test_a_solid_picture_covers_the_bleed(tmp_path: Path) -> None:
    """Nothing of the paper shows, no pixel is invented, and the sides that stand over are cut equally."""
    image = Image.new("RGB", (1000, 1000), (10, 20, 30))
    image.save(tmp_path / "square.jpg")

    made = printing.finish(
        str(tmp_path / "square.jpg"), str(tmp_path / "out"), ["print:8x10in+1in:tiff"], IDENT
    )

    with Image.open(tmp_path / "out") as sheet:
        assert (made["kind"], sheet.format, sheet.mode) == ("image/tiff", "TIFF", "RGB")
        assert sheet.size == (833, 1000)
        assert float(sheet.info["dpi"][0]) == pytest.approx(1000 / 12, abs=0.01)
        assert sheet.info["icc_profile"] == printing.profile()
    assert kinds.identify((tmp_path / "out").read_bytes()[:64]) is Kind.TIFF


def test_a_pdf_keeps_profile_and_transparency(tmp_path: Path) -> None:
    """A page of the sheet's size, with the trim box inside the bleed; the pixels come out as they went in."""
    target = tmp_path / "card.pdf"

    printing.finish(cut_out(tmp_path), str(target), ["trim", "print:60x60mm+5mm:pdf"], IDENT)

    with pikepdf.open(target) as pdf:
        page = pdf.pages[0]
        assert [round(float(side) / 72 * 25.4) for side in page.mediabox] == [0, 0, 70, 70]
        assert [round(float(side) / 72 * 25.4) for side in page.trimbox] == [5, 5, 65, 65]
        picture = page.get_images()["/Picture"]
        clear = picture.SMask
        assert isinstance(picture, pikepdf.Stream)
        assert isinstance(clear, pikepdf.Stream)
        assert picture.ColorSpace[0] == "/ICCBased"
        assert picture.ColorSpace[1].read_bytes() == printing.profile()
        shown = pikepdf.PdfImage(picture).as_pil_image().convert("RGB")
        mask = pikepdf.PdfImage(clear).as_pil_image()
        middle = (shown.width // 2, shown.height // 2)
        assert (shown.getpixel(middle), mask.getpixel(middle), mask.getpixel((0, 0))) == (
            (200, 30, 20),
            255,
            0,
        )
        assert mask.convert("L").getbbox() == (16, 16, 216, 216)
    assert kinds.identify(target.read_bytes()[:64]) is Kind.PDF


@pytest.mark.parametrize("format", ["png", "tiff", "pdf"])
def test_the_same_picture_makes_the_same_bytes(tmp_path: Path, format: str) -> None:  # noqa: A002 - its name
    """Done again after a death it is the same file, stored once."""
    source = cut_out(tmp_path)

    for name in ("one", "two"):
        printing.finish(source, str(tmp_path / name), [f"print:sticker:{format}"], IDENT)

    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_what_is_empty_is_trimmed(tmp_path: Path) -> None:
    """Transparent edges, or those of one colour; a picture that is all of it stays as it is."""
    framed = Image.new("RGB", (100, 80), (250, 250, 250))
    framed.paste((9, 9, 9), (10, 20, 40, 60))
    framed.save(tmp_path / "framed.png")
    Image.new("RGB", (30, 20), (1, 2, 3)).save(tmp_path / "plain.png")
    sizes = []

    for source in (cut_out(tmp_path), str(tmp_path / "framed.png"), str(tmp_path / "plain.png")):
        made = printing.finish(source, f"{source}.trimmed", ["trim"], IDENT)
        sizes.append((made["width"], made["height"]))

    assert sizes == [(200, 200), (30, 40), (30, 20)]


def test_other_colours_become_srgb(tmp_path: Path) -> None:
    """A profile of its own is converted from; what says nothing counts as sRGB."""
    image = Image.new("RGB", (40, 40), (200, 30, 20))
    lab = ImageCms.createProfile("XYZ")
    image.save(tmp_path / "odd.png", icc_profile=ImageCms.ImageCmsProfile(lab).tobytes())
    image.convert("CMYK").save(tmp_path / "ink.jpg")
    image.convert("L").save(tmp_path / "grey.png")

    for name in ("odd.png", "ink.jpg", "grey.png"):
        printing.finish(str(tmp_path / name), str(tmp_path / f"{name}.out"), ["print:mug"], IDENT)
        with Image.open(tmp_path / f"{name}.out") as sheet:
            assert (sheet.mode, sheet.info["icc_profile"]) == ("RGB", printing.profile())


def test_a_disk_that_is_hardly_darker_than_its_paper_is_not_trimmed_away(tmp_path: Path) -> None:
    """The channel that differs most decides: a pale yellow is as light as white, and still something."""
    image = Image.new("RGB", (400, 400), (255, 255, 255))
    drawing = ImageDraw.Draw(image)
    drawing.ellipse((50, 50, 350, 350), fill=(255, 255, 190))
    drawing.ellipse((180, 180, 220, 220), fill=(255, 0, 0))
    image.save(tmp_path / "disk.png")

    made = printing.finish(str(tmp_path / "disk.png"), str(tmp_path / "out"), ["trim"], IDENT)

    assert (made["width"], made["height"]) == (301, 301)


@pytest.mark.parametrize(
    ("frame", "hole", "kept"),
    [((90, 200, 30, 3), (0, 0, 0, 200), (20, 20)), ((255, 255, 255, 255), (7, 8, 9, 0), (4, 4))],
    ids=["a frame that hardly shows", "a hole in a white frame"],
)
def test_what_is_transparent_is_empty_whatever_its_colour(
    tmp_path: Path, frame: tuple[int, ...], hole: tuple[int, ...], kept: tuple[int, int]
) -> None:
    image = Image.new("RGBA", (100, 100), frame)
    image.paste(hole, (40, 40, 60, 60))
    image.paste((200, 0, 0, 255), (48, 48, 52, 52))
    image.save(tmp_path / "framed.png")

    made = printing.finish(str(tmp_path / "framed.png"), str(tmp_path / "out"), ["trim"], IDENT)

    assert (made["width"], made["height"]) == kept


def _depths() -> Iterator[tuple[str, Images.Image, tuple[int, ...]]]:
    """Give pictures of one colour in other depths and modes, and what that is in sRGB."""
    yield "grey of 16 bits", Image.new("I;16", (40, 40), 0x8010), (128, 128, 128)
    clear = Image.new("I;16", (40, 40), 0x8010)
    clear.paste(0x1212, (0, 0, 20, 40))
    clear.info["transparency"] = 0x1212
    yield "grey of 16 bits, some of it clear", clear, (128, 128, 128, 255)
    grey = Image.new("LA", (40, 40), (90, 0))
    grey.paste((90, 255), (20, 0, 40, 40))
    yield "grey with transparency", grey, (90, 90, 90, 255)
    few = Image.new("P", (40, 40), 1)
    few.putpalette([0, 0, 0, 200, 30, 20])
    few.paste(0, (0, 0, 20, 40))
    few.info["transparency"] = 0
    yield "a palette with transparency", few, (200, 30, 20, 255)
    yield "black and white", Image.new("1", (40, 40), 1), (255, 255, 255)


@pytest.mark.parametrize(
    ("image", "color"), [one[1:] for one in _depths()], ids=[one[0] for one in _depths()]
)
@pytest.mark.parametrize("step", ["trim", "print:mug"])
def test_every_depth_keeps_its_colours(
    tmp_path: Path, image: Images.Image, color: tuple[int, ...], step: str
) -> None:
    """Grey of 16 bits is scaled to 8, not cut at 255; what is transparent stays so."""
    source = tmp_path / "source.png"
    image.save(source, **({"transparency": image.info["transparency"]} if image.info else {}))

    printing.finish(str(source), str(tmp_path / "out"), [step], IDENT)
    thumbnails.thumbnail(str(source), str(tmp_path / "small"))

    with Image.open(tmp_path / "out") as sheet:
        assert sheet.getpixel((sheet.width // 2 + 5, sheet.height // 2)) == color
    with Image.open(tmp_path / "small") as small:
        assert small.convert("RGB").getpixel((35, 20)) == pytest.approx(color[:3], abs=6)


def test_colours_of_16_bits_keep_their_upper_half(tmp_path: Path) -> None:
    """Pillow writes no such PNG, so that one is made by hand."""
    lines = zlib.compress(b"".join(b"\0" + bytes((200, 7, 30, 7, 20, 7)) * 40 for _ in range(40)))
    chunks = ((b"IHDR", struct.pack(">IIBBBBB", 40, 40, 16, 2, 0, 0, 0)), (b"IDAT", lines), (b"IEND", b""))
    written = b"".join(
        len(data).to_bytes(4) + name + data + zlib.crc32(name + data).to_bytes(4) for name, data in chunks
    )
    (tmp_path / "deep.png").write_bytes(b"\x89PNG\r\n\x1a\n" + written)

    printing.finish(str(tmp_path / "deep.png"), str(tmp_path / "out"), ["trim"], IDENT)

    with Image.open(tmp_path / "out") as made:
        assert (made.mode, made.getpixel((0, 0))) == ("RGB", (200, 30, 20))


def test_what_is_no_picture_or_becomes_too_large_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("no picture")
    Image.new("RGB", (3000, 3000)).save(tmp_path / "large.png")

    with pytest.raises(Unreadable):
        printing.finish(str(tmp_path / "text.png"), str(tmp_path / "out"), ["trim"], IDENT)
    with pytest.raises(Unreadable, match="too large"):
        printing.finish(str(tmp_path / "large.png"), str(tmp_path / "out"), ["print:10x5000mm:fit"], IDENT)
