"""Read a file that is sent as multipart/form-data, in little memory, however it is sent.

    async with uploading.read(request, size_max_bytes=…) as sent:
        sent.name, sent.content_type, sent.metadata
        async for piece in sent.pieces(): …

SDKs send what they say of a file as fields or as small files; both are taken.
"""

from __future__ import annotations

import contextlib
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from starlette.datastructures import UploadFile
from starlette.requests import Request

from tintype.api import bodies, forms
from tintype.api.problems import Problem

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import Message, Receive

ENVELOPE_MAX_BYTES = 1024 * 1024
"""What may surround the content in the body."""
_IN_MEMORY_MAX_BYTES = 1024 * 1024
_PIECE_BYTES = 256 * 1024
_SAID = frozenset({"filename", "type", "metadata"})


@dataclass(frozen=True, slots=True)
class Sent:
    """A file that was sent, with what was said of it."""

    file: UploadFile
    name: str
    content_type: str | None
    metadata: dict[str, Any]

    async def pieces(self) -> AsyncIterator[bytes]:
        """Give its content."""
        while piece := await self.file.read(_PIECE_BYTES):
            yield piece


@contextlib.asynccontextmanager
async def read(request: Request, *, size_max_bytes: int, too_large: str) -> AsyncIterator[Sent]:
    """Read the part `content` and what is said of it in `filename`, `type` and `metadata`.

    Raises Problem 413 with the sentence for a larger one, 415 for another kind of body, 422 where `content` is missing.
    """
    if not forms.is_form(request):
        stated = request.headers.get("content-type", "")[:80] or "nothing stated"
        raise Problem(
            "unsupported_media_type",
            f"a file is sent as {forms.MEDIA_TYPE} in the part 'content', not as {stated}",
        )
    _check_length(request, size_max_bytes + ENVELOPE_MAX_BYTES, too_large)
    counted = Request(
        request.scope, _counting(request.receive, size_max_bytes + ENVELOPE_MAX_BYTES, too_large)
    )
    said: dict[str, str] = {}
    content: forms.Part | None = None
    # What is said of a file may come after it.
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_MAX_BYTES) as spool:
        file = UploadFile(cast("BinaryIO", spool), size=0)
        async for part in forms.parts(counted):
            if part.name == "content" and content is None:
                content = part
                async for piece in part.pieces():
                    await file.write(piece)
            elif part.name in _SAID:
                said.setdefault(part.name, await part.text())
        if content is None or content.filename is None:
            raise Problem("bad_input", "content: the part with the file is missing", facts=_fields("content"))
        if (file.size or 0) > size_max_bytes:
            raise Problem("too_large", too_large)
        await file.seek(0)
        name = said.get("filename") or content.filename or "upload"
        kind = said.get("type") or content.content_type
        metadata = _metadata(said.get("metadata"))
        yield Sent(file, _shown(name), _shown(kind) if kind else None, metadata)


def _check_length(request: Request, most_bytes: int, too_large: str) -> None:
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length[:15]) > most_bytes:
        raise Problem("too_large", too_large, headers={"Connection": "close"})


def _counting(receive: Receive, most_bytes: int, too_large: str) -> Receive:
    """Count what comes, so that a body of no stated length ends somewhere."""
    left = most_bytes

    async def counted() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise Problem("too_large", too_large, headers={"Connection": "close"})
        return message

    return counted


def _metadata(text: str | None) -> dict[str, Any]:
    if not text:
        return {}
    try:
        found = bodies.parse(text.encode())
    except (Problem, UnicodeError):
        found = None
    if not isinstance(found, dict):
        raise Problem("bad_input", "metadata: this is no JSON object", facts=_fields("metadata"))
    return found


def _shown(text: str) -> str:
    """Return a name without signs that cannot be kept or shown."""
    return "".join(sign if sign.isprintable() else "?" for sign in text)[:255]


def _fields(name: str) -> dict[str, Any]:
    return {"fields": [{"field": name, "detail": "is missing, or not what it should be"}]}
