"""What a worker has when it stops is given back."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tests.integration.core.buying.conftest import data, opened, until
from tests.integration.core.line import lined
from tintype.engine.app import Queue, enqueue

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.core.asking import Asking
    from tintype.testing import Simulator

__all__ = ["data"]


async def test_a_job_that_is_being_fetched_when_the_worker_stops_is_given_back(
    ask: Asking, url: str, data: Path, simulator: Simulator
) -> None:
    """Its fetch was done in the database, and the answer was on its way when the worker was told to stop."""

    async def jobs() -> dict[str, Any]:
        found = await ask.row(
            "SELECT coalesce(jsonb_object_agg(status, job), '{}') FROM"
            " (SELECT status, count(*) AS job FROM procrastinate_jobs GROUP BY status) AS one"
        )
        return dict(found[0])

    async def is_fetched() -> bool:
        return await jobs() == {"doing": 1}

    async with lined(url) as (database, line), opened(database, data, simulator, works=False) as shop:
        working = asyncio.create_task(shop.core.worker.run(finish_s=1.0))
        await shop.core.worker.is_ready.wait()
        line.word = b"0" * 26
        await enqueue(ask.db, Queue.FOLLOW, line.word.decode())
        await until(is_fetched)

        shop.core.worker.stop()
        await asyncio.sleep(0.1)
        line.answers.set()
        await asyncio.wait_for(working, 10)

    assert await jobs() == {"todo": 1}
