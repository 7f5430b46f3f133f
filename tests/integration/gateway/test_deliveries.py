"""Callbacks over HTTP: looked at, sent anew, tried out; none goes to the gateway itself."""

from __future__ import annotations

import json
import signal
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from standardwebhooks import Webhook

from tests.integration.gateway import serving
from tests.integration.gateway.administering import admin, clients, here, server
from tests.receiving import receiver
from tintype import testing

if TYPE_CHECKING:
    from pathlib import Path

    import httpx2

    from tests.integration.gateway.serving import Serving
    from tests.receiving import Call
    from tintype.store import embedded

__all__ = ["admin", "clients", "here", "server"]

WAIT = {"Prefer": "wait=60"}
BOAT = {"prompt": "a boat", "cache": "off"}


def said(secret: str, one: Call) -> Any:
    """Check the signature of what came, and return what it says."""
    return Webhook(secret).verify(one.body, one.headers)


def test_callbacks_are_looked_at_and_sent_anew(here: Serving, admin: httpx2.Client, clients: Any) -> None:
    user, stranger = clients("called"), clients("stranger")
    with receiver() as (url, came):
        body = {**BOAT, "callback_url": url}
        ident = user.post("/api/generations", json=body, headers=WAIT).json()["id"]
        first = came.get(timeout=30).headers

        (told,) = user.get("/api/deliveries", params={"generation": ident}).json()["data"]
        while user.get(f"/api/deliveries/{told['id']}").json()["state"] != "delivered":
            pass
        shown = user.get(f"/api/deliveries/{told['id']}").json()
        assert (told["id"], [one["status"] for one in shown["log"]]) == (first["webhook-id"], [204])

        again = user.post(f"/api/deliveries/{told['id']}/redeliver")
        second = came.get(timeout=30).headers
        assert (again.status_code, again.json()["state"]) == (202, "waiting")
        assert second["webhook-id"] == first["webhook-id"]

        secret = user.get("/api/deliveries/secret").json()["secret"]
        tried = user.post("/api/deliveries/test", json={"url": url}).json()
        assert (tried["delivered"], tried["status"]) == (True, 204)
        assert said(secret, came.get(timeout=30))["type"] == "test"
        rotated = user.post("/api/deliveries/secret/rotate", json={"overlap_s": 0}).json()["secret"]
        user.post("/api/deliveries/test", json={"url": url})
        assert said(rotated, came.get(timeout=30))["type"] == "test"

    assert stranger.get("/api/deliveries").json()["data"] == []
    assert stranger.get(f"/api/deliveries/{told['id']}").status_code == 404
    assert stranger.post(f"/api/deliveries/{told['id']}/redeliver").status_code == 404
    assert [one["id"] for one in admin.get("/api/deliveries", params={"key": "called"}).json()["data"]] == [
        told["id"]
    ]


@pytest.mark.parametrize("url", ["ftp://app.example.com", "nowhere", "http://127.0.0.1:{port}/x"])
def test_a_test_goes_to_no_address_of_ours(here: Serving, clients: Any, url: str) -> None:
    user = clients(f"tester {url[:3]}{len(url)}")

    refused = user.post("/api/deliveries/test", json={"url": url.format(port=here.origin.rpartition(":")[2])})

    assert (refused.status_code, refused.json()["code"]) == (422, "bad_input")


def test_no_generation_calls_the_gateway_back(here: Serving, clients: Any) -> None:
    """Bad input: a callback URL that is ourselves, or none that can be called."""
    user = clients("echo")

    refused = [
        user.post(path, json=body)
        for url in (f"{here.origin}/api/generations", "mailto:me@example.com")
        for path, body in (
            ("/api/generations", {**BOAT, "callback_url": url}),
            ("/api/orders", {"generations": [BOAT, {**BOAT, "callback_url": url}]}),
        )
    ]

    assert [(one.status_code, one.json()["code"]) for one in refused] == [(422, "bad_input")] * 4
    assert user.get("/api/generations").json()["data"] == []


def test_what_a_worker_elsewhere_tells_leads_to_where_it_was_asked_for(
    server: embedded.Server, tmp_path: Path
) -> None:
    """Without a public URL: a `tintype worker` listens nowhere, and its callbacks link to the gateway all the same."""
    with (
        serving.database(server) as url,
        testing.simulator() as upstream,
        serving.gateway(
            url, upstream, "--no-worker", environment={"TINTYPE_ALLOW_LOOPBACK_URLS": "1"}
        ) as here,
        here.http() as http,
        receiver() as (called, came),
        (tmp_path / "log").open("w") as log,
    ):
        worker = subprocess.Popen(
            [serving.TINTYPE, "worker"], env=here.environment, cwd=tmp_path, stdout=log, stderr=log
        )
        try:
            asked = http.post("/api/generations", json={**BOAT, "callback_url": called}).json()
            body = came.get(timeout=60).body
        finally:
            worker.send_signal(signal.SIGTERM)
            worker.wait(30)
        (made,) = json.loads(body)["data"]["outputs"]
        opened = http.get(made["url"])

    assert json.loads(body)["data"]["id"] == asked["id"]
    assert made["url"].startswith(f"{here.origin}/media/")
    assert opened.headers["content-type"] == "image/webp"
