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

    id: int
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


async def clear(on: Database | Session, ident: int) -> str | None:
    """Resolve an open alert for good; returns what it was about, None when there is none of this id."""
    about: str | None = await on.value("clear_alert", id=ident)
    return about


async def settle(on: Database | Session) -> int:
    """Resolve the alerts whose trouble is over; returns their number."""
    return await on.run("settle_alerts")


async def every(on: Database | Session) -> list[Alert]:
    """List the open alerts, newest first."""
    return await on.all("alerts", Alert)
