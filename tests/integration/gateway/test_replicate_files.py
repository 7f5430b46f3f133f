"""Files of Replicate's API: uploaded, listed, given as input, downloaded, deleted."""

from __future__ import annotations

import hashlib
import json
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    import httpx2

    from tests.integration.gateway.serving import Serving

BASE = "/replicate/v1"
KONTEXT = f"{BASE}/models/black-forest-labs/flux-kontext-pro/predictions"
FLUX = f"{BASE}/models/black-forest-labs/flux-schnell/predictions"
WAIT = {"Prefer": "wait=30"}


def _upload(http: httpx2.Client, content: bytes = b"a boat", **parts: Any) -> dict[str, Any]:
    files = {"content": ("notes.txt", content, "text/plain"), **parts}
    answer = http.post(f"{BASE}/files", files=files)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_a_file_is_uploaded_listed_and_deleted(http: httpx2.Client, here: Serving) -> None:
    made = _upload(http, metadata=(None, json.dumps({"customer": 7}), "application/json"))

    assert (made["name"], made["size"], made["content_type"]) == ("notes.txt", 6, "text/plain")
    assert made["metadata"] == {"customer": 7}
    assert made["checksums"] == {
        "sha256": hashlib.sha256(b"a boat").hexdigest(),
        "md5": made["etag"],
    }
    assert made["urls"]["get"] == f"{here.origin}{BASE}/files/{made['id']}"
    assert http.get(made["urls"]["get"]).json()["checksums"] == made["checksums"]
    assert made["id"] in _listed(http)
    assert http.delete(made["urls"]["get"]).status_code == 204
    assert made["id"] not in _listed(http)
    gone = http.get(made["urls"]["get"])
    assert (gone.status_code, gone.json()) == (404, {"detail": "File not found", "status": 404})


def test_what_is_said_of_a_file_may_come_as_files_or_fields(http: httpx2.Client) -> None:
    """As the JavaScript SDK and the Python ones send it."""
    made = _upload(
        http,
        metadata=("blob", b'{"a": 1}', "application/json"),
        filename=(None, "boat.png"),
        type=(None, "image/png"),
    )

    assert (made["name"], made["content_type"], made["metadata"]) == ("boat.png", "image/png", {"a": 1})


def test_equal_files_are_two_and_go_one_by_one(http: httpx2.Client) -> None:
    first, second = _upload(http, b"twice"), _upload(http, b"twice")

    http.delete(first["urls"]["get"])

    assert first["id"] != second["id"]
    assert http.get(second["urls"]["download"]).content == b"twice"


def test_a_signed_link_opens_without_a_key(http: httpx2.Client, here: Serving) -> None:
    made = _upload(http, b"open to who has the link")

    with here.http("not a key") as stranger:
        opened = stranger.get(made["urls"]["download"], headers={"Range": "bytes=0-3"})
        forged = stranger.get(made["urls"]["download"].replace("signature=", "signature=A"))

    assert (opened.status_code, opened.content) == (206, b"open")
    assert opened.headers["content-disposition"].startswith("attachment")
    assert forged.status_code == 404
    assert http.get(f"{made['urls']['get']}/download").content == b"open to who has the link"


def test_an_upload_is_given_as_input(http: httpx2.Client, here: Serving) -> None:
    """Its address goes into the input, and is told as it was sent; upstream gets the file itself."""
    (drawn,) = http.post(
        FLUX, json={"input": {"prompt": "a boat", "output_format": "png"}}, headers=WAIT
    ).json()["output"]
    made = _upload(http, http.get(drawn).content)
    given = {"prompt": "make it red", "input_image": made["urls"]["get"]}

    edited = http.post(KONTEXT, json={"input": given}, headers=WAIT).json()

    assert (edited["status"], edited["input"]) == ("succeeded", given)
    sent = here.simulator.predictions()[-1]
    assert here.origin not in json.dumps(sent)
    http.delete(made["urls"]["get"])
    assert http.get(edited["urls"]["get"]).json()["input"] == given


def test_a_file_in_the_input_is_told_by_an_address_that_works(http: httpx2.Client) -> None:
    """A data URI is kept under its hash; who asked for the prediction finds it, and may give it again."""
    given = {"prompt": "make it red", "input_image": "data:text/plain,a%20boat%20in%20words"}

    asked = http.post(KONTEXT, json={"input": given}).json()

    address = asked["input"]["input_image"]
    assert http.get(f"{address}/download").content == b"a boat in words"
    assert http.get(address).json()["size"] == 15
    again = http.post(KONTEXT, json={"input": {**given, "input_image": address}}).json()
    assert again["input"]["input_image"] == address


@pytest.mark.parametrize("prompt", ["data: a chart, with two bars", "data:text/plain,a%20boat"])
def test_words_are_words_whatever_they_begin_with(http: httpx2.Client, here: Serving, prompt: str) -> None:
    """Only inputs that take files have some."""
    made = http.post(FLUX, json={"input": {"prompt": prompt}}, headers=WAIT).json()

    assert (made["status"], made["input"]["prompt"]) == ("succeeded", prompt)
    assert prompt in json.dumps(here.simulator.predictions())


@pytest.mark.parametrize("value", ["tintype:sha256:" + "a" * 64, "tintype:anything"])
def test_nobody_has_a_file_for_its_hash(http: httpx2.Client, value: str) -> None:
    """What stands for files in our rows is no input."""
    refused = http.post(KONTEXT, json={"input": {"prompt": "x", "input_image": value}})

    assert refused.status_code == 422
    assert refused.json()["invalid_fields"][0]["field"] == "input.input_image"


@pytest.mark.parametrize(
    ("files", "headers", "status"),
    [
        ({"other": ("a", b"b")}, {}, 422),
        ({"content": ("a", b"b"), "metadata": (None, "[1]")}, {}, 422),
        (None, {"Content-Type": "application/json"}, 415),
        (None, {"Content-Type": "multipart/form-data; boundary=x"}, 400),
        (None, {"Content-Type": "multipart/form-data"}, 400),
    ],
)
def test_what_is_no_upload_is_refused(
    http: httpx2.Client, files: Any, headers: dict[str, str], status: int
) -> None:
    refused = http.post(f"{BASE}/files", files=files, headers=headers)

    assert refused.status_code == refused.json()["status"] == status


def test_a_file_that_is_too_large_is_refused_before_it_is_sent(here: Serving) -> None:
    place = urlsplit(here.origin)
    head = (
        f"POST {BASE}/files HTTP/1.1\r\nHost: {place.netloc}\r\nContent-Length: 200000000\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\n\r\n"
    )

    with socket.create_connection((place.hostname, place.port)) as line:
        line.sendall(head.encode())
        answer = line.makefile("rb").read().decode()

    assert answer.startswith("HTTP/1.1 413 ")
    assert answer.endswith('{"detail": "Files must be less than 100MB in size", "status": 413}')


def _listed(http: httpx2.Client) -> set[str]:
    return {one["id"] for one in http.get(f"{BASE}/files").json()["results"]}
