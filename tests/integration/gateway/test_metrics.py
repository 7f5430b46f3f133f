"""`/metrics` of real processes: who may look, what is told, and that several processes tell of all together."""

from __future__ import annotations

import signal
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx2
from prometheus_client.parser import text_string_to_metric_families

from tests.integration.gateway import serving
from tests.integration.gateway.serving import TINTYPE
from tests.waiting import until
from tintype import testing

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.gateway.serving import Serving
    from tintype.store import embedded

FLUX = "black-forest-labs/flux-schnell"
Labels = frozenset[tuple[str, str]]


def _read(text: str) -> dict[str, dict[Labels, float]]:
    found: dict[str, dict[Labels, float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[frozenset(sample.labels.items())] = sample.value
    return found


def _labels(**labels: str) -> Labels:
    return frozenset(labels.items())


def test_a_generation_shows_in_the_metrics(here: Serving, http: httpx2.Client) -> None:
    """What was admitted, made, stored and paid; upstream's calls; how the queues stand; nobody's name."""
    asked = {"prompt": "a boat", "user": "ada-whom-nobody-names", "project": "secret-project"}
    made = http.post("/api/generations", json=asked, headers={"Prefer": "wait=30"}).json()

    # The end is counted once it is in the database, where the request that waits may see it a moment before.
    until(lambda: "tintype_generations_ended_total" in _read(http.get("/metrics").text))
    reply = http.get("/metrics")

    told = _read(reply.text)
    assert made["state"] == "succeeded"
    assert reply.headers["content-type"].startswith("text/plain; version=")
    assert told["replicate_image_requests_total"][_labels()] >= 1
    assert told["replicate_image_duration_seconds_count"][_labels()] >= 1
    assert told["tintype_generations_ended_total"][_labels(model=FLUX, state="succeeded")] >= 1
    assert told["tintype_cost_usd_total"][_labels(model=FLUX)] >= 0.003
    assert told["tintype_booked_today_usd"][_labels(kind="charge")] >= 0.003
    assert told["tintype_capture_seconds_count"][_labels()] >= 1
    assert told["tintype_end_lag_seconds_count"][_labels(by="tracker")] >= 1
    assert told["tintype_upstream_requests_total"][_labels(route="predictions.create", status="ok")] >= 1
    assert (
        told["tintype_http_requests_total"][_labels(method="POST", route="/api/generations", status="200")]
        >= 1
    )
    assert told["tintype_job_seconds_count"][_labels(queue="submit")] >= 1
    assert told["tintype_queue_depth"][_labels(queue="submit")] == 0
    assert (told["tintype_database_up"][_labels()], told["tintype_workers"][_labels()]) == (1, 1)
    assert told["tintype_throttle_ceiling_per_minute"][_labels(lane="creates")] == 600
    assert "ada" not in reply.text
    assert "secret-project" not in reply.text


def test_every_way_to_a_route_is_counted_as_the_route(http: httpx2.Client) -> None:
    """By the shortcut, with what it refuses, and by HEAD."""

    def counted(method: str, route: str, status: str) -> float:
        told = _read(http.get("/metrics").text)["tintype_http_requests_total"]
        return told.get(_labels(method=method, route=route, status=status), 0)

    before = counted("POST", "/api/generations", "202"), counted("POST", "/api/generations", "401")
    refused = http.post(
        "/api/generations", json={"prompt": "a boat"}, headers={"Authorization": "Bearer tt_no"}
    )
    made = http.post("/api/generations", json={"prompt": "a boat"})
    http.head(f"/api/generations/{made.json()['id']}")

    assert (made.status_code, refused.status_code) == (202, 401)
    until(lambda: counted("HEAD", "/api/generations/{id}", "200") >= 1)
    assert counted("POST", "/api/generations", "202") == before[0] + 1
    assert counted("POST", "/api/generations", "401") == before[1] + 1


def test_metrics_are_for_this_machine_or_a_key(http: httpx2.Client, here: Serving) -> None:
    """Rule 24: whatever came through a proxy or by a foreign name is not this machine's own."""
    foreign = (
        {"X-Forwarded-For": "10.0.0.1"},
        {"X-Forwarded-Server": "proxy"},
        {"Host": "tintype.example.com"},
        {"Origin": "null"},
        {"Origin": "http://[::"},
    )
    port = urlsplit(here.origin).port
    odd = (
        f"evil.com@localhost:{port}",
        f"localhost:{port}/x",
        f"localhost:{port}#evil",
        f"localhost:{port}?",
        "localhost:",
    )
    for headers in (*foreign, *({"Host": one} for one in odd)):
        refused = http.get("/metrics", headers=headers)

        assert (refused.status_code, refused.json()["code"]) == (401, "key_missing")


def test_several_processes_tell_of_all_together(server: embedded.Server) -> None:
    """Whichever of them is asked, the count is that of all requests; their folder goes with them."""
    with (
        serving.database(server) as url,
        testing.simulator() as upstream,
        serving.gateway(url, upstream, "--workers", "2") as here,
    ):

        def ask(_: int) -> int:
            # A connection of its own, so that either process may be the one that takes it.
            with here.http() as http:
                return http.get("/healthz").status_code

        before = _healthz(here)
        with ThreadPoolExecutor(8) as pool:
            statuses = list(pool.map(ask, range(40)))
        # A request is counted when it is answered, a moment after the answer.
        until(lambda: _healthz(here) == before + 40)
        counts = {_healthz(here) for _ in range(12)}

        assert set(statuses) == {200}
        assert counts == {before + 40}
        assert here.stop() == 0
        # Each request has one line of the log, which is ours.
        assert "uvicorn.access" not in here.log.read_text()


def _healthz(here: Serving) -> float:
    with here.http() as http:
        told = _read(http.get("/metrics").text)
    asked = told["tintype_http_requests_total"]
    return asked[_labels(method="GET", route="/healthz", status="200")]


def test_a_worker_serves_its_own_metrics_where_that_is_wished(
    server: embedded.Server, tmp_path: Path
) -> None:
    """Its jobs are counted in it, and nowhere else."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (
        serving.database(server) as url,
        testing.simulator() as upstream,
        serving.gateway(url, upstream, "--no-worker") as here,
        here.http() as http,
    ):
        worker = subprocess.Popen(
            [TINTYPE, "worker"],
            env={**here.environment, "TINTYPE_METRICS_ADDRESS": str(port)},
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        made = http.post("/api/generations", json={"prompt": "a boat"}, headers={"Prefer": "wait=30"}).json()
        address = f"http://127.0.0.1:{port}/metrics"
        until(lambda: "tintype_generations_ended_total" in _read(httpx2.get(address, trust_env=False).text))
        told = _read(httpx2.get(address, trust_env=False).text)
        elsewhere = _read(http.get("/metrics").text)
        worker.send_signal(signal.SIGTERM)
        worker.communicate(timeout=30)

    assert (worker.returncode, made["state"]) == (0, "succeeded")
    assert told["tintype_generations_ended_total"] == {_labels(model=FLUX, state="succeeded"): 1.0}
    assert elsewhere["replicate_image_requests_total"] == {_labels(): 1.0}
    assert "tintype_generations_ended_total" not in elsewhere


def test_an_address_that_cannot_be_had_is_told(here: Serving, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [TINTYPE, "worker"],
            env={**here.environment, "TINTYPE_METRICS_ADDRESS": port},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    assert done.returncode == 2
    assert f"TINTYPE_METRICS_ADDRESS: cannot listen on 127.0.0.1 port {port}" in done.stderr
