"""Objects in S3, Google Cloud Storage or Azure, through obstore.

Credentials and endpoints come from where the clouds' own tools take them (`AWS_ACCESS_KEY_ID`,
`AWS_ENDPOINT_URL`, `GOOGLE_APPLICATION_CREDENTIALS`, `AZURE_STORAGE_ACCOUNT_KEY`, a machine's role, …). An upload
is seen whole or not at all. One that a kill cut short leaves hidden parts in a bucket, which only the bucket's own
rule for unfinished multipart uploads removes.
"""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import TYPE_CHECKING

import obstore
from obstore import exceptions
from obstore.store import from_url

from tintype.media.disk import missing, new_draft
from tintype.media.files_errors import FilesError, StorageAway, StorageRefused

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterator
    from pathlib import Path

    from obstore.store import ObjectStore

    from tintype.media.allowance import Allowance

# What is larger goes up in parts of this size, two at a time. Each part is held up to three times on its way.
PART_BYTES = 5 * 1024 * 1024
_PARTS_AT_ONCE = 2
_COPIES = 2
PIECE_BYTES = 1024 * 1024


class Cloud:
    """A bucket, or a folder in one. `memory` is shared by all uploads."""

    is_local = False

    def __init__(self, url: str, *, drafts: Path, memory: Allowance) -> None:
        self._url = url
        self._drafts = drafts
        self._memory = memory
        self._store: ObjectStore = from_url(
            url,
            client_options={
                # A machine of one's own (MinIO, Ceph) is often reached without TLS, and says so in its address.
                "allow_http": True,
                "connect_timeout": timedelta(seconds=5),
                "timeout": timedelta(minutes=10),
            },
            retry_config={"max_retries": 4, "retry_timeout": timedelta(seconds=30)},
        )

    async def keep(self, draft: Path, *, key: str, size_bytes: int) -> None:
        """Upload a draft; it is in the bucket when this returns."""
        wanted_bytes = min(size_bytes, PART_BYTES * _PARTS_AT_ONCE) * _COPIES
        async with self._memory.take(wanted_bytes):
            with self._told():
                await obstore.put_async(
                    self._store,
                    key,
                    draft,
                    chunk_size=PART_BYTES,
                    max_concurrency=_PARTS_AT_ONCE,
                    use_multipart=size_bytes > PART_BYTES,
                )

    async def has(self, key: str) -> bool:
        """Whether an object is there."""
        try:
            with self._told(key):
                await obstore.head_async(self._store, key)
        except FilesError as error:
            if error.code == "object_missing":
                return False
            raise
        return True

    async def size(self, key: str) -> int:
        """Return an object's size in bytes; raises ObjectMissing."""
        with self._told(key):
            return (await obstore.head_async(self._store, key))["size"]

    async def pieces(self, key: str, start: int, end: int) -> AsyncGenerator[bytes]:
        """Give the bytes from `start` up to before `end`."""
        if start >= end:
            return
        with self._told(key):
            result = await obstore.get_async(self._store, key, options={"range": (start, end)})
            async for piece in result.stream(min_chunk_size=PIECE_BYTES):
                yield bytes(piece)

    @contextlib.asynccontextmanager
    async def local(self, key: str) -> AsyncIterator[Path]:
        """Give a path at which a copy of the object can be read, for as long as this lasts."""
        path = new_draft(self._drafts)
        try:
            with path.open("xb") as file:
                async for piece in self.pieces(key, 0, await self.size(key)):
                    file.write(piece)
            yield path
        finally:
            path.unlink(missing_ok=True)

    async def delete(self, key: str) -> None:
        """Remove an object; one that is not there is fine."""
        with contextlib.suppress(FileNotFoundError), self._told():
            await obstore.delete_async(self._store, key)

    async def first(self, key: str, content: bytes) -> bytes:
        """Return what is under the key, made of the content when there is nothing."""
        with self._told(), contextlib.suppress(exceptions.AlreadyExistsError):
            await obstore.put_async(self._store, key, content, mode="create", use_multipart=False)
        return b"".join([piece async for piece in self.pieces(key, 0, await self.size(key))])

    @contextlib.contextmanager
    def _told(self, key: str | None = None) -> Iterator[None]:
        """Put obstore's failures into our words. Its own hold whole answers, and addresses of requests."""
        place = self._url.partition("?")[0]
        try:
            yield
        except (FileNotFoundError, exceptions.NotFoundError) as fault:
            if key is not None and "NoSuchBucket" not in str(fault):
                raise missing(key) from fault
            raise StorageRefused(
                f"{place} does not exist. Make it, or correct TINTYPE_STORAGE_URL."
            ) from fault
        except (
            PermissionError,
            exceptions.PermissionDeniedError,
            exceptions.UnauthenticatedError,
        ) as fault:
            raise StorageRefused(
                f"{place} refuses us. Check its credentials and permissions: reading, writing and deleting objects."
            ) from fault
        except (exceptions.BaseError, OSError) as fault:
            raise StorageAway(f"{place} does not work at the moment.", can_retry=True) from fault
