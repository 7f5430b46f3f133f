"""`/hooks/replicate/…`: upstream's webhooks over HTTP, good, doubled, late and forged ones."""

from __future__ import annotations

import json
import socket
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql
from standardwebhooks import Webhook

from tests.integration.gateway import serving
from tintype import testing

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx2

    from tests.integration.gateway.serving import Serving
    from tintype.store import embedded


@pytest.fixture(scope="module")
def here(server: embedded.Server) -> Iterator[Serving]:
    """A gateway that upstream reaches."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    public = {"TINTYPE_PUBLIC_URL": f"http://127.0.0.1:{port}"}
    with (
        serving.database(server) as url,
        testing.simulator() as upstream,
        serving.gateway(url, upstream, "--port", str(port), environment=public) as made,
    ):
        yield made


@pytest.fixture(autouse=True)
def _no_faults(here: Serving) -> Iterator[None]:
    yield
    here.simulator.clear_faults()


def made(http: httpx2.Client, prompt: str = "a boat") -> dict[str, Any]:
    return dict(http.post("/api/generations", json={"prompt": prompt}, headers={"Prefer": "wait=30"}).json())


def rows(here: Serving, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    with psycopg.connect(here.database_url) as look:
        return look.execute(statement.encode(), values or None).fetchall()


def signed(here: Serving, body: bytes, ident: str, *, secret: str | None = None) -> dict[str, str]:
    """Return the headers with which upstream would send a body."""
    at = datetime.now(UTC).replace(microsecond=0)
    key = secret or str(here.simulator.account()["webhook_secret"])
    return {
        "content-type": "application/json",
        "webhook-id": ident,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(key).sign(ident, at, body.decode()),
    }


def test_creates_carry_the_address_and_a_webhook_tells_at_once(http: httpx2.Client, here: Serving) -> None:
    """With TINTYPE_PUBLIC_URL upstream tells of the end; nobody has to look."""
    told = made(http)

    ((received, handled),) = rows(
        here,
        "SELECT count(*), count(handled_at) FROM inbox WHERE generation_id = %s AND body ->> 'status' = 'succeeded'",
        told["id"],
    )
    ((seconds,),) = rows(
        here,
        "SELECT extract(epoch FROM finished_at - completed_at)::float8 FROM generations WHERE id = %s",
        told["id"],
    )
    assert told["state"] == "succeeded"
    assert (received, handled) == (1, 1)
    assert seconds < 2
    (told_upstream,) = [one for one in here.simulator.predictions() if one["id"] == told["prediction_id"]]
    assert told_upstream["webhook"].startswith(f"{here.origin}/hooks/replicate/")


@pytest.mark.parametrize(
    "fault",
    [{"do": "double"}, {"do": "reorder", "delay_s": 0.3}, {"do": "delay", "delay_s": 0.4}, {"do": "missign"}],
    ids=lambda fault: str(fault["do"]),
)
def test_webhooks_that_come_wrong_change_nothing_twice(
    http: httpx2.Client, here: Serving, fault: dict[str, Any]
) -> None:
    """Rule 14: bought once, settled once, whether they come doubled, out of order, late, or are not upstream's."""
    bought = here.simulator.bills()["predictions"]
    here.simulator.faults([{"on": "webhook", **fault}])

    told = made(http)

    assert (told["state"], told["cost_usd"], told["held_usd"]) == ("succeeded", "0.003", "0.00")
    assert here.simulator.bills()["predictions"] == bought + 1
    ((booked,),) = rows(
        here,
        "SELECT count(*) FROM ledger WHERE generation_id = %s AND kind = 'charge'",
        told["id"],
    )
    assert booked == 1


def test_a_webhook_that_is_not_upstreams_is_refused(http: httpx2.Client, here: Serving) -> None:
    """Unsigned, signed by another, an old one, or no prediction: 401, and nothing is kept."""
    body = json.dumps({"id": "ufawqhfynnddngldkgtslldrkq", "status": "succeeded"}).encode()
    wrong = signed(here, body, "msg_1", secret="whsec_" + "A" * 32)
    old = signed(here, body, "msg_2") | {"webhook-timestamp": str(int(time.time()) - 3600)}
    changed = signed(here, body, "msg_3")
    no_prediction = signed(here, b"[]", "msg_4")
    before = rows(here, "SELECT count(*) FROM inbox")

    answers = [
        http.post("/hooks/replicate/x", content=body, headers={"content-type": "application/json"}),
        http.post("/hooks/replicate/x", content=body, headers=wrong),
        http.post("/hooks/replicate/x", content=body, headers=old),
        http.post("/hooks/replicate/x", content=body + b" ", headers=changed),
        http.post("/hooks/replicate/x", content=b"[]", headers=no_prediction),
    ]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [
        (401, "webhook_refused")
    ] * 5
    assert rows(here, "SELECT count(*) FROM inbox") == before


def test_a_webhook_is_answered_in_under_ten_milliseconds(http: httpx2.Client, here: Serving) -> None:
    """Checked and kept before the answer; it comes for a prediction that nobody knows, and is kept all the same.

    The quickest counts, as this machine may have other things to do; `make bench NAME=gateway` has the median.
    """
    took_s = []
    for number in range(100):
        prediction = {"id": f"p{number}", "status": "succeeded", "output": ["https://x.test/a"]}
        body = json.dumps(prediction).encode()
        headers = signed(here, body, f"msg_quick_{number}")
        began = time.perf_counter()
        answer = http.post("/hooks/replicate/nobodys", content=body, headers=headers)
        took_s.append(time.perf_counter() - began)
        assert (answer.status_code, answer.content) == (204, b"")

    kept = rows(here, "SELECT count(*) FROM inbox WHERE webhook_id LIKE 'msg_quick_%'")
    assert min(took_s) < 0.010
    assert kept == [(100,)]


@pytest.mark.parametrize(("is_known", "status"), [(True, b"413"), (False, b"401")])
def test_a_body_beyond_the_limit_is_refused(
    http: httpx2.Client, here: Serving, *, is_known: bool, status: bytes
) -> None:
    """As soon as too much has come, or more than a little for nobody's token; who sends on finds it closed."""
    ident = made(http, "a large boat")["id"]
    ((token,),) = rows(here, "SELECT token FROM attempts WHERE generation_id = %s", ident)
    parts = urlsplit(here.origin)
    with socket.create_connection((parts.hostname, parts.port)) as line:
        head = f"POST /hooks/replicate/{token if is_known else 'x'} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        line.sendall(f"{head}Content-Length: 20000000\r\n\r\n".encode())
        sending = threading.Thread(target=_send, args=(line, 20_000_000))
        sending.start()
        answer = line.recv(65_536)
        sending.join()

    assert answer.startswith(b"HTTP/1.1 " + status)


def test_without_a_database_upstream_is_asked_to_come_again(
    http: httpx2.Client, here: Serving, server: embedded.Server
) -> None:
    """503 with Retry-After: upstream sends it again, so nothing is lost."""
    body = json.dumps({"id": "away", "status": "succeeded"}).encode()
    name = sql.Identifier(urlsplit(here.database_url).path.strip("/"))
    with psycopg.connect(server.admin_url, autocommit=True) as admin:
        admin.execute(sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS false").format(name))
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name._obj[0]]
        )
        try:
            answer = http.post(
                "/hooks/replicate/x", content=body, headers=signed(here, body, "msg_while_away")
            )
        finally:
            admin.execute(sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS true").format(name))
    again = http.post("/hooks/replicate/x", content=body, headers=signed(here, body, "msg_while_away"))

    assert (answer.status_code, answer.json()["code"]) == (503, "database_away")
    assert int(answer.headers["retry-after"]) >= 1
    assert again.status_code == 204


def _send(line: socket.socket, size: int) -> None:
    try:
        for _ in range(size // 100_000):
            line.sendall(b" " * 100_000)
    except OSError:
        return
