"""What Replicate's API has beside predictions: models, search, account, text as it is written, administration."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import httpx2

    from tests.integration.gateway.serving import Serving

BASE = "/replicate/v1"
TEXT = f"{BASE}/models/meta/meta-llama-3-8b-instruct/predictions"
WAIT = {"Prefer": "wait=30"}


@pytest.mark.parametrize(
    "path",
    [
        "/models",
        "/models/black-forest-labs/flux-schnell",
        "/models/stability-ai/sdxl/versions",
        "/models/black-forest-labs/flux-schnell/examples",
        "/collections",
        "/collections/text-to-image",
        "/search?query=flux",
    ],
)
def test_what_upstream_shows_is_shown(http: httpx2.Client, here: Serving, path: str) -> None:
    """With our addresses in the place of its API's."""
    shown = http.get(f"{BASE}{path}")

    assert shown.status_code == 200
    assert f"{here.simulator.url}/v1" not in shown.text
    told = shown.json()
    if told.get("next"):
        assert told["next"].startswith(f"{here.origin}{BASE}/")
        assert http.get(told["next"]).json()["results"] != told["results"]


def test_models_are_searched_by_query(http: httpx2.Client) -> None:
    """The words as they are, and as JSON."""
    for content in (b"flux schnell", b'"flux schnell"'):
        found = http.request(
            "QUERY", f"{BASE}/models", content=content, headers={"Content-Type": "text/plain"}
        )
        assert "flux-schnell" in {one["name"] for one in found.json()["results"]}


def test_a_readme_is_text_and_hardware_a_bare_list(http: httpx2.Client) -> None:
    readme = http.get(f"{BASE}/models/black-forest-labs/flux-schnell/readme")
    hardware = http.get(f"{BASE}/hardware")

    assert readme.headers["content-type"].startswith("text/plain")
    assert "cpu" in {one["sku"] for one in hardware.json()}


def test_what_upstream_does_not_know_is_404(http: httpx2.Client) -> None:
    refused = http.get(f"{BASE}/models/nobody/nothing")

    assert (refused.status_code, refused.json()["status"]) == (404, 404)


def test_a_version_is_known_once_it_was_read(http: httpx2.Client) -> None:
    """Rule 27: of a model that is not in our catalogue; its inputs are then checked too."""
    given = {"input": {"prompt": "a boat"}}
    slug = "fofr/sdxl-emoji"
    model = http.get(f"{BASE}/search", params={"query": "sdxl emoji"}).json()["models"][0]["model"]
    assert f"{model['owner']}/{model['name']}" == slug
    version = model["latest_version"]["id"]

    made = http.post(f"{BASE}/predictions", json={"version": version, **given}, headers=WAIT)
    refused = http.post(f"{BASE}/predictions", json={"version": version, "input": {"width": "wide"}})

    assert (made.status_code, made.json()["status"]) == (201, "succeeded")
    assert (made.json()["model"], made.json()["version"]) == (slug, version)
    assert refused.status_code == 422


def test_the_account_is_the_key(http: httpx2.Client) -> None:
    account = http.get(f"{BASE}/account").json()
    secret = http.get(f"{BASE}/webhooks/default/secret").json()["key"]

    assert (account["username"], account["type"]) == ("local", "organization")
    assert secret.startswith("whsec_")
    assert http.get(f"{BASE}/webhooks/default/secret").json()["key"] == secret


def test_text_is_followed_as_it_is_written(http: httpx2.Client, here: Serving) -> None:
    """Without a key, from the start or from where a reader left off, while it is written and later."""
    made = http.post(TEXT, json={"input": {"prompt": "[[delay=0.5]] a boat"}}).json()
    address = made["urls"]["stream"]
    with here.http("not a key") as stranger:
        live = _events(stranger.get(address).text)
        done = http.post(TEXT, json={"input": {"prompt": "a boat"}}, headers=WAIT).json()
        late = _events(stranger.get(done["urls"]["stream"]).text)
        rest = _events(stranger.get(address, headers={"Last-Event-ID": live[1]["id"]}).text)
        forged = stranger.get(address[:-4] + "AAAA")

    assert [live[-1]["event"], live[-1]["data"]] == ["done", "{}"]
    assert "".join(one["data"] for one in late[:-1]) == "".join(done["output"])
    assert [one["data"] for one in rest] == [one["data"] for one in live[2:]]
    assert forged.status_code == 404


def test_a_text_that_fails_says_so(http: httpx2.Client) -> None:
    made = http.post(TEXT, json={"input": {"prompt": "[[fail=no words]] a boat"}}).json()

    told = _events(http.get(made["urls"]["stream"]).text)

    assert [one["event"] for one in told][-2:] == ["error", "done"]
    assert json.loads(told[-2]["data"])["detail"] == "no words"
    assert told[-1]["data"] == '{"reason":"error"}'


def test_administration_is_off_unless_it_is_allowed(http: httpx2.Client) -> None:
    for method, path in (("GET", "/deployments"), ("GET", "/trainings"), ("POST", "/models")):
        refused = http.request(method, f"{BASE}{path}", json={} if method == "POST" else None)
        assert refused.status_code == 403
        assert "TINTYPE_PASS_THROUGH=1" in refused.json()["detail"]


def _events(text: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    for block in text.split("\n\n"):
        lines = [line.partition(": ")[::2] for line in block.split("\n") if line and not line.startswith(":")]
        if lines:
            event: dict[str, Any] = {"data": "\n".join(value for name, value in lines if name == "data")}
            found.append(event | {name: value for name, value in lines if name != "data"})
    return found
