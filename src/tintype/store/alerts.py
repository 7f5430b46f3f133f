"""What a person must see: one open alert per kind and subject, counted up when it comes again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tintype.store.database import Database, Session


@dataclass(frozen=True, slots=True)
class Alert:
    """An open alert; `facts` are for programs."""

    kind: str
    subject: str
    message: str
    facts: dict[str, Any]
    times: int
    created_at: datetime
    seen_at: datetime


async def note(
    on: Database | Session, kind: str, *, subject: str, message: str, facts: Mapping[str, Any] | None = None
) -> None:
    """Open an alert, or count it up."""
    await on.value("alert", kind=kind, subject=subject, message=message, facts=Jsonb(dict(facts or {})))


async def every(on: Database | Session) -> list[Alert]:
    """List the open alerts, newest first."""
    return await on.all("alerts", Alert)
