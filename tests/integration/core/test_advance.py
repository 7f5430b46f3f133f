"""A step in one statement is the step that a transaction would take, or nothing at all."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.core.asking import USD, Asking
from tintype.domain import events, generation
from tintype.domain.generation import Work
from tintype.store import generations, ledger

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tintype.store.database import Database

ACCEPTED = events.Accepted(1, events.Prediction("p1", status="starting"))
ENDED = events.Observed(events.Prediction("p1", status="succeeded", has_output=True))
MADE = generations.Settlement(USD // 2, images=1)


def attempt(outcome: str = "accepted", prediction_id: str | None = "p1") -> dict[str, Any]:
    return {"token": "t", "outcome": outcome, "status": 201, "prediction_id": prediction_id}


async def begun(ask: Asking, db: Database) -> generations.Generation:
    """Return a generation whose intent is committed."""
    [ident] = await ask.admitted()
    assert await generations.intend(db, ident, token="t", dead_after_s=30)
    return await read(db, ident)


async def read(db: Database, ident: str) -> generations.Generation:
    row = await generations.get(db, ident)
    assert row is not None
    return row


async def step(
    db: Database, row: generations.Generation, happened: events.Event, **more: Any
) -> generations.Moved | None:
    """Take a step on a row as it was read."""
    return await generations.advance(db, row, generation.apply(row.facts, happened), **more)


async def by_hand(db: Database, ident: str, happened: events.Event, **more: Any) -> None:
    """Take the same step in a transaction that locks the row first."""
    attempt: Mapping[str, Any] | None = more.pop("attempt", None)
    again_s = more.pop("again_s", 0.0)
    async with db.transaction() as work:
        row = await generations.lock(work, ident)
        assert row is not None
        if attempt is not None:
            await work.run("finish_attempt", upstream_date=None, **attempt)
        decision = generation.apply(row.facts, happened)
        await generations.write(work, row, decision, **more)
        if decision.work is Work.SUBMIT:
            await generations.enqueue(work, ident, after_s=again_s)
        elif decision.work is Work.CAPTURE:
            await work.value("enqueue_capture", id=ident, after_s=0.0)


@pytest.mark.parametrize(
    "steps",
    [
        [(ACCEPTED, {"attempt": attempt(), "changes": {"due_in_s": 5.0, "prediction": {"id": "p1"}}})],
        [(ACCEPTED, {"attempt": attempt()}), (ENDED, {"changes": {"due_at": None}})],
        [(ACCEPTED, {"attempt": attempt()}), (ENDED, {}), (events.Captured(), {"made": MADE})],
        [(events.NotSent(1), {"attempt": attempt("not_sent", None), "again_s": 7.0})],
        [(events.WentSilent(1), {"attempt": attempt("silent", None), "changes": {"due_in_s": 0.0}})],
        [
            (
                events.RefusedDefinitely(1, "upstream_refused", "no"),
                {"attempt": attempt("refused", None), "event": {"code": "upstream_refused"}},
            )
        ],
        [(events.CancelWished(), {})],
    ],
    ids=["accepted", "ended", "captured", "not sent", "silent", "refused", "cancel wished"],
)
async def test_both_ways_write_the_same(
    ask: Asking, db: Database, steps: list[tuple[events.Event, dict[str, Any]]]
) -> None:
    """Rules 3, 4, 7 and 14: row, attempt, events, book, counters and jobs."""
    written = []
    for way in ("by hand", "at once"):
        await ask.row(
            "TRUNCATE generations, attempts, events, ledger, holds, counters, owners, procrastinate_jobs CASCADE"
        )
        await ask.limit(10 * USD)
        row = await begun(ask, db)
        for happened, more in steps:
            if way == "by hand":
                await by_hand(db, row.id, happened, **more)
            else:
                assert await step(db, await read(db, row.id), happened, **more)
        written.append(await _written(ask, row.id))
        assert await ledger.check(db) == []

    assert written[0] == written[1]


async def _written(ask: Asking, ident: str) -> list[str]:
    """Return all that there is, without ids, versions and exact times."""
    tables = (
        "SELECT 'generation', to_jsonb(g) - '{id}'::text[] FROM generations AS g",
        "SELECT 'attempt', to_jsonb(a) - '{intent_at,dead_at}'::text[] FROM attempts AS a",
        "SELECT 'event', to_jsonb(e) - '{xid}'::text[] FROM events AS e",
        "SELECT 'line', to_jsonb(l) FROM ledger AS l",
        "SELECT 'hold', to_jsonb(h) - 'limit_id' FROM holds AS h",
        "SELECT 'counter', to_jsonb(c) - 'limit_id' FROM counters AS c",
        # The priority of a capture is the second at which its hour is over.
        """SELECT 'job', to_jsonb(j) || jsonb_build_object('id', scheduled_at > now(), 'priority', priority / 1000)
            FROM procrastinate_jobs AS j""",
    )
    found = []
    for table in tables:
        whole = f"SELECT coalesce(jsonb_agg(jsonb_build_array(k, r)), '[]') FROM ({table}) AS t (k, r)"  # noqa: S608 - ours
        rows = await ask.row(whole)
        for kind, one in rows[0]:
            told = {
                name: value is not None if name.endswith("_at") or name in {"at", "intent_at"} else value
                for name, value in one.items()
            }
            found.append(json.dumps([kind, told], sort_keys=True).replace(ident, "ID"))
    return sorted(found)


async def test_a_row_that_changed_meanwhile_is_left_as_it_is(ask: Asking, db: Database) -> None:
    """A decision about a row that is another by now is written by nobody: not the change, the attempt, nor the job."""
    before = await begun(ask, db)
    assert await step(db, before, ACCEPTED, attempt=attempt())
    now = await _written(ask, before.id)

    late = await step(db, before, events.NotSent(1), attempt=attempt("not_sent", None))

    assert late is None
    assert await _written(ask, before.id) == now


async def test_of_many_steps_at_once_one_is_taken(ask: Asking, db: Database) -> None:
    """Sixteen decide about the same row; one writes, the others hear that it is another."""
    row = await begun(ask, db)

    taken = await asyncio.gather(*(step(db, row, ACCEPTED, attempt=attempt()) for _ in range(16)))

    assert sum(one is not None for one in taken) == 1
    assert (await read(db, row.id)).events_last == row.events_last + 1


async def test_nothing_to_write_costs_nothing(ask: Asking, db: Database) -> None:
    """A decision that changes nothing leaves even the row's version as it was."""
    row = await begun(ask, db)
    await step(db, row, ACCEPTED, attempt=attempt())
    running = await read(db, row.id)

    again = await step(db, running, events.Observed(events.Prediction("p1", status="processing")))

    assert again == generations.Moved(running.events_last, (), None)
    assert (await read(db, row.id)).seen == running.seen


async def test_a_prediction_that_is_anothers_is_told(ask: Asking, db: Database) -> None:
    """Rule 5: of two that would hold the same prediction the second changes nothing."""
    first = await begun(ask, db)
    assert await step(db, first, ACCEPTED, attempt=attempt())
    [ident] = await ask.admitted()
    assert await generations.intend(db, ident, token="u", dead_after_s=30)
    second = await read(db, ident)

    with pytest.raises(generations.PredictionClaimed):
        await step(db, second, ACCEPTED, attempt=attempt() | {"token": "u"})

    assert (await read(db, ident)).seen == second.seen
