"""What each alert says to the person who reads it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tintype.domain import errors
from tintype.service import audit
from tintype.store import alerts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tintype.store.alerts import Alert
    from tintype.store.database import Database, Session
    from tintype.store.generations import Generation

MESSAGES = {
    "ambiguous_outcome": "More predictions upstream could be what this generation bought than were sent. Its hold is "
    "kept; `tintype resolve` says which it is.",
    "outcome_unknown": "Whether this generation was bought could not be found out; the most it can cost was booked. "
    "`tintype resolve` corrects it.",
    "upstream_lost": "Upstream does not know a prediction any more that it had taken; the most it can cost was booked.",
    "orphan_lost": "A prediction that was paid for and belongs to nobody made something that could not be stored.",
    "output_lost": "What this generation made was paid for and could not be stored.",
    "upstream_gone": "This generation is bound to an upstream account that is not in the settings; it waits for it.",
    "retention": "Outputs that upstream deletes within the hour are not stored yet.",
}


_log = logging.getLogger("tintype.service")


async def every(on: Database | Session) -> list[Alert]:
    """List what a person should see, newest first; what is over by itself is not among it."""
    return await alerts.every(on)


async def clear(idents: Sequence[int], *, by: str, db: Database) -> list[str]:
    """Resolve alerts for good, all or none; returns what they were about. Raises NotThere for one that is not open."""
    async with db.transaction() as work:
        cleared = []
        for ident in idents:
            about = await alerts.clear(work, ident)
            if about is None:
                raise errors.NotThere(f"there is no open alert {ident}")
            await audit.note(work, by=by, action="alert.clear", subject=about)
            cleared.append(about)
    return cleared


async def tell(
    on: Database | Session, kind: str, row: Generation, *, prediction_id: str | None = None
) -> None:
    """Open an alert about a generation, and of its predictions about this one when it is not the one it has."""
    _log.warning("%s of generation %s: %s", kind, row.id, MESSAGES[kind])
    await alerts.note(
        on,
        kind,
        subject=row.id,
        message=MESSAGES[kind],
        facts={
            "model": row.model,
            "prediction_id": prediction_id or row.prediction_id,
            "state": row.state,
        },
    )
