"""The record of every administrative act: by whom, what, on what. It is written in the act's own transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tintype.store.database import Database, Session

PAGE_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Act:
    """An act. `facts` say what was changed, never a secret."""

    id: int
    at: datetime
    key_id: str
    action: str
    subject: str
    facts: dict[str, Any]


async def note(
    on: Session | Database, *, by: str, action: str, subject: str, facts: Mapping[str, Any] | None = None
) -> None:
    """Write an act down, by the id of the key that did it."""
    await on.run("note_act", key_id=by, action=action, subject=subject, facts=Jsonb(dict(facts or {})))


async def acts(on: Database | Session, *, before: int | None = None, at_most: int = 100) -> list[Act]:
    """Return a page of acts, the newest first; `before` is the last id of the page before."""
    return await on.all("acts", Act, before=before, at_most=min(max(at_most, 1), PAGE_MAX))


__all__ = ["Act", "acts", "note"]
