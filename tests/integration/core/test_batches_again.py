"""A batch's command started again: after a kill, with another file, and with more or fewer rows that are equal."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.core.buying.conftest import until
from tests.integration.core.test_batches import _fast, studio
from tintype.cli.batches import Order, Way, Work

if TYPE_CHECKING:
    from pathlib import Path

    from tintype import Studio
    from tintype.service.batches import Standing
    from tintype.testing import Simulator

__all__ = ["_fast", "studio"]


def work(file: Path, *, way: Way, **also: Any) -> Work:
    """Return the work of a command on a file."""
    asked: dict[str, Any] = {"prompt": None, "mode": None, "count": 1, "duplicates": "once", **also}
    order = Order(
        file=file,
        folder=file.parent / "made",
        model="flux-schnell",
        is_strict=False,
        inputs={},
        max_nano_usd=None,
        files_from=(),
        budget_nano_usd=None,
        **asked,
    )
    order.folder.mkdir(exist_ok=True)
    return Work(order, way=way, is_quiet=True)


async def test_what_was_begun_anew_and_interrupted_goes_on(
    studio: Studio, simulator: Simulator, data: Path
) -> None:
    """Rule 8: once it is delivered, and only then, the same command buys all rows anew."""
    file = data / "rows.csv"
    file.write_text("prompt\n[[delay=2]] a boat\n[[delay=2]] a kite\n")
    interrupted = asyncio.create_task(work(file, way=Way.ANEW).run(studio))

    async def is_bought() -> bool:
        return bool(simulator.bills()["predictions"] == 2)

    await until(is_bought)
    interrupted.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await interrupted

    taken_up = await work(file, way=Way.ANEW).run(studio)
    assert simulator.bills()["predictions"] == 2
    anew = await work(file, way=Way.ANEW).run(studio)

    assert taken_up.rows == anew.rows == {"succeeded": 2}
    assert (taken_up.batch.id != anew.batch.id, simulator.bills()["predictions"]) == (True, 4)


@pytest.mark.parametrize(
    ("before", "later", "bought"),
    [
        ({"rows": 5}, {"rows": 6}, 6),
        ({"rows": 6}, {"rows": 5}, 6),
        ({"rows": 1, "n": 2}, {"rows": 1, "n": 7}, 7),
    ],
    ids=["more-rows", "fewer-rows", "more-of-a-row"],
)
async def test_a_changed_file_buys_what_is_missing_and_nothing_else(
    studio: Studio,
    simulator: Simulator,
    data: Path,
    before: dict[str, int],
    later: dict[str, int],
    bought: int,
) -> None:
    """Up to four pictures are made by one call, so that the calls of both files are not the same."""
    file, made = data / "rows.csv", []
    for way, asked in ((Way.ONCE, before), (Way.RESUME, later)):
        file.write_text("prompt,n\n" + f"a boat,{asked.get('n', 1)}\n" * asked["rows"])
        made.append(await work(file, way=way, duplicates="each").run(studio))

    first, second = made
    assert (first.rows, second.rows) == ({"succeeded": before["rows"]}, {"succeeded": later["rows"]})
    assert simulator.bills()["total_usd"] == f"0.{bought * 3:03}"
    shown = await _pictures(studio, second)
    assert len(set(shown)) == len(shown) == later["rows"] * later.get("n", 1)
    assert set(await _pictures(studio, first)) <= set(shown) or before["rows"] > later["rows"]


async def _pictures(studio: Studio, standing: Standing) -> list[str]:
    """Return the pictures of all rows of a batch, by their hashes."""
    lines = studio.core.reports.lines(standing.batch.id, actor=studio.actor)
    return [one.sha256 async for line in lines for one in line.outputs]
