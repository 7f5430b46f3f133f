"""A gateway in a process of its own, as `tintype serve` starts it.

with serving.gateway(url, simulator) as here:
    here.http(key).post("/api/generations", json={…})
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2

from tests import folders
from tests.integration.core.conftest import cloned

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tintype.testing import Simulator

TINTYPE = Path(sys.executable).with_name("tintype")
STOP_S = 15.0
# A database of a gateway's own.
database = cloned


@dataclass(slots=True)
class Serving:
    """A gateway that runs: where it listens, its process, its database, data folder, environment and log."""

    origin: str
    process: subprocess.Popen[str]
    database_url: str
    folder: Path
    environment: dict[str, str]
    log: Path
    simulator: Simulator

    def http(self, key: str | None = None, **options: Any) -> httpx2.Client:
        """Return a client with a key's Authorization header, to be closed by `with`."""
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        return httpx2.Client(base_url=self.origin, headers=headers, timeout=60.0, trust_env=False, **options)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run another command of `tintype` on the same data, such as `keys create --name a --json`."""
        return subprocess.run(
            [TINTYPE, *arguments],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )

    def stop(self) -> int:
        """Send SIGTERM and return the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_S)


@contextlib.contextmanager
def gateway(
    url: str,
    simulator: Simulator,
    *options: str,
    environment: Mapping[str, str] | None = None,
    program: Sequence[str | Path] = (TINTYPE, "serve", "--port", "0"),
) -> Iterator[Serving]:
    """Run a gateway on a free port with a simulator upstream, and stop it at the end."""
    with folders.opened() as folder:
        kept = ("PATH", "HOME", "LANG")
        env = {name: os.environ[name] for name in kept if name in os.environ} | {
            "TINTYPE_DATA": str(folder / "data"),
            "TINTYPE_DATABASE_URL": url,
            "TINTYPE_REPLICATE_URL": simulator.url,
            "TINTYPE_ALLOW_LOOPBACK_URLS": "1",
            "REPLICATE_API_TOKEN": simulator.token,
            **(environment or {}),
        }
        log = folder / "log"
        with log.open("w") as written:
            process = subprocess.Popen(
                [*program, *options],
                env=env,
                cwd=folder,
                stdout=subprocess.PIPE,
                stderr=written,
                text=True,
            )
        try:
            assert process.stdout
            origin = ""
            while not origin:
                line = process.stdout.readline()
                assert line, f"the gateway did not start: {log.read_text()}"
                origin = line.removeprefix("ready ").strip() if line.startswith("ready ") else ""
            yield Serving(origin, process, url, folder, env, log, simulator)
        finally:
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(STOP_S)
                except subprocess.TimeoutExpired:
                    process.kill()
            process.communicate()
