"""A gateway holds and books what its operator says that models cost, and by rule 11 where nobody says."""

from __future__ import annotations

import json
from importlib import resources
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.gateway import serving
from tintype import testing

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx2

    from tests.integration.gateway.serving import Serving
    from tintype.store import embedded

PROTEUS = "datacte/proteus-v0.2"
DATA = resources.files("tintype.simulator").joinpath("data/models.json").read_text(encoding="utf-8")
VERSION: str = json.loads(DATA)["models"][PROTEUS]["version_id"]
PRICES = f"""
flux-schnell = 0.0025 per image
google/imagen-3 = 0.05 per image
wan-video/wan-2.6-t2v = 0.10 per second of film, at most 1.50
{PROTEUS}:{VERSION} = 0.004 per run
"""


@pytest.fixture(scope="module")
def priced(server: embedded.Server) -> Iterator[Serving]:
    """A gateway with prices of its own."""
    with (
        serving.database(server) as url,
        testing.simulator() as upstream,
        serving.gateway(url, upstream, environment={"TINTYPE_PRICES": PRICES}) as made,
    ):
        yield made


def made(http: httpx2.Client, model: str, **values: Any) -> tuple[str, str, str]:
    """Estimate and make one; returns what was expected, held and booked, in dollars."""
    body = {"model": model, "input": {"prompt": "a fox in the snow", **values}}
    estimate = http.post("/api/estimates", json=body).raise_for_status().json()
    answer = http.post("/api/generations", json=body, headers={"Prefer": "wait=60"}).raise_for_status().json()
    assert answer["state"] == "succeeded"
    assert answer["estimate_usd"] == estimate["expected_usd"]
    return answer["estimate_usd"], estimate["at_most_usd"], answer["cost_usd"]


def test_stated_prices_are_held_and_booked(priced: Serving) -> None:
    """Rule 11: what the operator states is the price; a model that nobody prices is held and booked at 1 USD."""
    with priced.http() as http:
        assert made(http, "flux-schnell", num_outputs=4) == ("0.01", "0.01", "0.01")
        assert made(http, "google/imagen-3") == ("0.05", "0.05", "0.05")
        assert made(http, "wan-video/wan-2.6-t2v", duration=5) == ("1.50", "1.50", "0.50")
        assert made(http, "luma/photon-flash") == ("1.00", "1.00", "1.00")


def test_how_a_stated_price_is_made_up_is_told(priced: Serving) -> None:
    with priced.http() as http:
        body = {"model": "wan-video/wan-2.6-t2v", "input": {"prompt": "a fox", "duration": 5}}

        (part,) = http.post("/api/estimates", json=body).raise_for_status().json()["parts"]

    assert (part["expected_usd"], part["rule"]) == ("1.50", "1 own")
    assert part["made_up"]["unit"] == "video_second"
    assert (part["made_up"]["quantity"], part["made_up"]["rate_usd"]) == ("15", "0.1")
    assert part["made_up"]["source"] == "your own price"


def test_a_version_costs_what_is_stated_for_it(priced: Serving) -> None:
    with priced.http() as http:
        body = {"version": f"{PROTEUS}:{VERSION}", "input": {"prompt": "a fox in the snow"}}
        http.post("/replicate/v1/predictions", json=body, headers={"Prefer": "wait=60"}).raise_for_status()

        (found,) = http.get("/api/generations", params={"model": PROTEUS}).raise_for_status().json()["data"]

    assert (found["state"], found["version"]) == ("succeeded", VERSION)
    assert (found["estimate_usd"], found["cost_usd"]) == ("0.004", "0.004")


def test_commands_show_stated_prices(priced: Serving) -> None:
    listed = priced.run("models", "--search", "imagen-3")
    made = priced.run("generate", "a fox", "--model", "google/imagen-3", "--no-preview")
    shown = priced.run("models", "show", f"{PROTEUS}:{VERSION}")

    assert "google/imagen-3" in listed.stdout
    assert "$0.05 per image" in listed.stdout
    assert "$0.004 per run" in shown.stdout
    assert "your own price" in shown.stdout
    assert made.returncode == 0, made.stderr
    assert "its price is your own" in made.stderr
    assert "1 from google/imagen-3, $0.05" in made.stdout
