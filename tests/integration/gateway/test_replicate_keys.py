"""Replicate's API with keys: each its own, refusals in Replicate's words, signed webhooks (rules 22, 25)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from standardwebhooks import Webhook

from tests import receiving
from tests.integration.core.conftest import server
from tests.integration.gateway import serving
from tintype import testing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from queue import Queue

    from tests.integration.gateway.serving import Serving
    from tests.receiving import Call
    from tintype.store import embedded

__all__ = ["server"]

BASE = "/replicate/v1"
FLUX = f"{BASE}/models/black-forest-labs/flux-schnell/predictions"
TEXT = f"{BASE}/models/meta/meta-llama-3-8b-instruct/predictions"
BOAT = {"input": {"prompt": "a boat"}}
WAIT = {"Prefer": "wait=30"}
NOT_FOUND = {"detail": "The requested resource could not be found.", "status": 404}


@pytest.fixture(scope="module")
def here(server: embedded.Server) -> Iterator[Serving]:
    """A gateway with keys, that passes administration on."""
    with (
        serving.database(server) as url,
        testing.simulator() as upstream,
        serving.gateway(url, upstream, environment={"TINTYPE_PASS_THROUGH": "1"}) as made,
    ):
        yield made


@pytest.fixture(scope="module")
def one(here: Serving) -> str:
    """A key."""
    return make(here, "--name", "one")


@pytest.fixture(scope="module")
def other(here: Serving) -> str:
    """Another."""
    return make(here, "--name", "other")


@pytest.fixture
def receiver() -> Iterator[tuple[str, Queue[Call]]]:
    """Listen for webhooks: the URL, and what comes."""
    with receiving.receiver() as (url, came):
        yield f"{url}/hook?job=7", came


def make(here: Serving, *options: str) -> str:
    """Make a key and return its secret."""
    done = here.run("keys", "create", "--json", *options)
    assert done.returncode == 0, done.stderr
    secret: str = json.loads(done.stdout)["key"]
    return secret


def test_anothers_is_not_there(here: Serving, one: str, other: str) -> None:
    """Predictions, files and lists: 404, or nothing of it."""
    with here.http(one) as http:
        made = http.post(FLUX, json=BOAT).json()
        file = http.post(f"{BASE}/files", files={"content": ("a", b"mine")}).json()
    with here.http(other) as http:
        for method, path in (
            ("GET", f"/predictions/{made['id']}"),
            ("POST", f"/predictions/{made['id']}/cancel"),
        ):
            refused = http.request(method, BASE + path)
            assert (refused.status_code, refused.json()) == (404, NOT_FOUND)
        for method, path in (
            ("GET", f"/files/{file['id']}"),
            ("DELETE", f"/files/{file['id']}"),
            ("GET", f"/files/{file['id']}/download"),
        ):
            assert http.request(method, BASE + path).status_code == 404
        assert http.get(f"{BASE}/predictions").json()["results"] == []
        assert http.get(f"{BASE}/files").json()["results"] == []
        given = {"prompt": "make it red", "input_image": file["urls"]["get"]}
        path = f"{BASE}/models/black-forest-labs/flux-kontext-pro/predictions"
        assert http.post(path, json={"input": given}).status_code == 422
        assert http.get(f"{BASE}/account").json()["name"] == "other"


def test_refusals_are_in_replicates_words(here: Serving) -> None:
    """401, 402 and 429 as its SDKs read them."""
    broke = make(here, "--name", "broke", "--budget-usd", "0.001")
    limited = make(here, "--name", "limited", "--images-per-day", "0")
    answers = {}
    for name, key in (("none", None), ("bad", "tt_nonsense"), ("broke", broke), ("limited", limited)):
        with here.http(key) as http:
            answers[name] = http.post(FLUX, json=BOAT)

    assert {name: one.status_code for name, one in answers.items()} == {
        "none": 401,
        "bad": 401,
        "broke": 402,
        "limited": 429,
    }
    told = {name: one.json() for name, one in answers.items()}
    assert told["none"] == {
        "title": "Unauthenticated",
        "detail": "You did not pass an authentication token",
        "status": 401,
    }
    assert told["bad"] == {
        "title": "Unauthenticated",
        "detail": "You did not pass a valid authentication token",
        "status": 401,
    }
    assert told["broke"]["title"] == "Insufficient credit"
    assert told["broke"]["detail"].startswith("You have insufficient credit to run this model")
    assert told["limited"]["detail"].startswith("Request was throttled. Your rate limit resets in ~")
    assert told["limited"]["retry_after"] == int(answers["limited"].headers["retry-after"]) > 0


def test_a_body_that_holds_the_key_is_refused(here: Serving, one: str) -> None:
    """One of the SDKs sends itself as the input in one of its modes, key and all."""
    with here.http(one) as http:
        refused = http.post(FLUX, json={"input": {"prompt": "a boat", "client": {"auth": one}}})

    assert refused.status_code == 422
    assert one not in refused.text


def test_a_webhook_tells_of_all_that_was_asked_for(
    here: Serving, one: str, receiver: tuple[str, Queue[Call]]
) -> None:
    """The whole prediction each time, signed with the key's own secret; the end is told last."""
    url, got = receiver
    events = ["start", "output", "logs", "completed"]
    with here.http(one) as http:
        secret = http.get(f"{BASE}/webhooks/default/secret").json()["key"]
        body = {"input": {"prompt": "[[delay=1.5]] a boat"}, "webhook": url, "webhook_events_filter": events}
        made = http.post(FLUX, json=body).json()
        told = _until_completed(got, secret)
        now = http.get(made["urls"]["get"]).json()

    assert made["webhook"] == url
    assert made["webhook_events_filter"] == events
    assert {one["id"] for one in told} == {made["id"]}
    assert [one["status"] for one in told[:-1]] == ["processing"] * (len(told) - 1)
    assert told[0]["output"] is None
    assert told[-1] == now
    assert told[-1]["output"][0].startswith(f"{here.origin}/media/")
    # A delivery tells how it stands when it is sent: on a busy machine the output's may tell the end.
    assert len(told) > 1


def test_a_webhook_without_a_filter_tells_of_outputs_and_the_end(
    here: Serving, one: str, receiver: tuple[str, Queue[Call]]
) -> None:
    url, got = receiver
    with here.http(one) as http:
        secret = http.get(f"{BASE}/webhooks/default/secret").json()["key"]
        http.post(TEXT, json={"input": {"prompt": "[[delay=1.5]] a boat"}, "webhook": url})
        told = _until_completed(got, secret)

    assert told[-1]["status"] == "succeeded"
    assert all(one["output"] for one in told)
    assert "webhook_events_filter" not in told[-1]


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LOCALHOST.", "[::1]", "127.0.0.2"])
def test_a_webhook_to_the_gateway_itself_is_refused(here: Serving, one: str, name: str) -> None:
    """By whichever name of this machine."""
    with here.http(one) as http:
        address = f"http://{name}:{here.origin.rpartition(':')[2]}/hook"
        refused = http.post(FLUX, json={**BOAT, "webhook": address})

    assert refused.status_code == 422
    assert refused.json()["invalid_fields"][0]["field"] == "webhook"


def test_administration_needs_a_key_that_administers_and_is_written_down(here: Serving, one: str) -> None:
    admin = make(here, "--name", "admin", "--scopes", "generate,read,admin")
    with here.http(one) as http:
        assert http.get(f"{BASE}/deployments").status_code == 403
    with here.http(admin) as http:
        version = http.get(f"{BASE}/models/stability-ai/sdxl").json()["latest_version"]["id"]
        made = http.post(
            f"{BASE}/deployments",
            json={
                "name": "shop",
                "model": "stability-ai/sdxl",
                "version": version,
                "hardware": "cpu",
                "min_instances": 0,
                "max_instances": 1,
            },
        ).json()
        listed = http.get(f"{BASE}/deployments").json()["results"]
    with here.http(one) as http:
        path = f"{BASE}/deployments/{made['owner']}/shop/predictions"
        run = http.post(path, json=BOAT, headers=WAIT).json()
        unknown = http.post(f"{BASE}/deployments/nobody/nothing/predictions", json=BOAT)

    assert [one["name"] for one in listed] == ["shop"]
    assert (run["status"], run["deployment"]) == ("succeeded", f"{made['owner']}/shop")
    assert (unknown.status_code, unknown.json()) == (404, NOT_FOUND)
    with psycopg.connect(here.database_url) as look:
        acts = look.execute("SELECT action, subject FROM audit WHERE action LIKE 'upstream.%'").fetchall()
    assert acts == [("upstream.post", "/deployments")]


def _until_completed(got: Queue[Call], secret: str) -> list[dict[str, Any]]:
    """Take webhooks up to the one that tells of the end, each verified as any library does it."""
    told: list[dict[str, Any]] = []
    while not told or told[-1]["status"] == "processing":
        call = got.get(timeout=20)
        told.append(Webhook(secret).verify(call.body, call.headers))
    return told
