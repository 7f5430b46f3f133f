"""The store of files: each under the SHA-256 of its bytes, in a folder or a cloud.

    store = files.Files("file:///var/lib/tintype/files", drafts=folder)
    async with store.draft(size_max_bytes=…) as draft:
        async for piece in answer.pieces():
            await draft.write(piece)
        await draft.end()                 # draft.hash, draft.size_bytes, draft.head are known now
        stored = await draft.keep()       # objects/ab/cdef…; durable when this returns

Bytes go to a file of this machine first, so that the hash is known before anything has a name, and a broken
transfer leaves nothing in the store. All drafts and uploads together hold at most 64 MB in memory: who would need
more waits for a turn.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol, Self
from urllib.parse import unquote, urlsplit

from tintype.domain.errors import ConfigurationError
from tintype.media import disk
from tintype.media.allowance import Allowance
from tintype.media.files_errors import ObjectTooLarge, RangeNotThere, of_disk
from tintype.media.kinds import HEAD_BYTES

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterable

MEMORY_MAX_BYTES = 64 * 1024 * 1024
"""What all captures of a process hold in memory at once, in bytes."""
SIZE_MAX_BYTES = 2 * 1024 * 1024 * 1024
"""The largest file that is stored when nobody says, in bytes."""
_BUFFER_BYTES = 1024 * 1024
# The buffer of a draft, and the piece on its way to it.
_DRAFT_BYTES = _BUFFER_BYTES + 256 * 1024
_HASH = re.compile(r"[0-9a-f]{64}")
_CLOUDS = frozenset({"s3", "s3a", "gs", "az", "azure", "abfs", "abfss"})


@dataclass(frozen=True, slots=True)
class Stored:
    """An object: the SHA-256 of its bytes in hexadecimal, and their number."""

    hash: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Reading:
    """An object, or a range of it: bytes `start` up to before `end` of `size_bytes`."""

    size_bytes: int
    start: int
    end: int
    pieces: AsyncGenerator[bytes]


class Place(Protocol):
    """Where objects are: `disk.Disk` or `cloud.Cloud`. `is_local` says that reading costs no network."""

    is_local: bool

    async def keep(self, draft: Path, *, key: str, size_bytes: int) -> None:
        """Have a draft's bytes under the key, durably; over what is there."""

    async def has(self, key: str) -> bool:
        """Whether an object is there."""
        ...

    async def size(self, key: str) -> int:
        """Return its size in bytes; raises ObjectMissing."""
        ...

    def pieces(self, key: str, start: int, end: int) -> AsyncGenerator[bytes]:
        """Give a range of its bytes."""
        ...

    def local(self, key: str) -> contextlib.AbstractAsyncContextManager[Path]:
        """Give a path at which it can be read."""
        ...

    async def delete(self, key: str) -> None:
        """Remove it, or leave it removed."""

    async def first(self, key: str, content: bytes) -> bytes:
        """Have the content there unless something is; return what is there then."""
        ...


def key_of(hash: str) -> str:  # noqa: A002 - the word of the field
    """Return where an object lies: `objects/ab/cdef…`. Raises ValueError for what is no SHA-256."""
    if not _HASH.fullmatch(hash):
        raise ValueError(f"{hash[:80]!r} is not a SHA-256 in lower-case hexadecimal")
    return f"objects/{hash[:2]}/{hash[2:]}"


class Files:
    """The store at a URL: `file:///folder`, `s3://bucket/folder`, `gs://bucket/folder`, `az://account/container`.

    `drafts` is the folder for what is being received when the store is a cloud. Making one creates its folders.
    `self.drafts` is the folder where drafts are in the end. Raises ConfigurationError for a URL that is none of
    these, StorageRefused when a folder cannot be used.
    """

    def __init__(self, url: str, *, drafts: Path, memory_max_bytes: int = MEMORY_MAX_BYTES) -> None:
        self.memory = Allowance(memory_max_bytes)
        self._place, self.drafts = _place(url, drafts, self.memory)

    @contextlib.asynccontextmanager
    async def draft(self, *, size_max_bytes: int = SIZE_MAX_BYTES) -> AsyncIterator[Draft]:
        """Open a draft; what is not kept is gone afterwards, whatever happens."""
        path = disk.new_draft(self.drafts)
        draft = Draft(path, place=self._place, memory=self.memory, size_max_bytes=size_max_bytes)
        try:
            yield draft
        finally:
            await draft.discard()

    async def put(self, pieces: Iterable[bytes], *, size_max_bytes: int = SIZE_MAX_BYTES) -> Stored:
        """Store bytes that are at hand."""
        async with self.draft(size_max_bytes=size_max_bytes) as draft:
            for piece in pieces:
                await draft.write(piece)
            await draft.end()
            return await draft.keep()

    async def open(self, hash: str, *, start: int = 0, end: int | None = None) -> Reading:  # noqa: A002
        """Open an object, or the range from `start` up to before `end`; a negative start counts from the end.

        Raises ObjectMissing, or RangeNotThere when the range begins at or beyond the end of a file.
        """
        key = key_of(hash)
        size = await self._place.size(key)
        start = max(size + start, 0) if start < 0 else start
        end = size if end is None else min(end, size)
        if start >= end and (size or start):
            raise RangeNotThere(f"the file has {size} bytes; asked for from {start}", size_bytes=size)
        return Reading(size, start, end, self._place.pieces(key, start, end))

    async def has(self, hash: str) -> bool:  # noqa: A002 - the word of the field
        """Whether an object is there."""
        return await self._place.has(key_of(hash))

    def local(self, hash: str) -> contextlib.AbstractAsyncContextManager[Path]:  # noqa: A002
        """Give a path at which an object can be read by another process; raises ObjectMissing."""
        return self._place.local(key_of(hash))

    async def first(self, name: str, content: bytes) -> bytes:
        """Return the small file of this name beside the objects, made of the content when there is none.

        Whoever comes first makes it, whole and durable; who comes at the same time gets the same. In a folder it is
        closed to other users.
        """
        return await self._place.first(name, content)

    async def delete(self, hash: str) -> None:  # noqa: A002 - the word of the field
        """Remove an object. Doing so again, or without there being one, is fine."""
        await self._place.delete(key_of(hash))


class Draft:
    """A file being received. Write, `end`, then `keep` it or take it as the source of another.

    After `end`: `hash` and `size_bytes`, and `head`, its first 64 KB. `path` may be read by others until the draft
    is discarded or kept.
    """

    def __init__(self, path: Path, *, place: Place, memory: Allowance, size_max_bytes: int) -> None:
        self.path = path
        self.size_bytes = 0
        self.head = b""
        self._place = place
        self._size_max_bytes = size_max_bytes
        self._buffer = bytearray()
        self._digest = hashlib.sha256()
        self._file: IO[bytes] | None = None
        self._is_ended = False
        self._stack = contextlib.AsyncExitStack()
        self._memory = memory

    @property
    def hash(self) -> str:
        """The SHA-256 of all that was written, in hexadecimal."""
        return self._digest.hexdigest()

    async def write(self, piece: bytes) -> None:
        """Take up bytes. Raises ObjectTooLarge, or StorageFull when the disk is."""
        if self._file is None:
            await self._stack.enter_async_context(self._memory.take(_DRAFT_BYTES))
            self._file = self._open()
        self.size_bytes += len(piece)
        if self.size_bytes > self._size_max_bytes:
            raise ObjectTooLarge(
                f"more than {self._size_max_bytes:,} bytes came, which is what is allowed",
                size_max_bytes=self._size_max_bytes,
            )
        self._buffer += piece
        if len(self._buffer) >= _BUFFER_BYTES:
            await asyncio.to_thread(self._flush)

    async def end(self) -> Self:
        """Write out what is left, and give the memory back."""
        if self._file is None:
            self._file = self._open()
        await asyncio.to_thread(self._finish)
        await self._stack.aclose()
        self._is_ended = True
        return self

    async def keep(self) -> Stored:
        """Store it under its hash, durably; the same bytes again are the same object."""
        assert self._is_ended, "end the draft before keeping it"  # noqa: S101 - a promise of the caller's
        found = Stored(self.hash, self.size_bytes)
        await self._place.keep(self.path, key=key_of(found.hash), size_bytes=found.size_bytes)
        return found

    async def discard(self) -> None:
        """Remove what is left of it."""
        if self._file is not None:
            self._file.close()
            self._file = None
        self._buffer.clear()
        await self._stack.aclose()
        self._is_ended = False
        self.path.unlink(missing_ok=True)

    def _open(self) -> IO[bytes]:
        try:
            # Unbuffered: the buffer is ours, so that closing has nothing left to fail with.
            return self.path.open("xb", buffering=0)
        except OSError as fault:
            raise of_disk(fault, str(self.path.parent)) from fault

    def _flush(self) -> None:
        """Write the buffer out; in a thread, because disks are slow and hashing takes its time."""
        assert self._file is not None  # noqa: S101 - opened before the first byte
        if len(self.head) < HEAD_BYTES:
            self.head += bytes(self._buffer[: HEAD_BYTES - len(self.head)])
        self._digest.update(self._buffer)
        try:
            with memoryview(self._buffer) as rest:
                at = 0
                while at < len(rest):
                    at += self._file.write(rest[at:])
        except OSError as fault:
            raise of_disk(fault, str(self.path.parent)) from fault
        self._buffer.clear()

    def _finish(self) -> None:
        self._flush()
        assert self._file is not None  # noqa: S101 - the flush has just used it
        self._file.close()
        self._file = None


def _place(url: str, drafts: Path, memory: Allowance) -> tuple[Place, Path]:
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.netloc in {"", "localhost"} and parts.path.startswith("/"):
        place = disk.Disk(Path(unquote(parts.path)))
        place.prepare()
        return place, place.drafts
    if parts.scheme not in _CLOUDS or not parts.netloc:
        raise ConfigurationError(
            f"TINTYPE_STORAGE_URL begins with {parts.scheme or url[:20]!r}; give file:///folder, s3://bucket/folder, "
            "gs://bucket/folder or az://account/container/folder."
        )
    from tintype.media.cloud import Cloud  # noqa: PLC0415 - obstore is loaded where a cloud is used

    try:
        drafts.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as fault:
        raise of_disk(fault, str(drafts)) from fault
    disk.sweep(drafts)
    return Cloud(url, drafts=drafts, memory=memory), drafts
