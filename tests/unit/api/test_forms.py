"""Forms of several parts, read as they come."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from tintype.api import forms, uploading
from tintype.api.problems import Problem

if TYPE_CHECKING:
    from starlette.types import Message

BOUNDARY = "----xyz"
FORM = (
    b"------xyz\r\n"
    b'Content-Disposition: form-data; name="note"\r\n\r\n'
    b"a b\r\n"
    b"------xyz\r\n"
    b'Content-Disposition: form-data; name="file"; filename="bo\xc3\xb6t.png"\r\n'
    b"Content-Type: image/png\r\n\r\n"
    b"\x89PNG\r\n\x1a\n\r\n--\x00\r\n"
    b"------xyz--\r\n"
)


def request(content: bytes, *, step: int, kind: str = f"multipart/form-data; boundary={BOUNDARY}") -> Request:
    """A request whose body comes in pieces of so many bytes."""
    pieces = [content[at : at + step] for at in range(0, len(content), step)] or [b""]

    async def receive() -> Message:
        piece = pieces.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

    return Request({"type": "http", "headers": [(b"content-type", kind.encode())]}, receive)


async def read(content: bytes, *, step: int = 7) -> list[tuple[str, str | None, str | None, bytes]]:
    found = []
    async for part in forms.parts(request(content, step=step)):
        body = b"".join([piece async for piece in part.pieces()])
        found.append((part.name, part.filename, part.content_type, body))
    return found


@given(st.integers(1, len(FORM)))
async def test_a_form_is_read_whatever_pieces_it_comes_in(step: int) -> None:
    assert await read(FORM, step=step) == [
        ("note", None, None, b"a b"),
        ("file", "boöt.png", "image/png", b"\x89PNG\r\n\x1a\n\r\n--\x00"),
    ]


@pytest.mark.parametrize("step", [1, 7, 1000])
async def test_what_nobody_reads_of_a_part_is_passed_over(step: int) -> None:
    names = [part.name async for part in forms.parts(request(FORM, step=step))]

    assert names == ["note", "file"]


@given(st.integers(0, len(FORM) - 5), st.integers(1, 40))
async def test_a_form_that_breaks_off_is_refused(length: int, step: int) -> None:
    """Wherever it does: a part of a file is no file."""
    with pytest.raises(Problem) as refused:
        await read(FORM[:length], step=step)

    assert refused.value.code == "bad_request"


@given(st.binary(max_size=200))
async def test_whatever_comes_is_read_or_refused(content: bytes) -> None:
    with contextlib.suppress(Problem):
        await read(content)


@pytest.mark.parametrize(
    "kind", ["multipart/form-data", "application/json", "", "multipart/form-data; boundary="]
)
async def test_what_is_no_form_is_refused(kind: str) -> None:
    with pytest.raises(Problem):
        async for _ in forms.parts(request(FORM, step=9, kind=kind)):
            pass


async def test_a_long_text_is_refused() -> None:
    content = FORM.replace(b"a b", b"a" * (forms.TEXT_MAX_BYTES + 1))
    part = await anext(forms.parts(request(content, step=4096)))

    with pytest.raises(Problem) as refused:
        await part.text()

    assert refused.value.code == "too_large"


@pytest.mark.parametrize("is_first", [True, False])
async def test_what_is_said_of_a_file_comes_before_or_after_it_as_a_field_or_a_file(is_first: bool) -> None:  # noqa: FBT001 - pytest's
    """As each SDK likes it; what is larger than memory is to hold comes whole."""
    content = b"\x00\r\n--" * 400_000
    part = b'--x\r\nContent-Disposition: form-data; name="%s"; filename="%s"\r\n\r\n%s\r\n'
    file = part % (b"content", b"a.bin", content)
    said = part % (b"metadata", b"m.json", b'{"a": 1}')
    said += b'--x\r\nContent-Disposition: form-data; name="filename"\r\n\r\nb.bin\r\n'
    body = (said + file if is_first else file + said) + b"--x--\r\n"
    asked = request(body, step=65_536, kind="multipart/form-data; boundary=x")

    async with uploading.read(asked, size_max_bytes=len(content), too_large="it is") as sent:
        got = b"".join([piece async for piece in sent.pieces()])

    assert (got == content, sent.name, sent.metadata) == (True, "b.bin", {"a": 1})
