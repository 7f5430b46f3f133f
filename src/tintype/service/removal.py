"""Delete stored files with the last row that names them (rule 18)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tintype.store import outputs

if TYPE_CHECKING:
    from tintype.media.files import Files
    from tintype.store.database import Database, Session

_SWEPT_AT_ONCE = 1000


async def forget(work: Session, ident: str) -> list[str]:
    """Delete a generation's rows of files, in the caller's transaction; hand the result to `drop` after it."""
    return await outputs.forget(work, ident)


async def drop(hashes: list[str], *, db: Database, files: Files) -> int:
    """Delete those files that no row names any more; return their number.

    Interrupted between file and row, it leaves a row without a use, which `sweep` finds.
    """
    dropped = 0
    for sha256 in sorted(hashes):
        async with db.transaction() as work:
            if await outputs.drop_unused(work, sha256):
                await files.delete(sha256)
                dropped += 1
    return dropped


async def sweep(*, db: Database, files: Files) -> int:
    """Delete files that nothing names: of interrupted deletions, and given for what was never asked."""
    return await drop(await outputs.unused(db, at_most=_SWEPT_AT_ONCE), db=db, files=files)
