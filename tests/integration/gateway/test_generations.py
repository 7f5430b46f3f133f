"""`/api/generations`: asked for, waited for, listed, cancelled."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx2

    from tests.integration.gateway.serving import Serving


def test_a_generation_is_accepted_and_made(http: httpx2.Client, here: Serving) -> None:
    """202 when it is durable; with `Prefer: wait` the same as it has ended, stored and booked."""
    bought = here.simulator.bills()["predictions"]

    asked = http.post("/api/generations", json={"prompt": "a lighthouse"})
    waited = http.post("/api/generations", json={"prompt": "a boat"}, headers={"Prefer": "wait=30"})

    assert (asked.status_code, asked.json()["state"]) == (202, "queued")
    assert (waited.status_code, waited.headers["preference-applied"]) == (200, "wait=30")
    made = waited.json()
    assert (made["state"], made["cost_usd"], made["held_usd"]) == ("succeeded", "0.003", "0.00")
    (output,) = made["outputs"]
    assert output["url"].startswith(f"{here.origin}/media/{made['id']}/0/")
    assert here.simulator.bills()["predictions"] >= bought + 1


def test_what_a_model_cannot_do_is_said(http: httpx2.Client) -> None:
    """A warning in the answer, or a refusal where that was asked for; nothing is dropped in silence."""
    body = {"prompt": "a boat", "negative_prompt": "people", "input": {"num_infernce_steps": 2}}

    asked = http.post("/api/generations", json=body)
    strict = http.post("/api/generations", json={**body, "strict": True})

    assert asked.status_code == 202
    assert [warning.partition("'")[2].partition("'")[0] for warning in asked.json()["warnings"]] == [
        "negative_prompt",
        "num_infernce_steps",
    ]
    assert "did you mean 'num_inference_steps'" in asked.json()["warnings"][1]
    assert (strict.status_code, strict.json()["code"]) == (422, "bad_input")


def test_the_token_in_a_prompt_is_refused_and_not_repeated(http: httpx2.Client, here: Serving) -> None:
    """Rule 23: 422, and neither the answer nor the log holds it."""
    token = here.simulator.token

    answer = http.post("/api/generations", json={"prompt": f"a boat called {token}", "tags": ["a"]})

    assert (answer.status_code, answer.json()["code"]) == (422, "bad_input")
    assert token not in answer.text
    assert token not in here.log.read_text()


def test_one_asked_for_is_shown_listed_and_cancelled(http: httpx2.Client) -> None:
    ident = http.post("/api/generations", json={"prompt": "[[delay=60]] a lighthouse"}).json()["id"]

    listed = http.get("/api/generations", params={"limit": 1}).json()
    cancelled = http.post(f"/api/generations/{ident}/cancel")

    assert listed["data"][0]["id"] == ident
    assert http.get(f"/api/generations/{ident}").json()["id"] == ident
    assert cancelled.status_code == 200
