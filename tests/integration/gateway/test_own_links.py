"""Links of ours among inputs (rule 23): the file goes upstream, if it is the caller's, and never the link."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.integration.gateway.storing import deleted

if TYPE_CHECKING:
    import httpx2

    from tests.integration.gateway.serving import Serving

EDITOR = "black-forest-labs/flux-kontext-pro"


def made(http: httpx2.Client, **body: Any) -> httpx2.Response:
    return http.post("/api/generations", json={"prompt": "a boat", **body}, headers={"Prefer": "wait=30"})


def edited(http: httpx2.Client, image: str) -> httpx2.Response:
    return made(http, model=EDITOR, input={"input_image": image})


def sent(here: Serving, told: dict[str, Any]) -> str:
    """Return what upstream was given as the picture."""
    (seen,) = [one for one in here.simulator.predictions() if one["id"] == told["prediction_id"]]
    return str(seen["input"]["input_image"])


@pytest.mark.parametrize("kind", ["output", "shared", "at another address"])
def test_a_picture_of_ones_own_is_sent_as_a_file(http: httpx2.Client, here: Serving, kind: str) -> None:
    """Whichever link names it, and at whatever address the gateway was reached."""
    first = made(http).json()
    link = first["outputs"][0]["url"]
    if kind == "shared":
        link = http.post(f"/api/generations/{first['id']}/share", json={}).json()["links"][0]["url"]
    if kind == "at another address":
        link = link.replace(here.origin, "https://tintype.example.com")

    told = edited(http, link).json()

    assert told["state"] == "succeeded"
    assert told["input"]["input_image"] == f"tintype:sha256:{first['outputs'][0]['sha256']}"
    assert sent(here, told).startswith(("data:image/webp", here.simulator.url))


def test_a_film_is_ones_own_too(http: httpx2.Client) -> None:
    """A film is asked for by its link as a clip is; a model that takes pictures says what it thinks of it."""
    film = http.post(
        "/api/generate/video", json={"image_urls": ["https://example.com/a.jpg", "https://example.com/b.jpg"]}
    ).json()

    told = edited(http, film["video_url"]).json()

    assert told["input"]["input_image"].startswith("tintype:sha256:")


def test_anothers_picture_and_one_that_is_gone_are_refused(http: httpx2.Client, here: Serving) -> None:
    """Rule 22: who has the link may look at it; to have it sent in one's own name it has to be one's own."""
    others, gone = made(http).json(), made(http).json()
    with psycopg.connect(here.database_url) as work:
        work.execute("UPDATE generations SET key_id = 'another' WHERE id = %s", (others["id"],))
    deleted(here, gone["id"])
    bought = here.simulator.bills()["predictions"]

    answers = [edited(http, one["outputs"][0]["url"]) for one in (others, gone)]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(422, "bad_input")] * 2
    assert here.simulator.bills()["predictions"] == bought


def test_no_spelling_leads_past_this(http: httpx2.Client, here: Serving) -> None:
    """Rule 23: a link is read as those who follow it and those who answer it read it."""
    others = made(http).json()
    with psycopg.connect(here.database_url) as work:
        work.execute("UPDATE generations SET key_id = 'another' WHERE id = %s", (others["id"],))
    gone = http.post("/api/files", files={"file": ("a.png", b"a picture")}).json()
    http.delete(f"/api/files/{gone['id']}").raise_for_status()
    kept = http.post("/api/files", files={"file": ("a.png", b"a picture")}).json()["url"]
    spelt = [
        "http://{host}/./{path}",
        "http://{host}//{path}",
        "http://{host}/x/../{path}",
        "http://{host}/x/%2e%2E/{path}",
        "http://{host}/{quoted}",
        "http://{host}/%25{rest}",
        "http://{host}/{path}?" + "x" * 3_000,
        " http:/{host}/{path}",
        "HTT\nP:\\\\someone:secret@{host}\\{path}",
    ]

    def ways(link: str) -> list[str]:
        path = link.removeprefix(f"{here.origin}/")
        quoted = f"%{ord(path[0]):x}{path[1:]}"
        host = here.origin.removeprefix("http://")
        return [one.format(host=host, path=path, quoted=quoted, rest=quoted[1:]) for one in spelt]

    links = [*ways(others["outputs"][0]["url"]), *ways(gone["url"])]
    bought = here.simulator.bills()["predictions"]
    answers = [edited(http, link).status_code for link in links]

    assert answers == [422] * len(links)
    assert here.simulator.bills()["predictions"] == bought
    assert edited(http, ways(kept)[4]).json()["input"]["input_image"].startswith("tintype:sha256:")


def test_a_link_of_ones_own_that_leads_nowhere_is_none_of_elsewhere(
    http: httpx2.Client, here: Serving
) -> None:
    """An upload that was deleted, an id that there never was, a share that is over: none goes upstream as a link."""
    kept = http.post("/api/files", files={"file": ("a.png", b"a picture")}).json()
    http.delete(f"/api/files/{kept['id']}").raise_for_status()
    links = [
        kept["url"],
        f"{here.origin}/replicate/v1/files/01k9w3t8m2q7r5v6x0y4z1a2b3",
        f"{here.origin}/api/files/{'0' * 64}/download",
    ]
    bought = here.simulator.bills()["predictions"]

    answers = [edited(http, link) for link in links]

    assert [(one.status_code, one.json()["code"]) for one in answers] == [(422, "bad_input")] * len(links)
    assert "not any more" in answers[0].json()["detail"]
    assert here.simulator.bills()["predictions"] == bought
    elsewhere = edited(http, "https://example.com/api/files/01k9w3t8m2q7r5v6x0y4z1a2b3").json()
    assert sent(here, elsewhere) == "https://example.com/api/files/01k9w3t8m2q7r5v6x0y4z1a2b3"


def test_an_address_elsewhere_goes_as_it_is(http: httpx2.Client, here: Serving) -> None:
    """Also one that only looks like a link of ours."""
    link = "https://example.com/media/01k9w3t8m2q7r5v6x0y4z1a2b3/0/AAAAAAAAAAAAAAAAAAAAAA.png"

    told = edited(http, link).json()

    assert sent(here, told) == link
