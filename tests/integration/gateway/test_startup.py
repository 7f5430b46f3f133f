"""What keeps a gateway from starting is told in one line, with exit code 2."""

from __future__ import annotations

import os
import socket
import subprocess
from typing import TYPE_CHECKING

import httpx2
import pytest

from tests import folders
from tests.integration.core.conftest import server
from tests.integration.gateway import serving
from tests.integration.gateway.serving import TINTYPE
from tintype import testing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tintype.store import embedded

__all__ = ["server"]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the database's account may enter."""
    with folders.opened() as made:
        yield made


def start(folder: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Start a gateway that is expected to refuse."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [TINTYPE, "serve", *options],
        env=kept | environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def told(done: subprocess.CompletedProcess[str]) -> str:
    """Return the one line in which it was told."""
    lines = done.stderr.splitlines()
    assert (done.returncode, done.stdout, len(lines)) == (2, "", 1), done.stderr
    assert "Traceback" not in done.stderr
    return lines[0]


def test_a_port_in_use_is_told(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = start(folder, "--port", str(port), TINTYPE_DATA=str(folder / "data"))

    assert f"port {port}" in told(done)


def test_a_data_folder_that_is_none_is_told(folder: Path) -> None:
    file = folder / "data"
    file.write_text("mine")

    done = start(folder, "--port", "0", TINTYPE_DATA=str(file))

    assert str(file) in told(done)
    assert file.read_text() == "mine"


def test_a_wrong_setting_is_told(folder: Path) -> None:
    done = start(folder, TINTYPE_DATA=str(folder / "data"), TINTYPE_PORT="many")

    assert "TINTYPE_PORT" in told(done)


def test_a_clock_that_is_minutes_off_upstreams_is_told(server: embedded.Server, folder: Path) -> None:
    with serving.database(server) as url, testing.simulator() as upstream:
        upstream.advance(600)
        done = start(
            folder,
            "--port",
            "0",
            TINTYPE_DATA=str(folder / "data"),
            TINTYPE_DATABASE_URL=url,
            TINTYPE_REPLICATE_URL=upstream.url,
            REPLICATE_API_TOKEN=upstream.token,
        )

    assert done.returncode == 2
    assert "10 minutes behind upstream's" in done.stderr.splitlines()[-1]


def test_without_a_token_the_simulator_runs_beside_a_gateway_that_does_not_work(folder: Path) -> None:
    """What is printed as upstream answers; a worker that comes later shares it."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environment = kept | {"TINTYPE_DATA": str(folder / "data")}
    with subprocess.Popen(
        [TINTYPE, "serve", "--port", "0", "--no-worker"],
        env=environment,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            assert process.stdout
            said = dict(line.strip().split(" ", 1) for line in (process.stdout.readline() for _ in range(2)))
            parts = httpx2.get(f"{said['ready']}/readyz", trust_env=False, timeout=30).json()["parts"]
            with subprocess.Popen(
                [TINTYPE, "worker"],
                env=environment,
                cwd=folder,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            ) as worker:
                assert worker.stdout
                shared = worker.stdout.readline()
                worker.terminate()
        finally:
            process.terminate()

    upstream = said["upstream"].partition(" ")[0]
    assert {one["name"]: one["good"] for one in parts}["upstream"]
    assert shared == f"ready for {upstream} (simulated)\n"
