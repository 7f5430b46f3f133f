"""A file is what its content says, whatever it was called."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tintype.media import kinds, turning
from tintype.media.kinds import Family, Kind


def _picture(format_: str, **options: object) -> bytes:
    file = io.BytesIO()
    mode = "P" if format_ == "GIF" else "RGB"
    Image.new(mode, (37, 21)).save(file, format_, **options)
    return file.getvalue()


_HEADS = [
    (_picture("PNG"), Kind.PNG),
    (_picture("JPEG"), Kind.JPEG),
    (_picture("WEBP"), Kind.WEBP),
    (_picture("WEBP", lossless=True), Kind.WEBP),
    (_picture("GIF"), Kind.GIF),
    (b"\0\0\0\x20ftypisom\0\0\2\0isomiso2", Kind.MP4),
    (b"\0\0\0\x14ftypqt  \0\0\2\0", Kind.MOV),
    (b"\0\0\0\x1cftypavif\0\0\0\0", Kind.AVIF),
    (b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm", Kind.WEBM),
    (b"ID3\4\0\0\0\0\0\x23TSSE", Kind.MP3),
    (b"\xff\xfb\x90\x64\0\0", Kind.MP3),
    (b"RIFF\x24\0\0\0WAVEfmt ", Kind.WAV),
    (b"OggS\0\2", Kind.OGG),
    (b"fLaC\0\0\0\x22", Kind.FLAC),
    (b"PK\x03\x04\x14\0", Kind.ZIP),
    (b'<svg xmlns="http://www.w3.org/2000/svg" width="10" height="20"/>', Kind.SVG),
    (b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- drawn -->\n<!DOCTYPE svg>\n<svg/>', Kind.SVG),
    (b'<svg:svg xmlns:svg="http://www.w3.org/2000/svg"/>', Kind.SVG),
    (b'<!DOCTYPE svg [ <!ENTITY a "b"> ] >\n<svg/>', Kind.SVG),
    # Each place where a search could begin anew would cost as much as the first.
    (b"<!DOCTYPE svg" + b" " * 60_000, Kind.TEXT),
    (b"<!DOCTYPE html>\n<html><body>502 Bad Gateway</body></html>", Kind.HTML),
    (b"<!doctype html>gone", Kind.HTML),
    (b"\n <HTML><svg/></HTML>", Kind.HTML),
    (b"<!-- a proxy --><h1>It broke</h1>", Kind.HTML),
    (b'{"a": [1, 2]}', Kind.JSON),
    (b' ["a"]', Kind.JSON),
    (b"[" * 200_000, Kind.JSON),
    (b"{not json}", Kind.TEXT),
    ("Ein schönes Bild".encode(), Kind.TEXT),
    (b"", Kind.TEXT),
    (b"<Error><Code>NoSuchKey</Code></Error>", Kind.TEXT),
    (b"\x93NUMPY\1\0v\0", Kind.BINARY),
    (b"\xff\xff\xff\xff\xff", Kind.BINARY),
    (b"caf\xe9 and more in Latin-1", Kind.BINARY),
]


@pytest.mark.parametrize(("head", "expected"), _HEADS, ids=range(len(_HEADS)))
def test_content_says_what_a_file_is(head: bytes, expected: Kind) -> None:
    assert kinds.identify(head[: kinds.HEAD_BYTES]) is expected


def test_a_character_cut_in_two_is_still_text() -> None:
    head = ("ä" * kinds.HEAD_BYTES).encode()

    assert kinds.identify(b"x" + head[: kinds.HEAD_BYTES - 1]) is Kind.TEXT


@pytest.mark.parametrize("start", range(len(_HEADS)))
def test_no_beginning_is_too_short_to_be_told(start: int) -> None:
    """A file may end anywhere; nothing is raised for it."""
    head, _ = _HEADS[start]
    for length in range(min(len(head), 40)):
        kind = kinds.identify(head[:length])
        assert kinds.pixels(head[:length], kind) in {None, kinds.pixels(head, kind)}


@pytest.mark.parametrize(
    ("format_", "options"),
    [
        ("PNG", {}),
        ("JPEG", {}),
        ("JPEG", {"progressive": True, "icc_profile": b"i" * 5000, "comment": b"x"}),
        ("WEBP", {}),
        ("WEBP", {"lossless": True}),
        ("WEBP", {"xmp": b"<x/>"}),
        ("GIF", {}),
    ],
)
def test_pixels_are_read_from_the_header(format_: str, options: dict[str, object]) -> None:
    head = _picture(format_, **options)

    assert kinds.pixels(head, kinds.identify(head)) == (37, 21)


@pytest.mark.parametrize("format_", ["PNG", "JPEG"])
@pytest.mark.parametrize("orientation", range(10))
def test_pixels_are_those_of_the_picture_as_it_is_shown(format_: str, orientation: int) -> None:
    """What a camera held across is turned by whoever shows it; a value that there is not means nothing."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    head = _picture(format_, exif=exif)

    assert kinds.pixels(head, kinds.identify(head)) == ((21, 37) if orientation in range(5, 9) else (37, 21))


@given(st.binary(max_size=80), st.booleans())
def test_exif_that_is_broken_turns_nothing(rest: bytes, is_jpeg: bool) -> None:  # noqa: FBT001 - hypothesis gives it
    start = b"\xff\xd8\xff\xe1" if is_jpeg else b"\x89PNG\r\n\x1a\n\0\0\0\x40eXIf"

    assert turning.is_across(start + rest) in {True, False}


@pytest.mark.parametrize(
    ("svg", "expected"),
    [
        (b'<svg width="300" height="200px" viewBox="0 0 9 9">', (300, 200)),
        (b"<svg viewBox='0 0 1024 768' width='100%' height='100%'>", (1024, 768)),
        (b'<svg viewBox="0,0,10.4,20.6"/>', (10, 21)),
        (b"<svg>", None),
        (b'<svg width="0" height="0">', None),
        (b'<svg width="9e999" height="10">', None),
    ],
)
def test_a_drawing_has_the_size_it_asks_for(svg: bytes, expected: tuple[int, int] | None) -> None:
    assert kinds.pixels(svg, Kind.SVG) == expected


@pytest.mark.parametrize(
    ("url", "stated", "kind", "note"),
    [
        ("https://h/out.png", "image/png", Kind.PNG, None),
        ("https://h/out.webp", "image/webp", Kind.PNG, "stated as image/webp, but it is image/png"),
        ("https://h/out.jpg", None, Kind.PNG, "named .jpg, but it is image/png"),
        ("https://h/out.jpeg?x=1", "image/jpg; q=1", Kind.JPEG, None),
        ("https://h/out", "application/octet-stream", Kind.MP4, None),
        ("https://h/out.mp4", "text/html", Kind.HTML, "named .mp4, but it is text/html"),
        ("https://h/out.txt", "text/plain", Kind.JSON, None),
        ("https://h/song", "audio/mp3", Kind.MP3, None),
        ("data:image/png;base64,AA==", "image/gif", Kind.PNG, "stated as image/gif, but it is image/png"),
    ],
)
def test_what_was_said_wrongly_is_noted(url: str, stated: str | None, kind: Kind, note: str | None) -> None:
    assert kinds.mismatch(kind, kinds.hint(url, stated)) == note


def test_every_kind_has_an_ending_and_a_family() -> None:
    for kind in Kind:
        assert kind.extension.startswith(".")
        assert isinstance(kind.family, Family)
    assert Kind.JSON.family is Family.TEXT
    assert Kind.ZIP.family is Family.OTHER
