"""Stores of files: a folder, and a bucket of an S3 server that runs for these tests."""

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

from tintype.media import files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

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


@dataclass(frozen=True)
class Shop:
    """A store, and what lies in it, seen from outside."""

    files: files.Files
    names: Callable[[], list[str]]
    drafts: Path


@pytest.fixture(params=["disk", "s3"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Shop:
    """A store of each kind, empty."""
    if request.param == "disk":
        return folder_shop(tmp_path)
    return bucket_shop(request.getfixturevalue("s3_credentials"), tmp_path)


@pytest.fixture
def disk_shop(tmp_path: Path) -> Shop:
    """A store in a folder."""
    return folder_shop(tmp_path)


@pytest.fixture
def cloud_shop(s3_credentials: S3, tmp_path: Path) -> Shop:
    """A store in a bucket."""
    return bucket_shop(s3_credentials, tmp_path)


def folder_shop(tmp_path: Path) -> Shop:
    root = tmp_path / "a folder"

    def names() -> list[str]:
        return sorted(
            str(path.relative_to(root))
            for path in root.rglob("*")
            if path.is_file() and path.suffix != ".part"
        )

    return Shop(files.Files(root.as_uri(), drafts=tmp_path / "unused"), names, root / "drafts")


def bucket_shop(s3: S3, tmp_path: Path) -> Shop:
    bucket = s3.bucket()

    def names() -> list[str]:
        listed = s3.call("GET", f"/{bucket}?list-type=2").decode()
        return sorted(part.partition("</Key>")[0] for part in listed.split("<Key>")[1:])

    drafts = tmp_path / "drafts"
    return Shop(files.Files(f"s3://{bucket}", drafts=drafts), names, drafts)
