"""`/api/files`: uploaded as they come, kept under their hash, opened by their owner alone, given as input."""

from __future__ import annotations

import hashlib
import io
import json
import os
import socket
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from PIL import Image

from tests.integration.gateway import serving
from tintype import testing
from tintype.service.uploads import SIZE_MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx2

    from tests.integration.gateway.serving import Serving
    from tintype.store import embedded

EDITOR = "black-forest-labs/flux-kontext-pro"
NOBODYS = "01k9w3t8m2q7r5v6x0y4z1a2b3"


@pytest.fixture(scope="module")
def here(server: embedded.Server) -> Iterator[Serving]:
    """A gateway with keys."""
    with (
        serving.database(server) as url,
        testing.simulator() as upstream,
        serving.gateway(url, upstream) as made,
    ):
        yield made


@pytest.fixture(scope="module")
def keys(here: Serving) -> tuple[str, str]:
    """Two keys."""
    return tuple(
        json.loads(here.run("keys", "create", "--name", name, "--json").stdout)["key"] for name in ("a", "b")
    )


@pytest.fixture
def http(here: Serving, keys: tuple[str, str]) -> Iterator[httpx2.Client]:
    """A client with the first of the keys."""
    with here.http(keys[0]) as client:
        yield client


@pytest.fixture
def other(here: Serving, keys: tuple[str, str]) -> Iterator[httpx2.Client]:
    """A client with the second."""
    with here.http(keys[1]) as client:
        yield client


def png(shade: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (96, 64), (shade, 0, 0)).save(file, "PNG")
    return file.getvalue()


def stored(here: Serving, sha256: str) -> Path:
    return here.folder / "data" / "files" / "objects" / sha256[:2] / sha256[2:]


@pytest.mark.parametrize("way", ["form", "replicate's form", "raw"])
def test_a_file_is_kept_and_shown(http: httpx2.Client, here: Serving, way: str) -> None:
    """As a part of a form, or as the body; under its hash, with what was said of it."""
    content = png(len(way))
    if way == "raw":
        answer = http.post(
            "/api/files", content=content, params={"name": "boat.png"}, headers={"content-type": "image/png"}
        )
    else:
        part = "file" if way == "form" else "content"
        answer = http.post("/api/files", files={part: ("boat.png", content, "image/png")})

    told = answer.json()
    assert answer.status_code == 201
    assert (told["name"], told["content_type"], told["size_bytes"]) == ("boat.png", "image/png", len(content))
    assert told["sha256"] == hashlib.sha256(content).hexdigest()
    assert told["url"] == f"{here.origin}/api/files/{told['id']}"
    assert http.get(f"/api/files/{told['id']}").json() == told
    assert stored(here, told["sha256"]).read_bytes() == content
    back = http.get(f"/api/files/{told['id']}/download", headers={"Range": "bytes=1-3"})
    assert (back.status_code, back.content) == (206, b"PNG")
    assert back.headers["content-disposition"] == 'attachment; filename="boat.png"'
    assert "public" not in back.headers["cache-control"]


def test_uploads_are_listed_newest_first(http: httpx2.Client) -> None:
    idents = [http.post("/api/files", content=png(shade)).json()["id"] for shade in (100, 101, 102)]

    first = http.get("/api/files", params={"limit": 2}).json()
    rest = http.get("/api/files", params={"limit": 2, "cursor": first["next"]}).json()

    assert [one["id"] for one in first["data"]] == idents[:0:-1]
    assert rest["data"][0]["id"] == idents[0]
    assert http.get("/api/files", params={"cursor": "x"}).status_code == 400


def test_anothers_file_is_not_there(http: httpx2.Client, other: httpx2.Client) -> None:
    """Rule 22: neither shown, nor listed, given back, deleted, or taken as an input."""
    told = http.post("/api/files", content=png(110)).json()

    answers = [
        other.get(f"/api/files/{told['id']}"),
        other.get(f"/api/files/{told['id']}/download"),
        other.delete(f"/api/files/{told['id']}"),
        http.get(f"/api/files/{NOBODYS}"),
        http.delete(f"/api/files/{NOBODYS}"),
        http.get("/api/files/x"),
    ]
    given = other.post(
        "/api/generations",
        json={"prompt": "a boat", "model": EDITOR, "input": {"input_image": told["url"]}},
    )

    assert [answer.status_code for answer in answers] == [404] * 6
    assert told["id"] not in {one["id"] for one in other.get("/api/files").json()["data"]}
    assert (given.status_code, given.json()["code"]) == (422, "bad_input")
    assert http.get(f"/api/files/{told['id']}").status_code == 200


@pytest.mark.parametrize("way", ["its url", "its download"])
def test_a_file_is_given_as_input(http: httpx2.Client, here: Serving, way: str) -> None:
    """Rule 23: the bytes go upstream, not the link; and stay for what they were given to when the upload goes."""
    told = http.post("/api/files", content=png(120 + len(way))).json()
    link = told["url"] if way == "its url" else f"{told['url']}/download"

    made = http.post(
        "/api/generations",
        json={"prompt": "a boat", "model": EDITOR, "input": {"input_image": link}},
        headers={"Prefer": "wait=30"},
    ).json()
    deleted = http.delete(f"/api/files/{told['id']}")

    assert made["state"] == "succeeded"
    (seen,) = [one for one in here.simulator.predictions() if one["id"] == made["prediction_id"]]
    assert seen["input"]["input_image"].startswith(("data:image/png", here.simulator.url))
    assert deleted.status_code == 204
    assert http.get(f"/api/files/{told['id']}").status_code == 404
    assert stored(here, told["sha256"]).exists()


def test_a_file_goes_with_its_last_upload(http: httpx2.Client, here: Serving) -> None:
    """Rule 18: equal bytes are one object, deleted with the last row that names it."""
    first, second = (http.post("/api/files", content=png(130)).json() for _ in range(2))

    http.delete(f"/api/files/{first['id']}")
    is_there = stored(here, first["sha256"]).exists()
    http.delete(f"/api/files/{second['id']}")

    assert first["sha256"] == second["sha256"]
    assert is_there
    assert not stored(here, first["sha256"]).exists()


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"content": b""}, 422),
        ({"files": {"picture": ("a.png", b"x", "image/png")}}, 422),
        ({"files": [("file", ("a", b"x")), ("file", ("b", b"y"))]}, 422),
        ({"files": {"file": ("a.png", b"", "image/png")}}, 422),
        ({"content": b"x", "headers": {"content-type": "multipart/form-data"}}, 400),
        ({"content": b"--x\r\n", "headers": {"content-type": "multipart/form-data; boundary=x"}}, 400),
        ({"content": b"x", "params": {"name": "a" * 256}}, 422),
    ],
)
def test_what_is_no_file_is_refused(http: httpx2.Client, options: dict[str, Any], status: int) -> None:
    answer = http.post("/api/files", **options)

    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


def test_odd_names_and_types_are_shown_without_harm(http: httpx2.Client) -> None:
    """A line break is no part of a name, and a NUL is refused; a type that is none is told by the content."""
    told = http.post(
        "/api/files", content=png(140), params={"name": "ab\r\nc.png"}, headers={"content-type": "x y"}
    ).json()
    page = http.post(
        "/api/files", files={"file": ("../x y.html", b"<html><script></script>", "text/html")}
    ).json()

    assert (told["name"], told["content_type"]) == ("ab??c.png", "image/png")
    assert http.post("/api/files", content=png(140), params={"name": "a\0b.png"}).status_code == 422
    back = http.get(f"/api/files/{page['id']}/download")
    assert back.headers["content-disposition"] == 'attachment; filename="x-y.html"'
    assert back.headers["content-security-policy"].startswith("sandbox;")


def test_a_large_file_is_received_in_little_memory_and_too_large_a_one_not(
    http: httpx2.Client, here: Serving, keys: tuple[str, str]
) -> None:
    """Up to the limit it goes to the store as it comes; beyond it, 413, and nothing is left behind."""
    before = memory_bytes(here.process.pid)
    grown = [0]

    told = http.post("/api/files", content=pieces(here, SIZE_MAX_BYTES - 1, grown, before)).json()
    with socket.create_connection((urlsplit(here.origin).hostname, urlsplit(here.origin).port)) as line:
        line.sendall(
            f"POST /api/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {keys[0]}\r\n"
            f"Content-Type: image/png\r\nContent-Length: {SIZE_MAX_BYTES + 1}\r\n\r\n".encode()
        )
        sending = threading.Thread(target=send, args=(line, SIZE_MAX_BYTES + 1))
        sending.start()
        refused = line.recv(65_536)
        sending.join()

    assert told["size_bytes"] == SIZE_MAX_BYTES - 1
    assert max(grown) < 32 * 1024 * 1024
    assert refused.startswith(b"HTTP/1.1 413 ")
    drafts = here.folder / "data" / "files" / "drafts"
    ends_at = time.monotonic() + 10
    while list(drafts.iterdir()) and time.monotonic() < ends_at:
        http.get("/healthz")
    assert list(drafts.iterdir()) == []


def test_who_leaves_in_the_middle_leaves_nothing(
    here: Serving, http: httpx2.Client, keys: tuple[str, str]
) -> None:
    count = len(http.get("/api/files").json()["data"])
    with socket.create_connection((urlsplit(here.origin).hostname, urlsplit(here.origin).port)) as line:
        line.sendall(
            f"POST /api/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {keys[0]}\r\n"
            "Content-Type: image/png\r\nContent-Length: 5000000\r\n\r\n".encode()
        )
        line.sendall(os.urandom(2_000_000))

    drafts = here.folder / "data" / "files" / "drafts"
    ends_at = time.monotonic() + 10
    while list(drafts.iterdir()) and time.monotonic() < ends_at:
        http.get("/healthz")
    assert list(drafts.iterdir()) == []
    assert len(http.get("/api/files").json()["data"]) == count


def pieces(here: Serving, size: int, grown: list[int], before: int) -> Iterator[bytes]:
    piece = os.urandom(1024 * 1024)
    for at in range(0, size, len(piece)):
        yield piece[: size - at]
        grown.append(memory_bytes(here.process.pid) - before)


def memory_bytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


def send(line: socket.socket, size: int) -> None:
    piece = os.urandom(1024 * 1024)
    try:
        for at in range(0, size, len(piece)):
            line.sendall(piece[: size - at])
    except OSError:
        return
