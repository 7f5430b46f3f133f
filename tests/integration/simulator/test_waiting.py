"""`Prefer: wait` holds an answer back until the end or until its time is up."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

FLUX = "black-forest-labs/flux-schnell"


async def test_wait_returns_with_the_end(start: Any) -> None:
    simulator = await start()
    answer = await simulator.http.post(
        "/v1/predictions", json={"version": FLUX, "input": {"prompt": "x"}}, headers={"prefer": "wait=10"}
    )

    assert (answer.status_code, answer.headers["preference-applied"]) == (201, "wait=10")
    assert answer.json()["status"] == "succeeded"
    assert answer.json()["output"]


async def test_wait_that_runs_out_answers_starting(start: Any) -> None:
    """Official clients take any other status for the end."""
    simulator = await start(speed=1)
    creating = asyncio.create_task(
        simulator.http.post(
            "/v1/predictions",
            json={"version": FLUX, "input": {"prompt": "[[delay=100]] x"}},
            headers={"prefer": "wait"},
        )
    )
    await simulator.begun()
    simulator.world.clock.advance(61)
    answer = await creating

    assert (answer.status_code, answer.headers["preference-applied"]) == (201, "wait")
    assert answer.json()["status"] == "starting"
    assert answer.json()["output"] is None
    assert (await simulator.get(answer.json()["id"]))["status"] == "processing"


@pytest.mark.parametrize("preference", ["wait=0", "wait=61", "respond-async", "wait=abc"])
async def test_preference_not_understood_is_ignored(start: Any, preference: str) -> None:
    simulator = await start(speed=1)
    answer = await simulator.http.post(
        "/v1/predictions",
        json={"version": FLUX, "input": {"prompt": "[[delay=100]] x"}},
        headers={"prefer": preference},
    )

    assert answer.json()["status"] == "starting"
    assert "preference-applied" not in answer.headers


async def test_cancel_wakes_who_waits(start: Any) -> None:
    simulator = await start(speed=1)
    creating = asyncio.create_task(
        simulator.http.post(
            "/v1/predictions",
            json={"version": FLUX, "input": {"prompt": "[[delay=100]] x"}},
            headers={"prefer": "wait=60"},
        )
    )
    [prediction] = await simulator.begun()

    await simulator.cancel(prediction.id)

    assert (await creating).json()["status"] == "canceled"


async def test_delay_is_counted_on_the_wall_whatever_the_speed(start: Any) -> None:
    simulator = await start(speed=1_000)
    began = time.monotonic()
    await simulator.http.post(
        "/v1/predictions",
        json={"version": FLUX, "input": {"prompt": "[[delay=0.3]] x"}},
        headers={"prefer": "wait"},
    )

    assert 0.3 <= time.monotonic() - began < 2
