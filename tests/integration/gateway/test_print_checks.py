"""`/api/print-checks`: a picture's pixels against a product."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import httpx2

PATH = "/api/print-checks"


def test_a_size_is_compared_with_a_product(http: httpx2.Client) -> None:
    """Dots per inch, the verdict, and which model would help at what price."""
    told = http.post(PATH, json={"product": "poster-a3", "width": 1024, "height": 1448}).json()

    assert (told["dpi"], told["verdict"], told["factor"]) == (86, "coarse", 4)
    assert told["product"]["needed_px"] == [3579, 5031]
    first = told["remedies"][0]
    assert (first["model"], first["dpi"]) == ("daanelson/real-esrgan-a100", 343)
    assert first["expected_usd"] == "0.0056"


def test_a_generation_is_compared_with_a_size_of_ones_own(http: httpx2.Client) -> None:
    body = {"prompt": "a boat", "model": "flux-schnell"}
    made = http.post("/api/generations", json=body, headers={"Prefer": "wait=60"}).json()

    told = http.post(PATH, json={"product": "87x87mm", "generation": made["id"]}).json()

    assert (told["width_px"], told["dpi"], told["verdict"]) == (1024, 299, "fair")


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"product": "poter-a3", "width": 9, "height": 9}, 422, "poster-a3"),
        ({"product": "mug"}, 422, "give width and height"),
        ({"product": "mug", "width": 9}, 422, "give width and height"),
        ({"product": "mug", "generation": "01k9w3t8m2q7r5v6x0y4z1a2b3"}, 404, "no generation"),
        ({"product": "mug", "width": 9, "height": 9, "fit": "squeeze"}, 422, "fit"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    http: httpx2.Client, body: dict[str, Any], status: int, words: str
) -> None:
    told = http.post(PATH, json=body)

    assert (told.status_code, words in told.text) == (status, True)


def test_the_presets_are_listed(http: httpx2.Client) -> None:
    listed = http.get("/api/products").json()["data"]

    assert len(listed) >= 20
    assert all(one["source"] for one in listed)
