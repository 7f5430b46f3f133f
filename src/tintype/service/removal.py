"""Delete stored files with the last row that names them (rule 18)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tintype.domain import errors
from tintype.store import generations, outputs

if TYPE_CHECKING:
    from tintype.media.files import Files
    from tintype.store.database import Database, Session

_SWEPT_AT_ONCE = 1000


async def delete(ident: str, *, db: Database, files: Files) -> None:
    """Delete a generation for its owner: it is found no more, and its files go unless others name them.

    What it cost stays in the book. Doing so again is harmless. Raises UnknownGeneration, or NotPossibleNow
    while it has not ended.
    """
    async with db.transaction() as work:
        row = await generations.lock(work, ident)
        if row is None:
            raise errors.UnknownGeneration(f"there is no generation {ident[:40]!r}")
        if row.finished_at is None:
            raise errors.NotPossibleNow(
                f"{ident} is {row.state}; cancel it, or wait for its end, then delete it"
            )
        await work.run("mark_deleted", id=ident)
        hashes = await forget(work, ident)
    await drop(hashes, db=db, files=files)


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
