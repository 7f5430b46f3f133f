"""The files of a gateway that runs, added to and deleted behind its back."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import psycopg

from tintype.media.files import Files
from tintype.service import removal
from tintype.store.database import Database

if TYPE_CHECKING:
    from tests.integration.gateway.serving import Serving


def store(here: Serving) -> Files:
    """Return the gateway's store."""
    return Files((here.folder / "data" / "files").as_uri(), drafts=here.folder / "drafts")


def added(here: Serving, ident: str, content: bytes, content_type: str) -> int:
    """Give a generation one more output with this content; returns its position."""
    kept = asyncio.run(store(here).put([content]))
    with psycopg.connect(here.database_url) as work:
        work.execute(
            "INSERT INTO objects (sha256, content_type, size_bytes) VALUES (%s, %s, %s)",
            (kept.hash, content_type, kept.size_bytes),
        )
        row = work.execute(
            "INSERT INTO outputs (generation_id, position, sha256, content_type, size_bytes)"
            " SELECT generation_id, max(position) + 1, %s, %s, %s FROM outputs WHERE generation_id = %s"
            " GROUP BY generation_id RETURNING position",
            (kept.hash, content_type, kept.size_bytes, ident),
        ).fetchone()
    assert row
    return int(row[0])


def deleted(here: Serving, ident: str) -> None:
    """Delete a generation with its files."""

    async def delete() -> None:
        async with Database(here.database_url) as database:
            await removal.delete(ident, db=database, files=store(here))

    asyncio.run(delete())
