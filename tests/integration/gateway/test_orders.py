"""Orders: several generations admitted together or not at all; `n`, finishing steps, repeating what failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import httpx2

    from tests.integration.gateway.serving import Serving

WAIT = {"Prefer": "wait=60"}


def test_more_than_the_model_makes_at_once_is_an_order(http: httpx2.Client) -> None:
    """Six pictures of a model that makes four at once: two generations, with seeds that go on counting."""
    body = {"prompt": "a boat", "n": 6, "seed": 10, "cache": "off"}

    told = http.post("/api/generations", json=body, headers=WAIT)

    order = told.json()
    assert (told.status_code, order["object"], order["state"]) == (200, "order", "succeeded")
    assert [len(one["outputs"]) for one in order["generations"]] == [4, 2]
    assert [one["input"]["seed"] for one in order["generations"]] == [10, 14]
    assert order["cost_usd"] == "0.018"
    assert http.get(f"/api/orders/{order['id']}").json()["states"] == ["succeeded", "succeeded"]


def test_a_picture_is_finished_in_steps(http: httpx2.Client) -> None:
    """The price of all steps is held at once, each works on what the one before made."""
    body = {"prompt": "a boat", "finish": ["upscale:2", "remove-background"]}

    order = http.post("/api/generations", json=body, headers=WAIT).json()

    assert (order["kind"], order["state"], len(order["generations"])) == ("finish", "succeeded", 3)
    picture, larger, cut = (one["outputs"][0] for one in order["generations"])
    assert (picture["width"], larger["width"], cut["width"]) == (1024, 2048, 2048)
    assert http.get(cut["url"]).headers["content-type"] == "image/png"


def test_a_file_for_the_print_shop_is_made_here(http: httpx2.Client) -> None:
    """For nothing, with the last bought step: it is there when the order has succeeded, behind what the model made."""
    body = {"prompt": "a boat", "finish": ["remove-background", "trim", "print:sticker:pdf"]}

    order = http.post("/api/generations", json=body, headers=WAIT).json()

    assert (order["kind"], order["state"], len(order["generations"])) == ("finish", "succeeded", 2)
    cut, file = order["generations"][1]["outputs"]
    assert (cut["made_by"], file["made_by"]) == (None, "trim, print:sticker:pdf")
    got = http.get(file["url"])
    assert (got.headers["content-type"], got.content[:5]) == ("application/pdf", b"%PDF-")


def test_an_order_of_free_steps_is_asked_for_once(http: httpx2.Client) -> None:
    """Under one Idempotency-Key other steps are another body, though nothing of it is bought."""
    key = {"Idempotency-Key": "a poster"}
    body = {"prompt": "a boat", "finish": ["print:poster-a3"]}

    first, again = (http.post("/api/generations", json=body, headers=key).json() for _ in range(2))
    other = http.post("/api/generations", json={**body, "finish": ["print:mug"]}, headers=key)

    assert (first["object"], first["id"], other.status_code) == ("order", again["id"], 409)


def test_a_step_that_is_none_is_refused_with_the_nearest(http: httpx2.Client) -> None:
    refused = [
        http.post("/api/generations", json={"prompt": "a boat", "finish": [step]})
        for step in ("upscal:4", "print:poter-a3")
    ]

    assert [one.status_code for one in refused] == [422, 422]
    assert "upscale:4" in refused[0].json()["detail"]
    assert "poster-a3" in refused[1].json()["detail"]


def test_an_order_is_admitted_whole_or_not_at_all(http: httpx2.Client) -> None:
    """A part that cannot be is named, and nothing of the order is there."""
    before = http.get("/api/orders").json()["data"]
    parts: list[dict[str, Any]] = [{"prompt": "a"}, {"prompt": "b", "input": {"num_outputs": 9}}]

    refused = http.post("/api/orders", json={"generations": parts})

    assert refused.status_code == 422
    assert "num_outputs" in refused.json()["detail"]
    assert http.get("/api/orders").json()["data"] == before


def test_an_order_of_several_is_asked_for_once(http: httpx2.Client) -> None:
    """Under one Idempotency-Key the same order comes back."""
    body = {"generations": [{"prompt": "a"}, {"prompt": "b"}], "user": "alice"}

    first, second = (
        http.post("/api/orders", json=body, headers={"Idempotency-Key": "order 1"}) for _ in range(2)
    )

    assert (first.status_code, first.json()["id"]) == (202, second.json()["id"])
    assert {one["user"] for one in first.json()["generations"]} == {"alice"}
    assert http.get("/api/orders", params={"user": "bob"}).json()["data"] == []


def test_what_failed_of_an_order_is_repeated(http: httpx2.Client, here: Serving) -> None:
    rule = {"on": "request", "method": "POST", "path": "*/predictions", "do": "answer", "status": 422}
    here.simulator.faults([{**rule, "count": 1, "body": '{"detail": "no"}'}])
    body = {"generations": [{"prompt": "a"}, {"prompt": "b"}]}
    failed = http.post("/api/orders", json=body, headers=WAIT).json()
    here.simulator.clear_faults()
    assert (failed["state"], sorted(failed["states"])) == ("failed", ["failed", "succeeded"])

    again = http.post(f"/api/orders/{failed['id']}/retry").json()
    for one in again["generations"]:
        while http.get(f"/api/generations/{one['id']}").json()["finished_at"] is None:
            pass

    ended = http.get(f"/api/orders/{failed['id']}").json()
    assert (ended["state"], len(ended["generations"])) == ("succeeded", 2)
    refused = http.post(f"/api/orders/{failed['id']}/retry")
    assert (refused.status_code, refused.json()["code"]) == (409, "not_possible_now")


def test_an_order_is_cancelled_whole(http: httpx2.Client) -> None:
    parts = [{"prompt": f"[[delay=60]] {name}"} for name in "ab"]
    order = http.post("/api/orders", json={"generations": parts}).json()

    http.post(f"/api/orders/{order['id']}/cancel")
    while (ended := http.get(f"/api/orders/{order['id']}").json())["finished_at"] is None:
        pass

    assert (ended["state"], ended["cost_usd"], ended["held_usd"]) == ("canceled", "0.00", "0.00")


@pytest.mark.parametrize("path", ["/api/orders/none", "/api/orders/01k9w3t8m2q7r5v6x0y4z1a2b3"])
def test_an_order_that_is_none_is_not_there(http: httpx2.Client, path: str) -> None:
    assert http.get(path).json()["code"] == "unknown_order"


def test_an_order_is_rated_and_deleted_whole(http: httpx2.Client) -> None:
    """Both wait for its end; what it cost stays in the book."""
    parts = [{"prompt": "a"}, {"prompt": "b"}]
    running = http.post("/api/orders", json={"generations": [{"prompt": "[[delay=60]] a"}]}).json()["id"]
    early = [
        http.delete(f"/api/orders/{running}"),
        http.post(f"/api/orders/{running}/rate", json={"rating": 5}),
    ]
    http.post(f"/api/orders/{running}/cancel")
    made = http.post("/api/orders", json={"generations": parts}, headers=WAIT).json()

    rated = http.post(f"/api/orders/{made['id']}/rate", json={"rating": "up"}).json()
    deleted = http.delete(f"/api/orders/{made['id']}")

    assert [one.status_code for one in early] == [409, 409]
    assert [(one["generation_id"], one["rating"]) for one in rated] == [
        (one["id"], 5) for one in made["generations"]
    ]
    assert deleted.status_code == 204
    for one in made["generations"]:
        assert http.get(f"/api/generations/{one['id']}").status_code == 404
    assert http.get(f"/api/orders/{made['id']}").status_code == 404
