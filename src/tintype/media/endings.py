"""Say whether a file's end is missing, by the sizes and marks of its own format. Pure: bytes of it in, an answer out.

A host may send half a file and announce just that half. What it is a half of only the file itself can tell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tintype.media.kinds import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    Read = Callable[[int, int], bytes]

# Programs write a little of their own behind the end.
_TAIL_BYTES = 4096
_MARKS = {Kind.PNG: b"IEND", Kind.JPEG: b"\xff\xd9", Kind.SVG: b"</svg"}
_BOXED = frozenset({Kind.MP4, Kind.MOV, Kind.AVIF})
_BOXES_MAX = 10_000


def is_cut(kind: Kind, *, read: Read, size_bytes: int) -> bool:
    """Whether the end is missing; False for formats that do not tell.

    `read(start, length)` gives bytes of the file, fewer at its end.
    """
    tail = read(max(size_bytes - _TAIL_BYTES, 0), _TAIL_BYTES)
    if kind in _MARKS:
        return _MARKS[kind] not in tail
    if kind is Kind.GIF:
        return not tail.rstrip(b"\0").endswith(b"\0;")
    if kind is Kind.WEBP:
        return int.from_bytes(read(4, 4), "little") + 8 > size_bytes
    return kind in _BOXED and _is_cut_box(read, size_bytes)


def _is_cut_box(read: Read, size_bytes: int) -> bool:
    """Go from box to box: each says how long it is."""
    at = 0
    for _ in range(_BOXES_MAX):
        head = read(at, 16)
        if at == size_bytes:
            return False
        length = int.from_bytes(head[:4], "big")
        if length == 0:
            # It goes on to wherever the file ends.
            return False
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        if length < 8 or at + length > size_bytes:
            return True
        at += length
    return False
