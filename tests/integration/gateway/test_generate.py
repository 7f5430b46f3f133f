"""`/api/generate`: the document's examples as they are, and what becomes of failures and long waits."""

from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import av
import pytest

from tests.integration.gateway import document, serving
from tintype import testing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx2

    from tests.integration.gateway.serving import Serving
    from tintype.store import embedded

IMAGES = ["https://example.com/img1.jpg", "https://example.com/img2.jpg"]


@pytest.fixture(scope="module")
def hasty(server: embedded.Server) -> Iterator[Serving]:
    """A gateway that waits for a second only."""
    with (
        serving.database(server) as url,
        testing.simulator() as upstream,
        serving.gateway(url, upstream, environment={"TINTYPE_REQUEST_TIMEOUT_S": "1"}) as made,
    ):
        yield made


def test_the_documents_curl_examples_run(here: Serving, tmp_path: Path) -> None:
    """As they are, but for the port: four answers, of which the last says that it knows no such prediction."""
    done = run(["bash", "-euo", "pipefail", "-c", ported(document.CURL, here)], tmp_path)

    image, video, cost, poll = jsons(done.stdout)
    assert (image["success"], image["error"]) == (True, None)
    assert image["image_url"].startswith(f"{ported(document.ORIGIN, here)}/media/")
    assert set(image) == {"success", "image_url", "error", "prediction_id"}
    assert (video["success"], video["duration_seconds"]) == (True, 10)
    assert video["video_url"].endswith(".mp4")
    assert set(video) == {"success", "video_url", "error", "prediction_id", "duration_seconds"}
    assert cost == {"estimated_cost": 1.53, "breakdown": {"images": 0.03, "video": 1.5}}
    assert (poll["status"], poll["code"]) == (404, "unknown_generation")


def test_the_documents_python_example_runs(here: Serving, tmp_path: Path) -> None:
    script = tmp_path / "example.py"
    script.write_text(ported(document.PYTHON, here))

    done = run([sys.executable, str(script)], tmp_path)

    origin = ported(document.ORIGIN, here)
    image, video = done.stdout.splitlines()
    assert image.startswith(f"Image URL: {origin}/media/")
    assert video.startswith(f"Video URL: {origin}/media/")


def test_a_film_is_its_clips_one_after_another(http: httpx2.Client, here: Serving) -> None:
    """One clip of each picture, bought once, joined into one file that plays."""
    bought = here.simulator.bills()["predictions"]

    told = http.post("/api/generate/video", json={"image_urls": IMAGES}).json()

    film = http.get(urlsplit(told["video_url"]).path)
    assert film.headers["content-type"] == "video/mp4"
    with av.open(io.BytesIO(film.content), "r") as opened:
        frames = list(opened.decode(video=0))
    assert len(frames) == 162
    assert told["duration_seconds"] == round(162 / 16) == 10
    assert here.simulator.bills()["predictions"] == bought + 2
    single = http.post("/api/generate/video", json={"image_urls": IMAGES[:1]}).json()
    assert (single["success"], single["duration_seconds"]) == (True, 5)


def test_without_an_image_there_is_no_film(http: httpx2.Client) -> None:
    """400 with the document's words, on both routes."""
    answers = [
        http.post(f"/api/generate/{route}", json={"image_urls": []}) for route in ("video", "video/async")
    ]

    assert [(answer.status_code, answer.json()["detail"]) for answer in answers] == [
        (400, "At least one image URL is required")
    ] * 2


@pytest.mark.parametrize(
    ("route", "body", "status"),
    [
        ("image", {}, 422),
        ("image", {"prompt": " "}, 422),
        ("image", {"prompt": "a boat", "modell": "x"}, 422),
        ("image", {"prompt": "a boat", "model": "nobody/nothing"}, 404),
        ("image", {"prompt": "a boat", "model": "nothing"}, 404),
        ("video", {"image_urls": ["/etc/passwd"]}, 422),
        ("video", {"image_urls": IMAGES, "model": "black-forest-labs/flux-schnell"}, 422),
        ("video/async", {"image_urls": IMAGES, "callback_url": "ftp://x.test"}, 422),
        ("poll", {"prediction_id": "abc123"}, 404),
        ("poll", {"prediction_id": "01k9w3t8m2q7r5v6x0y4z1a2b3"}, 404),
        ("poll", {"prediction_id": "abc123", "timeout": 0}, 422),
        ("poll", {"prediction_id": "abc123", "timeout": 3601}, 422),
        ("poll", {"prediction_id": "abc123", "interval": 0}, 422),
        ("poll", {"prediction_id": "abc123", "interval": 61}, 422),
        ("estimate-cost", {"num_images": -1}, 422),
        ("estimate-cost", {"video_duration": -1}, 422),
    ],
)
def test_what_cannot_be_meant_is_refused(
    http: httpx2.Client, route: str, body: dict[str, Any], status: int
) -> None:
    answer = http.post(f"/api/generate/{route}", json=body)

    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_a_callback_to_the_gateway_itself_is_refused(http: httpx2.Client, here: Serving, host: str) -> None:
    """By whichever name of this machine."""
    port = here.origin.rpartition(":")[2]
    body = {"image_urls": IMAGES, "callback_url": f"http://{host}:{port}/api/generate/image"}

    answer = http.post("/api/generate/video/async", json=body)

    assert (answer.status_code, answer.json()["code"]) == (422, "bad_input")


def test_a_failed_picture_is_told_with_the_documents_words(http: httpx2.Client) -> None:
    """502, a problem with `success`, `error` and `prediction_id` beside it."""
    answer = http.post("/api/generate/image", json={"prompt": "[[fail=out of paint]] a boat"})

    told = answer.json()
    assert (answer.status_code, told["code"]) == (502, "generation_failed")
    assert (told["success"], told["image_url"]) == (False, None)
    assert "out of paint" in told["error"]
    polled = http.post("/api/generate/poll", json={"prediction_id": told["prediction_id"]}).json()
    assert (polled["status"], polled["error"]) == ("failed", told["error"])


def test_a_film_with_a_failed_clip_is_told_and_the_others_are_kept(http: httpx2.Client) -> None:
    images = [IMAGES[0], "https://example.com/[[fail=too-dark]].jpg"]

    answer = http.post("/api/generate/video", json={"image_urls": images})

    told = answer.json()
    assert (answer.status_code, told["code"]) == (502, "generation_failed")
    assert (told["success"], told["video_url"], told["duration_seconds"]) == (False, None, 0)
    assert told["error"].startswith("clip 2 of 2 was not made: ")
    assert "too-dark" in told["error"]
    rows = http.get("/api/generations", params={"limit": 2}).json()["data"]
    assert {row["state"] for row in rows} == {"succeeded", "failed"}


@pytest.mark.parametrize(("path", "deletes"), [("video", "a clip"), ("video/async", "all"), ("video", "all")])
def test_a_deleted_film_is_gone(http: httpx2.Client, here: Serving, path: str, deletes: str) -> None:
    """Rule 8: under the key that made it, it is told as gone and not bought anew; a poll knows it no more."""
    sent: dict[str, Any] = {
        "json": {"image_urls": IMAGES},
        "headers": {"Idempotency-Key": f"{deletes} of {path}"},
    }
    ident = http.post(f"/api/generate/{path}", **sent).json()["prediction_id"]
    poll = {"prediction_id": ident}
    made = http.post("/api/generate/poll", json=poll).json()
    again = http.post(f"/api/generate/{path}", **sent)
    clip = http.get(f"/api/orders/{ident}").json()["generations"][1]
    deleted = http.delete(f"/api/orders/{ident}" if deletes == "all" else f"/api/generations/{clip['id']}")
    bought = here.simulator.bills()["predictions"]

    gone = http.post(f"/api/generate/{path}", **sent)
    polled = http.post("/api/generate/poll", json=poll)

    assert (made["status"], deleted.status_code) == ("succeeded", 204)
    assert (again.json()["prediction_id"], again.headers["idempotency-replayed"]) == (ident, "true")
    assert (gone.status_code, gone.json()["code"]) == (410, "gone")
    assert ident in gone.json()["detail"]
    assert (polled.status_code, polled.json()["code"]) == (404, "unknown_order")
    assert here.simulator.bills()["predictions"] == bought


def test_what_takes_too_long_goes_on_and_is_named(hasty: Serving) -> None:
    """504 past the request timeout, with where to ask; nothing is bought twice, and the poll finds its end."""
    with hasty.http() as http:
        image = http.post("/api/generate/image", json={"prompt": "[[delay=3]] a boat"})
        film = http.post("/api/generate/video", json={"image_urls": ["https://example.com/[[delay=3]].jpg"]})
        told, film_told = image.json(), film.json()
        waited = http.post("/api/generate/poll", json={"prediction_id": told["prediction_id"]}).json()
        film_waited = http.post(
            "/api/generate/poll", json={"prediction_id": film_told["prediction_id"]}
        ).json()

    assert (image.status_code, told["code"]) == (504, "timeout")
    assert told["status_url"] == f"{hasty.origin}/api/generations/{told['id']}"
    assert told["prediction_id"] == told["id"]
    assert (film.status_code, film_told["code"]) == (504, "timeout")
    assert film_told["status_url"] == f"{hasty.origin}/api/orders/{film_told['id']}"
    assert (waited["status"], waited["error"]) == ("succeeded", None)
    assert waited["output"][0].startswith(f"{hasty.origin}/media/{told['id']}/0/")
    assert film_waited["status"] == "succeeded"
    assert film_waited["output"].startswith(f"{hasty.origin}/media/{film_told['id']}/0/")


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/generations", {"prompt": "[[delay=60]] a"}, 202),
        ("/api/orders", {"generations": [{"prompt": "[[delay=60]] a"}, {"prompt": "b"}]}, 202),
        (
            "/replicate/v1/models/black-forest-labs/flux-schnell/predictions",
            {"input": {"prompt": "[[delay=60]] a"}},
            201,
        ),
    ],
)
def test_a_wait_is_no_longer_than_the_server_allows(
    hasty: Serving, path: str, body: dict[str, Any], status: int
) -> None:
    """The answer tells how it stands then, with its id; how long was waited is said."""
    with hasty.http() as http:
        answer = http.post(path, json=body, headers={"Prefer": "wait=60"})
        http.post(f"{path if path.startswith('/api') else '/api/generations'}/{answer.json()['id']}/cancel")

    assert (answer.status_code, answer.headers["preference-applied"]) == (status, "wait=1")


def test_a_poll_ends_after_its_own_timeout(http: httpx2.Client) -> None:
    """200 with the status as it is: neither the request timeout nor the end is waited for."""
    ident = http.post("/api/generations", json={"prompt": "[[delay=60]] a boat"}).json()["id"]
    film = http.post(
        "/api/generate/video/async", json={"image_urls": ["https://example.com/[[delay=60]].jpg"]}
    ).json()["prediction_id"]

    began = time.monotonic()
    answers = [
        http.post("/api/generate/poll", json={"prediction_id": one, "timeout": 1}) for one in (ident, film)
    ]
    took_s = time.monotonic() - began
    http.post(f"/api/generations/{ident}/cancel")
    canceled = http.post("/api/generate/poll", json={"prediction_id": ident}).json()

    assert [answer.status_code for answer in answers] == [200, 200]
    assert {answer.json()["status"] for answer in answers} <= {"starting", "processing"}
    assert 2 <= took_s < 6
    assert canceled["status"] == "canceled"


def test_a_poll_may_wait_longer_than_other_requests(hasty: Serving) -> None:
    """Its timeout is its own: here a request may take a second and the slack, and this one takes longer."""
    with hasty.http() as http:
        ident = http.post("/api/generations", json={"prompt": "[[delay=13]] a boat"}).json()["id"]

        polled = http.post("/api/generate/poll", json={"prediction_id": ident, "timeout": 30})

    assert (polled.status_code, polled.json()["status"]) == (200, "succeeded")


def test_an_address_without_a_key_may_ask_for_ten_pictures_a_minute(
    server: embedded.Server, tmp_path: Path
) -> None:
    """As in the document; what is left is told, other routes and keys are not counted, and it can be set."""
    shared = {"TINTYPE_STORAGE_URL": tmp_path.as_uri()}
    with serving.database(server) as url, testing.simulator() as upstream:
        with serving.gateway(url, upstream, environment=shared) as here, here.http() as http:
            answers = [http.post("/api/generate/image", json={"prompt": "a boat"}) for _ in range(12)]
            estimate = http.post("/api/generate/estimate-cost", json={})
            key = json.loads(here.run("keys", "create", "--name", "a", "--json").stdout)["key"]
            with here.http(key) as keyed:
                with_key = keyed.post("/api/generate/image", json={"prompt": "a boat"})
        with (
            serving.gateway(url, upstream, environment=shared | {"TINTYPE_ADDRESS_RATE": "off"}) as here,
            here.http(key) as keyed,
        ):
            unlimited = keyed.post("/api/generate/image", json={"prompt": "a boat"})

    assert [answer.status_code for answer in answers] == [200] * 10 + [429] * 2
    assert [answer.headers["x-ratelimit-remaining"] for answer in answers[:3]] == ["9", "8", "7"]
    assert answers[0].headers["x-ratelimit-limit"] == "10"
    assert 0 < int(answers[0].headers["x-ratelimit-reset"]) - time.time() <= 61
    assert answers[-1].json()["code"] == "too_many_requests"
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    assert answers[-1].headers["x-ratelimit-remaining"] == "0"
    assert estimate.status_code == 200
    for answer in (with_key, unlimited):
        assert answer.status_code == 200
        assert "x-ratelimit-limit" not in answer.headers


def test_who_hangs_up_is_not_waited_for(http: httpx2.Client, here: Serving) -> None:
    """A poll of an hour ends with its connection; what it waited for goes on."""
    ident = http.post("/api/generations", json={"prompt": "[[delay=60]] a boat"}).json()["id"]
    parts = urlsplit(here.origin)
    body = json.dumps({"prediction_id": ident, "timeout": 3600})

    with socket.create_connection((parts.hostname, parts.port)) as line:
        line.sendall(
            f"POST /api/generate/poll HTTP/1.1\r\nHost: {parts.netloc}\r\nX-Request-Id: hangs-up\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
        )
        http.get("/healthz")

    ends_at = time.monotonic() + 10
    while "hangs-up" not in here.log.read_text() and time.monotonic() < ends_at:
        http.get("/healthz")
    told = [line for line in here.log.read_text().splitlines() if "hangs-up" in line]
    assert len(told) == 1
    assert "499" in told[0]
    assert http.get(f"/api/generations/{ident}").json()["state"] not in {"canceled", "failed"}
    http.post(f"/api/generations/{ident}/cancel")


def ported(text: str, here: Serving) -> str:
    """Return an example of the document's with this gateway's port."""
    return text.replace(document.ORIGIN, f"http://localhost:{urlsplit(here.origin).port}")


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        command,
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "NO_PROXY": "*"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done


def jsons(text: str) -> list[dict[str, Any]]:
    """Read several JSON documents, one after another."""
    found, decoder, at = [], json.JSONDecoder(), 0
    while at < len(text):
        value, at = decoder.raw_decode(text, at)
        found.append(value)
    return found
