"""Half a file is told from a whole one, for every format that tells where it ends."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from tintype.media import endings, kinds
from tintype.media.kinds import Kind
from tintype.simulator import films

if TYPE_CHECKING:
    from collections.abc import Callable


def _picture(form: str) -> bytes:
    file = io.BytesIO()
    Image.radial_gradient("L").convert("RGB").save(file, form)
    return file.getvalue()


def _box(name: bytes, content: bytes, *, is_long: bool = False, is_open: bool = False) -> bytes:
    if is_long:
        return b"\0\0\0\1" + name + (16 + len(content)).to_bytes(8, "big") + content
    return (0 if is_open else 8 + len(content)).to_bytes(4, "big") + name + content


FILM = films.film("a car", seed=1, width=160, height=90, seconds=1, fps=8)
WHOLE = {
    "png": _picture("PNG"),
    "jpeg": _picture("JPEG"),
    "gif": _picture("GIF"),
    "webp": _picture("WEBP"),
    "avif": _picture("AVIF"),
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg">' + b'<path d="M0 0"/>' * 500 + b"</svg>\n",
    "mp4": FILM,
    "mp4 with a long box": FILM + _box(b"mdat", b"x" * 300, is_long=True),
}


def _reading(content: bytes) -> Callable[[int, int], bytes]:
    return lambda start, length: content[start : start + length]


def _is_cut(content: bytes, kind: Kind) -> bool:
    return endings.is_cut(kind, read=_reading(content), size_bytes=len(content))


@pytest.mark.parametrize("content", WHOLE.values(), ids=WHOLE)
def test_a_whole_file_has_its_end(content: bytes) -> None:
    """As it is, and with a little behind it that programs write there."""
    kind = kinds.identify(content)

    assert kind is not Kind.BINARY
    assert not _is_cut(content, kind)
    if kind in {Kind.PNG, Kind.JPEG, Kind.GIF, Kind.WEBP}:
        assert not _is_cut(content + bytes(100), kind)


@pytest.mark.parametrize("content", WHOLE.values(), ids=WHOLE)
@pytest.mark.parametrize("share", [0.3, 0.5, 0.9])
def test_a_piece_of_a_file_is_told(content: bytes, share: float) -> None:
    """Wherever it was cut, and whatever a broken answer has behind the cut."""
    kind = kinds.identify(content)
    piece = content[: int(len(content) * share)]

    assert _is_cut(piece, kind)


def test_what_does_not_tell_is_taken_for_whole() -> None:
    """Text, sound, and a box that goes on to wherever the file ends."""
    assert not _is_cut(b"some words", Kind.TEXT)
    assert not _is_cut(b"ID3" + bytes(50), Kind.MP3)
    assert not _is_cut(FILM + _box(b"mdat", b"x" * 50, is_open=True), Kind.MP4)
