"""A picture carries the id of its generation, and is the same picture (rule 18)."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from PIL import Image, ImageCms

from tintype.media import kinds, provenance

if TYPE_CHECKING:
    from tintype.media.provenance import Splice

_ID = "01jd0000000000000000000000"
_PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def _picture(format_: str, *, alpha: bool = False, **options: object) -> bytes:
    image = Image.effect_noise((61, 47), 80).convert("RGBA" if alpha else "RGB")
    if alpha:
        image.putalpha(Image.linear_gradient("L").resize(image.size))
    file = io.BytesIO()
    image.save(file, format_, **options)
    return file.getvalue()


def _mark(old: bytes) -> bytes | None:
    pieces = provenance.mark(
        kinds.identify(old), _ID, read=lambda start, length: old[start : start + length], size_bytes=len(old)
    )
    return None if pieces is None else _join(old, pieces)


def _join(old: bytes, pieces: list[Splice]) -> bytes:
    return b"".join(piece.data or old[piece.start : piece.end] for piece in pieces)


def _animation() -> bytes:
    file = io.BytesIO()
    frames = [Image.new("RGB", (20, 20), (shade, 0, 0)) for shade in (0, 90, 180)]
    frames[0].save(file, "WEBP", save_all=True, append_images=frames[1:], duration=50)
    return file.getvalue()


_PICTURES = {
    "png": _picture("PNG"),
    "png with alpha": _picture("PNG", alpha=True, icc_profile=_PROFILE, dpi=(300, 300)),
    "jpeg": _picture("JPEG"),
    "jpeg with all": _picture(
        "JPEG",
        icc_profile=_PROFILE,
        exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0",
        comment=b"a comment",
        progressive=True,
    ),
    "jpeg with xmp": _picture(
        "JPEG", xmp=provenance.packet("other").replace(b"tintype:generation", b"tintype:other")
    ),
    "webp": _picture("WEBP"),
    "webp lossless": _picture("WEBP", lossless=True),
    "webp with alpha": _picture("WEBP", lossless=True, alpha=True),
    "webp with all": _picture(
        "WEBP", alpha=True, icc_profile=_PROFILE, exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0"
    ),
    "webp with xmp": _picture(
        "WEBP", xmp=provenance.packet("other").replace(b"tintype:generation", b"tintype:other")
    ),
    "webp animation": _animation(),
}


@pytest.mark.parametrize("name", _PICTURES)
def test_the_picture_is_the_same_and_carries_its_id(name: str) -> None:
    """Rule 18: the generation id alone, written without re-encoding; profile, EXIF and frames stay."""
    old = _PICTURES[name]

    new = _mark(old)

    assert new is not None
    before, after = Image.open(io.BytesIO(old)), Image.open(io.BytesIO(new))
    frames = getattr(before, "n_frames", 1)
    for frame in range(frames):
        before.seek(frame)
        after.seek(frame)
        assert before.tobytes() == after.tobytes()
    assert getattr(after, "n_frames", 1) == frames
    for kept in ("icc_profile", "exif", "comment", "dpi"):
        assert before.info.get(kept) == after.info.get(kept)
    if after.format == "PNG":
        assert after.info[provenance.KEYWORD] == _ID
    else:
        assert f'tintype:generation="{_ID}"'.encode() in after.info["xmp"]
        assert (b'tintype:other="other"' in after.info["xmp"]) == name.endswith("xmp")
    assert kinds.identify(new) is kinds.identify(old)
    assert kinds.pixels(new, kinds.identify(new)) == kinds.pixels(old, kinds.identify(old))


@pytest.mark.parametrize("name", _PICTURES)
def test_broken_pictures_are_left_alone_or_marked_but_never_fail(name: str) -> None:
    """Cut anywhere, or with any of its first bytes turned over."""
    old = _PICTURES[name]

    for length in range(min(len(old), 300)):
        _mark(old[:length])
    for at in range(min(len(old), 300)):
        _mark(old[:at] + bytes([old[at] ^ 0xFF]) + old[at + 1 :])


def test_other_kinds_are_left_alone() -> None:
    gif = io.BytesIO()
    Image.new("P", (5, 5)).save(gif, "GIF")

    assert _mark(gif.getvalue()) is None
    assert _mark(b"<svg/>") is None
    assert _mark(b"\0\0\0\x20ftypisom") is None


def test_only_an_id_gets_in() -> None:
    """What is written is letters and digits: nothing that would need escaping in XML."""
    with pytest.raises(ValueError, match="not the id of a generation"):
        provenance.packet('"><script>')
