"""Servers that are measured side by side, each in processes of its own: ours, LiteLLM's proxy, nginx."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.stand import accounts, place
from bench.stand.load import program

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bench.stand import upstream

PROMPT = "a lighthouse on a cliff, oil on canvas"
PICTURE = json.dumps({"model": "flux-schnell", "prompt": PROMPT, "n": 1}).encode()
"""The body of a request in OpenAI's words."""
GENERATION = json.dumps({"model": "flux-schnell", "prompt": PROMPT}).encode()
"""The body of a request in our own words."""
_START_S = 60.0
_STOP_S = 12.0
_LOOK_S = 0.01
_BIN = Path(sys.executable).parent
_LITELLM = Path(__file__).parents[2] / ".environments" / "peers" / "litellm" / "bin" / "litellm"


@dataclass(frozen=True, slots=True)
class Server:
    """A server that has answered. `start_s` is from its start to the end of that answer."""

    origin: str
    path: str
    body: bytes
    authorization: str
    process: subprocess.Popen[bytes]
    start_s: float
    data: Path | None = None

    @property
    def url(self) -> str:
        """Where its pictures are asked for."""
        return self.origin + self.path

    @property
    def pids(self) -> list[int]:
        """Its processes, without PostgreSQL's."""
        found = accounts.tree(self.process.pid)
        if self.data is not None:
            database = accounts.postmaster(self.data)
            theirs = set(accounts.tree(database))
            found = [pid for pid in found if pid not in theirs]
            # Who looks after the database is ours, and a child of nobody.
            supervisor = accounts.parent(database)
            found += [supervisor] if supervisor > 1 and supervisor not in found else []
        return found

    def cpu_s(self) -> float:
        """Return what it has used so far, PostgreSQL along with it."""
        database = [] if self.data is None else accounts.tree(accounts.postmaster(self.data))
        return accounts.cpu_s(*self.pids, *database)

    def memory_bytes(self) -> int:
        """Return what its processes hold, without PostgreSQL's."""
        return accounts.private_bytes(*self.pids)

    def database_bytes(self) -> int:
        """Return what PostgreSQL's processes hold."""
        return (
            0 if self.data is None else accounts.private_bytes(*accounts.tree(accounts.postmaster(self.data)))
        )

    def ask(self) -> int:
        """Ask once; returns the status."""
        return _ask(self.url, self.body, self.authorization)


@contextmanager
def litellm(stub: upstream.Running, folder: Path) -> Iterator[Server]:
    """Run LiteLLM's proxy as its documentation says for production, with the settings of `litellm.yaml`."""
    key = f"sk-{secrets.token_hex(32)}"
    port = _free_port()
    settings = Path(__file__).with_name("litellm.yaml")
    given = {
        "BENCH_UPSTREAM": f"{stub.url}/v1",
        "BENCH_UPSTREAM_KEY": "sk-nothing",
        "BENCH_MASTER_KEY": key,
        "LITELLM_MODE": "PRODUCTION",
        "LITELLM_LOG": "ERROR",
    }
    command: list[str | Path] = [
        _LITELLM,
        "--config",
        settings,
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--telemetry",
        "False",
    ]
    path = "/v1/images/generations"
    with _running(command, given, folder, port, path, PICTURE, f"Bearer {key}") as server:
        yield server


@contextmanager
def tintype(
    stub: upstream.Running,
    folder: Path,
    *,
    key: str,
    works: bool,
    path: str = "/api/generations",
    body: bytes = GENERATION,
) -> Iterator[Server]:
    """Run `tintype serve` on a data folder, with webhooks."""
    port = _free_port()
    origin = f"http://127.0.0.1:{port}"
    given = place.environment(folder / "data", stub, public_url=origin)
    command: list[str | Path] = [
        _BIN / "tintype",
        "serve",
        "--port",
        str(port),
        "--worker" if works else "--no-worker",
    ]
    with _running(command, given, folder, port, path, body, f"Bearer {key}", data=folder / "data") as server:
        yield server


@contextmanager
def nginx(folder: Path) -> Iterator[Server]:
    """Run nginx with one process that answers every POST with the same few words."""
    port = _free_port()
    settings = folder / "nginx.conf"
    settings.write_text(
        "worker_processes 1;\ndaemon off;\npid nginx.pid;\nerror_log stderr error;\n"
        "events { worker_connections 1024; }\n"
        f"http {{ access_log off; server {{ listen 127.0.0.1:{port}; keepalive_requests 10000000;\n"
        f"location / {{ default_type application/json; return 202 '{GENERATION.decode()}'; }} }} }}\n",
        encoding="utf-8",
    )
    command: list[str | Path] = [program("nginx"), "-p", str(folder), "-c", str(settings)]
    with _running(command, {}, folder, port, "/api/generations", GENERATION, "") as server:
        yield server


def make_key(stub: upstream.Running, folder: Path) -> str:
    """Make an API key with a budget of its own."""
    done = subprocess.run(
        [
            _BIN / "tintype",
            "keys",
            "create",
            "--name",
            "bench",
            "--budget-usd",
            "1000000",
            "--per",
            "month",
            "--json",
        ],
        env=os.environ | place.environment(folder / "data", stub, public_url=None),
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return str(json.loads(done.stdout)["key"])


@contextmanager
def _running(
    command: Sequence[str | Path],
    given: Mapping[str, str],
    folder: Path,
    port: int,
    path: str,
    body: bytes,
    authorization: str,
    *,
    data: Path | None = None,
) -> Iterator[Server]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "TINTYPE_"))}
    log_path = folder / "log"
    begun = time.monotonic()
    with log_path.open("ab") as log:
        process = subprocess.Popen(command, env=kept | dict(given), cwd=folder, stdout=log, stderr=log)
    try:
        origin = f"http://127.0.0.1:{port}"
        _until_answered(process, origin + path, body, authorization, begun, log_path)
        yield Server(origin, path, body, authorization, process, time.monotonic() - begun, data)
    finally:
        process.terminate()
        try:
            process.wait(timeout=_STOP_S)
        except subprocess.TimeoutExpired:
            # It waits for requests that nobody will answer.
            process.kill()
            process.wait()


def _until_answered(
    process: subprocess.Popen[bytes], url: str, body: bytes, authorization: str, begun: float, log: Path
) -> None:
    while True:
        try:
            status = _ask(url, body, authorization)
        except OSError:
            status = 0
        if 200 <= status < 300:
            return
        if process.poll() is not None or time.monotonic() - begun > _START_S or status:
            raise RuntimeError(f"no answer but {status} of {url}: {log.read_text(errors='replace')[-2000:]}")
        time.sleep(_LOOK_S)


def _ask(url: str, body: bytes, authorization: str) -> int:
    headers = {"Content-Type": "application/json", "Authorization": authorization}
    request = urllib.request.Request(url, data=body, headers=headers)  # noqa: S310 - it is ours
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - as above
            answer.read()
            return int(answer.status)
    except urllib.error.HTTPError as refusal:
        return refusal.code


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port
