"""Read a file that is sent as multipart/form-data, in little memory, however it is sent.

    async with uploading.read(request, size_max_bytes=…) as sent:
        sent.name, sent.content_type, sent.metadata
        async for piece in sent.pieces(): …

SDKs send what they say of a file as fields or as small files; both are taken.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request

from tintype.api import bodies
from tintype.api.problems import Problem

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.datastructures import FormData
    from starlette.types import Message, Receive

ENVELOPE_MAX_BYTES = 1024 * 1024
"""What may surround the content in the body."""
_FIELD_MAX_BYTES = 64 * 1024
_PIECE_BYTES = 256 * 1024


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
    stated = request.headers.get("content-type", "")
    if not stated.lower().startswith("multipart/form-data"):
        raise Problem(
            "unsupported_media_type",
            f"a file is sent as multipart/form-data in the part 'content', not as {stated[:80] or 'nothing stated'}",
        )
    form = await _form(request, size_max_bytes + ENVELOPE_MAX_BYTES, too_large)
    try:
        file = form.get("content")
        if not isinstance(file, UploadFile):
            raise Problem("bad_input", "content: the part with the file is missing", facts=_fields("content"))
        if (file.size or 0) > size_max_bytes:
            raise Problem("too_large", too_large)
        name = await _text(form, "filename") or file.filename or "upload"
        kind = await _text(form, "type") or file.content_type
        yield Sent(file, _shown(name), _shown(kind) if kind else None, await _metadata(form))
    finally:
        await form.close()


async def _form(request: Request, most_bytes: int, too_large: str) -> FormData:
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length[:15]) > most_bytes:
        raise Problem("too_large", too_large, headers={"Connection": "close"})
    counted = Request(request.scope, _counting(request.receive, most_bytes, too_large))
    try:
        return await counted.form(max_files=4, max_fields=16, max_part_size=_FIELD_MAX_BYTES)
    except MultiPartException:
        raise Problem("bad_request", "the multipart body cannot be read") from None
    except HTTPException as error:
        if isinstance(error, Problem):
            raise
        raise Problem("bad_request", "the multipart body cannot be read") from None


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


async def _text(form: FormData, name: str) -> str | None:
    """Return a part as text, whether it was sent as a field or as a file."""
    part = form.get(name)
    if not isinstance(part, UploadFile):
        return part
    try:
        return (await part.read(_FIELD_MAX_BYTES)).decode()
    except UnicodeDecodeError:
        raise Problem("bad_input", f"{name}: this is no UTF-8 text", facts=_fields(name)) from None


async def _metadata(form: FormData) -> dict[str, Any]:
    text = await _text(form, "metadata")
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
