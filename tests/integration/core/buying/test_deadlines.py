"""No state is endless (rule 7): each ends by itself, and says how."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.integration.core.asking import ALICE
from tests.integration.core.buying.conftest import CREATE, opened, until
from tintype.service.upstream import Timing
from tintype.store import alerts, generations, outputs

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.core.buying.conftest import Shop
    from tintype.store.database import Database
    from tintype.testing import Simulator


async def test_what_still_waits_at_its_deadline_ends_free(idle_shop: Shop) -> None:
    """Rule 7: `queued` ends at the deadline."""
    ident = await idle_shop.ask()
    await _overdue(idle_shop, 0)

    await idle_shop.core.upkeep.deadlines()

    row = await idle_shop.row(ident)
    assert (row.state, row.failure_code, row.cost_nano_usd) == ("failed", "deadline_passed", 0)
    await idle_shop.check_book()


async def test_upstream_is_told_the_deadline(shop: Shop) -> None:
    """Rule 7: `Cancel-After` from the generation's deadline ends it upstream, free."""
    ident = await shop.ask("[[stuck]] a lighthouse", deadline_s=5.0)

    row = await shop.until(ident, within_s=15)

    assert row.state in {"aborted", "canceled"}
    assert row.failure_code == "deadline_passed"
    assert "time was up" in (row.failure_message or "")
    assert row.cost_nano_usd == 0
    await shop.check_book()


async def test_what_runs_past_its_deadline_is_cancelled_upstream(idle_shop: Shop) -> None:
    """Rule 7: `running` is cancelled at its deadline where upstream does not do so itself."""
    ident = await idle_shop.ask("[[stuck]] a lighthouse")
    await idle_shop.core.buying.send(ident)
    await _overdue(idle_shop, 1)

    await idle_shop.core.upkeep.deadlines()
    await idle_shop.core.progress.advance(ident)

    assert (await idle_shop.row(ident)).state == "canceled"


async def test_what_nobody_can_tell_ends_ten_minutes_after_the_deadline_as_spent(
    idle_shop: Shop,
) -> None:
    """Rule 7: `unknown` ends as outcome_unknown, the hold booked; `resolve --absent` gives it back, once."""
    idle_shop.script({"do": "reset", "when": "before", "count": 1, **CREATE})
    ident = await idle_shop.ask()
    await idle_shop.core.buying.send(ident)
    assert (await idle_shop.row(ident)).state == "unknown"
    await _overdue(idle_shop, 599)
    await idle_shop.core.upkeep.deadlines()
    assert (await idle_shop.row(ident)).state == "unknown"

    await _overdue(idle_shop, 601)
    await idle_shop.core.upkeep.deadlines()
    ended = await idle_shop.row(ident)
    resolved = [await idle_shop.core.progress.resolve(ident, None) for _ in range(2)]

    assert (ended.state, ended.failure_code, ended.cost_nano_usd) == ("failed", "outcome_unknown", 3_000_000)
    assert [one.kind for one in await alerts.every(idle_shop.core.database)] == ["outcome_unknown"]
    assert resolved[0]
    assert (await idle_shop.row(ident)).cost_nano_usd == 0
    await idle_shop.check_book()


async def test_what_is_being_stored_is_not_given_up_while_upstream_has_it(idle_shop: Shop) -> None:
    """Rule 7: `capturing` ends only when the hour of what ended last is over, however short the deadline was."""
    ident = await idle_shop.ask()
    await idle_shop.core.buying.send(ident)

    async def look() -> bool:
        await idle_shop.core.progress.advance(ident)
        return (await idle_shop.row(ident)).state == "capturing"

    await until(look)
    await _overdue(idle_shop, 4_700)
    await idle_shop.core.upkeep.deadlines()
    await idle_shop.core.progress.advance(ident)
    within_the_hour = await idle_shop.row(ident)

    await _overdue(idle_shop, 4_801)
    await idle_shop.core.upkeep.deadlines()
    ended = await idle_shop.row(ident)

    assert within_the_hour.state == "capturing"
    assert (ended.state, ended.failure_code, ended.cost_nano_usd) == ("failed", "output_lost", 3_000_000)
    assert [one.kind for one in await alerts.every(idle_shop.core.database)] == ["output_lost"]
    await idle_shop.check_book()


async def test_the_hour_of_outputs_passes_by_upstreams_clock(
    db: Database, data: Path, simulator: Simulator
) -> None:
    """Rule 18: where this machine's clock is another, nothing is given up too early, nor tried for ever."""
    async with opened(db, data, simulator, works=False) as shop:
        ident = await shop.ask()
        await shop.core.buying.send(ident)
        await shop.execute(
            "UPDATE generations SET state = 'capturing', completed_at = now(), due_at = NULL,"
            " prediction = jsonb_set(prediction, '{output}', '[\"http://127.0.0.1:1/out.webp\"]')"
        )
        await shop.execute("SELECT tintype_capture(%s)", ident)
    simulator.advance(5_000)

    async with opened(db, data, simulator) as shop:
        await shop.core.upstream.answers()
        row = await shop.until(ident)

    assert (row.state, row.failure_code) == ("failed", "output_lost")


async def test_an_id_that_upstream_does_not_know_any_more_ends_with_a_code_of_its_own(
    idle_shop: Shop,
) -> None:
    """Rule 7: one look may be wrong, two that are five seconds apart are not."""
    ident = await idle_shop.ask("[[stuck]] a lighthouse")
    await idle_shop.core.buying.send(ident)
    idle_shop.script({"do": "answer", "status": 404, "method": "GET", "path": "*/predictions/*"})

    await idle_shop.core.progress.advance(ident)
    once = await idle_shop.row(ident)

    async def look() -> bool:
        await idle_shop.core.progress.advance(ident)
        return (await idle_shop.row(ident)).state != "running"

    await until(look)
    twice = await idle_shop.row(ident)

    assert once.state == "running"
    assert Timing().gone_after_s == 5
    assert (twice.state, twice.failure_code, twice.cost_nano_usd) == ("failed", "upstream_lost", 3_000_000)
    await idle_shop.check_book()


async def test_what_was_given_up_is_booked_as_upstream_tells_in_the_end(idle_shop: Shop) -> None:
    """Rule 7: an id that upstream forgot for a while, and a silence of ten minutes: its late word corrects the book."""
    lost, silent = [await idle_shop.ask(f"[[{how}]] a lighthouse") for how in ("fail=boom", "delay=1")]
    for ident in (lost, silent):
        await idle_shop.core.buying.send(ident)
    idle_shop.script({"do": "answer", "status": 404, "method": "GET", "path": "*/predictions/*"})

    async def is_lost() -> bool:
        await idle_shop.core.progress.advance(lost)
        return (await idle_shop.row(lost)).failure_code == "upstream_lost"

    await until(is_lost)
    idle_shop.sim.clear_faults()
    await idle_shop.core.progress.overdue(silent, 601)
    presumed = [(await idle_shop.row(ident)).cost_nano_usd for ident in (lost, silent)]

    running = await _told_late(idle_shop, silent)
    idle_shop.sim.advance(2)
    ended = [await _told_late(idle_shop, ident) for ident in (lost, silent, silent)]
    await idle_shop.core.orphans.store()

    assert presumed == [3_000_000, 3_000_000]
    assert (running, ended) == (3_000_000, [0, 3_000_000, 3_000_000])
    assert len(await outputs.of_orphans(idle_shop.core.database, silent)) == 1
    assert await outputs.of_orphans(idle_shop.core.database, lost) == []
    await idle_shop.check_book()


async def _told_late(shop: Shop, ident: str) -> int | None:
    """Let upstream say how the prediction of a generation stands; returns what is booked then."""
    row = await shop.row(ident)
    assert row.prediction_id is not None
    record = await shop.core.upstream.look(row.prediction_id)
    assert record is not None
    await shop.core.progress.observe(ident, record)
    return (await shop.row(ident)).cost_nano_usd


async def test_a_success_without_an_output_is_no_success(idle_shop: Shop) -> None:
    """Rule 7: it fails with a code of its own and costs nothing: nothing was delivered."""
    ident = await idle_shop.ask()
    await idle_shop.core.buying.send(ident)
    row = await idle_shop.row(ident)
    assert row.prediction_id is not None
    record = await idle_shop.core.upstream.look(row.prediction_id)
    assert record is not None
    async with idle_shop.core.database.transaction() as work:
        await generations.move(work, ident, {"state": "running"})

    await idle_shop.core.progress.observe(
        ident, record.model_copy(update={"status": "succeeded", "output": None})
    )

    ended = await idle_shop.row(ident)
    assert (ended.state, ended.failure_code, ended.cost_nano_usd) == ("failed", "no_output", 0)
    assert (await idle_shop.core.generations.get(ident, actor=ALICE)).finished_at is not None


async def _overdue(shop: Shop, over_s: int) -> None:
    await shop.execute(
        "UPDATE generations SET deadline_at = now() - make_interval(secs => %s), due_at = now()", over_s
    )
