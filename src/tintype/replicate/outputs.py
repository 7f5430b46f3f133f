"""What a prediction made: files behind addresses, data URIs, and text, as one kind of object.

Files are fetched without the token, from allowed hosts only, up to a size, and saved whole or not at all.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
import mimetypes
import os
import re
import secrets
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar
from urllib.parse import unquote, unquote_to_bytes, urlsplit

from tintype.domain import errors
from tintype.replicate import fetching, steps

T = TypeVar("T")

_ADDRESS = re.compile(r"https?://\S+|[dD][aA][tT][aA]:[^\s,]*,.*", re.DOTALL)
_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", ".png"),
    (b"\xff\xd8\xff", ".jpg"),
    (b"GIF8", ".gif"),
    (b"<svg", ".svg"),
    (b"<?xml", ".svg"),
)
_EXTENSIONS = {"image/jpeg": ".jpg", "image/webp": ".webp", "image/svg+xml": ".svg", "text/plain": ".txt"}


@dataclass(frozen=True, slots=True)
class Content:
    """What is known of an output before it is read: an address, data that is already here, or text."""

    index: int
    prediction_id: str | None
    key: str | None = None
    url: str | None = field(default=None, repr=False)
    data: bytes | None = field(default=None, repr=False)
    text: str | None = field(default=None, repr=False)
    media_type: str | None = None

    @property
    def stem(self) -> str:
        """A file name without extension that no other output has."""
        words = [_short(self.prediction_id or "output"), _short(self.key or ""), str(self.index)]
        return re.sub(r"[^\w.-]+", "_", "-".join(word for word in words if word))


def _short(word: str) -> str:
    """As much of a word as leaves room in a file name, which takes 255 bytes."""
    return word.encode(errors="replace")[:100].decode(errors="ignore")


class _Ops:
    """The methods of an output, for both kinds of client."""

    __slots__ = ()
    _desk: Any
    _content: Content

    @property
    def url(self) -> str | None:
        """The address of the file, or None for text and data."""
        return self._content.url

    @property
    def text(self) -> str | None:
        """The text, if the model wrote text."""
        return self._content.text

    @property
    def index(self) -> int:
        """The position among the outputs of the prediction."""
        return self._content.index

    @property
    def key(self) -> str | None:
        """The name of this output, where the model names its outputs."""
        return self._content.key

    @property
    def prediction_id(self) -> str | None:
        """The prediction that made it."""
        return self._content.prediction_id

    @property
    def media_type(self) -> str | None:
        """What kind of file it is, as far as that is known before it is read."""
        return self._content.media_type or _guess(self._content)

    def __repr__(self) -> str:
        kind = "text" if self.text is not None else self.media_type or "file"
        return f"{type(self).__name__}(prediction_id={self.prediction_id!r}, index={self.index}, {kind})"

    @steps.operation
    def read(self) -> steps.Op[bytes]:
        """Fetch the whole output as bytes; text as UTF-8.

        Raises RetentionPassed an hour after completion, OutputRefused for a host or size that is not allowed.
        """
        here = _here(self._content)
        if here is not None:
            return here
        got = yield from fetching.whole(self._desk.fetcher, _address(self._content))
        return got.body

    @steps.operation
    def save(self, path: str | os.PathLike[str] = ".") -> steps.Op[Path]:
        """Write the output to a file, whole or not at all; gives its path.

        An existing folder, or a path that ends with a separator, gets a file named after the prediction, with
        the extension of what is in it. Missing folders are made; an existing file is replaced.
        """
        here = _here(self._content)
        place = yield steps.Work(partial(_Place, path))
        try:
            if here is not None:
                yield steps.Work(partial(place.write, here))
            else:
                yield from _to_place(self._desk.fetcher, _address(self._content), place)
            saved: Path = yield steps.Work(partial(place.finish, self._content, self.media_type))
        except BaseException:
            place.discard()
            raise
        return saved

    @steps.iterating(bytes)
    def stream(self) -> steps.Op[None]:
        """Iterate over the output in pieces of bytes, as they arrive."""
        here = _here(self._content)
        if here is not None:
            yield steps.Item(here)
            return
        yield from fetching.pieces(self._desk.fetcher, _address(self._content), steps.Item)


class Output(_Ops, steps.Blocking):
    """One output of a prediction: `read()`, `save(path)`, `stream()`; `text` and `url` say what it is."""

    __slots__ = ("_content",)

    def __init__(self, desk: Any, content: Content) -> None:
        super().__init__(desk)
        self._content = content


class AsyncOutput(_Ops, steps.Awaiting):
    """One output of a prediction: `await read()`, `await save(path)`, `async for … in stream()`."""

    __slots__ = ("_content",)

    def __init__(self, desk: Any, content: Content) -> None:
        super().__init__(desk)
        self._content = content


def contents(output: Any, prediction_id: str | None = None) -> list[Content]:
    """Normalise whatever a model returns: a string, a list or a mapping of files, text in pieces, or JSON."""
    found: list[Content] = []
    for key, value in _walk(output, None):
        found.append(_content(len(found), prediction_id, key, value))
    return found


def _walk(output: Any, key: str | None) -> Iterator[tuple[str | None, str]]:
    if output is None or output in ([], {}):
        return
    if isinstance(output, str):
        yield key, output
    elif isinstance(output, list) and any(isinstance(one, str) for one in output):
        strings = [one for one in output if isinstance(one, str)]
        if all(isinstance(one, str) or one is None for one in output) and not all(
            map(_ADDRESS.fullmatch, strings)
        ):
            yield key, "".join(strings)
        else:
            for one in output:
                yield from _walk(one, key)
    elif isinstance(output, list) and any(map(_holds_address, output)):
        for one in output:
            yield from _walk(one, key)
    elif isinstance(output, Mapping) and any(map(_holds_address, output.values())):
        for name, one in output.items():
            yield from _walk(one, str(name))
    else:
        yield key, json.dumps(output, ensure_ascii=False)


def _holds_address(value: Any) -> bool:
    if isinstance(value, str):
        return _ADDRESS.fullmatch(value) is not None
    if isinstance(value, Mapping):
        return any(map(_holds_address, value.values()))
    return isinstance(value, list) and any(map(_holds_address, value))


def _content(index: int, prediction_id: str | None, key: str | None, value: str) -> Content:
    if not _ADDRESS.fullmatch(value):
        return Content(index, prediction_id, key, text=value, media_type="text/plain")
    if value[:5].lower() == "data:":
        media_type, data = decode_data_uri(value)
        return Content(index, prediction_id, key, data=data, media_type=media_type)
    return Content(index, prediction_id, key, url=value)


def decode_data_uri(uri: str) -> tuple[str, bytes]:
    """Split a data URI into media type and bytes. Raises OutputRefused when it is malformed."""
    head, comma, body = uri.partition(",")
    if not comma or head[:5].lower() != "data:":
        raise errors.OutputRefused("an output looks like a data URI and is none")
    kind, *parameters = head[5:].split(";")
    if "base64" not in map(str.lower, parameters):
        return kind or "text/plain", unquote_to_bytes(body)
    try:
        return kind or "text/plain", base64.b64decode(unquote(body).strip(), validate=True)
    except (binascii.Error, ValueError) as fault:
        raise errors.OutputRefused("an output is a data URI with broken base64") from fault.with_traceback(
            None
        )


def _here(content: Content) -> bytes | None:
    if content.text is not None:
        return content.text.encode()
    return content.data


def _address(content: Content) -> str:
    if content.url is None:
        raise errors.OutputRefused("this output has no address")
    return content.url


def _guess(content: Content) -> str | None:
    if content.url is None:
        return None
    return mimetypes.guess_type(urlsplit(content.url).path)[0]


class _Place:
    """A file in the making, beside where it will be."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        text = os.fspath(path)
        separators = tuple(one for one in (os.sep, os.altsep) if one)
        given = Path(text)
        self._file = None if text.endswith(separators) or given.is_dir() else given
        self._folder = given if self._file is None else given.parent
        self._folder.mkdir(parents=True, exist_ok=True)
        self._part = self._folder / f".tintype-{secrets.token_hex(8)}.part"
        self._handle = self._part.open("xb")
        self._head = b""
        self.media_type: str | None = None

    def write(self, piece: bytes) -> None:
        """Append a piece."""
        if len(self._head) < 64:
            self._head += piece[:64]
        self._handle.write(piece)

    def finish(self, content: Content, media_type: str | None) -> Path:
        """Put the whole file where it belongs, in one step."""
        self._handle.flush()
        os.fsync(self._handle.fileno())
        self._handle.close()
        path = self._file
        if path is None:
            path = self._folder / (
                content.stem + extension(content.url, self.media_type or media_type, self._head)
            )
        self._part.replace(path)
        return path

    def discard(self) -> None:
        """Leave nothing behind."""
        with contextlib.suppress(OSError):
            # A full disk refuses once more what is still to be written; the caller has the first refusal.
            self._handle.close()
        self._part.unlink(missing_ok=True)


def extension(url: str | None, media_type: str | None, head: bytes) -> str:
    """The extension by the file's first bytes, then its media type, then its address."""
    for magic, suffix in _MAGIC:
        if head.lstrip().startswith(magic):
            return suffix
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return ".webp"
    if head[4:8] == b"ftyp":
        return ".mp4"
    plain = (media_type or "").partition(";")[0].strip().lower()
    if plain and plain != "application/octet-stream":
        found = _EXTENSIONS.get(plain) or mimetypes.guess_extension(plain)
        if found:
            return found
    suffix = PurePosixPath(unquote(urlsplit(url or "").path)).suffix.lower()
    return suffix if re.fullmatch(r"\.[a-z0-9]{1,8}", suffix) else ".bin"


def _to_place(fetcher: fetching.Fetcher, address: str, place: _Place) -> Generator[steps.Step, Any, None]:
    got = yield from fetching.pieces(fetcher, address, lambda piece: steps.Work(partial(place.write, piece)))
    place.media_type = got
