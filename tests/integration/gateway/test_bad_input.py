"""What bad input gets, whatever the route: the table, row by row. None of it is held or bought, none is a 500."""

from __future__ import annotations

import contextlib
import json
import socket
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.integration.gateway import serving
from tintype import testing

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx2

    from tests.integration.gateway.serving import Serving
    from tintype.store import embedded

CREATES = ("/api/generations", "/api/orders", "/api/generate/image", "/api/estimates")
IDENT = "01k9w3t8m2q7r5v6x0y4z1a2b3"
SENT = {"Content-Type": "application/json"}
JSON = "Content-Type: application/json\r\n"


@pytest.fixture(scope="module")
def idle(server: embedded.Server) -> Iterator[Serving]:
    """A gateway that buys nothing."""
    with (
        serving.database(server) as url,
        testing.simulator() as upstream,
        serving.gateway(url, upstream, "--no-worker") as made,
    ):
        yield made


@pytest.fixture
def ask(idle: Serving) -> Iterator[httpx2.Client]:
    """A client of it; what it asked for is looked at after each test."""
    with idle.http() as http:
        yield http
    with psycopg.connect(idle.database_url) as look:
        assert look.execute("SELECT count(*) FROM generations").fetchone() == (0,)


def refused(answer: httpx2.Response) -> tuple[int, str]:
    """Return the status and code of a problem, which is one by its form too."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    told = answer.json()
    assert told["status"] == answer.status_code
    assert told["request_id"] == answer.headers["x-request-id"]
    return answer.status_code, told["code"]


DEEP = b'{"prompt": "a", "metadata": ' + b'{"a": ' * 70 + b"1" + b"}" * 71


@pytest.mark.parametrize("path", CREATES)
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"prompt": "a\\u0000b"}', (422, "bad_input")),
        (b'{"prompt": "a\\ud800b"}', (422, "bad_input")),
        (b'{"prompt": "a", "seed": NaN}', (422, "bad_input")),
        (b'{"prompt": "a", "deadline": Infinity}', (422, "bad_input")),
        (b'{"prompt": "a", "seed": 9223372036854775808}', (422, "bad_input")),
        (b'{"prompt": "a", "seed": 1e999}', (422, "bad_input")),
        (DEEP, (422, "bad_input")),
        (b'{"prompt": "a", "prompt": "b"}', (422, "bad_input")),
        (b"{", (400, "not_json")),
        (b'{"prompt": "\xff"}', (400, "not_json")),
        (b"[]", (422, "bad_input")),
        (b"null", (422, "bad_input")),
    ],
    ids=["nul", "half", "nan", "infinity", "large", "huge", "deep", "twice", "cut", "bytes", "list", "null"],
)
def test_what_is_no_json_that_means_something(
    ask: httpx2.Client, path: str, body: bytes, expected: tuple[int, str]
) -> None:
    assert refused(ask.post(path, content=body, headers=SENT)) == expected


@pytest.mark.parametrize("path", CREATES)
@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/xml", None])
def test_another_type_than_json_is_a_415(ask: httpx2.Client, path: str, kind: str | None) -> None:
    headers = {} if kind is None else {"Content-Type": kind}

    assert refused(ask.post(path, content=b'{"prompt": "a"}', headers=headers)) == (
        415,
        "unsupported_media_type",
    )


@pytest.mark.parametrize("path", CREATES)
def test_a_body_that_is_too_large_is_a_413(ask: httpx2.Client, path: str) -> None:
    body = json.dumps({"prompt": "a" * (10 * 1024 * 1024)}).encode()

    assert refused(ask.post(path, content=body, headers=SENT)) == (413, "too_large")


def heard(here: Serving, head: str) -> str:
    """Return what is answered to a head whose body never comes."""
    place = urlsplit(here.origin)
    with socket.create_connection((place.hostname, place.port), timeout=30) as caller:
        caller.sendall(f"{head}\r\nHost: {place.netloc}\r\n{JSON}\r\n".encode())
        return caller.recv(65_536).decode()


@pytest.mark.parametrize("path", CREATES)
def test_a_body_that_is_too_large_by_its_own_word_is_not_waited_for(idle: Serving, path: str) -> None:
    told = heard(idle, f"POST {path} HTTP/1.1\r\nContent-Length: 99999999999")

    assert told.startswith("HTTP/1.1 413 ")


@pytest.mark.parametrize("path", [*CREATES, "/replicate/v1/predictions", "/openai/v1/images/generations"])
def test_who_reads_nothing_before_all_is_sent_is_told_too(idle: Serving, path: str) -> None:
    """A connection that is closed with something unread is reset, and the answer lost."""
    place = urlsplit(idle.origin)
    line = HTTPConnection(place.hostname or "", place.port, timeout=30)
    with contextlib.closing(line):
        line.request("POST", path, b" " * 12_000_000, SENT)
        assert line.getresponse().status == 413


@pytest.mark.parametrize("path", [*CREATES, "/api/keys", "/openai/v1/images/generations"])
def test_who_has_no_good_key_has_no_body_read(idle: Serving, path: str) -> None:
    told = heard(
        idle, f"POST {path} HTTP/1.1\r\nContent-Length: 5000000\r\nAuthorization: Bearer tt_{'0' * 43}"
    )

    assert told.startswith("HTTP/1.1 401 ")


def test_many_faults_are_counted_and_some_of_them_told(ask: httpx2.Client) -> None:
    answer = ask.post("/api/generations", json={"prompt": "a"} | {f"x{number}": 1 for number in range(900)})

    assert refused(answer) == (422, "bad_input")
    assert (len(answer.json()["fields"]), "(899 more)" in answer.json()["detail"]) == (50, True)


@pytest.mark.parametrize(
    ("path", "body", "nearest"),
    [
        ("/api/generations", {"prompt": "a", "sed": 1}, "seed"),
        ("/api/estimates", {"promt": "a"}, "prompt"),
        ("/api/generate/image", {"prompt": "a", "modell": "x"}, "model"),
        ("/api/orders", {"generation": []}, "generations"),
    ],
)
def test_a_field_that_there_is_not_is_named_with_the_nearest(
    ask: httpx2.Client, path: str, body: dict[str, Any], nearest: str
) -> None:
    answer = ask.post(path, json=body)

    assert refused(answer) == (422, "bad_input")
    assert f"did you mean {nearest!r}?" in json.dumps(answer.json()["fields"], ensure_ascii=False)


@pytest.mark.parametrize(
    "part",
    [
        {"n": 0},
        {"n": 101},
        {"n": -1},
        {"n": True},
        {"n": "2"},
        {"n": 1.5},
        {"prompt": ""},
        {"prompt": " \n"},
        {"prompt": "a" * 10_001},
        {"prompt": 5},
        {"deadline": 4.9},
        {"deadline": 1801},
        {"deadline": "600"},
        {"metadata": {"a": "b" * 4096}},
        {"metadata": []},
        {"tags": [str(number) for number in range(21)]},
        {"tags": [""]},
        {"tags": ["a" * 101]},
        {"callback_url": "not an address"},
        {"callback_url": "ftp://example.com/"},
        {"callback_url": "https://user:word@example.com/"},
        {"callback_url": ""},
        {"model": "flux-schnell", "mode": "proof"},
        {"input": {"num_outputs": 9}},
        {"input": {"num_outputs": 2}, "n": 2},
        {"strict": True, "negative_prompt": "people"},
        {"strict": "yes"},
        {"max_usd": "much"},
        {"max_usd": "-1"},
        {"max_usd": True},
        {"max_usd": "0.0000000001"},
        {"seed": -1},
        {"user": ""},
        {"user": "*"},
        {"user": "a" * 256},
        {"project": "a\nb"},
        {"finish": ["polish"]},
    ],
    ids=lambda part: json.dumps(part)[:40],
)
def test_what_cannot_be_meant_is_a_422(ask: httpx2.Client, part: dict[str, Any]) -> None:
    """Alone, and as a part of an order, of which then nothing is admitted."""
    body = {"prompt": "a boat", **part}
    own = {name: body.pop(name) for name in ("user", "project") if name in body}

    alone = ask.post("/api/generations", json={**body, **own})
    among = ask.post("/api/orders", json={"generations": [{"prompt": "a"}, body], **own})

    assert (refused(alone), refused(among)) == ((422, "bad_input"), (422, "bad_input"))


def test_a_callback_to_ourselves_is_a_422(ask: httpx2.Client, idle: Serving) -> None:
    """By whatever name."""
    port = idle.origin.rpartition(":")[2]
    answers = [
        ask.post("/api/generations", json={"prompt": "a", "callback_url": f"http://{host}:{port}/x"})
        for host in ("127.0.0.1", "localhost", "LOCALHOST", "localhost.", "[::1]")
    ]

    assert {refused(one) for one in answers} == {(422, "bad_input")}
    assert "leads to this gateway itself" in answers[0].json()["detail"]


@pytest.mark.parametrize("key", ["", "a" * 256, "a\tb"])
def test_an_idempotency_key_that_is_none_is_a_422(ask: httpx2.Client, key: str) -> None:
    for path, body in (
        ("/api/generations", {"prompt": "a"}),
        ("/api/orders", {"generations": [{"prompt": "a"}]}),
    ):
        answer = ask.post(path, json=body, headers={"Idempotency-Key": key})
        assert refused(answer) == (422, "bad_input")


@pytest.mark.parametrize("name", ["no-such-model", "nobody/nothing-of-this-name", "flux-schnel"])
def test_an_unknown_model_is_a_404(ask: httpx2.Client, name: str) -> None:
    """Before anything is held; the nearest that there is is named."""
    for path in ("/api/generations", "/api/estimates"):
        answer = ask.post(path, json={"prompt": "a", "model": name})
        assert refused(answer) == (404, "unknown_model")
    if name == "flux-schnel":
        assert "flux-schnell" in answer.json()["nearest"]


@pytest.mark.parametrize(
    "path",
    [
        "/api/generations?search=%00",
        "/api/generations?tag=%00",
        "/api/orders?kind=%00",
        "/api/generations?user=%00",
    ],
)
def test_a_query_with_nul_is_a_422(ask: httpx2.Client, path: str) -> None:
    assert refused(ask.get(path)) == (422, "bad_input")


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("/api/usage?form=csv", "did you mean 'format'?"),
        ("/api/generations?stat=failed&limit=1", "did you mean 'state'?"),
        ("/api/orders/nothing?x=1", "none is known here"),
        ("/api/audit?since=2026-01-01", "known are cursor, limit"),
    ],
)
def test_a_misspelt_filter_is_refused(ask: httpx2.Client, path: str, meant: str) -> None:
    """It would list everything; what it may be is named."""
    answer = ask.get(path)

    assert refused(answer) == (422, "bad_input")
    assert meant in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/replicate/v1/collections?page=2", "/openai/v1/models?limit=1"])
def test_other_services_clients_say_more_than_is_known(ask: httpx2.Client, path: str) -> None:
    assert ask.get(path).status_code == 200


def test_a_misspelt_parameter_keeps_a_create_from_buying(ask: httpx2.Client) -> None:
    """Also by the shortest way."""
    assert refused(ask.post("/api/generations?wait=10", json={"prompt": "a boat"})) == (422, "bad_input")


@pytest.mark.parametrize("ident", ["..%2f..%2fetc", "01K9W3T8M2Q7R5V6X0Y4Z1A2B3", "a" * 3000, "%ff"])
def test_an_id_that_is_none_is_not_there(ask: httpx2.Client, ident: str) -> None:
    for path in ("/api/generations/", "/api/orders/", "/api/files/"):
        assert refused(ask.get(path + ident))[0] == 404


def test_a_prefer_that_is_not_understood_is_ignored(http: httpx2.Client) -> None:
    """And the answer does not say that it was applied."""
    for prefer in ("wait=soon", "wait=0", "wait=-1", "respond-async", "", "wait=1e3"):
        answer = http.post("/api/generations", json={"prompt": "a boat"}, headers={"Prefer": prefer})
        assert answer.status_code == 202
        assert "preference-applied" not in answer.headers


@pytest.mark.parametrize("name", ["nobody/new", "flux-schnel"])
def test_an_unknown_model_of_an_order_is_told_by_its_place(http: httpx2.Client, name: str) -> None:
    parts = [
        {"prompt": "a"},
        {"prompt": "b", "model": name},
        {"prompt": "c", "n": 2},
        {"prompt": "d", "model": name},
    ]

    answer = http.post("/api/orders", json={"generations": parts})

    assert refused(answer) == (404, "unknown_model")
    assert answer.json()["detail"].startswith("generations.1, generations.3: ")


def test_a_wait_that_is_too_long_is_cut(http: httpx2.Client) -> None:
    answer = http.post("/api/generations", json={"prompt": "a boat"}, headers={"Prefer": "wait=61"})

    assert (answer.status_code, answer.headers["preference-applied"]) == (200, "wait=60")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/generations", {"model": "nobody/new", "prompt": "a"}),
        ("/api/orders", {"generations": [{"model": "nobody/new", "prompt": "a"}]}),
        ("/api/estimates", {"model": "nobody/new", "prompt": "a"}),
        ("/openai/v1/images/generations", {"model": "nobody/new", "prompt": "a"}),
    ],
)
def test_a_model_that_nobody_can_be_asked_for_is_a_502_that_is_described(
    http: httpx2.Client, here: Serving, path: str, body: dict[str, Any]
) -> None:
    here.simulator.faults(
        [
            {
                "on": "request",
                "method": "GET",
                "path": "*/models/*",
                "do": "answer",
                "status": 500,
                "body": "{}",
            }
        ]
    )

    answer = http.post(path, json=body)
    here.simulator.clear_faults()

    assert answer.status_code == 502
    assert "502" in http.get("/openapi.json").json()["paths"][path]["post"]["responses"]


@pytest.mark.parametrize("span", ["bytes=999999999-", "bytes=-0", "bytes=99999999-999999999"])
def test_a_range_that_is_not_there_is_a_416(http: httpx2.Client, span: str) -> None:
    made = http.post("/api/generations", json={"prompt": "a boat", "seed": 1}, headers={"Prefer": "wait=60"})

    answer = http.get(made.json()["outputs"][0]["url"], headers={"Range": span})

    assert refused(answer) == (416, "range_not_there")
    assert answer.headers["content-range"].startswith("bytes */")


def test_a_path_and_a_method_that_there_are_not(ask: httpx2.Client) -> None:
    assert refused(ask.get("/api/nothing")) == (404, "not_found")
    wrong = ask.put("/api/generations", json={})
    assert refused(wrong) == (405, "method_not_allowed")
    assert wrong.headers["allow"] == "GET, HEAD, POST"
