"""Say what a file is by its content, and how many pixels it has. Pure: beginnings of files in, facts out.

What a server states and what a name ends in are hints that may be wrong; a note says so. Pixels are read from
headers alone, so nothing is decoded here; films and sound are measured by `media.thumbnails`, in the pool.
"""

from __future__ import annotations

import codecs
import json
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from tintype.media import turning

HEAD_BYTES = 64 * 1024
"""As much of a file's beginning as telling its kind takes."""
PIXELS_MAX = 200_000_000
"""What is larger is not decoded; a poster of 24 × 36 inches at 300 DPI has 78 million."""


class Family(StrEnum):
    """What one does with a file: look at it, watch it, hear it, read it, or hand it on."""

    PICTURE = "picture"
    FILM = "film"
    SOUND = "sound"
    TEXT = "text"
    OTHER = "other"


class Kind(StrEnum):
    """A file's format; the value is its media type."""

    PNG = "image/png"
    JPEG = "image/jpeg"
    WEBP = "image/webp"
    GIF = "image/gif"
    AVIF = "image/avif"
    TIFF = "image/tiff"
    SVG = "image/svg+xml"
    MP4 = "video/mp4"
    WEBM = "video/webm"
    MOV = "video/quicktime"
    MP3 = "audio/mpeg"
    WAV = "audio/wav"
    OGG = "audio/ogg"
    FLAC = "audio/flac"
    JSON = "application/json"
    PDF = "application/pdf"
    HTML = "text/html"
    TEXT = "text/plain"
    ZIP = "application/zip"
    BINARY = "application/octet-stream"

    @property
    def family(self) -> Family:
        """What one does with it."""
        return _FAMILIES.get(self.value.partition("/")[0], _OTHERS.get(self, Family.OTHER))

    @property
    def extension(self) -> str:
        """The end of a file's name, with its dot."""
        return _EXTENSIONS[self][0]


_FAMILIES = {
    "image": Family.PICTURE,
    "video": Family.FILM,
    "audio": Family.SOUND,
    "text": Family.TEXT,
}
_OTHERS = {Kind.JSON: Family.TEXT}
_EXTENSIONS: dict[Kind, tuple[str, ...]] = {
    Kind.PNG: (".png", ".apng"),
    Kind.JPEG: (".jpg", ".jpeg", ".jfif"),
    Kind.WEBP: (".webp",),
    Kind.GIF: (".gif",),
    Kind.AVIF: (".avif",),
    Kind.TIFF: (".tiff", ".tif"),
    Kind.SVG: (".svg",),
    Kind.MP4: (".mp4", ".m4v", ".m4a"),
    Kind.WEBM: (".webm",),
    Kind.MOV: (".mov",),
    Kind.MP3: (".mp3",),
    Kind.WAV: (".wav",),
    Kind.OGG: (".ogg", ".oga", ".opus"),
    Kind.FLAC: (".flac",),
    Kind.JSON: (".json",),
    Kind.PDF: (".pdf",),
    Kind.HTML: (".html", ".htm"),
    Kind.TEXT: (".txt", ".md", ".csv", ".srt", ".vtt"),
    Kind.ZIP: (".zip",),
    Kind.BINARY: (".bin",),
}
_BY_EXTENSION = {end: kind for kind, ends in _EXTENSIONS.items() for end in ends}
# Other names for the same formats, as servers write them.
_SYNONYMS = {
    "image/jpg": Kind.JPEG,
    "image/apng": Kind.PNG,
    "image/svg": Kind.SVG,
    "audio/mp3": Kind.MP3,
    "audio/x-wav": Kind.WAV,
    "audio/wave": Kind.WAV,
    "audio/vnd.wave": Kind.WAV,
    "audio/x-flac": Kind.FLAC,
    "application/ogg": Kind.OGG,
    "video/ogg": Kind.OGG,
    "audio/mp4": Kind.MP4,
    "audio/webm": Kind.WEBM,
    "application/xhtml+xml": Kind.HTML,
}
# Says nothing about what is inside.
_VAGUE = frozenset({"application/octet-stream", "binary/octet-stream", "application/x-www-form-urlencoded"})
_TAG = re.compile(r"<([A-Za-z!?][\w:.-]*)")
_BEFORE_ROOT = re.compile(
    r"\s*(?:<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*+(?:\[.*?\]\s*+)?>)", re.DOTALL | re.IGNORECASE
)
_LENGTH = re.compile(r"\s*([0-9]{1,6}(?:\.[0-9]{1,6})?)\s*(?:px)?\s*")
_HTML_TAGS = frozenset({"html", "head", "body", "title", "meta", "script", "div", "h1", "p", "center"})


@dataclass(frozen=True, slots=True)
class Hint:
    """What was said of a file before anybody looked: `stated` by the server, `named` by the URL's ending."""

    stated: str | None = None
    named: Kind | None = None

    @property
    def expects_page(self) -> bool:
        """Whether a page of HTML is what the URL's name promises."""
        return self.named is Kind.HTML


def hint(url: str, stated: str | None) -> Hint:
    """Return what a URL's ending and a Content-Type promise."""
    suffix = "" if url.startswith("data:") else PurePosixPath(urlsplit(url).path).suffix.lower()
    return Hint((stated or "").partition(";")[0].strip().lower() or None, _BY_EXTENSION.get(suffix))


def extension(content_type: str) -> str:
    """Return what the name of a file of this type ends with, its dot included; nothing for an unknown type."""
    try:
        return Kind(content_type).extension
    except ValueError:
        return ""


def identify(head: bytes) -> Kind:
    """Return the kind of a file from its first HEAD_BYTES; BINARY when it is none of the known."""
    for start, kind in _MAGIC:
        if head.startswith(start):
            return kind
    if head[:4] == b"RIFF":
        return {b"WEBP": Kind.WEBP, b"WAVE": Kind.WAV}.get(head[8:12], Kind.BINARY)
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], Kind.MP4)
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return Kind.WEBM if b"webm" in head[:64] else Kind.BINARY
    if len(head) >= 4 and head[0] == 0xFF and _is_mpeg_audio(head):
        return Kind.MP3
    return _identify_text(head)


def mismatch(kind: Kind, told: Hint) -> str | None:
    """Return a sentence when the content is not what was stated or named; None when it fits."""
    if told.stated and told.stated not in _VAGUE and _of_type(told.stated) is not kind:
        is_text = told.stated.startswith("text/") and kind.family is Family.TEXT
        if not is_text:
            return f"stated as {told.stated[:80]}, but it is {kind}"
    if told.named and told.named is not kind and told.named.family is not Family.TEXT:
        return f"named {told.named.extension}, but it is {kind}"
    return None


def pixels(head: bytes, kind: Kind) -> tuple[int, int] | None:
    """Return width and height as a picture is shown, from its header; None where they are not in it."""
    reader = {
        Kind.PNG: _png,
        Kind.JPEG: _jpeg,
        Kind.WEBP: _webp,
        Kind.GIF: _gif,
        Kind.SVG: _svg,
    }.get(kind)
    found = reader(head) if reader else None
    if not found or min(found) <= 0:
        return None
    return found[::-1] if turning.is_across(head) else found


_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", Kind.PNG),
    (b"\xff\xd8\xff", Kind.JPEG),
    (b"II*\0", Kind.TIFF),
    (b"MM\0*", Kind.TIFF),
    (b"%PDF-", Kind.PDF),
    (b"GIF87a", Kind.GIF),
    (b"GIF89a", Kind.GIF),
    (b"ID3", Kind.MP3),
    (b"OggS", Kind.OGG),
    (b"fLaC", Kind.FLAC),
    (b"PK\x03\x04", Kind.ZIP),
)
_BRANDS = {
    b"qt  ": Kind.MOV,
    b"avif": Kind.AVIF,
    b"avis": Kind.AVIF,
    b"heic": Kind.BINARY,
    b"heix": Kind.BINARY,
    b"mif1": Kind.BINARY,
}


def _is_mpeg_audio(head: bytes) -> bool:
    """Whether an MPEG audio frame begins here: sync, and no field with a reserved value."""
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    return head[1] >= 0xE0 and version != 1 and layer != 0 and head[2] >> 4 != 15 and head[2] >> 2 & 3 != 3


def _identify_text(head: bytes) -> Kind:
    if not head or b"\0" in head:
        return Kind.BINARY if head else Kind.TEXT
    # A character may be cut in two at the end of the head, not at the end of a file.
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    try:
        text = decoder.decode(head, final=len(head) < HEAD_BYTES)
    except UnicodeDecodeError:
        return Kind.BINARY
    root = _root(text)
    if root:
        name = root[1].lower()
        if name.rpartition(":")[2] == "svg":
            return Kind.SVG
        if name in _HTML_TAGS:
            return Kind.HTML
    if re.match(r"\s*<!doctype\s+html", text, re.IGNORECASE):
        return Kind.HTML
    if text.lstrip()[:1] in {"{", "["} and _is_json(text, is_whole=len(head) < HEAD_BYTES):
        return Kind.JSON
    return Kind.TEXT


def _root(text: str) -> re.Match[str] | None:
    """Return the first element's tag, past declarations, comments and a document type."""
    at = 0
    for _ in range(64):
        before = _BEFORE_ROOT.match(text, at)
        if not before:
            break
        at = before.end()
    return _TAG.match(text, at + len(text[at:]) - len(text[at:].lstrip()))


def _is_json(text: str, *, is_whole: bool) -> bool:
    if not is_whole:
        # The rest is not here to be read; what begins like an object or a list of values is taken for one.
        return re.match(r'\s*(\{\s*["}]|\[\s*["\[{\d\-ntf\]])', text) is not None
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _of_type(stated: str) -> Kind | None:
    if stated in _SYNONYMS:
        return _SYNONYMS[stated]
    try:
        return Kind(stated)
    except ValueError:
        return None


def _png(head: bytes) -> tuple[int, int] | None:
    if head[12:16] != b"IHDR" or len(head) < 24:
        return None
    return int.from_bytes(head[16:20]), int.from_bytes(head[20:24])


def _gif(head: bytes) -> tuple[int, int] | None:
    if len(head) < 10:
        return None
    return int.from_bytes(head[6:8], "little"), int.from_bytes(head[8:10], "little")


def _webp(head: bytes) -> tuple[int, int] | None:
    chunk, at = head[12:16], 20
    if len(head) < 30:
        return None
    if chunk == b"VP8X":
        return int.from_bytes(head[at + 4 : at + 7], "little") + 1, int.from_bytes(
            head[at + 7 : at + 10], "little"
        ) + 1
    if chunk == b"VP8L" and head[at] == 0x2F:
        bits = int.from_bytes(head[at + 1 : at + 5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if chunk == b"VP8 " and head[at + 3 : at + 6] == b"\x9d\x01\x2a":
        width, height = head[at + 6 : at + 8], head[at + 8 : at + 10]
        return int.from_bytes(width, "little") & 0x3FFF, int.from_bytes(height, "little") & 0x3FFF
    return None


def _jpeg(head: bytes) -> tuple[int, int] | None:
    """Walk the segments up to the frame header."""
    at = 2
    while at + 9 <= len(head):
        if head[at] != 0xFF:
            return None
        marker = head[at + 1]
        if marker == 0xFF:
            at += 1
        elif 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            return int.from_bytes(head[at + 7 : at + 9]), int.from_bytes(head[at + 5 : at + 7])
        elif marker in {0xD9, 0xDA}:
            return None
        elif marker == 0x01 or 0xD0 <= marker <= 0xD8:
            at += 2
        else:
            at += 2 + int.from_bytes(head[at + 2 : at + 4])
    return None


def _svg(head: bytes) -> tuple[int, int] | None:
    """Read width and height in pixels, else the viewBox; by pattern, because XML can be a trap."""
    text = head.decode("utf-8", "replace")
    root = re.search(r"<(?:\w+:)?svg\b[^>]{0,4000}>", text)
    if not root:
        return None
    attributes = dict(re.findall(r"""\s(width|height|viewBox)\s*=\s*["']([^"']{0,200})["']""", root[0]))
    sides = [_LENGTH.fullmatch(attributes.get(name, "")) for name in ("width", "height")]
    if sides[0] and sides[1]:
        return round(float(sides[0][1])), round(float(sides[1][1]))
    box = re.split(r"[\s,]+", attributes.get("viewBox", "").strip())
    if len(box) == 4 and all(_LENGTH.fullmatch(side) for side in box[2:]):
        return round(float(box[2])), round(float(box[3]))
    return None
