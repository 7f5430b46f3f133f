"""Proof, approval, final, and a film of three pictures: by command, over HTTP and from Python, to the nano-dollar."""

from __future__ import annotations

import io
import json
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import pytest
from PIL import Image

import tintype

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.gateway.serving import Serving

WAIT = {"Prefer": "wait=60"}
FINAL = "black-forest-labs/flux-1.1-pro-ultra"
COLOURS = ("red", "green", "blue")
# Three clips of 81 frames at 30 a second, that dissolve into each other for half a second.
FILM_S = 3 * 81 / 30 - 2 * 0.5


def proved_by_command(here: Serving) -> tuple[str, str, dict[str, Any]]:
    made = json.loads(
        here.run("generate", "a fox", "--mode", "proof", "-n", "4", "--out", "a", "--json").stdout
    )
    proof = made["files"][0]["generation_id"]
    told = [
        json.loads(here.run("approve", proof, "--pick", "3", "--out", "b", "--json").stdout) for _ in range(2)
    ]
    shown = here.run("show", proof).stdout
    assert told[0]["final"]["id"] == told[1]["final"]["id"]
    assert [one["approved_before"] for one in told] == [False, True]
    assert told[0]["final"]["id"] in shown
    return proof, told[1]["final"]["id"], told[1]["final"]["input"]


def proved_over_http(here: Serving) -> tuple[str, str, dict[str, Any]]:
    with here.http() as http:
        body = {"prompt": "a fox", "mode": "proof", "n": 4}
        proof = http.post("/api/generations", json=body, headers=WAIT).json()["id"]
        final, again = (
            http.post(f"/api/generations/{proof}/approve", json={"pick": 3}, headers=WAIT).json()
            for _ in range(2)
        )
    assert final["id"] == again["id"]
    assert (final["proof"]["generation_id"], final["proof"]["pick"]) == (proof, 3)
    return proof, final["id"], final["input"]


def proved_from_python(here: Serving) -> tuple[str, str, dict[str, Any]]:
    with studio(here) as open_studio:
        proof = open_studio.generate("a fox", mode="proof", num_outputs=4)
        final, again = (open_studio.approve(proof.id, pick=3) for _ in range(2))
    assert final.id == again.id
    assert [(one.proof_id, one.pick) for one in final.approvals] == [(proof.id, 3)]
    return proof.id, final.id, dict(final.input)


@pytest.mark.parametrize("way", [proved_by_command, proved_over_http, proved_from_python])
def test_a_proof_becomes_a_final(
    here: Serving, way: Callable[[Serving], tuple[str, str, dict[str, Any]]]
) -> None:
    """Four proofs and one final are billed, however often it is approved; what that saved is told."""
    before = billed(here), saved(here)

    proof, final, given = way(here)

    with here.http() as http:
        proof_told, final_told = (http.get(f"/api/generations/{one}").json() for one in (proof, final))
    assert given["seed"] == proof_told["input"]["seed"]
    assert given["image_prompt"].endswith(proof_told["outputs"][2]["sha256"])
    assert (final_told["state"], final_told["model"]) == ("succeeded", FINAL)
    booked = Decimal(proof_told["cost_usd"]) + Decimal(final_told["cost_usd"])
    assert billed(here) - before[0] == booked == Decimal("0.072")
    assert saved(here) - before[1] == 4 * Decimal("0.06") - booked


def filmed_by_command(here: Serving) -> tuple[str, bytes]:
    for colour in COLOURS:
        (here.folder / f"{colour}.png").write_bytes(still(colour))
    made = json.loads(
        here.run(
            *("video", *(f"{colour}.png" for colour in COLOURS), "--set", "frames_per_second=30"),
            *("--crossfade", "0.5", "--out", "films", "--json"),
        ).stdout
    )
    film = made["film"]
    assert film["seconds"] == pytest.approx(FILM_S, abs=0.001)
    assert film["cost_usd"] == made["cost_usd"]
    with Image.open(here.folder / film["poster"]) as poster:
        assert (poster.format, poster.size) == ("WEBP", (film["width"], film["height"]))
    return film["order_id"], (here.folder / film["path"]).read_bytes()


def filmed_over_http(here: Serving) -> tuple[str, bytes]:
    with here.http() as http:
        links = []
        for colour in COLOURS:
            files = {"file": (f"{colour}.png", still(colour), "image/png")}
            links.append(http.post("/api/files", files=files).json()["url"])
        parts = [
            {
                "model": "wan-2.2-i2v-fast",
                "prompt": "it moves",
                "input": {"image": one, "frames_per_second": 30},
            }
            for one in links
        ]
        body = {"generations": parts, "film": {"crossfade": 0.5}}
        order = http.post("/api/orders", json=body, headers=WAIT).json()
        assert order["film"]["state"] == "succeeded", order
        return order["id"], http.get(order["film"]["url"]).content


def filmed_from_python(here: Serving) -> tuple[str, bytes]:
    to = here.folder / "python.mp4"
    with studio(here) as open_studio:
        film = open_studio.video(
            [still(colour) for colour in COLOURS], to=to, crossfade_s=0.5, frames_per_second=30
        )
    assert film.seconds == pytest.approx(FILM_S, abs=0.001)
    assert film.cost_usd == Decimal("0.15")
    return film.order_id, Path(film.path).read_bytes()


@pytest.mark.parametrize("way", [filmed_by_command, filmed_over_http, filmed_from_python])
def test_a_film_is_made_of_three_pictures(here: Serving, way: Callable[[Serving], tuple[str, bytes]]) -> None:
    """Three clips are billed; the film is as long as they are, less what dissolves, and its parts are kept."""
    before = billed(here)

    order_id, film = way(here)

    with here.http() as http:
        order = http.get(f"/api/orders/{order_id}").json()
        poster = http.get(order["film"]["poster_url"])
    with av.open(io.BytesIO(film), "r") as opened:
        assert len(list(opened.decode(video=0))) == round(FILM_S * 30)
    assert order["film"]["seconds"] == pytest.approx(FILM_S, abs=0.001)
    assert poster.headers["content-type"] == "image/webp"
    assert [len(one["outputs"]) for one in order["generations"]] == [1, 1, 1]
    assert billed(here) - before == Decimal(order["cost_usd"]) == Decimal("0.15")


def test_a_failed_clip_is_repeated_alone(here: Serving) -> None:
    """`tintype retry` of the order buys the one clip, then the film is joined."""
    for colour in COLOURS[:2]:
        (here.folder / f"{colour}.png").write_bytes(still(colour))
    rule = {"on": "request", "method": "POST", "path": "*/predictions", "do": "answer", "status": 422}
    here.simulator.faults([{**rule, "count": 1, "body": '{"detail": "not this one"}'}])
    failed = here.run("video", "red.png", "green.png", "--prompt", "it glows", "--out", "again", "--json")
    here.simulator.clear_faults()
    with here.http() as http:
        order = http.get("/api/orders").json()["data"][0]["id"]
    before = billed(here)

    again = json.loads(here.run("retry", order, "--json").stdout)

    assert (failed.returncode, len(json.loads(failed.stdout)["clips"])) == (1, 1)
    assert [one["state"] for one in again["generations"]] == ["succeeded"]
    assert [Path(one["path"]).name for one in again["files"]] == ["red-wan-2.2-i2v-fast.mp4"]
    assert billed(here) - before == Decimal("0.05")


def studio(here: Serving) -> Any:
    """Open a studio on what the gateway works on."""
    return tintype.studio(
        here.simulator.token,
        base_url=here.simulator.url,
        data=here.environment["TINTYPE_DATA"],
        database_url=here.database_url,
    )


def still(colour: str) -> bytes:
    """Return a picture."""
    file = io.BytesIO()
    Image.new("RGB", (320, 240), colour).save(file, "PNG")
    return file.getvalue()


def billed(here: Serving) -> Decimal:
    """Return what upstream has billed up to now, in dollars."""
    return Decimal(here.simulator.bills()["total_usd"])


def saved(here: Serving) -> Decimal:
    """Return what proofs have saved up to now, in dollars."""
    with here.http() as http:
        return Decimal(http.get("/api/usage").json()["total"]["saved_by_proofs_usd"])
