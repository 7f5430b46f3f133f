"""Answer with a stored file: whole or a range of it, or that the caller has it; in little memory, however large.

    return await stored.answer(request, here.core.files, File(sha256, "image/webp", name="a.webp", cache=…))

What a model made is not ours: a page or a drawing among it is shown without a right to run anything.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.responses import Response, StreamingResponse

from tintype.api import conditions, routing
from tintype.api.problems import Problem
from tintype.media.files_errors import ObjectMissing
from tintype.media.kinds import Family, Kind

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from starlette.requests import Request
    from starlette.types import Send

    from tintype.media.files import Files

FOR_EVER = "public, max-age=31536000, immutable"
"""For what is the same as long as it is there."""
_SANDBOX = (
    "sandbox; default-src 'none'; img-src data:; media-src data:; font-src data:; style-src 'unsafe-inline'"
)
_HARMLESS = frozenset({Family.PICTURE, Family.FILM, Family.SOUND})
_UNSAFE_SIGNS = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class File:
    """A stored file as it is to be answered: its hash and type, what it is called, how it may be cached.

    `is_saved` has a browser save it, where it would show it otherwise. One that `is_foreign` is what its sender said;
    that is passed on for pictures, films and sound alone.
    """

    sha256: str
    content_type: str
    name: str
    cache: str = FOR_EVER
    is_saved: bool = False
    is_foreign: bool = False


async def answer(request: Request, files: Files, file: File) -> Response:
    """Answer a GET or HEAD with a file. Raises Problem 410 when its bytes are gone, 416 for a bad range."""
    etag = f'"{file.sha256}"'
    headers = _headers(file, etag)
    if conditions.is_known(request.headers, etag):
        return Response(status_code=304, headers=headers)
    headers["Content-Type"] = _content_type(file)
    try:
        reading = await files.open(file.sha256)
        part = None
        if not routing.is_head(request):
            # Only GET has ranges: a HEAD tells of the whole file.
            part = conditions.span(request.headers, etag, reading.size_bytes)
        if part is not None:
            reading = await files.open(file.sha256, start=part[0], end=part[1])
            headers["Content-Range"] = f"bytes {reading.start}-{reading.end - 1}/{reading.size_bytes}"
        headers["Content-Length"] = str(reading.end - reading.start)
        if routing.is_head(request):
            return Response(headers=headers)
        # The first bytes are read before anything is said, so that what cannot be read is told.
        first = await anext(reading.pieces, b"")
    except ObjectMissing:
        raise gone() from None
    return _Streamed(_after(first, reading.pieces), 200 if part is None else 206, headers)


def gone() -> Problem:
    """Return the problem of a file that was deleted."""
    return Problem("gone", "this was deleted; nothing keeps a copy of it")


def name_of(*parts: str, extension: str) -> str:
    """Return a file's name made of parts, in signs that every system takes."""
    stem = "-".join(_UNSAFE_SIGNS.sub("-", part).strip("-.") for part in parts)
    return f"{stem[:120] or 'file'}{extension}"


def _headers(file: File, etag: str) -> dict[str, str]:
    kind = "attachment" if file.is_saved else "inline"
    headers = {
        "ETag": etag,
        "Cache-Control": file.cache,
        "Accept-Ranges": "bytes",
        "Content-Disposition": f'{kind}; filename="{file.name}"',
        # Pictures are for pages of any origin.
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    if not _is_harmless(file.content_type):
        headers["Content-Security-Policy"] = _SANDBOX
    return headers


def _is_harmless(content_type: str) -> bool:
    """Whether a browser only shows or plays it: no document that could hold a script."""
    try:
        kind = Kind(content_type)
    except ValueError:
        return False
    return kind.family in _HARMLESS and kind is not Kind.SVG


def _content_type(file: File) -> str:
    if file.is_foreign and not _is_harmless(file.content_type):
        return "application/octet-stream"
    is_text = file.content_type.startswith("text/")
    return f"{file.content_type}; charset=utf-8" if is_text else file.content_type


class _Streamed(StreamingResponse):
    """An answer whose file is closed when its reader has all, or has gone."""

    def __init__(self, pieces: AsyncGenerator[bytes], status: int, headers: dict[str, str]) -> None:
        super().__init__(pieces, status, headers)
        self._pieces = pieces

    async def stream_response(self, send: Send) -> None:
        """Send it, piece by piece, as fast as it is taken."""
        async with contextlib.aclosing(self._pieces):
            await super().stream_response(send)


async def _after(first: bytes, pieces: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    async with contextlib.aclosing(pieces):
        yield first
        async for piece in pieces:
            yield piece
