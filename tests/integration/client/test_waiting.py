"""Waiting ends with a result, a typed error or the deadline; it tells the progress and costs few looks."""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.client.conftest import HASTY, Asked, Listener, answer
from tintype import AsyncClient, Client, Limits
from tintype.domain import errors
from tintype.replicate.pace import Pace

if TYPE_CHECKING:
    from collections.abc import Callable

    from tintype import Progress
    from tintype.testing import Simulator

FLUX = "black-forest-labs/flux-schnell"
QUICK = Pace(first_s=0.02, most_s=0.05)
IGNORED = [{"do": "ignore_wait", "method": "POST", "path": "*/predictions"}]


@pytest.mark.parametrize("wait_s", [0, 5])
@pytest.mark.parametrize(
    ("prompt", "kind"),
    [
        ("[[fail=out of paint]]", errors.PredictionFailed),
        ("[[nsfw]]", errors.ContentRefused),
    ],
)
def test_a_failed_prediction_is_its_error(
    both: Asked, prompt: str, kind: type[errors.PredictionError], wait_s: int
) -> None:
    with pytest.raises(kind) as caught:
        both.ask(lambda client: client.run(FLUX, {"prompt": prompt}, wait_s=wait_s, pace=QUICK))

    assert caught.value.prediction_id == caught.value.prediction.id
    assert kind is errors.ContentRefused or "out of paint" in str(caught.value)


def test_a_prediction_that_somebody_cancels_is_told(both: Asked) -> None:
    made = both.ask(lambda client: client.predictions.create(FLUX, {"prompt": "[[delay=30]]"}))
    both.ask(lambda client: client.predictions.cancel(made.id))

    with pytest.raises((errors.PredictionCanceled, errors.PredictionAborted)):
        both.ask(lambda client: client.predictions.wait(made, pace=QUICK))


def test_a_prediction_that_never_started_before_its_deadline_is_aborted(
    both: Asked, simulator: Simulator
) -> None:
    stuck = both.ask(
        lambda client: client.predictions.create(FLUX, {"prompt": "[[stuck]]"}, cancel_after_s=5)
    )
    assert stuck.deadline is not None
    simulator.advance(6)

    with pytest.raises((errors.PredictionCanceled, errors.PredictionAborted)):
        both.ask(lambda client: client.predictions.wait(stuck.id, pace=QUICK))


def test_at_the_deadline_a_wait_says_that_it_still_runs_and_can_be_taken_up(
    both: Asked, simulator: Simulator
) -> None:
    started = time.monotonic()
    with pytest.raises(errors.TimedOut, match="still runs") as caught:
        both.ask(
            lambda client: client.run(FLUX, {"prompt": "[[delay=3]]"}, wait_s=0, deadline_s=0.3, pace=QUICK)
        )
    assert 0.3 <= time.monotonic() - started < 2
    assert caught.value.can_retry is True

    simulator.advance(60)
    final = both.ask(lambda client: client.predictions.wait(caught.value.prediction_id))
    assert final.status == "succeeded"
    assert len(both.client.predictions.outputs(final)) == 1


def test_a_status_that_nobody_knows_is_waited_on(
    make: Callable[..., Asked], listen: Callable[..., Listener]
) -> None:
    states = ["starting", "paused", "thinking", "succeeded"]
    server = listen(
        *(answer(200, f'{{"id": "p1", "status": "{one}", "output": "x"}}'.encode()) for one in states)
    )
    asked = make(server.url)

    final = asked.ask(lambda client: client.predictions.wait("p1", pace=QUICK))

    assert final.output == "x"
    assert len(server.requests) == 4


def test_data_that_is_gone_is_told(both: Asked, simulator: Simulator) -> None:
    made = both.ask(lambda client: client.predictions.create(FLUX, {"prompt": "a"}, wait_s=5))
    (output,) = both.client.predictions.outputs(made)
    simulator.advance(3_700)

    with pytest.raises(errors.RetentionPassed):
        both.ask(lambda client: client.predictions.wait(made.id))
    with pytest.raises(errors.RetentionPassed):
        both.ask(lambda _: output.read())


def test_a_short_outage_does_not_end_a_wait(both: Asked, simulator: Simulator) -> None:
    made = both.ask(lambda client: client.predictions.create(FLUX, {"prompt": "[[delay=0.2]]"}))
    simulator.faults([{"do": "reset", "path": "/predictions/*", "count": 3}])

    final = both.ask(lambda client: client.predictions.wait(made, pace=QUICK))

    assert final.status == "succeeded"
    assert simulator.fired() == [3]


def test_a_failure_while_waiting_names_the_prediction(both: Asked, simulator: Simulator) -> None:
    made = both.ask(lambda client: client.predictions.create(FLUX, {"prompt": "[[delay=5]]"}))
    simulator.faults([{"do": "answer", "status": 503, "path": "/predictions/*"}])

    with pytest.raises(errors.ServerError) as caught:
        both.ask(lambda client: client.predictions.wait(made, pace=QUICK))

    assert caught.value.prediction_id == made.id


@pytest.mark.simulator(speed=1)
def test_progress_is_told_with_fraction_status_and_new_lines(both: Asked) -> None:
    seen: list[Progress] = []

    both.ask(
        lambda client: client.run(
            "black-forest-labs/flux-dev",
            {"prompt": "[[delay=0.6]]"},
            wait_s=0,
            pace=QUICK,
            on_progress=seen.append,
        )
    )

    fractions = [one.fraction for one in seen if one.fraction is not None]
    assert fractions == sorted(fractions)
    assert any(0 < fraction < 1 for fraction in fractions)
    assert (seen[-1].status, seen[-1].fraction) == ("succeeded", 1.0)
    lines = [line for one in seen for line in one.new_lines]
    assert len(lines) == len(set(lines)) > 3
    assert [one.elapsed_s for one in seen] == sorted(one.elapsed_s for one in seen)


@pytest.mark.simulator(speed=1)
def test_what_was_learned_makes_the_next_look_come_right(both: Asked, simulator: Simulator) -> None:
    """After a few runs of a model the wait is over within a tenth of a second of the end, at few looks."""
    simulator.faults(IGNORED)

    def run(client: Any, pace: Pace | None = None) -> Any:
        made = client.predictions.create(FLUX, {"prompt": "[[delay=0.3]]"})
        if not inspect.isawaitable(made):
            return client.predictions.wait(made, pace=pace)

        async def wait() -> Any:
            return await client.predictions.wait(await made, pace=pace)

        return wait()

    for _ in range(3):
        both.ask(partial(run, pace=Pace(first_s=0.05, most_s=0.05)))
    before = simulator.health()["requests"]

    lags = []
    for _ in range(3):
        final = both.ask(run)
        lags.append(time.time() - final.completed_at.timestamp())

    assert min(lags) < 0.125
    assert simulator.health()["requests"] - before <= 3 * 4 + 1


async def test_many_that_wait_are_looked_at_together(simulator: Simulator) -> None:
    """A hundred waiting cost a few pages of the list, not hundreds of looks."""
    async with AsyncClient(
        simulator.token, base_url=simulator.url, limits=Limits.none(), policy=HASTY
    ) as client:
        before = simulator.health()["requests"]
        runs = [
            client.run(FLUX, {"prompt": "[[delay=0.7]]", "seed": n}, wait_s=0, pace=Pace(first_s=0.4))
            for n in range(100)
        ]

        outputs = await asyncio.gather(*runs)

    assert len({one.prediction_id for (one,) in outputs}) == 100
    assert simulator.health()["requests"] - before < 100 + 40


async def test_other_work_of_the_account_does_not_hide_what_waits(simulator: Simulator) -> None:
    """The list is full of predictions that another client made: each is found nevertheless."""
    async with AsyncClient(simulator.token, base_url=simulator.url, limits=Limits.none()) as client:
        runs = []
        for n in range(8):
            runs.append(
                asyncio.create_task(
                    client.run(
                        FLUX, {"prompt": "[[delay=0.5]]", "seed": n}, wait_s=0, pace=QUICK, deadline_s=20
                    )
                )
            )
            await asyncio.gather(*(client.predictions.create(FLUX, {"prompt": "other"}) for _ in range(40)))

        outputs = await asyncio.gather(*runs)

    assert len(outputs) == 8


def test_threads_share_one_client(simulator: Simulator) -> None:
    outputs: list[Any] = []
    with Client(simulator.token, base_url=simulator.url, limits=Limits.none()) as client:

        def run(n: int) -> None:
            given = {"prompt": "[[delay=0.3]]", "seed": n}
            outputs.extend(client.run(FLUX, given, wait_s=0, pace=Pace(first_s=0.1, most_s=0.2)))

        threads = [threading.Thread(target=run, args=(n,)) for n in range(30)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert len({one.prediction_id for one in outputs}) == 30


async def test_more_runs_than_connections_queue_and_none_fails(simulator: Simulator) -> None:
    """The pool holds 500; 600 that each hold their connection for a while are late, not lost."""
    async with AsyncClient(simulator.token, base_url=simulator.url, limits=Limits.none()) as client:
        runs = [client.run(FLUX, {"prompt": "[[delay=0.5]]", "seed": n}) for n in range(600)]

        outputs = await asyncio.gather(*runs)

    assert len(outputs) == 600
    assert simulator.bills()["predictions"] == 600


async def test_a_cancelled_task_leaves_nothing_behind(simulator: Simulator) -> None:
    async with AsyncClient(simulator.token, base_url=simulator.url, limits=Limits.none()) as client:
        made = await client.predictions.create(FLUX, {"prompt": "[[delay=30]]"})
        looked = asyncio.Event()
        waiting = client.predictions.wait(made, pace=QUICK, on_progress=lambda _: looked.set())
        task = asyncio.create_task(waiting)
        await looked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

        assert (await client.account.get()).type == "user"


def test_one_async_client_serves_one_event_loop_after_another(simulator: Simulator) -> None:
    client = AsyncClient(simulator.token, base_url=simulator.url)

    async def ask() -> str:
        found = await client.account.get()
        await client.aclose()
        return found.type

    assert [asyncio.run(ask()) for _ in range(2)] == ["user", "user"]
