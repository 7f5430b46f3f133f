"""A client that asks again because it got no answer pays once; one that asks twice gets two (rule 8)."""

from __future__ import annotations

import signal
import socket
import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx2
import psycopg
import pytest

from tests.integration.core.conftest import server
from tests.integration.gateway import serving
from tintype import testing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.integration.gateway.serving import Serving
    from tintype.store import embedded
    from tintype.testing import Simulator

__all__ = ["server"]

FLUX = "/replicate/v1/models/black-forest-labs/flux-schnell/predictions"
WAIT = {"Prefer": "wait=30"}


@pytest.fixture
def upstream() -> Iterator[Simulator]:
    """A simulator of the test's own."""
    with testing.simulator() as made:
        yield made


@pytest.fixture
def url(server: embedded.Server) -> Iterator[str]:
    """A database of the test's own."""
    with serving.database(server) as made:
        yield made


@pytest.mark.parametrize("workers", ["1", "2"])
def test_who_hangs_up_and_asks_again_pays_once(url: str, upstream: Simulator, workers: str) -> None:
    """Whenever it hung up: before it was admitted, while it waited, or when the answer was on its way."""
    with serving.gateway(url, upstream, "--workers", workers) as here, here.http() as http:
        for number, pause_s in enumerate((0.0, 0.002, 0.005, 0.02, 0.1, 0.3)):
            body = {"input": {"prompt": f"[[delay=0.5]] boat {number}"}}
            _hang_up(here, body, pause_s, WAIT)

            made = _post(http, body, WAIT)

            assert made["status"] == "succeeded"
        listed = http.get("/replicate/v1/predictions").json()["results"]

    prompts = [one["input"]["prompt"] for one in listed]
    assert len(prompts) == len(set(prompts)) == upstream.bills()["predictions"] == 6


def test_what_a_killed_process_was_to_answer_is_joined(url: str, upstream: Simulator, tmp_path: Path) -> None:
    """Killed between the admission and the answer: the next process gives what was bought, once."""
    shared = {"TINTYPE_STORAGE_URL": tmp_path.as_uri()}
    body = {"input": {"prompt": "[[delay=2]] a lighthouse"}}
    with serving.gateway(url, upstream, environment=shared) as first:
        asking = threading.Thread(target=_ask_in_vain, args=(first, body))
        asking.start()
        with psycopg.connect(url, autocommit=True) as look:
            while look.execute("SELECT state FROM generations").fetchone() != ("running",):
                time.sleep(0.01)
        first.process.send_signal(signal.SIGKILL)
        first.process.wait()
        asking.join()
    (bought,) = upstream.predictions()

    with serving.gateway(url, upstream, environment=shared) as second, second.http() as http:
        made = _post(http, body, WAIT)
        listed = http.get("/replicate/v1/predictions").json()["results"]

    assert made["status"] == "succeeded"
    assert [one["id"] for one in listed] == [made["id"]]
    assert [one["id"] for one in upstream.predictions()] == [bought["id"]]


def test_a_user_who_asks_twice_gets_two(url: str, upstream: Simulator) -> None:
    """One after the other, and at the same time."""
    body = {"input": {"prompt": "a lighthouse"}}
    with serving.gateway(url, upstream) as here, here.http() as http:
        after = [_post(http, body) for _ in range(3)]
        beside: list[dict[str, Any]] = []
        threads = [
            threading.Thread(target=lambda: beside.append(_post_alone(here, body, WAIT))) for _ in range(5)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert len({one["id"] for one in after + beside}) == 8
    assert {one["status"] for one in beside} == {"succeeded"}


def test_an_sdk_that_says_that_it_repeats_is_given_the_same(url: str, upstream: Simulator) -> None:
    """However well the first answer was written; another body, route or key is another request."""
    body = {"input": {"prompt": "a lighthouse"}}
    again = {"x-stainless-retry-count": "1"}
    with serving.gateway(url, upstream) as here, here.http() as http:
        first = _post(http, body, {"x-stainless-retry-count": "0"})

        same = _post(http, body, again)
        bare = http.post(FLUX.replace("/v1", ""), json=body, headers=again).json()
        other = _post(http, {"input": {"prompt": "a boat"}}, again)

    assert first["id"] == same["id"] == bare["id"] != other["id"]


def test_once_it_is_admitted_upstreams_faults_are_no_answer(url: str, upstream: Simulator) -> None:
    """Whatever upstream does: the answer is the prediction as it stands, never a 5xx."""
    upstream.faults([{"path": "/models/*", "method": "POST", "do": "answer", "status": 500}])
    with serving.gateway(url, upstream) as here, here.http() as http:
        asked = http.post(FLUX, json={"input": {"prompt": "a boat"}}, headers={"Prefer": "wait=1"})

    assert (asked.status_code, asked.json()["status"]) == (201, "starting")


def _post(http: httpx2.Client, body: dict[str, Any], headers: dict[str, str] | None = None) -> dict[str, Any]:
    answer = http.post(FLUX, json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


def _post_alone(here: Serving, body: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
    with here.http() as http:
        return _post(http, body, headers)


def _ask_in_vain(here: Serving, body: dict[str, Any]) -> None:
    with here.http() as http, pytest.raises(httpx2.TransportError):
        http.post(FLUX, json=body, headers=WAIT)


def _hang_up(here: Serving, body: dict[str, Any], pause_s: float, headers: dict[str, str]) -> None:
    """Send a request as the client would, and leave without reading the answer."""
    place = urlsplit(here.origin)
    content = httpx2.Request("POST", here.origin, json=body).content
    lines = [f"POST {FLUX} HTTP/1.1", f"Host: {place.netloc}", "Content-Type: application/json"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += [f"Content-Length: {len(content)}", "", ""]
    with socket.create_connection((place.hostname, place.port)) as line:
        line.sendall("\r\n".join(lines).encode() + content)
        time.sleep(pause_s)
