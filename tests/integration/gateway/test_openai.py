"""`/openai/v1`: the official package works unmodified, over http and https; and what no SDK shows."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from tests.integration.gateway import serving
from tintype import testing
from tintype.simulator import certificates

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import httpx2

    from tests.integration.gateway.serving import Serving
    from tintype.store import embedded

ROOT = Path(__file__).resolve().parents[3]
SDK = ROOT / ".environments" / "sdk" / "openai"
SCENARIOS = (
    "picture",
    "in base64",
    "several",
    "without a model",
    "asyncio",
    "models",
    "refusals",
    "failures",
)
FLUX = "black-forest-labs/flux-schnell"
IS_LONG = os.environ.get("HYPOTHESIS_PROFILE") == "chaos"
PATH = "/openai/v1/images/generations"


@pytest.fixture(scope="module", params=["http", "https"] if IS_LONG else ["https"])
def endings(
    request: pytest.FixtureRequest, server: embedded.Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mapping[str, str]]:
    """How each scenario of the SDK ended against a gateway of its own: empty, or its traceback."""
    assert (SDK / "ready").exists(), "the environments of the SDKs are missing; run `make others`"
    options: list[str] = []
    environment = {"PATH": os.environ["PATH"], "HOME": str(SDK)}
    if request.param == "https":
        files = certificates.self_signed(tmp_path_factory.mktemp("tls"), host="127.0.0.1")
        options = ["--tls-cert", str(files.cert), "--tls-key", str(files.key)]
        environment["SSL_CERT_FILE"] = str(files.ca)
    with (
        serving.database(server) as url,
        testing.simulator() as upstream,
        serving.gateway(
            url, upstream, *options, environment={"TINTYPE_OPENAI_MODELS": f"dall-e-3={FLUX}"}
        ) as here,
    ):
        assert here.origin.startswith(f"{request.param}://")
        bought = upstream.bills()["predictions"]
        environment["OPENAI_API_KEY"] = json.loads(
            here.run("keys", "create", "--name", "sdk", "--json").stdout
        )["key"]
        done = subprocess.run(
            [str(SDK / "bin" / "python"), str(ROOT / "tests" / "sdk" / "openai_python.py"), here.origin],
            env=environment,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        found = {line["scenario"]: line["error"] for line in map(json.loads, done.stdout.splitlines())}
        yield found | {"bought": str(upstream.bills()["predictions"] - bought)}


@pytest.mark.chaos  # over http too
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_official_package_works(endings: Mapping[str, str], scenario: str) -> None:
    """What its users do has the outcome that they know."""
    assert set(endings) == {*SCENARIOS, "bought"}
    assert not endings[scenario], endings[scenario]


def test_nothing_is_bought_twice(endings: Mapping[str, str]) -> None:
    """Rule 8: what failed is not repeated by the package itself; six pictures of four at once are two runs."""
    assert endings["bought"] == "9"


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        ({}, 422, "prompt"),
        ({"prompt": "a boat", "n": 11}, 422, "n"),
        ({"prompt": "a boat", "n": 0}, 422, "n"),
        ({"prompt": "a boat", "size": "1024"}, 422, "size"),
        ({"prompt": "a boat", "size": "9999x9999", "model": FLUX}, 422, "size"),
        ({"prompt": "a boat", "size": "3000x100", "model": FLUX}, 422, "size"),
        ({"prompt": "a boat", "stream": True}, 422, "stream"),
        ({"prompt": "a boat", "qualty": "hd"}, 422, "qualty"),
        ({"prompt": "a boat", "model": "wan-video/wan-2.2-i2v-fast"}, 422, "model"),
        ({"prompt": "a boat", "model": "nothing"}, 404, None),
        ({"prompt": " "}, 422, "prompt"),
    ],
)
def test_refusals_have_the_shape_that_is_expected(
    http: httpx2.Client, body: dict[str, Any], status: int, param: str | None
) -> None:
    """Rule 25: `error` with message, type, code and param, as JSON."""
    answer = http.post(PATH, json=body)

    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/json")
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "code", "param"}
    assert (error["type"], error["param"]) == ("invalid_request_error", param)


def test_a_body_that_is_no_json_is_refused_in_the_same_shape(http: httpx2.Client) -> None:
    answer = http.post(PATH, content=b"{", headers={"content-type": "application/json"})

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "not_json")


def test_equal_requests_are_bought_each(http: httpx2.Client, here: Serving) -> None:
    """Rule 9: the cache is off here, with a seed too."""
    bought = here.simulator.bills()["predictions"]
    body = {"prompt": "a boat", "model": FLUX, "input": {"seed": 7}}

    first, second = (http.post(PATH, json=body).json() for _ in range(2))

    assert here.simulator.bills()["predictions"] == bought + 2
    assert first["ids"] != second["ids"]


def test_what_could_not_be_done_is_told(http: httpx2.Client) -> None:
    """A word that the model has no input for is a warning, not silence; its own inputs win over ours."""
    body = {"prompt": "a boat", "model": FLUX, "style": "vivid", "size": "2048x512"}

    told = http.post(PATH, json={**body, "input": {"output_format": "png"}, "output_format": "webp"}).json()

    assert told["output_format"] == "png"
    assert told["warnings"] == [
        f"{FLUX} makes no 2048x512; 1536x640 comes instead",
        f"{FLUX} has no style 'vivid', so it was left out",
    ]


def test_another_size_than_was_asked_for_is_told(http: httpx2.Client) -> None:
    """Where a model makes shapes, and no size that is stated; nothing is said of one that is as it was asked for."""
    for asked in ("1024x1024", "1536x1536"):
        told = http.post(PATH, json={"prompt": "a boat", "model": FLUX, "size": asked}).json()
        expected = [f"{FLUX} makes no 1536x1536; 1024x1024 comes instead"]

        assert (told["size"], told["warnings"]) == (
            "1024x1024",
            expected if asked != "1024x1024" else [],
        )


def test_pictures_that_failed_among_others_are_told(http: httpx2.Client, here: Serving) -> None:
    """What was made is given, and what was not is said: it was paid for all the same."""
    rule = {"on": "request", "method": "POST", "path": "/models/*/predictions", "do": "answer", "status": 422}
    here.simulator.faults([{**rule, "count": 1, "body": {"detail": "not this one"}}])

    told = http.post(PATH, json={"prompt": "a boat", "model": FLUX, "n": 8}).json()

    here.simulator.clear_faults()
    assert len(told["data"]) == 4
    assert len(told["ids"]) == 2
    assert "was not made" in told["warnings"][0]


def test_the_users_generations_are_theirs(http: httpx2.Client) -> None:
    """`user` is the end user of budgets and reports; `safety_identifier` wins."""
    body = {"prompt": "a boat", "model": FLUX, "user": "one", "safety_identifier": "two"}

    (ident,) = http.post(PATH, json=body).json()["ids"]

    assert http.get(f"/api/generations/{ident}").json()["user"] == "two"


def test_who_hangs_up_and_asks_again_pays_once(http: httpx2.Client, here: Serving) -> None:
    """Rule 8: the picture that was bought the first time answers an equal request; who asks twice gets two."""
    bought = here.simulator.bills()["predictions"]
    body = {"prompt": "[[delay=1]] a boat", "model": FLUX}
    text = json.dumps(body)
    parts = urlsplit(here.origin)
    with socket.create_connection((parts.hostname, parts.port)) as line:
        line.sendall(
            f"POST {PATH} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(text)}\r\n\r\n{text}".encode()
        )
        while here.simulator.bills()["predictions"] == bought:
            http.get("/healthz")

    first = http.post(PATH, content=text, headers={"content-type": "application/json"}).json()
    repeated = http.post(
        PATH,
        content=text,
        headers={"content-type": "application/json", "x-stainless-retry-count": "1"},
    ).json()
    second = http.post(PATH, content=text, headers={"content-type": "application/json"}).json()

    assert here.simulator.bills()["predictions"] == bought + 2
    assert repeated["ids"] == first["ids"]
    assert second["ids"] != first["ids"]


def test_what_failed_is_asked_for_anew(http: httpx2.Client) -> None:
    """Rule 8: an answer that says so was written to its end; a person who tries again has something made."""
    body = {"prompt": "[[fail=out of paint]] a boat", "model": FLUX}

    first, second = (http.post(PATH, json=body) for _ in range(2))

    assert (first.status_code, second.status_code) == (400, 400)
    assert first.headers["x-should-retry"] == "false"
    assert first.json()["error"]["message"] != second.json()["error"]["message"]


def test_a_stop_invites_to_ask_again_and_buys_nothing_twice(server: embedded.Server, tmp_path: Path) -> None:
    """Rule 8: no 5xx once it was admitted; who repeats the request at the next gateway is given what it bought."""
    body = {"prompt": "[[delay=3]] a boat", "model": FLUX}
    shared = {"TINTYPE_STORAGE_URL": tmp_path.as_uri()}
    answers: list[httpx2.Response] = []
    with serving.database(server) as url, testing.simulator() as upstream:

        def ask(here: Serving) -> None:
            with here.http() as http:
                answers.append(http.post(PATH, json=body))

        with serving.gateway(url, upstream, environment=shared) as first:
            asking = threading.Thread(target=ask, args=(first,))
            asking.start()
            while upstream.bills()["predictions"] == 0:
                upstream.health()
            assert first.stop() == 0
            asking.join()
        with serving.gateway(url, upstream, environment=shared) as second, second.http() as http:
            made = http.post(PATH, json=body, headers={"x-stainless-retry-count": "1"})

        assert upstream.bills()["predictions"] == 1
    (stopped,) = answers
    assert (stopped.status_code, stopped.headers["x-should-retry"]) == (409, "true")
    assert made.status_code == 200
    assert made.json()["ids"][0] in stopped.json()["error"]["message"]
