"""Limits of money, pictures, film, work at once and pace, and what counts against them at the moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg

from tintype.domain import budget, errors

if TYPE_CHECKING:
    from datetime import datetime

    from tintype.domain.access import Actor
    from tintype.store.database import Database, Session


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit. `subject` is '' for all, a project, a key, KEY/USER, or '*' and KEY/* for each of them.

    Amounts are nano-dollars for money, milliseconds for video_seconds, else a count. An override stands in
    for `amount` until its time is over.
    """

    id: int
    scope: str
    subject: str
    measure: str
    period: str
    zone: str
    amount: int
    override_amount: int | None
    override_until: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """How a limit stands in the window of now, for one subject."""

    limit_id: int
    scope: str
    subject: str
    measure: str
    period: str
    zone: str
    amount: int
    held: int
    spent: int
    window_start: datetime | None
    window_end: datetime | None


async def put(
    on: Database | Session,
    *,
    scope: budget.Scope,
    subject: str,
    measure: budget.Measure,
    period: str,
    amount: int,
    zone: str = "UTC",
) -> int:
    """Make a limit, or change the amount and zone of the one there is; returns its id.

    A new limit counts from now on. Raises InputError for an unknown period, zone or subject.
    """
    budget.check_period(period)
    if measure is budget.Measure.CONCURRENT and period != budget.TOTAL:
        raise errors.InputError("work at once is limited at any time: its period is total")
    if (scope is budget.Scope.ALL) != (subject == ""):
        raise errors.InputError("a limit for all has no subject, every other has one")
    try:
        ident: int = await on.value(
            "put_limit",
            scope=scope.value,
            subject=subject,
            measure=measure.value,
            period=period,
            zone=zone,
            amount=amount,
        )
    except psycopg.errors.InvalidParameterValue as error:
        raise errors.InputError(f"there is no time zone {zone!r}; write it like Europe/Berlin") from error
    return ident


async def override(on: Database | Session, limit_id: int, *, amount: int, until: datetime) -> bool:
    """Let another amount count until a time; False when there is no such limit."""
    return bool(await on.run("override_limit", limit_id=limit_id, amount=amount, until=until))


async def end_override(on: Database | Session, limit_id: int) -> bool:
    """Let a limit's own amount count again; False when none stands in for it."""
    return bool(await on.run("end_override", limit_id=limit_id))


async def remove(on: Database | Session, limit_id: int) -> bool:
    """Remove a limit with its counters; what was held in it settles without it."""
    return bool(await on.run("remove_limit", limit_id=limit_id))


async def every(on: Database | Session) -> list[Limit]:
    """List all limits."""
    return await on.all("limits", Limit)


async def standing(on: Database | Session, actor: Actor) -> list[Standing]:
    """Say how each limit that this actor meets stands now."""
    return await on.all("limits_standing", Standing, key=actor.key, user=actor.user, project=actor.project)
