"""`/media/…` and `/share/…`: links that nobody can guess, whole files and ranges, nothing that runs on our origin."""

from __future__ import annotations

import hashlib
import os
import re
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from tests.integration.gateway.receiving import verified
from tests.integration.gateway.storing import added, deleted
from tests.receiving import receiver
from tintype.service import sealing
from tintype.service.links import Links, Place, Shared

if TYPE_CHECKING:
    import httpx2

    from tests.integration.gateway.serving import Serving

LARGE_BYTES = 96 * 1024 * 1024


def made(http: httpx2.Client, **body: Any) -> dict[str, Any]:
    """Have something made, and return the generation as it is told."""
    told = http.post(
        "/api/generations", json={"prompt": "a boat", **body}, headers={"Prefer": "wait=30"}
    ).json()
    assert told["state"] == "succeeded"
    return dict(told)


def path_of(url: str) -> str:
    return urlsplit(url).path


def test_a_link_opens_without_a_key_and_stays_the_same(http: httpx2.Client, here: Serving) -> None:
    """Rule 24: the same output has the same URL, open to who has it; its bytes are those that were hashed."""
    told = made(http)
    (output,) = told["outputs"]

    answer = http.get(path_of(output["url"]))
    again = http.get(f"/api/generations/{told['id']}").json()

    assert output["url"].startswith(here.origin)
    assert again["outputs"][0]["url"] == output["url"]
    assert hashlib.sha256(answer.content).hexdigest() == output["sha256"]
    assert answer.headers["content-type"] == output["content_type"] == "image/webp"
    assert answer.headers["content-length"] == str(output["size_bytes"])
    assert answer.headers["etag"] == f'"{output["sha256"]}"'
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-disposition"] == f'inline; filename="flux-schnell-{told["id"]}-1.webp"'
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "content-security-policy" not in answer.headers
    saved = http.get(path_of(output["url"]), params={"download": 1})
    assert saved.headers["content-disposition"].startswith('attachment; filename="flux-schnell-')


def test_head_tells_of_the_file_without_it(http: httpx2.Client) -> None:
    (output,) = made(http)["outputs"]

    answer = http.head(path_of(output["url"]), headers={"Range": "bytes=0-1"})

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(output["size_bytes"])
    assert answer.headers["accept-ranges"] == "bytes"


@pytest.mark.parametrize(
    ("stated", "start", "end"),
    [
        ("bytes=0-9", 0, 10),
        ("bytes=5-", 5, None),
        ("bytes=-7", -7, None),
        ("bytes=3-99999999999", 3, None),
        ("bytes=-99999999999", 0, None),
        ("bytes=0-99999999999999999999", 0, None),
        ("bytes = 0 - 0", 0, 1),
    ],
)
def test_a_range_is_that_part_of_the_file(
    http: httpx2.Client, stated: str, start: int, end: int | None
) -> None:
    (output,) = made(http, seed=7)["outputs"]
    whole = http.get(path_of(output["url"])).content

    answer = http.get(path_of(output["url"]), headers={"Range": stated})

    assert (answer.status_code, answer.content) == (206, whole[start:end])
    first = start % len(whole)
    last = first + len(answer.content) - 1
    assert answer.headers["content-range"] == f"bytes {first}-{last}/{len(whole)}"


@pytest.mark.parametrize(
    "stated",
    [
        *("bytes=99999999-", "bytes=9-3", "bytes=x-y", "bytes=-", "bytes=-0"),
        pytest.param(f"bytes={' ' * 20_000}-{' ' * 20_000}x", id="spaces"),
    ],
)
def test_a_range_that_is_not_there_is_a_problem(http: httpx2.Client, stated: str) -> None:
    """416 with the file's size, as a problem."""
    (output,) = made(http, seed=7)["outputs"]

    answer = http.get(path_of(output["url"]), headers={"Range": stated})

    assert (answer.status_code, answer.json()["code"]) == (416, "range_not_there")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["content-range"] == f"bytes */{output['size_bytes']}"


@pytest.mark.parametrize(
    "headers",
    [
        {"Range": "bytes=0-1,4-5"},
        {"Range": "lines=1-2"},
        {"Range": "bytes=0-1", "If-Range": '"another"'},
        {"Range": "bytes=0-1", "If-Range": "Wed, 21 Oct 2026 07:28:00 GMT"},
    ],
)
def test_what_needs_no_part_gets_the_whole(http: httpx2.Client, headers: dict[str, str]) -> None:
    """Several ranges, other units, and ranges of what was another file."""
    (output,) = made(http, seed=7)["outputs"]

    answer = http.get(path_of(output["url"]), headers=headers)

    assert (answer.status_code, len(answer.content)) == (200, output["size_bytes"])


def test_who_has_it_gets_it_no_second_time(http: httpx2.Client) -> None:
    (output,) = made(http, seed=7)["outputs"]
    path, tag = path_of(output["url"]), f'"{output["sha256"]}"'

    answers = [
        http.get(path, headers={"If-None-Match": stated}) for stated in (tag, f'"a", W/{tag}', "*", '"a"')
    ]
    part = http.get(path, headers={"Range": "bytes=0-1", "If-Range": tag})

    assert [answer.status_code for answer in answers] == [304, 304, 304, 200]
    assert answers[0].content == b""
    assert answers[0].headers["etag"] == tag
    assert "immutable" in answers[0].headers["cache-control"]
    assert part.status_code == 206


def test_a_link_that_was_not_made_here_opens_nothing(http: httpx2.Client) -> None:
    """Rule 24: a code fits one output; for any other, for its thumbnail, or changed by a letter it is unknown."""
    first, second = made(http, seed=7), made(http, seed=8)
    path = path_of(first["outputs"][0]["url"])
    *_, code = path.split("/")
    other = "A" if code[3] != "A" else "B"

    tried = [
        path.replace(first["id"], second["id"]),
        path.replace(f"/0/{code}", f"/1/{code}"),
        path.replace(code, f"thumbnail-{code}"),
        path.replace(code, code[:3] + other + code[4:]),
        f"/media/{first['id']}/0/x",
        "/media/x/y/z",
    ]

    answers = [http.get(one) for one in tried]
    assert [answer.status_code for answer in answers] == [404] * len(tried)
    assert {answer.json()["code"] for answer in answers} == {"not_found"}


def test_a_deleted_output_is_gone(http: httpx2.Client, here: Serving) -> None:
    told = made(http)
    path = path_of(told["outputs"][0]["url"])
    shared = http.post(f"/api/generations/{told['id']}/share", json={}).json()["links"][0]["url"]

    deleted(here, told["id"])

    for one in (path, path_of(shared)):
        answer = http.get(one)
        assert (answer.status_code, answer.json()["code"]) == (410, "gone")
        assert answer.headers["cache-control"] == "no-store"


def test_a_thumbnail_is_linked_when_it_is_made(http: httpx2.Client) -> None:
    told = made(http)
    ends_at = time.monotonic() + 30
    while told["outputs"][0]["thumbnail_url"] is None and time.monotonic() < ends_at:
        told = http.get(f"/api/generations/{told['id']}").json()

    answer = http.get(path_of(told["outputs"][0]["thumbnail_url"]))

    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/webp")
    assert "-1-thumbnail.webp" in answer.headers["content-disposition"]


def test_a_drawing_cannot_run_a_script(http: httpx2.Client, here: Serving) -> None:
    """SVG, HTML and whatever is no picture, film or sound is shown in a sandbox without scripts or an origin."""
    told = made(http, model="recraft-ai/recraft-v3-svg", prompt="a boat")
    page = b"<!doctype html><script>document.title = document.domain</script>"
    added(here, told["id"], page, "text/html")
    drawing, page_told = http.get(f"/api/generations/{told['id']}").json()["outputs"]

    answers = [http.get(path_of(one["url"])) for one in (drawing, page_told)]

    assert [answer.headers["content-type"] for answer in answers] == [
        "image/svg+xml",
        "text/html; charset=utf-8",
    ]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert re.match(r"sandbox; default-src 'none';", policy)
        assert "allow-" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_shared_link_ends(http: httpx2.Client, here: Serving) -> None:
    """Rule 24: share links are the ones that expire: 410 then, and the end cannot be moved."""
    told = made(http)

    shared = http.post(f"/api/generations/{told['id']}/share", json={"expires_in": 60}).json()
    (link,) = shared["links"]
    path = path_of(link["url"])
    answer = http.get(path)

    assert hashlib.sha256(answer.content).hexdigest() == told["outputs"][0]["sha256"]
    assert re.fullmatch(r"private, max-age=(59|60)", answer.headers["cache-control"])
    found = re.search(r"/(\d+)-", path)
    assert found
    later = path.replace(found[1], str(int(found[1]) + 1))
    assert http.get(later).status_code == 404
    key = (here.folder / "data" / "files" / sealing.FILE).read_bytes()
    secret = sealing.Seal(key).derived(b"links")
    ended = Links(secret).shared_path(Shared(Place(told["id"], 0), int(time.time()) - 1))
    assert (http.get(ended).status_code, http.get(ended).json()["code"]) == (410, "gone")
    assert http.post(f"/api/generations/{told['id']}/share", json={"position": 4}).status_code == 404
    assert http.post(f"/api/generations/{told['id']}/share", json={"expires_in": 1}).status_code == 422


def test_what_is_not_made_yet_is_not_shared(http: httpx2.Client) -> None:
    ident = http.post("/api/generations", json={"prompt": "[[delay=60]] a boat"}).json()["id"]

    answer = http.post(f"/api/generations/{ident}/share", json={})

    assert (answer.status_code, answer.json()["code"]) == (409, "not_possible_now")
    http.post(f"/api/generations/{ident}/cancel")


def test_slow_readers_of_a_large_file_cost_little_memory(http: httpx2.Client, here: Serving) -> None:
    """Eight who stop reading at the first byte; and nothing stays open for those who leave."""
    told = made(http)
    position = added(here, told["id"], os.urandom(1024) * (LARGE_BYTES // 1024), "video/mp4")
    output = http.get(f"/api/generations/{told['id']}").json()["outputs"][position]
    assert http.get(path_of(output["url"]), headers={"Range": "bytes=-1"}).status_code == 206
    before = _memory_bytes(here.process.pid)

    readers = [_reader(here, path_of(output["url"])) for _ in range(8)]
    grown = _memory_bytes(here.process.pid) - before
    for reader in readers:
        reader.close()

    assert grown < 24 * 1024 * 1024
    ends_at = time.monotonic() + 10
    while _open(here.process.pid, output["sha256"]) and time.monotonic() < ends_at:
        http.get("/healthz")
    assert _open(here.process.pid, output["sha256"]) == 0


def _reader(here: Serving, path: str) -> socket.socket:
    parts = urlsplit(here.origin)
    reader = socket.create_connection((parts.hostname, parts.port))
    reader.sendall(f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode())
    assert reader.recv(16) == b"HTTP/1.1 200 OK\r"
    return reader


def _memory_bytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found
    return int(found[1]) * 1024


def _open(pid: int, sha256: str) -> int:
    """Count the open files of a process that hold an object."""
    count = 0
    for file in Path(f"/proc/{pid}/fd").iterdir():
        try:
            count += str(file.readlink()).endswith(sha256[2:])
        except FileNotFoundError:
            continue
    return count


def test_a_callback_tells_the_link(http: httpx2.Client, here: Serving) -> None:
    """The same that the generation tells, so that a receiver can fetch what was made without a key."""
    with receiver() as (url, came):
        body = {"prompt": "a boat", "callback_url": f"{url}/made"}
        ident = http.post("/api/generations", json=body).json()["id"]
        call = came.get(timeout=30)
    told = http.get(f"/api/generations/{ident}").json()

    (output,) = verified(here, call)["data"]["outputs"]
    assert output["url"] == told["outputs"][0]["url"]
    assert http.get(path_of(output["url"])).status_code == 200
