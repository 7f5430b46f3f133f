"""Files in a prediction's input, turned into addresses: small ones into data URIs, others into uploads.

A file is a `pathlib.Path`, bytes, an open binary file or a Pillow image, at any depth of lists and mappings.
A string is never opened, even if it looks like a path: it may come from somebody else.
"""

from __future__ import annotations

import base64
import io
import mimetypes
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any

from tintype.domain import errors
from tintype.replicate import calling, results, steps, wire

INLINE_MAX = 256 * 1024
"""Files up to so many bytes travel inside the input."""
INLINE_TOTAL_MAX = 1024 * 1024
"""All such files together; what is beyond is uploaded."""
UPLOAD_MAX = 100_000_000
"""The API's own limit for one file, in bytes."""
UPLOAD_TIMES = 4
"""How much longer than others the answer to an upload may take: two minutes when nobody says otherwise."""
_DEPTH_MAX = 32


@dataclass(slots=True)
class _Found:
    """A file in the input: where it stands, and what it is."""

    where: str
    name: str
    size: int
    content_type: str
    content: Any


class _Slot:
    """The place of a file in the prepared input, filled when its address is known."""

    __slots__ = ("address", "file")

    def __init__(self, file: _Found) -> None:
        self.file = file
        self.address = ""


def prepare(
    context: calling.Context,
    given: Mapping[str, Any] | None,
    *,
    inline_max: int = INLINE_MAX,
    until: float | None = None,
) -> steps.Op[dict[str, Any]]:
    """Turn an input into plain JSON, uploading its files.

    All sizes are checked before the first byte is sent. Raises InputError naming the place in the input.
    """
    if given is not None and not isinstance(given, Mapping):
        raise errors.InputError(
            f"the input is to be a mapping of names to values, not {type(given).__name__}"
        )
    slots: list[_Slot] = []
    if not _is_plain(given or {}):
        prepared = yield steps.Work(partial(_convert, dict(given or {}), "input", slots, 0))
    else:
        prepared = dict(given or {})
    wire.dump(_filled(prepared) if slots else prepared)
    inlined = 0
    for slot in slots:
        file = slot.file
        if file.size <= inline_max and inlined + file.size <= INLINE_TOTAL_MAX:
            inlined += file.size
            slot.address = yield steps.Work(partial(_data_uri, file))
        else:
            made = yield from upload(context, file.name, file.content, file.content_type, until=until)
            slot.address = str(made.url)
    result: dict[str, Any] = _filled(prepared)
    return result


def upload(
    context: calling.Context,
    name: str,
    content: Any,
    content_type: str,
    metadata: Mapping[str, Any] | None = None,
    *,
    until: float | None = None,
) -> steps.Op[results.File]:
    """Upload a Path or bytes. It buys nothing and can be read again, so it is repeated like a look."""
    handle = (yield steps.Work(partial(content.open, "rb"))) if isinstance(content, Path) else None
    try:
        sent = wire.Upload(name, content_type, content if handle is None else handle, metadata)
        call = wire.Call("POST", "/files", upload=sent, read_s=UPLOAD_TIMES * context.read_s)
        return (yield from calling.call(context, call, _uploaded, until=until))
    finally:
        if handle is not None:
            handle.close()


def _uploaded(reply: wire.Reply) -> results.File:
    made = wire.read(results.File, reply)
    if not made.url:
        raise wire.unreadable(reply, "file with an address")
    return made


def open_file(file: Any, *, name: str | None = None, content_type: str | None = None) -> tuple[str, Any, str]:
    """A file's name, content (a Path or bytes) and type, its size checked. Raises InputError.

    For `client.files.create`; blocks while it reads.
    """
    if isinstance(file, str):
        raise errors.InputError("a text is not opened as a file; give pathlib.Path(…)")
    if not _is_file(file):
        raise errors.InputError(
            f"{type(file).__name__} is not a file: give a Path, bytes, an open file or an image"
        )
    found = _file(file, "file")
    return name or found.name, found.content, content_type or found.content_type


def _is_plain(value: Any, depth: int = 0) -> bool:
    """Whether a value is JSON already, the common case."""
    if value is None or isinstance(value, str | bool | int | float):
        return type(value) in _JSON
    if type(value) is list and depth < _DEPTH_MAX:
        return all(_is_plain(one, depth + 1) for one in value)
    if type(value) is dict and depth < _DEPTH_MAX:
        return all(type(key) is str and _is_plain(one, depth + 1) for key, one in value.items())
    return False


_JSON = frozenset({type(None), str, bool, int, float})


def _convert(value: Any, where: str, slots: list[_Slot], depth: int) -> Any:
    if depth > _DEPTH_MAX:
        raise errors.InputError(f"{where} is nested deeper than {_DEPTH_MAX} levels")
    if _is_file(value):
        slots.append(_Slot(_file(value, where)))
        return slots[-1]
    if isinstance(value, Enum):
        return _convert(value.value, where, slots, depth + 1)
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {
            _key(key, where): _convert(one, f"{where}.{key}", slots, depth + 1) for key, one in value.items()
        }
    if isinstance(value, list | tuple):
        return [_convert(one, f"{where}[{n}]", slots, depth + 1) for n, one in enumerate(value)]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    item = getattr(value, "tolist", None)
    if callable(item) and type(value).__module__.partition(".")[0] == "numpy":
        return _convert(item(), where, slots, depth + 1)
    raise errors.InputError(f"{where} is of type {type(value).__name__}, which the API has no form for")


def _key(key: Any, where: str) -> str:
    if not isinstance(key, str):
        raise errors.InputError(f"a name in {where} is of type {type(key).__name__}; names are text")
    return key


def _filled(value: Any) -> Any:
    if isinstance(value, _Slot):
        return value.address
    if isinstance(value, dict):
        return {key: _filled(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_filled(one) for one in value]
    return value


def _is_file(value: Any) -> bool:
    return (
        isinstance(value, Path | bytes | bytearray | memoryview)
        or _is_picture(value)
        or hasattr(value, "read")
    )


def _is_picture(value: Any) -> bool:
    return any(base.__module__ == "PIL.Image" and base.__name__ == "Image" for base in type(value).__mro__)


def _file(value: Any, where: str) -> _Found:
    if isinstance(value, Path):
        try:
            size = value.stat().st_size
            is_file = value.is_file()
        except OSError as fault:
            raise errors.InputError(f"{where}: {value.name} cannot be read ({fault.strerror})") from fault
        except ValueError as fault:
            raise errors.InputError(f"{where}: {value.name!r} is no path") from fault
        if not is_file:
            raise errors.InputError(f"{where}: {value.name} is not a file")
        return _checked(_Found(where, value.name, size, _type(value.name, value), value))
    if _is_picture(value):
        data = _png(value, where)
        return _checked(_Found(where, "image.png", len(data), "image/png", data))
    if isinstance(value, bytes | bytearray | memoryview):
        data = bytes(value)
        return _checked(_Found(where, "file" + _suffix(data), len(data), _sniff(data), data))
    return _checked(_open_file(value, where))


def _open_file(value: Any, where: str) -> _Found:
    named = getattr(value, "name", None)
    name = Path(named).name if isinstance(named, str) and named else "file"
    try:
        if hasattr(value, "seekable") and value.seekable():
            start = value.tell()
            size = value.seek(0, os.SEEK_END) - start
            value.seek(start)
            if size > UPLOAD_MAX:
                return _Found(where, name, size, "", b"")
        data = value.read(UPLOAD_MAX + 1)
    except (OSError, ValueError) as fault:
        raise errors.InputError(f"{where}: the open file {name} cannot be read") from fault
    if isinstance(data, str):
        raise errors.InputError(f"{where}: {name} is open as text; open it in binary mode ('rb')")
    if not isinstance(data, bytes):
        raise errors.InputError(f"{where}: reading {name} gave {type(data).__name__}, not bytes")
    content_type = _type(name, None)
    return _Found(where, name, len(data), _sniff(data) if content_type == _UNKNOWN else content_type, data)


def _checked(file: _Found) -> _Found:
    if file.size > UPLOAD_MAX:
        raise errors.InputError(
            f"{file.where}: {file.name} has {file.size} bytes; the API takes files up to {UPLOAD_MAX} bytes"
        )
    return file


def _png(picture: Any, where: str) -> bytes:
    made = io.BytesIO()
    try:
        (picture if picture.mode in _PNG_MODES else picture.convert("RGB")).save(
            made, "PNG", compress_level=3
        )
    except (OSError, ValueError) as fault:
        raise errors.InputError(f"{where}: the image cannot be written as PNG ({fault})") from fault
    return made.getvalue()


_UNKNOWN = "application/octet-stream"
_PNG_MODES = frozenset({"1", "L", "LA", "P", "RGB", "RGBA"})
_HEADS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"%PDF", "application/pdf"),
)


def _sniff(data: bytes) -> str:
    for head, content_type in _HEADS:
        if data.startswith(head):
            return content_type
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return "video/mp4" if data[4:8] == b"ftyp" else _UNKNOWN


def _suffix(data: bytes) -> str:
    return mimetypes.guess_extension(_sniff(data)) or ".bin"


def _type(name: str, path: Path | None) -> str:
    known = mimetypes.guess_type(name)[0]
    if known is not None:
        return known
    if path is None:
        return _UNKNOWN
    with path.open("rb") as handle:
        return _sniff(handle.read(16))


def _data_uri(file: _Found) -> str:
    data = file.content.read_bytes() if isinstance(file.content, Path) else file.content
    return f"data:{file.content_type};base64,{base64.b64encode(data).decode()}"
