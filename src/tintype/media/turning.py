"""Say whether a picture is shown a quarter turn from how it is stored, as cameras write it down (EXIF). Pure.

Read from the beginning of a file, within the bounds of its own blocks: what lies further in, as a WebP has it after its
pixels, is not seen, and nothing here fails on what is broken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

ORIENTATION: Final = 0x0112
"""The tag of EXIF; its values from 5 on stand for a quarter turn, mirrored or not."""
_ACROSS = range(5, 9)
_EXIF = b"Exif\0\0"
_ENTRIES_MAX = 1_000


def is_across(head: bytes) -> bool:
    """Whether width and height change places when a JPEG, PNG or WebP is shown."""
    if head.startswith(b"\xff\xd8"):
        blocks = _of_jpeg(head)
    elif head.startswith(b"\x89PNG\r\n\x1a\n"):
        blocks = _of_png(head)
    elif head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        blocks = _of_webp(head)
    else:
        return False
    first = next(blocks, None)
    return first is not None and _orientation(first) in _ACROSS


def shown(size: tuple[int, int], orientation: int) -> tuple[int, int]:
    """Return width and height as they are when shown; `orientation` is the value of the tag."""
    return size[::-1] if orientation in _ACROSS else size


def _of_jpeg(head: bytes) -> Iterator[bytes]:
    at = 2
    while at + 4 <= len(head) and head[at] == 0xFF:
        marker = head[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker == 0xDA:
            return
        length = int.from_bytes(head[at + 2 : at + 4])
        block = head[at + 4 : at + 2 + length]
        if marker == 0xE1 and block.startswith(_EXIF):
            yield block[len(_EXIF) :]
        at += 2 + max(length, 2)


def _of_png(head: bytes) -> Iterator[bytes]:
    at = 8
    while at + 8 <= len(head):
        length = int.from_bytes(head[at : at + 4])
        if head[at + 4 : at + 8] == b"eXIf":
            yield head[at + 8 : at + 8 + length]
        at += 12 + length


def _of_webp(head: bytes) -> Iterator[bytes]:
    at = 12
    while at + 8 <= len(head):
        length = int.from_bytes(head[at + 4 : at + 8], "little")
        if head[at : at + 4] == b"EXIF":
            yield head[at + 8 : at + 8 + length].removeprefix(_EXIF)
        at += 8 + length + length % 2


def _orientation(exif: bytes) -> int:
    """Return the tag's value in the first directory; 1, upright, where it says none."""
    order: Literal["little", "big"] = "little" if exif[:2] == b"II" else "big"
    at = int.from_bytes(exif[4:8], order)
    count = int.from_bytes(exif[at : at + 2], order)
    for entry in range(at + 2, at + 2 + 12 * min(count, _ENTRIES_MAX), 12):
        if int.from_bytes(exif[entry : entry + 2], order) == ORIENTATION:
            return int.from_bytes(exif[entry + 8 : entry + 10], order)
    return 1


__all__ = ["ORIENTATION", "is_across", "shown"]
