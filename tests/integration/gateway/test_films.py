"""Films by `/api/generate`: joined by a job that outlives requests and processes, told of by a signed callback."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psycopg
import pytest

from tests import folders
from tests.integration.gateway import serving
from tests.integration.gateway.receiving import verified
from tests.integration.gateway.storing import deleted
from tests.receiving import receiver
from tintype import testing

if TYPE_CHECKING:
    import httpx2

    from tests.integration.gateway.serving import Serving
    from tintype.store import embedded

IMAGES = ["https://example.com/img1.jpg", "https://example.com/img2.jpg"]
# A process has begun to join.
JOINING = "SELECT count(*) FROM procrastinate_jobs WHERE queue_name = 'film' AND status = 'doing'"


def test_the_callback_of_a_film_carries_its_result(http: httpx2.Client, here: Serving) -> None:
    """Accepted at once; the result object is sent signed, for what failed too."""
    with receiver() as (url, came):
        good = http.post(
            "/api/generate/video/async", json={"image_urls": IMAGES[:1], "callback_url": f"{url}/good"}
        )
        bad = http.post(
            "/api/generate/video/async",
            json={"image_urls": ["https://example.com/[[fail=too-dark]].jpg"], "callback_url": f"{url}/bad"},
        )
        calls = [came.get(timeout=30) for _ in range(2)]

    accepted = good.json()
    assert (good.status_code, accepted["status"]) == (202, "accepted")
    assert accepted["message"] == "Video generation started in background"
    assert accepted["status_url"] == f"{here.origin}/api/orders/{accepted['prediction_id']}"
    results = {call.path: verified(here, call) for call in calls}
    assert set(results["/good"]) == {"success", "video_url", "error", "prediction_id", "duration_seconds"}
    assert (results["/good"]["success"], results["/good"]["duration_seconds"]) == (True, 5)
    assert http.get(urlsplit(results["/good"]["video_url"]).path).status_code == 200
    assert results["/bad"]["prediction_id"] == bad.json()["prediction_id"]
    assert (results["/bad"]["success"], results["/bad"]["video_url"]) == (False, None)
    assert "too-dark" in results["/bad"]["error"]


def test_the_same_key_gives_the_same_film(http: httpx2.Client) -> None:
    headers = {"Idempotency-Key": "film-1"}
    body = {"image_urls": IMAGES[:1]}

    first = http.post("/api/generate/video", json=body, headers=headers).json()
    again = http.post("/api/generate/video", json=body, headers=headers).json()
    others = [
        http.post("/api/generate/video", json=other, headers=headers)
        for other in ({"image_urls": IMAGES}, {**body, "crossfade": 0.5}, {**body, "prompt": "a storm"})
    ]

    assert again == first
    assert [other.status_code for other in others] == [409] * 3


def test_a_film_is_made_after_all_when_its_clip_is_repeated(http: httpx2.Client, here: Serving) -> None:
    """A clip that upstream did not take is repeated alone; the film follows, told by its order and a callback."""
    rule = {"on": "request", "method": "POST", "path": "/models/*/predictions", "do": "answer", "status": 422}
    here.simulator.faults([{**rule, "count": 1, "body": {"detail": "not this one"}}])
    with receiver() as (url, came):
        film = http.post(
            "/api/generate/video/async", json={"image_urls": IMAGES, "callback_url": f"{url}/film"}
        ).json()
        first = came.get(timeout=30)
        failed = http.get(urlsplit(film["status_url"]).path).json()
        here.simulator.clear_faults()
        http.post(f"{urlsplit(film['status_url']).path}/retry")
        second = came.get(timeout=60)
    made = http.get(urlsplit(film["status_url"]).path).json()

    told, told_again = verified(here, first), verified(here, second)
    assert (told["success"], told_again["success"]) == (False, True)
    assert (failed["film"]["state"], failed["film"]["url"]) == ("failed", None)
    assert (made["state"], made["film"]["state"]) == ("succeeded", "succeeded")
    assert made["film"]["url"] == told_again["video_url"]
    assert made["film"]["seconds"] == pytest.approx(10.125)
    assert http.get(urlsplit(made["film"]["url"]).path).status_code == 200


@pytest.mark.parametrize("is_killed", [True, False], ids=["killed", "stopped"])
def test_a_film_is_joined_after_a_restart(server: embedded.Server, *, is_killed: bool) -> None:
    """The process ends while clips are joined; the next one joins them, once, and buys nothing."""
    with (
        folders.opened() as data,
        serving.database(server) as url,
        testing.simulator() as upstream,
    ):
        kept = {"TINTYPE_DATA": str(data)}
        with (
            serving.gateway(url, upstream, environment=kept) as first,
            first.http() as http,
            psycopg.connect(url) as brake,
        ):
            film = http.post("/api/generate/video/async", json={"image_urls": IMAGES}).json()["prediction_id"]
            # Nobody can end it while we hold its row, however fast clips are joined.
            brake.execute("SELECT FROM films FOR NO KEY UPDATE")
            while scalar(url, JOINING) == 0:
                http.get("/healthz")
            if is_killed:
                first.process.kill()
                first.process.wait()
            else:
                assert first.stop() == 0
            assert scalar(url, "SELECT count(*) FROM films WHERE state = 'waiting'") == 1
            brake.rollback()

        with serving.gateway(url, upstream, environment=kept) as second, second.http() as http:
            polled = {"status": "processing"}
            while polled["status"] == "processing":
                body = {"prediction_id": film, "timeout": 30}
                polled = http.post("/api/generate/poll", json=body).json()

        assert polled["status"] == "succeeded"
        assert upstream.bills()["predictions"] == len(IMAGES)
        # What a killed process leaves behind is swept when it is hours old.
        assert is_killed or list(Path(data, "files", "drafts").iterdir()) == []


def test_a_film_goes_with_its_clips(http: httpx2.Client, here: Serving) -> None:
    """Who deletes a clip deletes the film that shows it: its link is gone, and so is its file."""
    told = http.post("/api/generate/video", json={"image_urls": IMAGES}).json()
    with psycopg.connect(here.database_url) as look:
        (clip,) = look.execute(
            "SELECT id FROM generations WHERE order_id = %s LIMIT 1", (told["prediction_id"],)
        ).fetchone() or ("",)
        (sha256,) = look.execute(
            "SELECT sha256 FROM films WHERE order_id = %s", (told["prediction_id"],)
        ).fetchone() or ("",)
    stored = here.folder / "data" / "files" / "objects" / sha256[:2] / sha256[2:]
    assert stored.exists()

    deleted(here, clip)

    answer = http.get(urlsplit(told["video_url"]).path)
    assert (answer.status_code, answer.json()["code"]) == (410, "gone")
    assert not stored.exists()


def scalar(url: str, statement: str) -> int:
    with psycopg.connect(url) as look:
        row = look.execute(statement.encode()).fetchone()
    return int(row[0]) if row else 0
