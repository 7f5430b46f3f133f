"""An S3 server for whatever keeps files in a bucket."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

_BUCKETS = iter(range(1_000_000))


@dataclass(frozen=True)
class S3:
    """An S3 server: where it listens, and what it is asked directly."""

    url: str

    def call(self, method: str, path: str) -> bytes:
        parts = urlsplit(self.url)
        with contextlib.closing(HTTPConnection(parts.hostname or "", parts.port or 0)) as connection:
            connection.request(method, path)
            answer = connection.getresponse()
            assert answer.status < 300, answer.read()
            return answer.read()

    def bucket(self) -> str:
        name = f"bucket-{next(_BUCKETS)}"
        self.call("PUT", f"/{name}")
        return name


@pytest.fixture(scope="session")
def s3() -> Iterator[S3]:
    """An S3 server in a process of its own."""
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stderr is not None
        for line in server.stderr:
            if "Running on" in line or "CTRL+C" in line:
                break
        yield S3(f"http://127.0.0.1:{port}")
    finally:
        server.kill()
        server.communicate()


@pytest.fixture
def s3_credentials(s3: S3, monkeypatch: pytest.MonkeyPatch) -> S3:
    """The environment as a cloud's own tools read it."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "tests")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "tests")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3.url)
    return s3
