"""A gateway that stops, and callers that leave: nothing is lost, nothing is bought twice."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx2
import psycopg
import pytest

from tests import waiting
from tests.integration.core.conftest import server
from tests.integration.gateway import serving
from tintype import testing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.gateway.serving import Serving
    from tintype.store import embedded
    from tintype.testing import Simulator

__all__ = ["server"]

CLIENTS = 8
HOST = """\
import socket, uvicorn
from fastapi import FastAPI
from tintype.api import router

app = FastAPI()
app.include_router(router)
listener = socket.create_server(("127.0.0.1", 0))
print(f"ready http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
uvicorn.Server(uvicorn.Config(app)).run(sockets=[listener])
"""


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


def test_a_stop_under_load_loses_nothing(url: str, upstream: Simulator, tmp_path: Path) -> None:
    """Whatever was accepted is made by the next gateway, once; no job is left with a worker that is gone."""
    shared = {"TINTYPE_STORAGE_URL": tmp_path.as_uri()}
    accepted: list[str] = []
    with serving.gateway(url, upstream, environment=shared) as first:
        threads = [threading.Thread(target=_ask, args=(first, accepted)) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        while len(accepted) < 60:
            time.sleep(0.01)
        began = time.monotonic()
        code = first.stop()
        took_s = time.monotonic() - began
        for thread in threads:
            thread.join()
    with psycopg.connect(url) as look:
        held = look.execute("SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing'").fetchone()

    with serving.gateway(url, upstream, environment=shared) as second, second.http() as http:
        ended = [_ended(http, ident) for ident in accepted]

    assert (code, held) == (0, (0,))
    assert took_s < 10
    assert {one["state"] for one in ended} == {"succeeded"}
    assert upstream.bills()["predictions"] == len(set(accepted)) == len(accepted)


def test_who_waits_is_answered_when_it_stops(url: str, upstream: Simulator) -> None:
    """A request that waits for its generation gets it as it stands; an upload that does not end gets a problem."""
    answers: list[httpx2.Response] = []
    with serving.gateway(url, upstream, environment={"TINTYPE_SHUTDOWN_S": "2"}) as here:

        def wait() -> None:
            with here.http() as http:
                body = {"prompt": "[[delay=60]] a lighthouse"}
                answers.append(http.post("/api/generations", json=body, headers={"Prefer": "wait=60"}))

        waiting = threading.Thread(target=wait)
        waiting.start()
        while not upstream.predictions():
            time.sleep(0.01)
        upload = _uploading(here)
        began = time.monotonic()
        code = here.stop()
        waiting.join()
        cut = upload.getresponse()
        told, log = json.load(cut), here.log.read_text()
        upload.close()

    assert time.monotonic() - began < 10
    assert answers[0].status_code == 202
    assert answers[0].json()["state"] in {"submitting", "running"}
    assert (code, cut.status, told["code"]) == (0, 503, "stopping")
    assert (cut.headers["Retry-After"], cut.headers["Connection"]) == ("5", "close")
    assert "Traceback" not in log
    assert told["request_id"] in log


def test_a_caller_that_hangs_up_pays_once(url: str, upstream: Simulator) -> None:
    """It asks again under the same Idempotency-Key, whenever it hung up, and gets the same generation."""
    with serving.gateway(url, upstream) as here, here.http() as http:
        for number, pause_s in enumerate((0.0, 0.001, 0.003, 0.01, 0.03)):
            _hang_up(here, f"key {number}", pause_s)
            made = http.post(
                "/api/generations",
                json={"prompt": f"boat {number}"},
                headers={"Idempotency-Key": f"key {number}", "Prefer": "wait=30"},
            )
            assert (made.status_code, made.json()["state"]) == (200, "succeeded")

        assert upstream.bills()["predictions"] == 5


def test_several_processes_answer_as_one(url: str, upstream: Simulator) -> None:
    with serving.gateway(url, upstream, "--workers", "2") as here, here.http() as http:
        made = [
            http.post("/api/generations", json={"prompt": f"boat {number}"}, headers={"Prefer": "wait=30"})
            for number in range(6)
        ]
        holders = _listening(here)
        code = here.stop()

    assert {one.json()["state"] for one in made} == {"succeeded"}
    assert (code, upstream.bills()["predictions"]) == (0, 6)
    # Those that answer and the one above them, and none that decodes pictures.
    assert len(holders) == 3, holders
    assert not any("pool_worker" in one for one in holders)


def test_several_processes_end_with_the_one_above_them(url: str, upstream: Simulator) -> None:
    """However that ended: they would answer on, and hold its port."""
    with serving.gateway(url, upstream, "--workers", "2", "--no-worker") as here:
        here.process.kill()

        waiting.until(lambda: not _listening(here))


def test_an_app_that_mounts_it_stops_while_a_stream_is_open(url: str, upstream: Simulator) -> None:
    """Its server waits for all connections before it tells anybody; the stream ends by itself."""
    with (
        serving.gateway(url, upstream, program=(sys.executable, "-c", HOST)) as here,
        here.http() as http,
        http.stream("GET", "/api/events") as events,
    ):
        assert events.status_code == 200
        here.stop()
        events.read()
        log = here.log.read_text()

    assert ("Application shutdown complete" in log, "Traceback" in log) == (True, False)


def _uploading(here: Serving) -> HTTPConnection:
    """Begin an upload that does not end; it is under way when the gateway asks for more of it."""
    place = urlsplit(here.origin)
    line = HTTPConnection(place.hostname or "", place.port)
    line.putrequest("POST", "/api/files")
    line.putheader("Content-Length", "50000000")
    line.putheader("Expect", "100-continue")
    line.endheaders()
    assert line.sock.recv(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
    line.send(b"the first of it")
    return line


def _listening(here: Serving) -> list[str]:
    """Return the command lines of the processes that hold a gateway's listening socket."""
    port = f":{urlsplit(here.origin).port:04X}"
    inodes = {
        f"socket:[{line.split()[9]}]"
        for line in Path("/proc/net/tcp").read_text().splitlines()
        if line.split()[1].endswith(port) and line.split()[3] == "0A"
    }
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            held = {str(one.readlink()) for one in (process / "fd").iterdir()}
            if inodes & held:
                found.append((process / "cmdline").read_text())
    return found


def _ask(here: Serving, accepted: list[str]) -> None:
    """Ask for one after the other until nobody answers any more."""
    with here.http() as http:
        while True:
            try:
                answer = http.post("/api/generations", json={"prompt": "a lighthouse"})
            except httpx2.TransportError:
                return
            if answer.status_code == 202:
                accepted.append(answer.json()["id"])


def _ended(http: httpx2.Client, ident: str) -> dict[str, object]:
    while True:
        found: dict[str, object] = http.get(f"/api/generations/{ident}").json()
        if found["finished_at"] is not None:
            return found
        time.sleep(0.02)


def _hang_up(here: Serving, key: str, pause_s: float) -> None:
    """Send a request and leave without reading the answer."""
    place = urlsplit(here.origin)
    body = b'{"prompt": "boat %s"}' % key.rpartition(" ")[2].encode()
    head = (
        f"POST /api/generations HTTP/1.1\r\nHost: {place.netloc}\r\nContent-Type: application/json\r\n"
        f"Idempotency-Key: {key}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection((place.hostname, place.port)) as line:
        line.sendall(head.encode() + body)
        time.sleep(pause_s)


@pytest.mark.parametrize("options", [(), ("--workers", "2")])
@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("TINTYPE_PUBLIC_URL", "http://tintype.example.com", "is not https"),
        ("TINTYPE_DATA", "/dev/null", "/dev/null"),
    ],
)
def test_a_gateway_that_cannot_start_says_why_in_one_line(
    tmp_path: Path, options: tuple[str, ...], setting: str, value: str, said: str
) -> None:
    """Bad input and rule 26: exit code 2, and nothing of the layers below."""
    token = {"REPLICATE_API_TOKEN": "r8_" + "0" * 37}
    ended = subprocess.run(
        [serving.TINTYPE, "serve", "--port", "0", *options],
        env={"PATH": os.environ["PATH"], "TINTYPE_DATA": str(tmp_path / "data"), **token, setting: value},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr
    assert said in next(line for line in ended.stderr.splitlines() if line.startswith("tintype: "))


def test_a_certificate_that_is_none_is_refused_in_one_line(tmp_path: Path) -> None:
    nothing = tmp_path / "nothing.pem"
    nothing.write_text("nothing")
    ended = subprocess.run(
        [serving.TINTYPE, "serve", "--port", "0", "--tls-cert", nothing, "--tls-key", nothing],
        env={"PATH": os.environ["PATH"], "TINTYPE_DATA": str(tmp_path / "data")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (ended.returncode, ended.stderr.count("\n"), "--tls-cert" in ended.stderr) == (2, 1, True)
