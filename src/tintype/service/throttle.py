"""How fast upstream is called, for the operator's eyes, and creates paused and resumed by hand.

While creates are paused new requests are refused, what was accepted waits in its place, and what runs is followed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tintype.domain import errors
from tintype.service import audit
from tintype.store import throttle as store

if TYPE_CHECKING:
    from tintype.store.database import Database
    from tintype.store.throttle import Lane

PAUSE_MAX_S = 7 * 86_400.0


async def lanes(db: Database, *, upstream_id: int) -> list[Lane]:
    """Return the lanes of an account as they are now: creates, and all other calls."""
    return await store.lanes(db, upstream_id=upstream_id)


async def pause(db: Database, *, upstream_id: int, for_s: float, by: str) -> None:
    """Stop creates on all machines, for so long or until `resume`. Raises InputError."""
    if not 0 < for_s <= PAUSE_MAX_S:
        raise errors.InputError("creates are paused for more than 0 seconds and 7 days at most")
    async with db.transaction() as work:
        await store.hold(work, upstream_id=upstream_id, for_s=for_s)
        await audit.note(work, by=by, action="throttle.pause", subject="creates", facts={"for_s": for_s})


async def resume(db: Database, *, upstream_id: int, by: str) -> bool:
    """End a pause, the operator's own or one after upstream's refusal; False when there was none."""
    async with db.transaction() as work:
        had_pause = await store.let_go(work, upstream_id=upstream_id)
        if had_pause:
            await audit.note(work, by=by, action="throttle.resume", subject="creates")
    return had_pause


__all__ = ["PAUSE_MAX_S", "lanes", "pause", "resume"]
