"""The book: what was held, released, charged, saved, lost and corrected, and whether it all adds up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from tintype.store.database import Database, Session
    from tintype.store.generations import Settlement


@dataclass(frozen=True, slots=True)
class Line:
    """An amount moved from one account to another."""

    generation_id: str
    kind: str
    ref: str
    debit: str
    credit: str
    amount_nano_usd: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """Something that does not add up: what, of whom, what is written and what it should be."""

    what: str
    subject: str
    written: int
    expected: int


async def correct(work: Session, ident: str, settlement: Settlement, *, ref: str) -> bool:
    """Book another cost for a settled generation, in the windows that held it.

    Once per `ref`; False when that was booked before, or the generation is not settled.
    """
    done: bool = await work.value(
        "correct",
        id=ident,
        cost_nano_usd=settlement.cost_nano_usd,
        images=settlement.images,
        video_ms=settlement.video_ms,
        ref=ref,
    )
    return done


async def lose(on: Database | Session, ident: str, *, prediction_id: str, amount_nano_usd: int) -> bool:
    """Book a purchase that nobody waits for to the operator, never to a budget; once per prediction."""
    return bool(await on.run("lose", id=ident, prediction_id=prediction_id, amount_nano_usd=amount_nano_usd))


async def lines(on: Database | Session, ident: str) -> list[Line]:
    """Return the lines of a generation, oldest first."""
    return await on.all("ledger_lines", Line, id=ident)


async def check(on: Database | Session) -> list[Discrepancy]:
    """Hold counters, holds, generations and book against each other; an empty list says all is well."""
    return await on.all("book_check", Discrepancy)
