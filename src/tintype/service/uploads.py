"""Files that callers upload to be given as input: each its key's own, for a day.

    made = await uploads.keep(pieces, key_id=…, said=Described("boat.png", "image/png"))

A generation's own files are found here too, by their hash, for the key that asked for it; nobody else has a file for
its hash.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tintype.domain import errors, ids
from tintype.media import kinds
from tintype.service import removal
from tintype.store import outputs, uploads
from tintype.store.uploads import Upload

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable, Mapping

    from tintype.media.files import Files
    from tintype.service.sealing import Seal
    from tintype.store.database import Database

SIZE_MAX_BYTES = 100 * 1024 * 1024
"""The largest file that is taken, in bytes."""
KEPT = timedelta(hours=24)
"""How long an upload is there."""
NAME_MAX = 255
_HASH = re.compile(r"[0-9a-f]{64}")


class FileUnknown(errors.TintypeError):
    """There is no such file of whoever asks, or not any more."""

    code = "file_unknown"


@dataclass(frozen=True, slots=True)
class Described:
    """What an uploader says of a file."""

    name: str
    content_type: str | None = None
    metadata: Mapping[str, Any] | None = None


class Uploads:
    """The uploads of one store."""

    def __init__(
        self,
        database: Database,
        files: Files,
        seal: Seal,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = database
        self._files = files
        self._secret = seal.derived(b"downloads")
        self._now = now

    async def keep(self, pieces: AsyncIterable[bytes], *, key_id: str, said: Described) -> Upload:
        """Store a file for a day.

        Raises ObjectTooLarge beyond 100 MB, StorageFull when there is no room, NotPossibleNow when an equal file
        was just being deleted.
        """
        md5 = hashlib.md5(usedforsecurity=False)
        async with self._files.draft(size_max_bytes=SIZE_MAX_BYTES) as draft:
            async for piece in pieces:
                md5.update(piece)
                await draft.write(piece)
            await draft.end()
            stored = await draft.keep()
            kind = kinds.identify(draft.head)
        now = self._now()
        time_ms = int(now.timestamp() * 1000)
        upload = Upload(
            id=ids.ulid(time_ms=time_ms, randomness=secrets.token_bytes(ids.RANDOM_BYTES)),
            key_id=key_id,
            sha256=stored.hash,
            md5=md5.hexdigest(),
            name=said.name[:NAME_MAX],
            content_type=said.content_type or kind.value,
            size_bytes=stored.size_bytes,
            metadata=dict(said.metadata or {}),
            created_at=now,
            expires_at=now + KEPT,
        )
        async with self._database.transaction() as work:
            await outputs.name(
                work, sha256=stored.hash, content_type=kind.value, size_bytes=stored.size_bytes
            )
            if not await self._files.has(stored.hash):
                raise errors.NotPossibleNow("an equal file was deleted at the same moment; send it again")
            await uploads.put(work, upload)
        return upload

    async def get(self, ident: str, *, key_id: str) -> Upload:
        """Return a key's upload, or what a generation of the key's was given. Raises FileUnknown."""
        found = None
        if ids.is_ulid(ident):
            found = await uploads.get(self._database, ident, key_id=key_id)
        elif _HASH.fullmatch(ident):
            found = await uploads.given(self._database, ident, key_id=key_id)
        if found is None:
            raise FileUnknown("there is no such file, or not any more: uploads are kept for 24 hours")
        return found

    async def page(self, *, key_id: str, before: str | None, at_most: int) -> list[Upload]:
        """Return a page of a key's uploads, newest first."""
        return await uploads.of_key(self._database, key_id, before=before, at_most=at_most)

    async def remove(self, ident: str, *, key_id: str) -> None:
        """Delete a key's upload; its bytes go unless something else names them. Raises FileUnknown."""
        sha256 = await uploads.remove(self._database, ident, key_id=key_id)
        if sha256 is None:
            raise FileUnknown("there is no such file, or not any more: uploads are kept for 24 hours")
        await removal.drop([sha256], db=self._database, files=self._files)

    def signature(self, ident: str, *, owner: str, expiry: str) -> str:
        """Sign a link that opens a file without a key until `expiry`, in seconds since 1970."""
        message = f"{owner} {ident} {expiry}".encode()
        return b64encode(hmac.digest(self._secret, message, hashlib.sha256)).decode()

    def is_signed(self, ident: str, *, owner: str, expiry: str, signature: str) -> bool:
        """Whether a link was signed here and has not ended."""
        expected = self.signature(ident, owner=owner, expiry=expiry)
        is_ours = hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace"))
        return is_ours and expiry.isascii() and expiry.isdigit() and int(expiry[:12]) > time.time()
