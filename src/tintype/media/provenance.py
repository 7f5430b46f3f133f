"""Write a generation's id into a picture, without touching a pixel. Pure: bytes of headers in, splices out.

PNG gets a text chunk, JPEG and WebP a packet of XMP. The picture's data are copied as they are, and so is all else
that is in the file. Films, SVG and the rest stay as upstream made them: their formats put an index before the
data, or are edited by hand, and a mark is not worth the risk.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tintype.media.kinds import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

NAMESPACE = "urn:tintype:ns:1#"
KEYWORD = "Tintype-Generation"
"""The keyword of the PNG text chunk."""
_XMP_HEADER = b"http://ns.adobe.com/xap/1.0/\0"
_SEGMENT_MAX = 65_533
_RIFF_MAX = 2**32 - 10
_XMP_FLAG = 0x04
_ALPHA_FLAG = 0x10
_PACKET_MAX = 1024 * 1024
# How far into a JPEG its leading segments are looked for.
_SEGMENTS_MAX = 32


@dataclass(frozen=True, slots=True)
class Splice:
    """A piece of the new file: `data` as it is, or the old file's bytes from `start` up to before `end`."""

    data: bytes = b""
    start: int = 0
    end: int = 0


def mark(
    kind: Kind, generation_id: str, *, read: Callable[[int, int], bytes], size_bytes: int
) -> list[Splice] | None:
    """Return the pieces of the marked file; None when this file is better left alone.

    `read(start, length)` gives bytes of the old file, fewer at its end. What is not built as its format says is
    left alone too.
    """
    match kind:
        case Kind.PNG:
            return _png(generation_id, read, size_bytes)
        case Kind.JPEG:
            return _jpeg(generation_id, read, size_bytes)
        case Kind.WEBP:
            return _webp(generation_id, read, size_bytes)
        case _:
            return None


def packet(generation_id: str) -> bytes:
    """Return the XMP packet that says which generation a picture is."""
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f"{_description(generation_id)}"
        '</rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
    ).encode()


def _description(generation_id: str) -> str:
    # An id is letters and digits, so that nothing needs to be escaped.
    if not (generation_id.isascii() and generation_id.isalnum()):
        raise ValueError(f"{generation_id!r} is not the id of a generation")
    return f'<rdf:Description rdf:about="" xmlns:tintype="{NAMESPACE}" tintype:generation="{generation_id}"/>'


def _into(old: bytes, generation_id: str) -> bytes | None:
    """Return a packet with our description beside what it says already; None if it is not in UTF-8 or broken."""
    end = old.rfind(b"</rdf:RDF>")
    if end < 0 or b"http://www.w3.org/1999/02/22-rdf-syntax-ns#" not in old:
        return None
    return old[:end] + _description(generation_id).encode() + old[end:]


def _png(generation_id: str, read: Callable[[int, int], bytes], size_bytes: int) -> list[Splice] | None:
    head = read(0, 33)
    if len(head) < 33 or head[8:16] != b"\0\0\0\rIHDR":
        return None
    _description(generation_id)
    body = b"tEXt" + KEYWORD.encode("latin-1") + b"\0" + generation_id.encode("latin-1")
    chunk = (len(body) - 4).to_bytes(4) + body + zlib.crc32(body).to_bytes(4)
    return [Splice(start=0, end=33), Splice(chunk), Splice(start=33, end=size_bytes)]


def _jpeg(generation_id: str, read: Callable[[int, int], bytes], size_bytes: int) -> list[Splice] | None:
    """Put the packet behind JFIF and EXIF, which want to stand first; one that is there gets our line."""
    at, put_at = 2, None
    for _ in range(_SEGMENTS_MAX):
        head = read(at, 4 + len(_XMP_HEADER))
        if len(head) < 4 or head[0] != 0xFF:
            return None
        length = int.from_bytes(head[2:4])
        if head[1] == 0xE1 and head[4:] == _XMP_HEADER:
            old = read(at + 4 + len(_XMP_HEADER), length - 2 - len(_XMP_HEADER))
            new = _into(old, generation_id)
            return None if new is None else _segment(new, at, at + 2 + length, size_bytes)
        stands_first = head[1] == 0xE0 or (head[1] == 0xE1 and head[4:10] == b"Exif\0\0")
        if put_at is None and not stands_first:
            put_at = at
        if not 0xE0 <= head[1] <= 0xEF and head[1] != 0xFE:
            break
        at += 2 + length
    return None if put_at is None else _segment(packet(generation_id), put_at, put_at, size_bytes)


def _segment(text: bytes, start: int, end: int, size_bytes: int) -> list[Splice] | None:
    """Replace bytes `start` to `end` by a segment of XMP."""
    body = _XMP_HEADER + text
    if len(body) > _SEGMENT_MAX or end > size_bytes:
        return None
    segment = b"\xff\xe1" + (len(body) + 2).to_bytes(2) + body
    return [Splice(start=0, end=start), Splice(segment), Splice(start=end, end=size_bytes)]


def _webp(generation_id: str, read: Callable[[int, int], bytes], size_bytes: int) -> list[Splice] | None:
    """Flag the packet in the extended header, made when there is none, and put it at the end."""
    head = read(0, 30)
    if len(head) < 30 or head[:4] != b"RIFF" or head[8:12] != b"WEBP":
        return None
    end = 8 + int.from_bytes(head[4:8], "little")
    if not 30 <= end <= size_bytes:
        return None
    extended = _extended(head)
    if extended is None:
        return None
    body_at = 30 if head[12:16] == b"VP8X" else 12
    # Without the flag there is no packet, and no need to look for one among the frames.
    old = _find_xmp(read, body_at, end) if head[12:16] == b"VP8X" and head[20] & _XMP_FLAG else None
    text = packet(generation_id) if old is None else _into(read(old[0] + 8, old[1]), generation_id)
    if text is None:
        return None
    chunk = b"XMP " + len(text).to_bytes(4, "little") + text + b"\0" * (len(text) % 2)
    if old is None:
        kept = [Splice(start=body_at, end=end)]
    else:
        old_end = old[0] + 8 + old[1] + old[1] % 2
        kept = [Splice(start=body_at, end=old[0]), Splice(start=old_end, end=end)]
    length = 4 + len(extended) + sum(one.end - one.start for one in kept) + len(chunk)
    if length > _RIFF_MAX:
        return None
    first = b"RIFF" + length.to_bytes(4, "little") + b"WEBP" + extended
    return [Splice(first), *kept, Splice(chunk)]


def _extended(head: bytes) -> bytes | None:
    """Return the VP8X chunk with the flag for XMP."""
    chunk = head[12:16]
    if chunk == b"VP8X":
        return head[12:20] + bytes([head[20] | _XMP_FLAG]) + head[21:30]
    if chunk == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        width, height, has_alpha = bits & 0x3FFF, bits >> 14 & 0x3FFF, bits >> 28 & 1
    elif chunk == b"VP8 ":
        width = (int.from_bytes(head[26:28], "little") & 0x3FFF) - 1
        height = (int.from_bytes(head[28:30], "little") & 0x3FFF) - 1
        has_alpha = 0
    else:
        return None
    if min(width, height) < 0:
        return None
    flags = _XMP_FLAG | (_ALPHA_FLAG if has_alpha else 0)
    size = width.to_bytes(3, "little") + height.to_bytes(3, "little")
    return b"VP8X" + (10).to_bytes(4, "little") + bytes([flags, 0, 0, 0]) + size


def _find_xmp(read: Callable[[int, int], bytes], at: int, end: int) -> tuple[int, int] | None:
    """Return where the packet's chunk begins, and the packet's length."""
    # An animation has a chunk per frame; the walk is bounded all the same.
    for _ in range(10_000):
        head = read(at, 8)
        if len(head) < 8 or at >= end:
            return None
        length = int.from_bytes(head[4:8], "little")
        if head[:4] == b"XMP ":
            return (at, length) if length <= _PACKET_MAX and at + 8 + length <= end else None
        at += 8 + length + length % 2
    return None
