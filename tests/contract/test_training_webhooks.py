"""Trainings tell their webhooks what happens, signed with the account's secret."""

from __future__ import annotations

import base64
import hmac
import itertools
import json
import queue
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract import wire

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tintype.testing import Simulator

FAST = f"/v1/models/{wire.FAST}"
WAIT_S = 10


class Receiver(ThreadingHTTPServer):
    """Takes webhooks and keeps them in the order in which they came."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.came: queue.Queue[tuple[dict[str, str], bytes]] = queue.Queue()

    @property
    def url(self) -> str:
        """Where webhooks are sent to."""
        return f"http://127.0.0.1:{self.server_port}/hook?id=7"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        """Take one webhook."""
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.came.put(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver that listens."""
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


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
def test_each_event_comes_signed_and_in_order(simulator: Simulator, receiver: Receiver) -> None:
    """Start, logs and completed as asked for; each the whole training at that moment."""
    made = _train(simulator, webhook=receiver.url, webhook_events_filter=["start", "logs", "completed"])
    secret = wire.send(simulator.url, "GET", "/v1/webhooks/default/secret", token=simulator.token).json()[
        "key"
    ]

    bodies = []
    for seconds in (10, 30, 300):
        simulator.advance(seconds)
        headers, body = receiver.came.get(timeout=WAIT_S)
        key = base64.b64decode(secret.removeprefix("whsec_"))
        message = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        signature = base64.b64encode(hmac.digest(key, message, "sha256")).decode()
        assert headers["webhook-signature"] == f"v1,{signature}"
        bodies.append(json.loads(body))
    while bodies[-1]["status"] != "succeeded":
        bodies.append(json.loads(receiver.came.get(timeout=WAIT_S)[1]))

    assert {one["id"] for one in bodies} == {made["id"]}
    assert [one["status"] for one in bodies[:2]] == ["processing", "processing"]
    assert all(len(one["logs"]) <= len(later["logs"]) for one, later in itertools.pairwise(bodies))
    assert bodies[-1]["output"]["version"].startswith(made["destination"])
    assert bodies[-1]["webhook"] == receiver.url
    assert bodies[-1]["webhook_events_filter"] == ["start", "logs", "completed"]


def test_without_a_filter_output_and_end_are_told(simulator: Simulator, receiver: Receiver) -> None:
    """As for predictions."""
    _train(simulator, webhook=receiver.url)
    simulator.advance(60)

    statuses = [json.loads(receiver.came.get(timeout=WAIT_S)[1])["status"] for _ in range(2)]

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
