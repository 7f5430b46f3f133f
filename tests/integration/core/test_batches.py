"""Batches: bought once, in pieces, within one budget, whoever dies in the middle."""

from __future__ import annotations

import asyncio
import contextlib
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from PIL import Image

from tests.integration.core.buying.conftest import until
from tintype import Studio, errors
from tintype.domain import budget, money, tables
from tintype.local import batching
from tintype.observing import Observers
from tintype.service import pieces
from tintype.service.rows import Template
from tintype.store import ledger, limits

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from tintype.testing import Simulator

COLORS = ("red", "blue", "green")
PICTURE_NANO_USD = 3_000_000


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """The account allows more than a test needs."""
    monkeypatch.setenv("TINTYPE_CREATES_PER_MINUTE", "60000")


@contextlib.asynccontextmanager
async def opened(url: str, data: Path, simulator: Simulator, *, works: bool = True) -> AsyncIterator[Studio]:
    """Open a studio on a database of the test's own, with a simulator upstream."""
    async with Studio(
        simulator.token, base_url=simulator.url, data=data, database_url=url, works=works
    ) as made:
        yield made


@pytest.fixture
async def studio(url: str, data: Path, simulator: Simulator) -> AsyncIterator[Studio]:
    """A studio that works."""
    async with opened(url, data, simulator) as made:
        yield made


async def test_equal_rows_are_bought_once_and_broken_ones_stop_nothing(
    studio: Studio, simulator: Simulator
) -> None:
    rows: list[dict[str, Any]] = [
        {"color": "red"},
        {"color": "blue", "n": 3},
        {"color": "red"},
        {},
        {"color": "blue"},
        {"color": "red", "model": "no-such/model"},
    ]

    made = await studio.batch(rows, prompt="a {color} boat", model="flux-schnell", timeout_s=60)

    assert [(row.state, row.same_as, row.cost_nano_usd) for row in made.rows] == [
        ("succeeded", None, PICTURE_NANO_USD),
        ("succeeded", None, 3 * PICTURE_NANO_USD),
        ("succeeded", 1, 0),
        ("broken", None, 0),
        ("succeeded", 2, 0),
        ("broken", None, 0),
    ]
    assert [len(row.outputs) for row in made.rows] == [1, 3, 1, 0, 1, 0]
    assert made.rows[2].outputs == made.rows[0].outputs
    assert made.rows[4].outputs == made.rows[1].outputs[:1]
    assert (made.rows[3].line, made.rows[3].column) == (4, "color")
    assert (made.rows[5].line, made.rows[5].column) == (6, "model")
    assert (made.state, made.is_whole, made.cost_usd) == ("ended", False, Decimal("0.012"))
    assert (simulator.bills()["predictions"], simulator.bills()["total_usd"]) == (2, "0.012")
    assert await ledger.check(studio.core.database) == []


async def test_rows_that_want_pictures_of_their_own_share_calls(studio: Studio, simulator: Simulator) -> None:
    """Five equal rows of a model that makes four at once: two calls, and no picture twice."""
    made = await studio.batch(
        [{"prompt": "a boat"}] * 5, model="flux-schnell", duplicates="each", timeout_s=60
    )

    shown = [output.sha256 for row in made.rows for output in row.outputs]
    assert len(shown) == len(set(shown)) == 5
    assert simulator.bills()["predictions"] == 2
    assert sum(row.cost_nano_usd for row in made.rows) == made.cost_nano_usd == 5 * PICTURE_NANO_USD


@pytest.mark.parametrize("budget_nano_usd", [2_999_999, 9_000_000, 26_999_999])
async def test_a_budget_is_never_passed_by_a_nano_dollar(
    studio: Studio, simulator: Simulator, budget_nano_usd: int
) -> None:
    """At no moment are cost and holds together above it; what is left undone is told, and bought when there is more."""
    rows = [{"prompt": f"boat {number}"} for number in range(9)]
    options = batching.Options(model="flux-schnell", budget_usd=Decimal(budget_nano_usd) / 10**9)
    ident = await batching.begin(studio, rows, options)
    most, is_over = 0, False
    while not is_over:
        found = await studio.core.batches.get(ident, actor=studio.actor)
        most = max(most, found.money.cost_nano_usd + found.money.held_nano_usd)
        is_over = found.batch.finished_at is not None

    fits = budget_nano_usd // PICTURE_NANO_USD
    assert most <= budget_nano_usd
    assert found.money.cost_nano_usd == fits * PICTURE_NANO_USD
    left = money.to_usd(budget_nano_usd - fits * PICTURE_NANO_USD)
    assert (found.batch.state, found.batch.waits_for) == (
        "stopped",
        f"its budget has no room for the next row, which may cost up to $0.003: ${left} is left",
    )
    assert {**found.rows} == {"undone": 9 - fits} | ({"succeeded": fits} if fits else {})
    with pytest.raises(errors.InputError, match=r"are spent or held|a budget is 0 to"):
        await studio.resume_batch(ident, budget_usd=Decimal(fits * PICTURE_NANO_USD - 1) / 10**9)

    whole = await studio.resume_batch(ident, budget_usd="0.027", timeout_s=60)

    assert (whole.is_whole, whole.cost_usd) == (True, Decimal("0.027"))
    assert simulator.bills()["predictions"] == 9


async def test_a_row_that_the_database_does_not_take_stops_no_other(
    studio: Studio, simulator: Simulator, url: str
) -> None:
    """Whatever is wrong with it: the pieces get smaller until it is alone, and it is told; it may be bought later."""
    rule = "CHECK (input->>'prompt' <> 'two')"
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as database:
        await database.execute(f"ALTER TABLE generations ADD CONSTRAINT not_two {rule}".encode())

        made = await studio.batch([{"prompt": word} for word in ("one", "two", "three")], timeout_s=60)

        await database.execute("ALTER TABLE generations DROP CONSTRAINT not_two")
    again = await studio.resume_batch(made.id, timeout_s=60)

    assert [row.state for row in made.rows] == ["succeeded", "broken", "succeeded"]
    assert "the log has it whole" in (made.rows[1].message or "")
    assert again.counts == {"succeeded": 3}
    assert simulator.bills()["predictions"] == 3


async def test_failed_ones_are_bought_again_and_the_others_not(studio: Studio, simulator: Simulator) -> None:
    refused = {"on": "request", "method": "POST", "path": "*/predictions", "do": "answer", "status": 422}
    simulator.faults([{**refused, "count": 1, "body": '{"detail": "no"}'}])
    first = await studio.batch([{"prompt": "a"}, {"prompt": "b"}, {"prompt": "a"}], timeout_s=60)
    simulator.clear_faults()

    again = await studio.resume_batch(first.id, timeout_s=60)

    assert first.counts["failed"] + first.counts["succeeded"] == 3
    assert again.counts == {"succeeded": 3}
    assert simulator.bills()["predictions"] == 2


async def test_a_limit_without_room_is_waited_for(studio: Studio, simulator: Simulator) -> None:
    """Rows go in as many at a time as a limit has room for; a batch that no limit lets go on says so."""
    for measure, amount in ((budget.Measure.CONCURRENT, 2), (budget.Measure.IMAGES, 7)):
        await limits.put(
            studio.core.database,
            scope=budget.Scope.ALL,
            subject="",
            measure=measure,
            period="total",
            amount=amount,
        )
    options = batching.Options(model="flux-schnell")

    ident = await batching.begin(studio, [{"prompt": f"boat {number}"} for number in range(9)], options)

    async def is_held_up() -> bool:
        found = await studio.core.batches.get(ident, actor=studio.actor)
        return found.rows.get("succeeded") == 7 and "7 pictures" in (found.batch.waits_for or "")

    await until(is_held_up)
    canceled = await studio.core.batches.cancel(ident, actor=studio.actor)
    assert (canceled.batch.state, canceled.rows["undone"]) == ("canceled", 2)
    assert simulator.bills()["predictions"] == 7


async def test_the_same_batch_asked_for_again_is_the_same(studio: Studio, simulator: Simulator) -> None:
    rows = [{"color": color} for color in COLORS]
    options: dict[str, Any] = {"prompt": "a {color} boat", "idempotency_key": "boats", "timeout_s": 60}

    first = await studio.batch(rows, **options)
    second = await studio.batch(rows, **options)

    assert (first.id, first.cost_usd) == (second.id, second.cost_usd)
    assert simulator.bills()["predictions"] == 3
    with pytest.raises(errors.IdempotencyConflict):
        await studio.batch(rows[:2], **options)


async def test_what_nobody_worked_on_goes_on_when_somebody_does(
    url: str, data: Path, simulator: Simulator
) -> None:
    """A file is taken without a worker; rows that are many are read as they come."""
    path = data / "rows.csv"
    path.write_text("color,number\n" + "".join(f"red,{number % 5}\n" for number in range(1_000)))
    options = batching.Options(prompt="{color} boat {number}", model="flux-schnell")
    async with opened(url, data, simulator, works=False) as looking:
        ident = await batching.begin(looking, path, options)
        waiting = await looking.core.batches.get(ident, actor=looking.actor)
    assert (waiting.rows, waiting.batch.call_count) == ({"waiting": 1_000}, 5)

    async with opened(url, data, simulator) as studio:
        async with asyncio.timeout(60):
            assert [one async for one in batching.outlines(studio, ident)]
        sheet = await studio.core.reports.sheet(ident, actor=studio.actor)
        made = await batching.get(studio, ident)

    assert (made.is_whole, len(made.rows), simulator.bills()["predictions"]) == (True, 1_000, 5)
    (data / "sheet.png").write_bytes(sheet)
    with Image.open(data / "sheet.png") as picture:
        assert (picture.format, picture.width) == ("PNG", 10 * 168 + 8)


async def test_two_that_top_up_at_once_buy_nothing_twice(studio: Studio, simulator: Simulator) -> None:
    """A leader that was deposed may still be at it."""
    options = batching.Options(model="flux-schnell")
    ident = await batching.begin(studio, [{"prompt": f"boat {number}"} for number in range(20)], options)

    async def sweep() -> None:
        core = studio.core
        sweeper = pieces.Pieces(
            core.database,
            core.upstream,
            core.progress,
            core.generations,
            core.catalogue,
            observer=Observers(()),
        )
        while (await core.batches.get(ident, actor=studio.actor)).batch.finished_at is None:
            await sweeper.sweep()

    await asyncio.wait_for(asyncio.gather(sweep(), sweep()), 60)

    assert simulator.bills()["predictions"] == 20
    assert await ledger.check(studio.core.database) == []


async def test_pictures_beside_the_file_are_given(
    studio: Studio, simulator: Simulator, data: Path, url: str
) -> None:
    """They are kept for as long as something of the batch is not made; a missing one is told by line and column."""
    folder = data / "rows"
    folder.mkdir()
    for name, color in (("red.png", "red"), ("again.png", "red"), ("blue.png", "blue")):
        Image.new("RGB", (32, 24), color).save(folder / name)
    (folder / "rows.csv").write_text("image\nred.png\nagain.png\nblue.png\nnone.png\n", encoding="utf-8")

    made = await studio.batch(folder / "rows.csv", model="real_esrgan", timeout_s=60)
    with psycopg.connect(url) as database:
        kept = database.execute("SELECT count(*) FROM batch_files").fetchone()

    assert [(row.state, row.same_as) for row in made.rows] == [
        ("succeeded", None),
        ("succeeded", 1),
        ("succeeded", None),
        ("broken", None),
    ]
    assert (made.rows[3].line, made.rows[3].column) == (5, "image")
    assert {row.outputs[0].width for row in made.rows[:3]} == {128}
    assert simulator.bills()["predictions"] == 2
    assert kept == (0,)


async def test_an_outline_tells_what_the_whole_does(studio: Studio, simulator: Simulator) -> None:
    """Equal rows, several pictures for one, a broken one: as many have ended as are told of one by one."""
    rows: list[dict[str, Any]] = [{"color": "red"}, {"color": "red", "n": 6}, {}, {"color": "blue"}]
    options = batching.Options(prompt="a {color} boat", model="flux-schnell", duplicates="each")
    ident = await batching.begin(studio, rows, options)

    told = [one async for one in batching.outlines(studio, ident)]
    whole = await studio.core.batches.get(ident, actor=studio.actor)

    assert [one.rows_ended for one in told] == sorted(one.rows_ended for one in told)
    assert (told[0].rows_ended, told[-1].rows_ended) == (1, 4)
    assert (told[-1].calls_ended, told[-1].cost_nano_usd) == (whole.money.ended, whole.money.cost_nano_usd)
    assert whole.rows == {"broken": 1, "succeeded": 3}
    assert told[-1].cost_nano_usd == 8 * PICTURE_NANO_USD
    with pytest.raises(errors.NotThere):
        await studio.core.batches.outline("0" * 26, actor=studio.actor)


async def test_every_batch_has_its_turn_where_there_are_more_than_one_look_takes(
    url: str, data: Path, simulator: Simulator
) -> None:
    async with opened(url, data, simulator, works=False) as studio:
        core, options = studio.core, batching.Options(model="flux-schnell")
        idents = [await batching.begin(studio, [{"prompt": f"boat {name}"}], options) for name in COLORS]
        sweeper = pieces.Pieces(
            core.database,
            core.upstream,
            core.progress,
            core.generations,
            core.catalogue,
            observer=Observers(()),
            at_most=1,
        )

        looked_at = [await sweeper.sweep() for _ in range(len(COLORS) + 1)]
        found = [await core.batches.get(ident, actor=studio.actor) for ident in idents]
        await core.batches.cancel(idents[0], actor=studio.actor)
        await sweeper.sweep()
        canceled = await core.batches.get(idents[0], actor=studio.actor)

    assert canceled.rows == {"canceled": 1}
    assert looked_at == [1, 1, 1, 0]
    assert [one.rows for one in found] == [{"running": 1}] * len(COLORS)


async def test_rows_are_planned_before_anything_is_locked(url: str, data: Path, simulator: Simulator) -> None:
    """Planning a long file takes seconds, in which a transaction would keep others waiting."""
    held: list[int] = []

    def rows() -> Iterator[tables.Row]:
        with psycopg.connect(url) as other:
            for number in range(3):
                locks = other.execute(
                    "SELECT count(*) FROM pg_locks WHERE relation = 'batches'::regclass AND granted"
                )
                held.extend(count for (count,) in locks)
                other.rollback()
                yield tables.Row(number, {"prompt": f"boat {number}"})

    async with opened(url, data, simulator, works=False) as studio:
        accepted = await studio.core.batches.accept(
            rows(), Template(model="flux-schnell"), actor=studio.actor
        )
        found = await studio.core.batches.get(accepted.id, actor=studio.actor)

    assert held == [0, 0, 0]
    assert found.rows == {"waiting": 3}


async def test_a_batch_takes_the_words_that_a_generation_does(studio: Studio) -> None:
    made = await studio.batch(
        [{"prompt": "a"}], n=2, size="512x512", quality="high", cache="off", timeout_s=60
    )
    refused = await studio.batch([{"prompt": "a"}], quality="high", strict=True, timeout_s=60)

    (row,) = made.rows
    assert [(one.width, one.height) for one in row.outputs] == [(512, 512)] * 2
    (warning,) = made.warnings
    assert "quality" in warning
    assert refused.counts == {"broken": 1}


async def test_a_batch_without_rows_or_with_a_foreign_name_is_refused(studio: Studio) -> None:
    with pytest.raises(errors.InputError, match="there are no rows"):
        await studio.batch([])
    with pytest.raises(errors.InputError, match="bought once or each"):
        await studio.batch([{"prompt": "a"}], duplicates="twice")
    with pytest.raises(errors.InputError, match="off, seeded, always, not 'none'"):
        await studio.batch([{"prompt": "a"}], cache="none")
    with pytest.raises(errors.NotThere):
        await studio.resume_batch("01k9w3t8m2q7r5v6x0y4z1a2b3")
    with pytest.raises(errors.InputError, match="at most 200"):
        await studio.core.batches.accept(tables.given([{}]), Template(), actor=studio.actor, name="x" * 201)
