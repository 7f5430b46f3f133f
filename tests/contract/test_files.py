"""Files: upload in the ways of all SDKs, checksums, links, the day they live."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from tests.contract import wire
from tintype.simulator import uploads

if TYPE_CHECKING:
    from tintype.testing import Simulator

DAY_S = 86_400
CONTENT = b"\x89PNG not really \xff"
EDGE = "edge-of-the-form"


def _part(name: str, content: bytes, *, filename: str | None = None, kind: str | None = None) -> bytes:
    head = f'--{EDGE}\r\nContent-Disposition: form-data; name="{name}"'
    head += "" if filename is None else f'; filename="{filename}"'
    head += "" if kind is None else f"\r\nContent-Type: {kind}"
    return head.encode() + b"\r\n\r\n" + content + b"\r\n"


def _upload(simulator: Simulator, *parts: bytes) -> wire.Seen:
    return wire.send(
        simulator.url,
        "POST",
        "/v1/files",
        token=simulator.token,
        body=b"".join(parts) + f"--{EDGE}--\r\n".encode(),
        headers={"Content-Type": f"multipart/form-data; boundary={EDGE}"},
    )


def _made(simulator: Simulator) -> dict[str, Any]:
    seen = _upload(simulator, _part("content", CONTENT, filename="car.png", kind="image/png"))
    made: dict[str, Any] = seen.json()
    assert seen.status == 201
    return made


def test_an_upload_is_described_with_checksums(simulator: Simulator) -> None:
    """Name, type and size are the part's; md5 is the etag; it lives for a day."""
    made = _made(simulator)

    assert (made["name"], made["content_type"], made["size"]) == ("car.png", "image/png", len(CONTENT))
    md5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
    assert made["etag"] == made["checksums"]["md5"] == md5
    assert made["checksums"]["sha256"] == hashlib.sha256(CONTENT).hexdigest()
    assert made["metadata"] == {}
    assert made["urls"]["get"] == f"{simulator.url}/v1/files/{made['id']}"
    assert made["expires_at"][:10] > made["created_at"][:10]
    assert len(base64.b64decode(made["id"])) == 36


@pytest.mark.parametrize(
    "metadata",
    [
        _part("metadata", b'{"customer": 7}'),
        _part("metadata", b'{"customer": 7}', filename="blob", kind="application/json"),
    ],
    ids=["as a field", "as a blob"],
)
def test_metadata_comes_in_two_ways(simulator: Simulator, metadata: bytes) -> None:
    """The Python SDK sends a field, the JavaScript SDK a blob of JSON."""
    seen = _upload(simulator, _part("content", CONTENT, filename="a"), metadata)

    assert (seen.status, seen.json()["metadata"]) == (201, {"customer": 7})


def test_name_and_type_may_be_parts_of_their_own(simulator: Simulator) -> None:
    """They count more than those of the content's part."""
    seen = _upload(
        simulator,
        _part("content", CONTENT, filename="a.bin", kind="application/octet-stream"),
        _part("filename", "Ölbild.png".encode()),
        _part("type", b"image/png"),
    )

    assert (seen.json()["name"], seen.json()["content_type"]) == ("Ölbild.png", "image/png")


def test_files_are_listed_read_and_deleted(simulator: Simulator) -> None:
    """Newest first; what is deleted is gone for good."""
    first, second = _made(simulator), _made(simulator)
    path = f"/v1/files/{first['id']}"

    listed = wire.send(simulator.url, "GET", "/v1/files", token=simulator.token).json()
    read = wire.send(simulator.url, "GET", path, token=simulator.token)
    other = wire.send(simulator.url, "GET", path, token=simulator.new_token())
    deleted = wire.send(simulator.url, "DELETE", path, token=simulator.token)
    gone = wire.send(simulator.url, "GET", path, token=simulator.token)

    assert [one["id"] for one in listed["results"]] == [second["id"], first["id"]]
    assert read.json() == first
    assert (other.status, deleted.status, deleted.body, gone.status) == (404, 204, b"", 404)
    assert gone.json() == {"detail": "File not found", "status": 404}


def test_files_expire_after_a_day_of_the_clock(simulator: Simulator) -> None:
    """A minute before they are there, a minute after they are not."""
    made = _made(simulator)
    path = f"/v1/files/{made['id']}"

    simulator.advance(DAY_S - 60)
    assert wire.send(simulator.url, "GET", path, token=simulator.token).status == 200
    simulator.advance(120)
    assert wire.send(simulator.url, "GET", path, token=simulator.token).status == 404
    assert wire.send(simulator.url, "GET", "/v1/files", token=simulator.token).json()["results"] == []


def _link(simulator: Simulator, identity: str, **changes: str) -> str:
    account = simulator.account()
    expiry = str(int(datetime.fromisoformat(simulator.health()["now"]).timestamp()) + 600)
    message = f"{account['username']} {identity} {changes.get('expiry', expiry)}"
    digest = hmac.digest(account["files_signing_secret"].encode(), message.encode(), "sha256")
    query = {
        "owner": account["username"],
        "expiry": expiry,
        "signature": base64.b64encode(digest).decode(),
        **changes,
    }
    return f"/v1/files/{identity}/download?{urlencode(query)}"


def test_a_signed_link_opens_without_a_token(simulator: Simulator) -> None:
    """The bytes come as they went in; every part of the link is signed."""
    identity = _made(simulator)["id"]
    account = simulator.account(simulator.new_token())

    good = wire.send(simulator.url, "GET", _link(simulator, identity))
    past = wire.send(simulator.url, "GET", _link(simulator, identity, expiry="1700000000"))
    forged = [
        wire.send(simulator.url, "GET", _link(simulator, identity, **change)).status
        for change in (
            {"signature": "AAAA"},
            {"owner": account["username"]},
            {"expiry": "9999999999", "signature": "AAAA"},
            {"signature": ""},
        )
    ]

    assert (good.status, good.body) == (200, CONTENT)
    assert good.headers["content-type"] == "application/octet-stream"
    assert past.status == 404
    assert forged == [404] * 4


def test_a_file_is_an_input(simulator: Simulator) -> None:
    """`urls.get` goes straight into the input of a model that works on a picture."""
    made = wire.create(simulator.url, simulator.token, "a car", headers={"Prefer": "wait"}).json()
    picture = wire.send(simulator.url, "GET", made["output"][0].removeprefix(simulator.url)).body
    file = _upload(simulator, _part("content", picture, filename="car.webp", kind="image/webp")).json()

    body = {"version": "recraft-ai/recraft-crisp-upscale", "input": {"image": file["urls"]["get"]}}
    seen = wire.create(simulator.url, simulator.token, body=body, headers={"Prefer": "wait"})

    assert (seen.status, seen.json()["status"], seen.json()["error"]) == (201, "succeeded", None)


@pytest.mark.parametrize(
    ("parts", "status", "detail"),
    [
        ([_part("filename", b"a")], 422, "content is required"),
        ([_part("content", b"no file")], 422, "content is required"),
        ([_part("content", b"a", filename="a"), _part("metadata", b"[]")], 422, "Must be a JSON object"),
        ([_part("content", b"a", filename="a"), _part("metadata", b"{")], 422, "Must be a JSON object"),
        ([_part("content", b"a", filename="a" * 256)], 422, "less than or equal to 255"),
    ],
)
def test_a_wrong_form_is_refused(simulator: Simulator, parts: list[bytes], status: int, detail: str) -> None:
    """The problem says which part is wrong."""
    seen = _upload(simulator, *parts)

    assert seen.status == status
    assert detail in seen.json()["detail"]


def test_what_is_no_form_is_415(simulator: Simulator) -> None:
    """A JSON body is no upload."""
    seen = wire.send(
        simulator.url,
        "POST",
        "/v1/files",
        token=simulator.token,
        body={"content": "a"},
        headers={"Content-Type": "application/json"},
    )

    assert seen.status == 415


def test_100_mb_is_the_most(simulator: Simulator) -> None:
    """One byte more is 413, answered after the whole body was read."""
    content = bytes(uploads.BYTES_MAX)
    fits = _upload(simulator, _part("content", content, filename="a"))
    too_large = _upload(simulator, _part("content", content + b"\0", filename="a"))
    far_too_large = _upload(simulator, _part("content", content + bytes(4 * 1024 * 1024), filename="a"))

    assert (fits.status, fits.json()["size"]) == (201, uploads.BYTES_MAX)
    for seen in (too_large, far_too_large):
        assert seen.status == 413
        assert seen.headers["content-type"] == "application/problem+json"
        assert seen.json()["detail"] == "Files must be less than 100MB in size"


def test_json_of_the_client_comes_back(simulator: Simulator) -> None:
    """Metadata keeps every JSON value as it was."""
    metadata = {"text": "snow ❄", "list": [1, 2.5, None, True], "deep": {"a": {}}}

    seen = _upload(
        simulator,
        _part("content", b"a", filename="a"),
        _part("metadata", json.dumps(metadata, ensure_ascii=False).encode()),
    )

    assert seen.json()["metadata"] == metadata
