"""Proof, approval, final: once for each picture that is picked, whatever happens meanwhile (rule 8)."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx2
import psycopg
import pytest

from tests import folders
from tests.integration.gateway import serving
from tintype import testing

if TYPE_CHECKING:
    from tests.integration.gateway.serving import Serving
    from tintype.store import embedded

WAIT = {"Prefer": "wait=60"}
FINAL = "black-forest-labs/flux-1.1-pro-ultra"
MANY = 50


@pytest.fixture(scope="module")
def proof(here: Serving) -> dict[str, Any]:
    """A proof of two pictures, not approved yet; who needs another asks for it."""
    with here.http() as http:
        return proved(http, n=2)


def proved(http: httpx2.Client, **more: Any) -> dict[str, Any]:
    """Make a proof."""
    body = {"prompt": "a lighthouse at dusk", "mode": "proof", "aspect_ratio": "4:3", **more}
    told: dict[str, Any] = http.post("/api/generations", json=body, headers=WAIT).json()
    assert told["state"] == "succeeded", told
    return told


def test_a_proof_is_small_and_its_seed_is_known(proof: dict[str, Any]) -> None:
    assert proof["input"]["megapixels"] == "0.25"
    assert isinstance(proof["input"]["seed"], int)
    assert (len(proof["outputs"]), proof["proof"], proof["finals"]) == (2, None, [])


def test_a_proof_has_four_pictures_at_most(http: httpx2.Client) -> None:
    told = http.post("/api/generations", json={"prompt": "a boat", "mode": "proof", "n": 5})

    assert told.status_code == 422
    assert "1 to 4" in told.json()["detail"]


def test_a_final_is_like_its_proof(http: httpx2.Client, here: Serving, proof: dict[str, Any]) -> None:
    """Prompt, shape and seed are the proof's; of several pictures the picked one is the reference."""
    final = http.post(f"/api/generations/{proof['id']}/approve", json={"pick": 2}, headers=WAIT).json()
    again = http.post(f"/api/generations/{proof['id']}/approve", json={"pick": 2, "model": "imagen-4"})

    given = final["input"]
    assert (final["state"], final["model"], final["cost_usd"]) == ("succeeded", FINAL, "0.06")
    assert (given["prompt"], given["aspect_ratio"]) == (proof["input"]["prompt"], "4:3")
    assert given["seed"] == proof["input"]["seed"]
    assert given["image_prompt"].endswith(proof["outputs"][1]["sha256"])
    assert (again.status_code, again.json()["id"]) == (200, final["id"])
    assert final["proof"]["generation_id"] == proof["id"]
    assert final["proof"]["pick"] == 2
    shown = http.get(f"/api/generations/{proof['id']}").json()["finals"]
    assert [(one["generation_id"], one["pick"]) for one in shown] == [(final["id"], 2)]
    billed = [one for one in here.simulator.predictions() if one["model"] == FINAL]
    assert len(billed) == 1


def test_inputs_of_the_final_win(http: httpx2.Client) -> None:
    """One picture whose seed is known needs no reference."""
    one = proved(http)

    body = {"model": "flux-1.1-pro", "input": {"aspect_ratio": "16:9", "prompt_upsampling": True}}
    final = http.post(f"/api/generations/{one['id']}/approve", json=body, headers=WAIT).json()

    assert final["input"]["aspect_ratio"] == "16:9"
    assert "image_prompt" not in final["input"]
    assert final["input"]["seed"] == one["input"]["seed"]


def test_what_cannot_be_kept_is_said(http: httpx2.Client) -> None:
    """Imagen takes no seed and no picture."""
    one = proved(http)

    final = http.post(f"/api/generations/{one['id']}/approve", json={"model": "imagen-4-ultra"}).json()

    assert [warning for warning in final["warnings"] if "seed" in warning]
    assert "seed" not in final["input"]


def test_an_order_of_proofs_is_approved_by_its_pictures(http: httpx2.Client) -> None:
    parts = [{"prompt": "a", "mode": "proof"}, {"prompt": "b", "mode": "proof"}]
    order = http.post("/api/orders", json={"generations": parts}, headers=WAIT).json()

    final = http.post(f"/api/generations/{order['id']}/approve", json={"pick": 2}).json()

    assert final["proof"]["generation_id"] == order["generations"][1]["id"]
    assert (final["proof"]["pick"], final["input"]["prompt"]) == (1, "b")


@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        ({"pick": 3}, 422, "2 to pick from"),
        ({"pick": 0}, 422, "pick"),
        ({"model": "no-such-model"}, 404, "no-such-model"),
        ({"model": "real-esrgan"}, 422, "no final"),
        ({"input": {"image_prompt": "tintype:sha256:" + "0" * 64}}, 422, "tintype"),
        ({"input": {"sed": 1}}, 422, "seed"),
        ({"picked": 1}, 422, "pick"),
        ({"max_usd": "0.01"}, 422, "0.06"),
    ],
)
def test_what_is_no_approval_is_refused(
    http: httpx2.Client, proof: dict[str, Any], body: dict[str, Any], status: int, word: str
) -> None:
    """Nothing is held, and the picture can still be approved."""
    told = http.post(f"/api/generations/{proof['id']}/approve", json={"pick": 1, **body})

    assert (told.status_code, word in json.dumps(told.json())) == (status, True), told.text
    finals = http.get(f"/api/generations/{proof['id']}").json()["finals"]
    assert 1 not in [one["pick"] for one in finals]


def test_only_what_succeeded_is_approved(http: httpx2.Client) -> None:
    running = http.post("/api/generations", json={"prompt": "[[delay=60]] a", "mode": "proof"}).json()
    path = f"/api/generations/{running['id']}"

    told = http.post(f"{path}/approve", json={})
    http.post(f"{path}/cancel")

    assert (told.status_code, told.json()["code"]) == (409, "not_possible_now")
    assert http.post("/api/generations/01k9w3t8m2q7r5v6x0y4z1a2b3/approve", json={}).status_code == 404


def test_only_a_picture_or_a_film_is_approved(http: httpx2.Client) -> None:
    """A text is no reference for a picture."""
    text = http.post("/api/generations", json={"prompt": "a", "model": "llama3_8b"}, headers=WAIT).json()

    told = http.post(f"/api/generations/{text['id']}/approve", json={})

    assert text["state"] == "succeeded"
    assert told.status_code == 422
    assert "made text/plain; only a picture" in told.json()["detail"]


def test_a_final_that_failed_leaves_the_pick_free(http: httpx2.Client) -> None:
    """Rule 8: once for each pick means one that is made; what failed is approved anew, with other inputs too."""
    path = f"/api/generations/{proved(http)['id']}/approve"
    failed = http.post(path, json={"input": {"prompt": "[[fail=NSFW content]] a"}}, headers=WAIT).json()
    # What failed is deleted by who tidies up.
    assert http.delete(f"/api/generations/{failed['id']}").status_code == 204

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(lambda _: http.post(path, json={}, headers=WAIT), range(4)))
    again = http.post(path, json={})

    assert failed["state"] == "failed"
    assert {one.json()["id"] for one in told} == {again.json()["id"]} != {failed["id"]}
    assert (again.status_code, again.json()["state"], again.json()["cost_usd"]) == (200, "succeeded", "0.06")


def test_what_steps_made_of_a_proof_is_approved_as_the_proof(http: httpx2.Client) -> None:
    """The final has the prompt that the step never had, and is the one of the proof's own picture."""
    body = {"prompt": "a fox", "mode": "proof", "n": 2, "finish": ["trim", "upscale:2"]}
    order = http.post("/api/generations", json=body, headers=WAIT).json()
    root, _, second = order["generations"]

    final = http.post(f"/api/generations/{second['id']}/approve", json={}, headers=WAIT).json()
    again = http.post(f"/api/generations/{root['id']}/approve", json={"pick": 2})
    listed = http.post(f"/api/generations/{order['id']}/approve", json={"pick": 4})

    assert (final["state"], final["input"]["prompt"]) == ("succeeded", "a fox")
    assert final["input"]["image_prompt"] == f"tintype:sha256:{root['outputs'][1]['sha256']}"
    assert (final["proof"]["generation_id"], final["proof"]["pick"]) == (root["id"], 2)
    assert [one.json().get("id", one.text) for one in (again, listed)] == [final["id"]] * 2


def test_approvals_of_others_and_beyond_a_budget(here: Serving) -> None:
    """Another's proof is not there (rule 22); 402 says what is missing, and the pick stays free."""
    keys = {
        name: json.loads(here.run("keys", "create", "--name", name, "--json").stdout)["key"]
        for name in ("alice", "bob")
    }
    assert here.run("budget", "set", "key:alice", "--usd", "0.05", "--per", "day").returncode == 0
    with here.http(keys["alice"]) as alice, here.http(keys["bob"]) as bob:
        mine = proved(alice, n=2)
        path = f"/api/generations/{mine['id']}/approve"
        others = bob.post(path, json={})
        refused = alice.post(path, json={})
        cheaper = alice.post(path, json={"model": "flux-1.1-pro"}, headers=WAIT)
        usage = alice.get("/api/usage").json()["total"]

    assert (others.status_code, others.json()["code"]) == (404, "unknown_generation")
    assert (refused.status_code, "$0.06 was asked for" in refused.json()["detail"]) == (402, True)
    assert (cheaper.status_code, cheaper.json()["cost_usd"]) == (200, "0.04")
    # Two finals would have cost $0.12; the proof cost $0.006, and the final of the pick $0.04.
    assert (usage["saved_by_proofs_usd"], usage["saved_usd"], usage["cost_usd"]) == ("0.074", "0.00", "0.046")


def test_fifty_approvals_and_a_kill_buy_one_final(server: embedded.Server) -> None:
    """Rule 8: whoever approves, however often, and whenever the process dies."""
    with (
        folders.opened() as data,
        serving.database(server) as url,
        testing.simulator() as upstream,
    ):
        kept = {"TINTYPE_DATA": str(data)}

        def approve(here: Serving, path: str) -> str | None:
            with here.http() as http:
                try:
                    said = http.post(path, json={})
                except httpx2.TransportError:
                    return None
            return str(said.json()["id"])

        with serving.gateway(url, upstream, environment=kept) as first, first.http() as http:
            one = proved(http)
            path = f"/api/generations/{one['id']}/approve"
            with ThreadPoolExecutor(MANY) as pool:
                asked = [pool.submit(approve, first, path) for _ in range(MANY)]
                while not any(one.done() for one in asked):
                    pass
                first.process.kill()
                first.process.wait()
                answers = {one.result() for one in asked} - {None}

        with serving.gateway(url, upstream, environment=kept) as second, second.http() as http:
            with ThreadPoolExecutor(MANY) as pool:
                later = set(pool.map(lambda _: approve(second, path), range(MANY)))
            final = http.post(path, json={}, headers=WAIT).json()

        assert later == {final["id"]}
        assert answers <= later
        assert final["state"] == "succeeded"
        assert len([one for one in upstream.predictions() if one["model"] == FINAL]) == 1
        with psycopg.connect(url) as db:
            held = db.execute("SELECT count(*) FROM ledger WHERE kind = 'hold'").fetchone()
        assert held == (2,)
