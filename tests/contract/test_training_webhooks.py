"""Trainings tell their webhooks what happens, signed with the account's secret."""

from __future__ import annotations

import base64
import hmac
import itertools
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests import receiving
from tests.contract import wire

if TYPE_CHECKING:
    from collections.abc import Iterator
    from queue import Queue

    from tests.receiving import Call
    from tintype.testing import Simulator

FAST = f"/v1/models/{wire.FAST}"
WAIT_S = 10


@pytest.fixture
def receiver() -> Iterator[tuple[str, Queue[Call]]]:
    """Where webhooks are sent to, and what comes."""
    with receiving.receiver() as (url, came):
        yield f"{url}/hook?id=7", came


def _train(simulator: Simulator, **more: Any) -> dict[str, Any]:
    owner = simulator.account()["username"]
    model = {"owner": owner, "name": "dogs", "visibility": "private", "hardware": "cpu"}
    wire.send(simulator.url, "POST", "/v1/models", token=simulator.token, body=model)
    version = wire.send(simulator.url, "GET", FAST, token=simulator.token).json()["latest_version"]["id"]
    body = {"destination": f"{owner}/dogs", "input": {}, **more}
    path = f"{FAST}/versions/{version}/trainings"
    made: dict[str, Any] = wire.send(simulator.url, "POST", path, token=simulator.token, body=body).json()
    return made


@pytest.mark.simulator(speed=1)
def test_each_event_comes_signed_and_in_order(
    simulator: Simulator, receiver: tuple[str, Queue[Call]]
) -> None:
    """Start, logs and completed as asked for; each the whole training at that moment."""
    url, came = receiver
    made = _train(simulator, webhook=url, webhook_events_filter=["start", "logs", "completed"])
    secret = wire.send(simulator.url, "GET", "/v1/webhooks/default/secret", token=simulator.token).json()[
        "key"
    ]

    bodies = []
    for seconds in (10, 30, 300):
        simulator.advance(seconds)
        _, headers, body = came.get(timeout=WAIT_S)
        key = base64.b64decode(secret.removeprefix("whsec_"))
        message = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        signature = base64.b64encode(hmac.digest(key, message, "sha256")).decode()
        assert headers["webhook-signature"] == f"v1,{signature}"
        bodies.append(json.loads(body))
    while bodies[-1]["status"] != "succeeded":
        bodies.append(json.loads(came.get(timeout=WAIT_S).body))

    assert {one["id"] for one in bodies} == {made["id"]}
    assert [one["status"] for one in bodies[:2]] == ["processing", "processing"]
    assert all(len(one["logs"]) <= len(later["logs"]) for one, later in itertools.pairwise(bodies))
    assert bodies[-1]["output"]["version"].startswith(made["destination"])
    assert bodies[-1]["webhook"] == url
    assert bodies[-1]["webhook_events_filter"] == ["start", "logs", "completed"]


def test_without_a_filter_output_and_end_are_told(
    simulator: Simulator, receiver: tuple[str, Queue[Call]]
) -> None:
    """As for predictions."""
    url, came = receiver
    _train(simulator, webhook=url)
    simulator.advance(60)

    statuses = [json.loads(came.get(timeout=WAIT_S).body)["status"] for _ in range(2)]

    assert statuses == ["succeeded", "succeeded"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"webhook": "not a url"}, "webhook"),
        ({"webhook": 7}, "webhook"),
        ({"webhook_events_filter": ["end"]}, "webhook_events_filter"),
        ({"webhook_events_filter": "start"}, "webhook_events_filter"),
        ({"input": "none"}, "input"),
    ],
)
def test_a_wrong_training_is_refused(simulator: Simulator, change: dict[str, Any], field: str) -> None:
    """The refusal names the field."""
    refused = _train(simulator, **change)

    assert refused["status"] == 422
    assert [one["field"] for one in refused["invalid_fields"]] == [field]
