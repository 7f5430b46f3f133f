"""Read a multipart form as it comes: each part's bytes are handed on, nothing is kept, however large it is.

async for part in forms.parts(request):
    if part.name == "file":
        await uploads.keep(part.pieces(), …)
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from tintype.api.problems import Problem

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from starlette.requests import Request

MEDIA_TYPE = "multipart/form-data"
PARTS_MAX = 20
TEXT_MAX_BYTES = 64 * 1024
"""How many bytes a part has at most that is no file."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a form. `filename` is None for a field that is no file."""

    name: str
    filename: str | None
    content_type: str | None
    _reader: _Reader = field(repr=False)

    async def pieces(self) -> AsyncGenerator[bytes]:
        """Give its bytes as they come; once. Raises Problem for a form that breaks off."""
        while (event := await self._reader.event()) is not None:
            yield event

    async def text(self) -> str:
        """Return a short field's text. Raises Problem for a long one, and for what is no text."""
        content = bytearray()
        async for piece in self.pieces():
            content += piece
            if len(content) > TEXT_MAX_BYTES:
                raise Problem("too_large", f"{self.name}: a field has at most {TEXT_MAX_BYTES:,} bytes")
        try:
            return content.decode()
        except UnicodeDecodeError:
            raise Problem("bad_input", f"{self.name}: it is no UTF-8") from None


def is_form(request: Request) -> bool:
    """Whether a request says that its body is such a form."""
    stated = request.headers.get("content-type", "")
    return stated.partition(";")[0].strip().lower() == MEDIA_TYPE


async def parts(request: Request) -> AsyncIterator[Part]:
    """Give the parts of a request's form, each as soon as it begins. Raises Problem for what is none."""
    _, options = parse_options_header(request.headers.get("content-type"))
    boundary = options.get(b"boundary")
    if not is_form(request) or not boundary:
        raise Problem("bad_request", f"the body is no form; send {MEDIA_TYPE} with a boundary")
    reader = _Reader(request.stream(), boundary)
    count = 0
    while (headers := await reader.begin()) is not None:
        count += 1
        if count > PARTS_MAX:
            raise Problem("bad_request", f"the form has more than {PARTS_MAX} parts")
        part = _part(headers, reader)
        yield part
        async for _ in part.pieces():
            # What nobody wanted of it.
            pass


def _part(headers: dict[str, bytes], reader: _Reader) -> Part:
    _, said = parse_options_header(headers.get("content-disposition"))
    filename = said.get(b"filename")
    kind = headers.get("content-type", b"").partition(b";")[0].strip().lower()
    return Part(
        said.get(b"name", b"").decode("utf-8", "replace"),
        None if filename is None else filename.decode("utf-8", "replace"),
        kind.decode("latin-1") or None,
        reader,
    )


class _Reader:
    """Feeds a parser, and hands on what it found, in order.

    An event is a part's headers, a piece of its bytes, or None for its end.
    """

    def __init__(self, stream: AsyncIterator[bytes], boundary: bytes) -> None:
        self._stream = stream
        self._events: deque[dict[str, bytes] | bytes | None] = deque()
        self._headers: dict[str, bytes] = {}
        self._field = b""
        self._value = b""
        self._is_over = False
        self._is_in_part = False
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._headers.clear,
                    "on_header_field": self._on_field,
                    "on_header_value": self._on_value,
                    "on_header_end": self._on_header,
                    "on_headers_finished": self._on_headers,
                    "on_part_data": self._on_data,
                    "on_part_end": self._on_part_end,
                    "on_end": self._on_end,
                },
            )
        except FormParserError as fault:
            raise _unreadable(fault) from None

    async def begin(self) -> dict[str, bytes] | None:
        """Return the headers of the next part; None when there is none."""
        while not self._events and not self._is_over:
            await self._read()
        if not self._events:
            return None
        headers = self._events.popleft()
        assert isinstance(headers, dict)  # noqa: S101 - a part was read to its end
        self._is_in_part = True
        return headers

    async def event(self) -> bytes | None:
        """Return the next bytes of the part; None at its end, however often one asks."""
        if not self._is_in_part:
            return None
        while not self._events:
            await self._read()
        event = self._events.popleft()
        assert not isinstance(event, dict)  # noqa: S101 - a part ends before the next begins
        self._is_in_part = event is not None
        return event

    async def _read(self) -> None:
        piece = await anext(self._stream, None)
        if not piece and not self._is_over:
            raise Problem("bad_request", "the form breaks off before its end")
        try:
            self._parser.write(piece or b"")
        except FormParserError as fault:
            raise _unreadable(fault) from None

    def _on_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _on_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header(self) -> None:
        self._headers[self._field.decode("latin-1").lower()] = self._value
        self._field = self._value = b""

    def _on_headers(self) -> None:
        self._events.append(dict(self._headers))

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        self._events.append(bytes(data[start:end]))

    def _on_part_end(self) -> None:
        self._events.append(None)

    def _on_end(self) -> None:
        self._is_over = True


def _unreadable(fault: FormParserError) -> Problem:
    return Problem("bad_request", f"the form cannot be read: {str(fault)[:120]}")
