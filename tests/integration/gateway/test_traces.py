"""Traces of real processes, sent by OTLP to a receiver of the test's own."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.integration.gateway import serving
from tests.integration.gateway.serving import TINTYPE
from tintype import testing
from tintype.domain import ids

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tintype.store import embedded

PROMPT = "a lighthouse that no trace shows"


class Receiver:
    """Takes traces by http, and keeps them as they came."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        bodies = self.bodies

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Keep the tests' output clean."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @contextmanager
    def running(self) -> Iterator[Receiver]:
        thread = threading.Thread(target=self._server.serve_forever)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def spans(self) -> list[tuple[str, str, int, str]]:
        """Return name, trace, process and service of every span."""
        found = []
        for body in self.bodies:
            for sent in ExportTraceServiceRequest.FromString(body).resource_spans:
                facts = {one.key: one.value for one in sent.resource.attributes}
                for scope in sent.scope_spans:
                    found += [
                        (
                            span.name,
                            span.trace_id.hex(),
                            facts["process.pid"].int_value,
                            facts["service.name"].string_value,
                        )
                        for span in scope.spans
                    ]
        return found


def test_a_generation_is_one_trace_across_processes(server: embedded.Server, tmp_path: Path) -> None:
    """Admitted by the gateway, bought and stored by a worker; its number is the id."""
    with (
        Receiver().running() as receiver,
        serving.database(server) as url,
        testing.simulator() as upstream,
        serving.gateway(
            url, upstream, "--no-worker", environment={"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url}
        ) as here,
        here.http() as http,
    ):
        worker = subprocess.Popen(
            [TINTYPE, "worker"],
            env=here.environment,
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        made = http.post("/api/generations", json={"prompt": PROMPT}, headers={"Prefer": "wait=30"}).json()
        worker.send_signal(signal.SIGTERM)
        worker.communicate(timeout=30)
        code = here.stop()

    assert (made["state"], code, worker.returncode) == ("succeeded", 0, 0)
    number = f"{ids.number(made['id']):032x}"
    ours = [(name, process) for name, trace, process, _ in receiver.spans() if trace == number]
    names = {name for name, _ in ours}
    assert {"admit", "submit", "upstream predictions.create", "capture", "generation"} <= names
    assert {process for _, process in ours} == {here.process.pid, worker.pid}
    assert {service for *_, service in receiver.spans()} == {"tintype"}
    for body in receiver.bodies:
        assert upstream.token.encode() not in body
        assert PROMPT.encode() not in body


def test_a_receiver_that_is_away_holds_up_nothing(server: embedded.Server) -> None:
    """Work goes on, and a stop takes under ten seconds."""
    with (
        serving.database(server) as url,
        testing.simulator() as upstream,
        serving.gateway(
            url, upstream, environment={"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
        ) as here,
        here.http() as http,
    ):
        made = http.post("/api/generations", json={"prompt": PROMPT}, headers={"Prefer": "wait=30"}).json()
        began = time.monotonic()
        code = here.stop()

    assert (made["state"], code) == ("succeeded", 0)
    assert time.monotonic() - began < 10
