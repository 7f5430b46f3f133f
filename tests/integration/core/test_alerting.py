"""An alert is open until its trouble is over, or a person has seen to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.core.asking import USD
from tintype.domain.errors import NotThere
from tintype.service import alerting, audit
from tintype.store import alerts, generations, ledger

if TYPE_CHECKING:
    from tests.integration.core.asking import Asking
    from tintype.store.database import Database

OPEN = "SELECT array_agg(subject ORDER BY subject) FROM alerts WHERE resolved_at IS NULL"


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        ("ambiguous_outcome", "unknown"),
        ("upstream_gone", "queued"),
        ("capture_late", "capturing"),
        ("output_refused", "capturing"),
    ],
)
async def test_it_ends_when_its_generation_has_gone_on(
    ask: Asking, db: Database, kind: str, state: str
) -> None:
    """Whoever is still in that state keeps its own."""
    stays, goes = await ask.admitted(), await ask.admitted()
    for ident in (*stays, *goes):
        await ask.row("UPDATE generations SET state = %s WHERE id = %s", state, ident)
        await alerts.note(db, kind, subject=ident, message="look")

    await ask.end(goes[0])

    assert await alerts.settle(db) == 1
    assert await ask.row(OPEN) == (stays,)


async def test_it_ends_when_the_book_was_corrected(ask: Asking, db: Database) -> None:
    """Rule 7: after `tintype resolve` nobody has to look again."""
    idents = [*await ask.admitted(), *await ask.admitted()]
    for ident in idents:
        await ask.end(ident, "failed", cost=USD)
        await alerts.note(db, "outcome_unknown", subject=ident, message="look")

    async with db.transaction() as work:
        await ledger.correct(work, idents[0], generations.Settlement(0), ref="resolved")

    assert await alerts.settle(db) == 1
    assert await ask.row(OPEN) == ([idents[1]],)


async def test_a_full_storage_is_told_until_something_was_stored_again(ask: Asking, db: Database) -> None:
    """What was stored before says nothing."""
    before, after = await ask.admitted(), await ask.admitted()
    await ask.output(before[0])
    await ask.end(before[0], cost=USD)
    await alerts.note(db, "storage_full", subject="storage", message="look")
    assert await alerts.settle(db) == 0

    await ask.output(after[0])
    await ask.end(after[0], cost=USD)

    assert await alerts.settle(db) == 1


async def test_a_person_clears_what_does_not_end_by_itself(ask: Asking, db: Database) -> None:
    """All that are named or none, and it is written down who did."""
    for subject in ("one", "two", "three"):
        await alerts.note(db, "output_lost", subject=subject, message="look")
    numbers = {one.subject: one.id for one in await alerting.every(db)}
    assert await alerts.settle(db) == 0

    with pytest.raises(NotThere):
        await alerting.clear([numbers["one"], 10**12], by="local", db=db)
    cleared = await alerting.clear([numbers["one"], numbers["two"]], by="local", db=db)

    assert cleared == ["output_lost one", "output_lost two"]
    assert await ask.row(OPEN) == (["three"],)
    assert [act.subject for act in await audit.acts(db)] == cleared[::-1]
