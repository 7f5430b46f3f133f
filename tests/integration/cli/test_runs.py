"""Runs under way, against a simulator: progress, and what an interruption leaves upstream."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from tintype import catalogue
from tintype.cli import orders, runs
from tintype.cli.orders import Wish
from tintype.replicate.aio import AsyncClient
from tintype.replicate.limits import AsyncRateLimiter

if TYPE_CHECKING:
    from pathlib import Path

    from tintype.testing import Simulator


class Seen:
    """Remembers what it was told, and says when a number of runs has a status."""

    def __init__(self) -> None:
        self.moves: list[tuple[int, str, float | None]] = []
        self._changed = asyncio.Event()

    def moved(self, number: int, status: str, fraction: float | None) -> None:
        self.moves.append((number, status, fraction))
        self._changed.set()

    async def until(self, status: str, *, count: int) -> None:
        while len({number for number, told, _ in self.moves if told == status}) < count:
            self._changed.clear()
            await self._changed.wait()


def made(client: AsyncClient, seen: Seen, folder: Path, prompt: str, count: int) -> runs.Runs:
    order = orders.order(catalogue.load(), Wish(model="flux_pro", prompt=prompt, count=count))
    return runs.Runs(client, order, seen, folder, ["boat"] * count, cancel_s=1.0)


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


@pytest.mark.simulator(speed=10)
async def test_progress_is_told_until_the_file_is_saved(simulator: Simulator, tmp_path: Path) -> None:
    seen = Seen()
    async with AsyncClient(simulator.token, base_url=simulator.url) as client:
        (done,) = await made(client, seen, tmp_path, "[[delay=1]] a boat", 1).make()

    assert isinstance(done, runs.Done)
    assert [status for _, status, _ in seen.moves][-2:] == ["succeeded", "saved"]
    assert done.saved[0].path == tmp_path / "boat.webp"
    assert done.saved[0].size == done.saved[0].path.stat().st_size


async def test_a_create_without_an_answer_keeps_nobody_from_cancelling(
    simulator: Simulator, tmp_path: Path
) -> None:
    """One create hangs after it was accepted: the other prediction is cancelled all the same, and both are told."""
    simulator.faults(
        [{"do": "black_hole", "when": "after", "method": "POST", "path": "*/predictions", "count": 1}]
    )
    seen = Seen()
    async with AsyncClient(simulator.token, base_url=simulator.url) as client:
        under_way = made(client, seen, tmp_path, "[[delay=60]] a boat", 2)
        task = asyncio.create_task(under_way.make())
        await seen.until("starting", count=1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    statuses = sorted(item["status"] for item in simulator.bills()["items"])
    assert statuses == ["canceled", "processing"]
    assert "canceled upstream: " in under_way.told
    assert "sent without an answer, so it may run upstream: see replicate.com/predictions" in under_way.told


async def test_nothing_more_is_sent_after_an_interruption(simulator: Simulator, tmp_path: Path) -> None:
    """Runs that still wait for a place in the limit are never sent."""
    seen = Seen()
    async with AsyncClient(simulator.token, base_url=simulator.url) as client:
        under_way = made(client, seen, tmp_path, "[[delay=60]] a boat", 3)
        under_way.limiter = AsyncRateLimiter(2, 60.0)
        task = asyncio.create_task(under_way.make())
        await seen.until("starting", count=2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    assert [item["status"] for item in simulator.bills()["items"]] == ["canceled", "canceled"]


async def test_a_large_file_is_uploaded_once_for_all_runs(simulator: Simulator, tmp_path: Path) -> None:
    picture = tmp_path / "large.png"
    Image.effect_noise((800, 800), 100).save(picture)
    wish = Wish(model="flux-dev", prompt="a boat", count=6, settings=[f"image={picture}"])
    async with AsyncClient(simulator.token, base_url=simulator.url) as client:
        order = orders.order(catalogue.load(), wish)
        ended = await runs.Runs(client, order, Seen(), tmp_path, ["boat"] * 2).make()
        uploaded = await client.files.list()

    assert [type(one).__name__ for one in ended] == ["Done", "Done"]
    assert len(uploaded.results) == 1


async def test_a_file_that_cannot_be_saved_fails_its_run_only(simulator: Simulator, tmp_path: Path) -> None:
    simulator.faults([{"on": "output", "do": "missing", "count": 1}])
    async with AsyncClient(simulator.token, base_url=simulator.url) as client:
        ended = await made(client, Seen(), tmp_path, "a boat", 2).make()

    (broken,) = (one for one in ended if isinstance(one, runs.Broken))
    (done,) = (one for one in ended if isinstance(one, runs.Done))
    assert broken.prediction_id is not None
    assert broken.prediction_id in broken.line
    assert [saved.path.name for saved in done.saved] == names_in(tmp_path)
