"""Budgets and quotas as people set them: for all, a project, a key, an end user, or each of these (rule 12).

subject = budgets.subject("user:shop/alice", known)     # also all, project:NAME, key:NAME, user:*
await budgets.put(db, subject, Cap(Measure.MONEY, "day", 5_000_000_000), by="local")
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from tintype.domain import budget, errors, money, rates
from tintype.domain.budget import Measure, Scope
from tintype.service import audit
from tintype.store import keys, limits

if TYPE_CHECKING:
    from datetime import datetime

    from tintype.store.database import Database, Session

AMOUNT_MAX = 2**62


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a limit is for, as it stands in the database; `*` for each one."""

    scope: Scope
    name: str

    def __str__(self) -> str:
        return self.scope.value if self.scope is Scope.ALL else f"{self.scope}:{self.name}"


@dataclass(frozen=True, slots=True)
class Cap:
    """How much in which period: nano-dollars, pictures, milliseconds of film, or a count."""

    measure: Measure
    period: str
    amount: int
    zone: str = "UTC"

    @property
    def facts(self) -> dict[str, Any]:
        """What is written down about it."""
        return {
            "measure": self.measure.value,
            "period": self.period,
            "amount": shown(self.measure, self.amount),
            "zone": self.zone,
        }


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit with how it stands in the window of now, for its own subject."""

    id: int
    scope: str
    subject: str
    measure: str
    period: str
    zone: str
    amount: int
    override_amount: int | None
    override_until: datetime | None
    held: int
    spent: int
    window_end: datetime | None

    @property
    def of(self) -> Subject:
        """Whom it is for."""
        return Subject(Scope(self.scope), self.subject)


def usd(text: str) -> int:
    """Read dollars with at most nine decimals; 0 is a budget. Raises InputError."""
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise errors.InputError(f"{text[:40]!r} is no amount in dollars; write it like 5 or 0.003") from None
    exponent = amount.as_tuple().exponent
    if not amount.is_finite() or amount < 0 or not isinstance(exponent, int) or exponent < -9:
        raise errors.InputError("an amount in dollars is not below 0 and has nine decimals at most")
    return _bounded(money.from_usd(amount))


def seconds(text: str) -> int:
    """Read seconds of film as milliseconds. Raises InputError."""
    try:
        amount = Decimal(text) * 1000
    except InvalidOperation:
        raise errors.InputError(f"{text[:40]!r} is no number of seconds") from None
    if not amount.is_finite() or amount < 0 or amount != amount.to_integral_value():
        raise errors.InputError("seconds of film are not below 0 and have three decimals at most")
    return _bounded(int(amount))


def pace(text: str) -> Cap:
    """Read a rate such as `10/minute` as a limit of creates. Raises InputError."""
    rate = rates.parse(text)
    period = {3_600: "hour", 86_400: "day"}.get(rate.per_s, str(rate.per_s))
    return Cap(Measure.RATE, period, rate.count)


def count(measure: Measure, amount: int, period: str) -> Cap:
    """Return a limit of pictures, or of work at once. Raises InputError."""
    if not 0 <= amount <= AMOUNT_MAX:
        raise errors.InputError("a limit is not below 0")
    return Cap(measure, budget.TOTAL if measure is Measure.CONCURRENT else period, amount)


def shown(measure: str, amount: int) -> str:
    """Write an amount in its measure: dollars, seconds, or a number."""
    match measure:
        case Measure.MONEY:
            return money.to_usd(amount)
        case Measure.VIDEO_SECONDS:
            return f"{Decimal(amount) / 1000:f}"
    return str(amount)


async def subject(db: Database, text: str) -> Subject:
    """Read whom a limit is for; keys may be named. Raises InputError, KeyUnknown."""
    if text == Scope.ALL:
        return Subject(Scope.ALL, "")
    kind, colon, name = text.partition(":")
    if not colon or kind not in {Scope.PROJECT, Scope.KEY, Scope.USER} or not name:
        raise errors.InputError(
            f"{text[:60]!r} is no subject; write all, project:NAME, key:NAME, user:KEY/NAME, or * for each: user:*"
        )
    if len(name) > 600 or not name.isprintable():
        raise errors.InputError("the name of a subject is printable and has 600 characters at most")
    if kind == Scope.PROJECT or name == budget.DEFAULT:
        return Subject(Scope(kind), name)
    key, slash, user = name.partition("/")
    if kind == Scope.KEY and slash:
        raise errors.InputError("a key's id holds no slash; an end user is written user:KEY/NAME")
    if kind == Scope.USER and (not slash or not user):
        raise errors.InputError(
            "an end user is written user:KEY/NAME, all of a key's user:KEY/*, everybody user:*"
        )
    ident = await _key(db, key)
    return Subject(Scope(kind), ident if kind == Scope.KEY else f"{ident}/{user}")


async def put(on: Database, whom: Subject, cap: Cap, *, by: str) -> int:
    """Make a limit, or change the one of this subject, measure and period; returns its id."""
    async with on.transaction() as work:
        return await put_in(work, whom, cap, by=by)


async def put_in(work: Session, whom: Subject, cap: Cap, *, by: str) -> int:
    """Do so within a transaction."""
    ident = await limits.put(
        work,
        scope=whom.scope,
        subject=whom.name,
        measure=cap.measure,
        period=cap.period,
        amount=cap.amount,
        zone=cap.zone,
    )
    await audit.note(work, by=by, action="budget.set", subject=str(whom), facts=cap.facts)
    return ident


async def override(on: Database, limit_id: int, *, amount: int, until: datetime, by: str) -> Limit:
    """Let another amount count until a time. Raises NotThere."""
    async with on.transaction() as work:
        if not await limits.override(work, limit_id, amount=amount, until=until):
            raise errors.NotThere(f"there is no limit {limit_id}")
        (found,) = [one for one in await every(work) if one.id == limit_id]
        facts = {"amount": shown(found.measure, amount), "until": until.isoformat(), "limit": limit_id}
        await audit.note(work, by=by, action="budget.override", subject=str(found.of), facts=facts)
    return found


async def remove(on: Database, limit_id: int, *, by: str) -> None:
    """Remove a limit; what was held in it settles without it. Raises NotThere."""
    async with on.transaction() as work:
        found = [one for one in await every(work) if one.id == limit_id]
        if not found or not await limits.remove(work, limit_id):
            raise errors.NotThere(f"there is no limit {limit_id}")
        facts = {"measure": found[0].measure, "period": found[0].period, "limit": limit_id}
        await audit.note(work, by=by, action="budget.remove", subject=str(found[0].of), facts=facts)


async def every(on: Database | Session, whom: Subject | None = None) -> list[Limit]:
    """List limits with how they stand now; all, or a subject's."""
    return await on.all(
        "limits_in_force",
        Limit,
        scope=None if whom is None else whom.scope.value,
        subject=None if whom is None else whom.name,
    )


async def _key(db: Database, name: str) -> str:
    if name == "local":
        return name
    found = await keys.every(db, named=name)
    if not found:
        raise errors.KeyUnknown(f"there is no key {name[:60]!r}; see: tintype keys list")
    return found[0].id


def _bounded(amount: int) -> int:
    if amount > AMOUNT_MAX:
        raise errors.InputError("the amount is larger than any budget can be")
    return amount


__all__ = [
    "Cap",
    "Limit",
    "Subject",
    "count",
    "every",
    "override",
    "pace",
    "put",
    "put_in",
    "remove",
    "seconds",
    "shown",
    "subject",
    "usd",
]
