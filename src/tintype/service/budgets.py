"""Budgets and quotas as people set them: for all, a project, a key, an end user, or each of these (rule 12).

whom = await budgets.subject(db, "user:shop/alice")     # also all, project:NAME, key:NAME, user:*
await budgets.put(db, whom, budgets.cap(Measure.MONEY, "5", period="day"), by="local")
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from tintype import masking
from tintype.domain import budget, errors, money, rates
from tintype.domain.budget import Measure, Scope
from tintype.service import audit
from tintype.store import keys, limits

if TYPE_CHECKING:
    from datetime import datetime

    from tintype.store.database import Database, Session

AMOUNT_MAX = 2**62
# Rates are counted in windows of so many seconds; these have a word.
_SECONDS = {"second": "1", "minute": "60"}
_WORDS = {seconds: word for word, seconds in _SECONDS.items()}


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
            "period": period_shown(self.period),
            "amount": shown(self.measure, self.amount),
            "zone": self.zone,
        }


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit with how it stands in the window of now, for its own subject.

    `amount_now` is what counts: the override's while that lasts, else the limit's own. `key_name` is the name of the
    key that it is about, while that is not revoked.
    """

    id: int
    scope: str
    subject: str
    key_name: str | None
    measure: str
    period: str
    zone: str
    amount: int
    override_amount: int | None
    override_until: datetime | None
    amount_now: int
    held: int
    spent: int
    window_end: datetime | None

    @property
    def of(self) -> Subject:
        """Whom it is for, as a person reads it: a key by its name."""
        ident, slash, user = self.subject.partition("/")
        name = f"{self.key_name or ident}{slash}{user}"
        return Subject(Scope(self.scope), name)

    @property
    def ident(self) -> str:
        """Whom it is for, as it stands in the database."""
        return str(Subject(Scope(self.scope), self.subject))


def cap(measure: Measure, amount: str, *, period: str = budget.TOTAL, zone: str = "UTC") -> Cap:
    """Read a limit: dollars, seconds of film, or a number, in a period. Raises InputError.

    Periods are hour, day, week, month, total; second, minute, or a number of seconds. Work at once has none.
    """
    period = budget.TOTAL if measure is Measure.CONCURRENT else _SECONDS.get(period, period)
    budget.check_period(period)
    return Cap(measure, period, read(measure, amount), zone)


def pace(text: str) -> Cap:
    """Read a rate such as `10/minute` as a limit of creates. Raises InputError."""
    rate = rates.parse(text)
    period = {3_600: "hour", 86_400: "day"}.get(rate.per_s, str(rate.per_s))
    return Cap(Measure.RATE, period, rate.count)


def read(measure: Measure, text: str) -> int:
    """Read an amount: dollars with nine decimals, seconds of film with three, or a whole number. Raises InputError."""
    match measure:
        case Measure.MONEY:
            return _decimal(text, what="an amount in dollars", places=9)
        case Measure.VIDEO_SECONDS:
            return _decimal(text, what="seconds of film", places=3)
    return _decimal(text, what="a number", places=0)


def _decimal(text: str, *, what: str, places: int) -> int:
    """Read a decimal as a number of its smallest units."""
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise errors.InputError(f"{text[:40]!r} is not {what}") from None
    exponent = amount.as_tuple().exponent
    if not amount.is_finite() or amount < 0 or not isinstance(exponent, int) or exponent < -places:
        decimals = f"{places} decimals at most" if places else "no decimals"
        raise errors.InputError(f"{text[:40]!r} is not {what}: that is not below 0 and has {decimals}")
    # Before it is written out: an exponent may stand for a billion digits.
    if amount > AMOUNT_MAX or amount.scaleb(places) > AMOUNT_MAX:
        raise errors.InputError("the amount is larger than any budget can be")
    return int(amount.scaleb(places))


def shown(measure: str, amount: int) -> str:
    """Write an amount in its measure: dollars, seconds, or a number."""
    match measure:
        case Measure.MONEY:
            return money.to_usd(amount)
        case Measure.VIDEO_SECONDS:
            return f"{Decimal(amount) / 1000:f}"
    return str(amount)


def period_shown(period: str) -> str:
    """Write a period as it is read: windows of a second or a minute by their word."""
    return _WORDS.get(period, period)


def allowed(measure: str, amount: int, period: str) -> str:
    """Say what a limit lets through, such as `10 creates a minute` or `$5.00 a day`."""
    count = f"{amount:,}"
    match measure:
        case Measure.MONEY:
            what = f"${money.to_usd(amount)}"
        case Measure.VIDEO_SECONDS:
            what = f"{shown(measure, amount)} seconds of film"
        case Measure.CONCURRENT:
            return f"{count} {'generation' if amount == 1 else 'generations'} at once"
        case Measure.RATE:
            what = f"{count} {'create' if amount == 1 else 'creates'}"
        case _:
            what = f"{count} {'picture' if amount == 1 else 'pictures'}"
    if period == budget.TOTAL:
        return f"{what} in all"
    word = {str(seconds): word for word, seconds in rates.SECONDS.items()}.get(period, period)
    if word.isdecimal():
        return f"{what} every {word} seconds"
    return f"{what} {'an' if word == 'hour' else 'a'} {word}"


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


async def override(on: Database, limit_id: int, *, amount: str, until: datetime, by: str) -> Limit:
    """Let another amount count until a time; it is read as the limit's measure. Raises NotThere, InputError."""
    async with on.transaction() as work:
        before = await _one(work, limit_id)
        value = read(Measure(before.measure), amount)
        await limits.override(work, limit_id, amount=value, until=until)
        facts = {"amount": shown(before.measure, value), "until": until.isoformat(), "limit": limit_id}
        await audit.note(work, by=by, action="budget.override", subject=before.ident, facts=facts)
        return await _one(work, limit_id)


async def end_override(on: Database, limit_id: int, *, by: str) -> Limit:
    """Let the limit's own amount count again from now on. Raises NotThere."""
    async with on.transaction() as work:
        before = await _one(work, limit_id)
        if await limits.end_override(work, limit_id):
            facts = {"limit": limit_id}
            await audit.note(work, by=by, action="budget.end_override", subject=before.ident, facts=facts)
        return await _one(work, limit_id)


async def remove(on: Database, limit_id: int, *, by: str) -> None:
    """Remove a limit; what was held in it settles without it. Raises NotThere."""
    async with on.transaction() as work:
        before = await _one(work, limit_id)
        if not await limits.remove(work, limit_id):
            raise _gone(limit_id)
        facts = {"measure": before.measure, "period": period_shown(before.period), "limit": limit_id}
        await audit.note(work, by=by, action="budget.remove", subject=before.ident, facts=facts)


async def get(on: Database, limit_id: int) -> Limit:
    """Return a limit with how it stands now. Raises NotThere."""
    return await _one(on, limit_id)


async def every(on: Database | Session, whom: Subject | None = None) -> list[Limit]:
    """List limits with how they stand now; all, or a subject's."""
    return await on.all(
        "limits_in_force",
        Limit,
        id=None,
        scope=None if whom is None else whom.scope.value,
        subject=None if whom is None else whom.name,
    )


async def _one(on: Database | Session, limit_id: int) -> Limit:
    found = await on.one("limits_in_force", Limit, id=limit_id, scope=None, subject=None)
    if found is None:
        raise _gone(limit_id)
    return found


def _gone(limit_id: int) -> errors.NotThere:
    return errors.NotThere(f"there is no limit {limit_id}; see: tintype budget show")


async def _key(db: Database, name: str) -> str:
    if name == "local":
        return name
    found = await keys.every(db, named=name)
    if not found:
        raise errors.KeyUnknown(
            f"there is no key {masking.without_tokens(name)[:60]!r}; see: tintype keys list"
        )
    return found[0].id


__all__ = [
    "Cap",
    "Limit",
    "Subject",
    "cap",
    "end_override",
    "every",
    "get",
    "override",
    "pace",
    "period_shown",
    "put",
    "put_in",
    "read",
    "remove",
    "shown",
    "subject",
]
