"""Files that keys uploaded, each for a day, and files that their generations were given."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb

if TYPE_CHECKING:
    from datetime import datetime

    from tintype.store.database import Database, Session


@dataclass(frozen=True, slots=True)
class Upload:
    """A file with what its owner said of it."""

    id: str
    key_id: str
    sha256: str
    md5: str
    name: str
    content_type: str
    size_bytes: int
    metadata: dict[str, Any] = field(repr=False)
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose an upload is."""

    key_id: str
    sha256: str


async def put(work: Session, upload: Upload) -> None:
    """Write an upload down. Its object was named before in the same transaction."""
    await work.run(
        "put_upload",
        id=upload.id,
        key_id=upload.key_id,
        sha256=upload.sha256,
        md5=upload.md5,
        name=upload.name,
        content_type=upload.content_type,
        size_bytes=upload.size_bytes,
        metadata=Jsonb(upload.metadata),
        created_at=upload.created_at,
        expires_at=upload.expires_at,
    )


async def get(on: Database | Session, ident: str, *, key_id: str) -> Upload | None:
    """Return a key's upload that has not expired, or None."""
    return await on.one("upload", Upload, id=ident, key_id=key_id)


async def of_key(on: Database | Session, key_id: str, *, before: str | None, at_most: int) -> list[Upload]:
    """Return a page of a key's uploads, newest first; `before` is the last id of the page before."""
    return await on.all("uploads_of_key", Upload, key_id=key_id, before=before, at_most=at_most)


async def remove(on: Database | Session, ident: str, *, key_id: str) -> str | None:
    """Remove a key's upload; returns its hash, which may be unused now, or None where there is none."""
    sha256: str | None = await on.value("remove_upload", id=ident, key_id=key_id)
    return sha256


async def given(on: Database | Session, sha256: str, *, key_id: str) -> Upload | None:
    """Return a file that a generation of the key's was given, as if it had been uploaded then."""
    return await on.one("given_file", Upload, sha256=sha256, key_id=key_id)


async def owner(on: Database | Session, ident: str) -> Owner | None:
    """Return whose upload this is, and its hash, while it is there."""
    return await on.one("upload_owner", Owner, id=ident)
