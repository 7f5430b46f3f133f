"""Webhooks, received by a real listener."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import Any

import httpx2
import pytest
from standardwebhooks import Webhook

from tintype.simulator import webhooks
from tintype.simulator.rules import parse

ALL = ["start", "output", "logs", "completed"]


def _bodies(got: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [json.loads(one["body"]) for one in got]


def _told(got: list[dict[str, Any]]) -> list[tuple[str, int]]:
    return [(one["status"], len(one["output"] or ())) for one in _bodies(got)]


def test_signature_is_that_of_the_published_example() -> None:
    """Both official SDKs accept this one."""
    signature = webhooks.sign(
        "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3",
        id="msg_test_0001",
        timestamp_s=1_700_000_000,
        body=b'{"id":"ufawqhfynnddngldkgtslldrkq","status":"succeeded"}',
    )

    assert signature == "v1,wq8AtVGnHuOdlFY2N0tPpIcl++fImT4s0HiIc21aBZA="


async def test_webhook_is_signed_with_the_accounts_secret_and_holds_the_prediction(
    start: Any, receiver: Any
) -> None:
    simulator = await start()
    url = f"{receiver.url}/hook?job=7"
    made = await simulator.create({"prompt": "größer"}, webhook=url, webhook_events_filter=["completed"])
    [got] = await receiver.until(1)
    secret = (await simulator.http.get("/v1/webhooks/default/secret")).json()["key"]
    body = json.loads(got["body"])
    looked = await simulator.get(made["id"])

    assert Webhook(secret).verify(got["body"], got["headers"]) == body
    assert (got["path"], got["query"]) == ("/hook", "job=7")
    assert got["headers"]["content-type"] == "application/json"
    assert got["headers"]["webhook-id"].startswith("msg_")
    assert (body["webhook"], body["webhook_events_filter"]) == (url, ["completed"])
    # Nanoseconds in a webhook, microseconds in a look, otherwise the same object.
    assert len(body["completed_at"]) == len(looked["completed_at"]) + 3
    times = ("created_at", "started_at", "completed_at")
    assert {**body, **{name: looked[name] for name in times}} == looked


async def test_without_a_filter_outputs_and_the_end_are_told(start: Any, receiver: Any) -> None:
    simulator = await start()
    await simulator.create({"prompt": "x"}, webhook=receiver.url)

    got = await receiver.until(2)

    assert _told(got) == [("processing", 1), ("succeeded", 1)]
    assert "webhook_events_filter" not in _bodies(got)[0]


async def test_every_event_comes_in_order_and_not_too_often(start: Any, receiver: Any) -> None:
    """Outputs and logs are told at most every half second of the clock; start and end always."""
    simulator = await start(speed=1)
    made = await simulator.create(
        {"prompt": "[[delay=4]] x", "num_outputs": 4}, webhook=receiver.url, webhook_events_filter=ALL
    )
    simulator.world.clock.advance(5)
    done = await simulator.get(made["id"])
    await simulator.world.deliveries.idle()

    bodies = _bodies(receiver.got)
    assert (bodies[0]["status"], bodies[0]["output"]) == ("processing", None)
    assert [one["status"] for one in bodies[1:-1]] == ["processing"] * (len(bodies) - 2)
    assert bodies[-1]["status"] == "succeeded"
    assert 7 <= len(bodies) <= 11
    outputs = [len(one["output"] or ()) for one in bodies]
    assert outputs == sorted(outputs)
    assert {1, 2, 3, 4} <= set(outputs)
    logs = [one["logs"] for one in bodies]
    assert logs == sorted(logs, key=len)
    assert logs[-1] == done["logs"]


@pytest.mark.parametrize("prompt", ["[[delay=8]] [[fail=no]] x", "[[stuck]] x"])
async def test_log_of_a_run_that_fails_comes_to_an_end(start: Any, receiver: Any, prompt: str) -> None:
    """Nothing is told twice while it waits for its end, and looking costs nothing."""
    simulator = await start(speed=1)
    await simulator.create({"prompt": prompt}, webhook=receiver.url, webhook_events_filter=ALL)
    ran = [0]
    step = simulator.world.runs._step

    def counted(*args: Any) -> None:
        ran[0] += 1
        step(*args)

    simulator.world.runs._step = counted
    simulator.world.clock.advance(2_000)
    await simulator.world.deliveries.idle()

    bodies = _bodies(receiver.got)
    assert bodies[-1]["status"] == "failed"
    assert len({one["logs"] for one in bodies}) >= len(bodies) - 1
    assert ran[0] < 2_000 / 0.5


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        (["start"], ["processing"]),
        (["completed"], ["succeeded"]),
        (["start", "completed"], ["processing", "succeeded"]),
    ],
)
async def test_filter_is_obeyed(start: Any, receiver: Any, events: list[str], expected: list[str]) -> None:
    simulator = await start(speed=1)
    await simulator.create({"prompt": "[[delay=2]] x"}, webhook=receiver.url, webhook_events_filter=events)
    simulator.world.clock.advance(10)

    await receiver.until(len(expected))
    await simulator.world.deliveries.idle()

    assert [one["status"] for one in _bodies(receiver.got)] == expected


@pytest.mark.parametrize(
    ("act", "status"), [("cancel", "canceled"), ("deadline", "aborted"), ("fail", "failed")]
)
async def test_every_end_is_told(start: Any, receiver: Any, act: str, status: str) -> None:
    simulator = await start(speed=1)
    prompt = "[[fail=no]] x" if act == "fail" else "[[cold=60]] x"
    made = await simulator.create({"prompt": prompt}, webhook=receiver.url, headers={"cancel-after": "30"})
    if act == "cancel":
        await simulator.cancel(made["id"])
    simulator.world.clock.advance(31)

    [got] = await receiver.until(1)

    assert json.loads(got["body"])["status"] == status


async def test_terminal_webhook_is_tried_again_for_a_minute(start: Any, receiver: Any) -> None:
    """The same id and body each time, a new timestamp and signature."""
    simulator = await start()
    receiver.statuses = [500, 404, 503, 500, 500, 500, 500]
    await simulator.create({"prompt": "x"}, webhook=receiver.url, webhook_events_filter=["completed"])
    for count in range(1, 7):
        await receiver.until(count)
        await simulator.world.deliveries.idle()
        simulator.world.clock.advance(60)
    await simulator.world.deliveries.idle()

    assert len(receiver.got) == 6
    assert len({(one["headers"]["webhook-id"], one["body"]) for one in receiver.got}) == 1


async def test_retry_stops_with_the_first_success_and_follows_no_redirect(start: Any, receiver: Any) -> None:
    simulator = await start()
    receiver.statuses = [500, 302]
    await simulator.create({"prompt": "x"}, webhook=receiver.url, webhook_events_filter=["completed"])
    await receiver.until(1)
    await simulator.world.deliveries.idle()
    simulator.world.clock.advance(120)
    await receiver.until(2)
    await simulator.world.deliveries.idle()
    simulator.world.clock.advance(120)
    await simulator.world.deliveries.idle()

    assert [one["path"] for one in receiver.got] == ["/", "/"]


async def test_intermediate_webhook_is_sent_once(start: Any, receiver: Any) -> None:
    simulator = await start()
    receiver.statuses = [500, 200]
    await simulator.create(
        {"prompt": "x"}, webhook=receiver.url, webhook_events_filter=["start", "completed"]
    )
    await receiver.until(2)
    simulator.world.clock.advance(120)
    await simulator.world.deliveries.idle()

    assert [one["status"] for one in _bodies(receiver.got)] == ["processing", "succeeded"]


async def test_receiver_that_never_answers_holds_up_nobody_else(start: Any, receiver: Any) -> None:
    simulator = await start()
    with socket.socket() as black_hole:
        # The kernel takes the connections, and nobody ever reads from them.
        black_hole.bind(("127.0.0.1", 0))
        black_hole.listen(100)
        for _ in range(40):
            url = f"http://127.0.0.1:{black_hole.getsockname()[1]}/"
            await simulator.create({"prompt": "x"}, webhook=url)

        await simulator.create({"prompt": "x"}, webhook=receiver.url, webhook_events_filter=["completed"])

        async with asyncio.timeout(3):
            await receiver.until(1)


async def test_reset_stops_what_is_being_sent(start: Any, receiver: Any) -> None:
    """A webhook that was on its way is not tried again in the life after."""
    receiver.hold = asyncio.Event()
    simulator = await start()
    await simulator.create({"prompt": "x"}, webhook=receiver.url, webhook_events_filter=["completed"])
    await receiver.until(1)
    simulator.world.reset()
    await simulator.world.deliveries.idle()
    receiver.statuses = [500]
    receiver.hold.set()
    simulator.world.clock.advance(120)
    await simulator.world.deliveries.idle()

    assert len(receiver.got) == 1


async def test_echo_of_webhooks_can_be_switched_off(start: Any, receiver: Any) -> None:
    simulator = await start(echo_webhooks=False)
    made = await simulator.create({"prompt": "x"}, webhook=receiver.url, webhook_events_filter=["completed"])
    [got] = await receiver.until(1)

    for shown in (made, json.loads(got["body"]), await simulator.get(made["id"])):
        assert not {"webhook", "webhook_events_filter"} & set(shown)


async def _with_fault(simulator: Any, receiver: Any, **rule: Any) -> dict[str, Any]:
    simulator.world.faults.load(parse([{"on": "webhook", "count": 1, **rule}]))
    made = await simulator.create(
        {"prompt": "x"}, webhook=receiver.url, webhook_events_filter=["start", "completed"]
    )
    await simulator.get(made["id"])
    return dict(made)


async def test_dropped_webhook_never_comes(start: Any, receiver: Any) -> None:
    simulator = await start()
    await _with_fault(simulator, receiver, do="drop", event="completed")
    await receiver.until(1)
    simulator.world.clock.advance(120)
    await simulator.world.deliveries.idle()

    assert _told(receiver.got) == [("processing", 0)]


async def test_doubled_webhook_comes_twice_with_one_id(start: Any, receiver: Any) -> None:
    simulator = await start()
    await _with_fault(simulator, receiver, do="double", event="completed")
    got = await receiver.until(3)

    assert _told(got) == [("processing", 0), ("succeeded", 1), ("succeeded", 1)]
    assert (
        got[1]["headers"]["webhook-id"] == got[2]["headers"]["webhook-id"] != got[0]["headers"]["webhook-id"]
    )


async def test_delayed_webhook_comes_later(start: Any, receiver: Any) -> None:
    simulator = await start()
    await _with_fault(simulator, receiver, do="delay", event="completed", delay_s=30)
    await receiver.until(1)
    await simulator.world.deliveries.idle()
    assert len(receiver.got) == 1

    simulator.world.clock.advance(31)

    assert _told(await receiver.until(2))[1] == ("succeeded", 1)


async def test_reordered_webhook_comes_after_the_next(start: Any, receiver: Any) -> None:
    simulator = await start()
    await _with_fault(simulator, receiver, do="reorder", event="start", delay_s=30)

    assert _told(await receiver.until(2)) == [("succeeded", 1), ("processing", 0)]


async def test_missigned_webhook_is_refused_by_a_verifier(start: Any, receiver: Any) -> None:
    simulator = await start()
    await _with_fault(simulator, receiver, do="missign", event="start")
    wrong, right = await receiver.until(2)
    secret = (await simulator.http.get("/v1/webhooks/default/secret")).json()["key"]

    assert Webhook(secret).verify(right["body"], right["headers"])
    with pytest.raises(Exception, match="No matching signature"):
        Webhook(secret).verify(wrong["body"], wrong["headers"])


async def test_stranger_cannot_read_the_secret(start: Any) -> None:
    simulator = await start()
    async with httpx2.AsyncClient(base_url=simulator.url) as stranger:
        assert (await stranger.get("/v1/webhooks/default/secret")).status_code == 401
