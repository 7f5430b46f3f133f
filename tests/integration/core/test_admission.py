"""Admission: everything or nothing, in one statement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.integration.core.asking import USD, Asking
from tintype.domain.budget import Measure
from tintype.store import generations, ledger

if TYPE_CHECKING:
    from tintype.store.database import Database


async def test_an_admission_writes_everything_at_once(ask: Asking, db: Database) -> None:
    """Rule 10: hold, row, book, first event and job are there after one statement."""
    money = await ask.limit(10 * USD)
    pictures = await ask.limit(5, measure=Measure.IMAGES, period="day")

    [ident] = await ask.admitted(images=2)

    row = await generations.get(db, ident)
    assert row is not None
    assert (row.state, row.end_user, row.simulated, row.events_last) == ("queued", "alice", False, 1)
    assert await ask.counter(money) == (USD, 0)
    assert await ask.counter(pictures) == (2, 0)
    assert [(line.kind, line.amount_nano_usd) for line in await ledger.lines(db, ident)] == [("hold", USD)]
    assert await ask.row("SELECT number, state FROM events") == (1, "queued")
    assert await ask.jobs() == [ident]
    assert await ledger.check(db) == []
