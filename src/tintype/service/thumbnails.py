"""Give stored pictures and films their small WebP (rule 18). A job of its own: nobody waits for it.

A file that cannot be decoded, or that breaks its process, goes without; nothing else does.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tintype.media import disk, pool
from tintype.media.files_errors import ObjectMissing
from tintype.media.kinds import Family, Kind
from tintype.media.thumbnails import SIDE_PX
from tintype.store import outputs

if TYPE_CHECKING:
    from tintype.media.files import Files
    from tintype.store.database import Database
    from tintype.store.outputs import Output

_log = logging.getLogger("tintype.thumbnails")


async def make(ident: str, *, db: Database, files: Files, workers: pool.Pool) -> int:
    """Make what thumbnails a generation lacks; return how many were made. Doing so again is harmless.

    Raises FilesError when the store does not work, so that the job is done again.
    """
    made = 0
    for output in await outputs.of(db, ident):
        if output.thumbnail_sha256 is None and _has_picture(output.content_type):
            made += await _make_one(output, db=db, files=files, workers=workers)
    return made


def _has_picture(content_type: str) -> bool:
    kind = Kind(content_type)
    return kind.family in {Family.PICTURE, Family.FILM} and kind not in {Kind.SVG, Kind.TIFF}


async def _make_one(output: Output, *, db: Database, files: Files, workers: pool.Pool) -> bool:
    target = disk.new_draft(files.drafts)
    try:
        async with files.local(output.sha256) as source:
            done = await workers.thumbnail(str(source), str(target), side_px=SIDE_PX)
        stored = await files.put([target.read_bytes()])
    except (pool.WorkFailed, ObjectMissing) as fault:
        # Trying again would end the same way: it cannot be decoded, or was deleted meanwhile.
        _log.warning("output %d of %s has no thumbnail: %s", output.position, output.generation_id, fault)
        return False
    finally:
        target.unlink(missing_ok=True)
    async with db.transaction() as work:
        await outputs.name(work, sha256=stored.hash, content_type=Kind.WEBP, size_bytes=stored.size_bytes)
        if await files.has(stored.hash):
            await outputs.put_thumbnail(
                work, sha256=output.sha256, thumbnail_sha256=stored.hash, blurred=done["blurred"]
            )
    return True
