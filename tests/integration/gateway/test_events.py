"""`…/events`: generations, orders and everything, told live (rule 17)."""

from __future__ import annotations

import asyncio
import itertools
import json
import threading
import time
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.integration.gateway import serving
from tintype import testing
from tintype.service import events
from tintype.store.database import Database

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import httpx2

    from tests.integration.gateway.serving import Serving
    from tintype.store import embedded

LONG = {"prompt": "[[delay=60]] a lighthouse"}


@pytest.fixture(scope="module")
def idle(server: embedded.Server) -> Iterator[Serving]:
    """A gateway that buys nothing: what is asked for stays queued."""
    with (
        serving.database(server) as url,
        testing.simulator() as upstream,
        serving.gateway(url, upstream, "--no-worker", environment={"TINTYPE_REQUEST_TIMEOUT_S": "5"}) as made,
    ):
        yield made


def asked(http: httpx2.Client, **body: Any) -> str:
    """Ask for a generation."""
    answer = http.post("/api/generations", json={"prompt": "a lighthouse", **body})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def told(http: httpx2.Client, path: str, **options: Any) -> list[httpx2.ServerSentEvent]:
    """Follow until the stream ends."""
    with http.sse(path, **options) as found:
        return list(found)


def states(found: Iterable[httpx2.ServerSentEvent]) -> list[tuple[str, str]]:
    """Return ids and states of the changes among events."""
    return [(one.id, data(one)["state"]) for one in found if one.event == "state"]


def data(event: httpx2.ServerSentEvent) -> dict[str, Any]:
    """Return what an event says."""
    made = event.json()
    assert isinstance(made, dict)
    return made


def test_a_generation_is_followed_until_its_end(http: httpx2.Client) -> None:
    """State for state, each with its number as id; then the stream ends."""
    ident = asked(http)

    found = told(http, f"/api/generations/{ident}/events")

    assert (found[0].event, found[0].id) == ("ready", "")
    numbers = [int(ident) for ident, _ in states(found)]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert states(found)[-1][1] == "succeeded"
    assert data(found[-1])["generation_id"] == ident


def test_who_saw_all_is_told_to_stay_away(http: httpx2.Client) -> None:
    """204 ends the reconnecting of a browser."""
    ident = asked(http)
    last = told(http, f"/api/generations/{ident}/events")[-1].id

    answer = http.get(f"/api/generations/{ident}/events", headers={"Last-Event-ID": last})

    assert (answer.status_code, answer.content) == (204, b"")


@pytest.mark.parametrize("by", ["header", "query"])
def test_missed_events_come_in_order(http: httpx2.Client, by: str) -> None:
    """Rule 17: after Last-Event-ID, by header or, for who cannot set one, by query."""
    ident = asked(http)
    whole = told(http, f"/api/generations/{ident}/events", headers={"Last-Event-ID": "0"})
    options = {"headers": {"Last-Event-ID": "1"}} if by == "header" else {"params": {"last_event_id": "1"}}

    rest = told(http, f"/api/generations/{ident}/events", **options)

    assert states(whole)[0] == ("1", "queued")
    assert states(rest) == states(whole)[1:]


def test_an_unknown_id_gets_a_reset(idle: Serving) -> None:
    """Rule 17: the whole state, and then what comes next."""
    with idle.http() as http:
        ident = asked(http)
        with http.sse(f"/api/generations/{ident}/events", params={"last_event_id": "nonsense"}) as stream:
            following = iter(stream)
            next(following)
            reset = next(following)
            http.post(f"/api/generations/{ident}/cancel").raise_for_status()
            rest = list(following)

    assert (reset.event, reset.id, data(reset)["state"]) == ("reset", "1", "queued")
    assert states(rest) == [("2", "canceled")]


def test_progress_is_told_as_it_is_heard_of(http: httpx2.Client, here: Serving) -> None:
    """Percent and the end of the logs, under the id of the state before it."""
    ident = asked(http, **LONG)
    with http.sse(f"/api/generations/{ident}/events") as stream:
        following = iter(stream)
        for event in following:
            if event.event == "state" and data(event)["state"] == "running":
                break
        _report(here, ident, " 40%|####      | 2/5")
        progress = next(one for one in following if one.event == "progress")
    http.post(f"/api/generations/{ident}/cancel").raise_for_status()

    assert data(progress)["percent"] == 40.0
    assert (progress.id, data(progress)["logs"]) == (event.id, " 40%|####      | 2/5")


def test_all_are_followed_in_one_stream(idle: Serving) -> None:
    """It begins with what comes next; from any id it goes on, the first one too."""
    with idle.http() as http:
        with http.sse("/api/events") as stream:
            following = iter(stream)
            ready = next(following)
            first = asked(http)
            second = asked(http)
            http.post(f"/api/generations/{first}/cancel").raise_for_status()
            found = list(itertools.islice(following, 3))
        with http.sse("/api/events", headers={"Last-Event-ID": ready.id}) as stream:
            again = [one for one in itertools.islice(iter(stream), 4) if one.event == "state"]
        with http.sse("/api/events", headers={"Last-Event-ID": found[1].id}) as stream:
            later = list(itertools.islice(iter(stream), 2))[1]

    assert [(data(one)["generation_id"], data(one)["state"]) for one in found] == [
        (first, "queued"),
        (second, "queued"),
        (first, "canceled"),
    ]
    assert [one.id for one in again] == [one.id for one in found]
    assert later.id == found[2].id


def test_all_begin_anew_with_an_unknown_id(idle: Serving) -> None:
    """Rule 17: a reset lists what has not ended."""
    with idle.http() as http:
        ident = asked(http)
        with http.sse("/api/events", params={"last_event_id": "1-a-1"}) as stream:
            reset = list(itertools.islice(iter(stream), 2))[1]

    assert reset.event == "reset"
    assert ident in {one["id"] for one in data(reset)["open"]}


def test_an_order_is_followed_until_its_last_has_ended(idle: Serving) -> None:
    """It begins with how all stand; every change comes with an id to go on from; then it ends."""
    with idle.http() as http:
        order, first, second = _ordered(http)
        with http.sse(f"/api/orders/{order}/events") as stream:
            following = iter(stream)
            reset = list(itertools.islice(following, 2))[1]
            asked(http)
            http.post(f"/api/generations/{first}/cancel").raise_for_status()
            http.post(f"/api/generations/{second}/cancel").raise_for_status()
            found = list(following)
        again = told(http, f"/api/orders/{order}/events", headers={"Last-Event-ID": found[0].id})
        over = http.get(f"/api/orders/{order}/events", headers={"Last-Event-ID": found[-1].id})
        late = told(http, f"/api/orders/{order}/events")

    assert [(one["id"], one["state"]) for one in data(reset)["generations"]] == [
        (first, "queued"),
        (second, "queued"),
    ]
    assert [data(one)["generation_id"] for one in found] == [first, second]
    assert states(again) == states(found)[1:]
    assert over.status_code == 204
    assert [one.event for one in late] == ["ready", "reset"]


def test_the_progress_of_an_order_is_told(http: httpx2.Client, here: Serving) -> None:
    """Among the changes of state; it is no place to go on from, so it has no id of its own."""
    order, first, second = _ordered(http, **LONG)
    with http.sse(f"/api/orders/{order}/events") as stream:
        following = iter(stream)
        while http.get(f"/api/generations/{second}").json()["state"] != "running":
            time.sleep(0.02)
        _report(here, second, " 60%|######    | 3/5")
        progress = next(one for one in following if one.event == "progress")
        for ident in (first, second):
            http.post(f"/api/generations/{ident}/cancel").raise_for_status()
        ends = [data(one)["state"] for one in following if one.event == "state"]

    assert (data(progress)["generation_id"], data(progress)["percent"]) == (second, 60.0)
    assert progress.id.count("-") == 2
    assert ends[-1] == "canceled"


@pytest.mark.parametrize("path", ["/api/generations/{}/events", "/api/orders/{}/events"])
def test_what_there_is_not_is_not_followed(http: httpx2.Client, path: str) -> None:
    for ident in ("01k9w3t8m2q7r5v6x0y4z1a2b3", "nonsense"):
        answer = http.get(path.format(ident))
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"


def test_what_nobody_sends_ends_at_its_deadline(idle: Serving) -> None:
    """`/openai` waits no longer for it, and says what became of it, as its events do."""
    with idle.http() as http:
        answer = http.post("/openai/v1/images/generations", json={"prompt": "a lighthouse"})
        (row,) = http.get("/api/generations", params={"limit": 1}).json()["data"]
        with http.sse(f"/api/generations/{row['id']}/events") as stream:
            told = states(list(stream))

    assert (answer.status_code, answer.headers["x-should-retry"]) == (400, "false")
    assert row["id"] in answer.json()["error"]["message"]
    assert "nothing was bought" in answer.json()["error"]["message"]
    assert (row["state"], row["failure"]["code"], row["held_usd"]) == ("failed", "deadline_passed", "0.00")
    assert told == [("2", "failed")]


def test_streams_end_when_the_server_stops(server: embedded.Server) -> None:
    """At once, and the stop takes no longer for it; who listens comes again with the id it had last."""
    ended: list[int] = []
    with (
        serving.database(server) as url,
        testing.simulator() as upstream,
        serving.gateway(url, upstream, "--no-worker") as here,
        here.http() as http,
    ):
        ident = asked(http)
        is_open = threading.Barrier(9)

        def follow(path: str) -> None:
            with here.http() as line, line.sse(path) as stream:
                following = iter(stream)
                next(following)
                is_open.wait(20)
                ended.append(len(list(following)))

        paths = ["/api/events", f"/api/generations/{ident}/events"] * 4
        threads = [threading.Thread(target=follow, args=(path,)) for path in paths]
        for thread in threads:
            thread.start()
        is_open.wait(20)
        began = time.monotonic()
        code = here.stop()
        took_s = time.monotonic() - began
        for thread in threads:
            thread.join()

    assert code == 0
    assert len(ended) == 8
    assert took_s < 5


def _ordered(http: httpx2.Client, **body: Any) -> tuple[str, str, str]:
    """Ask for an order of two."""
    parts = [{"prompt": "a lighthouse", **body}, {"prompt": "a boat", **body}]
    answer = http.post("/api/orders", json={"generations": parts})
    assert answer.status_code == 202, answer.text
    first, second = (one["id"] for one in answer.json()["generations"])
    return answer.json()["id"], first, second


def _report(here: Serving, ident: str, logs: str) -> None:
    """Tell of a run's progress, as a webhook does in any process."""
    with psycopg.connect(here.database_url) as look:
        found = look.execute("SELECT prediction_id FROM generations WHERE id = %s", (ident,)).fetchone()
    assert found is not None

    async def tell() -> None:
        async with Database(here.database_url, application="test") as db:
            assert await events.report(db, ident, prediction_id=found[0], logs=logs, output=None)

    asyncio.run(tell())


def test_streams_end_when_their_key_is_revoked(server: embedded.Server) -> None:
    """Its streams end, what runs goes on; so do those of the local owner with the first key."""
    with (
        serving.database(server) as url,
        testing.simulator() as upstream,
        serving.gateway(url, upstream, "--no-worker") as here,
        here.http() as owner,
        owner.sse("/api/events") as local,
    ):
        following = iter(local)
        next(following)
        made = json.loads(here.run("keys", "create", "--name", "shop", "--json").stdout)
        assert list(following) == []
        with here.http(made["key"]) as http:
            ident = asked(http)
            with http.sse("/api/events") as mine:
                following = iter(mine)
                next(following)
                here.run("keys", "revoke", "shop")
                assert list(following) == []
            refused = http.get("/api/events", headers={"Last-Event-ID": "1-a-1"})
        with psycopg.connect(url) as look:
            found = look.execute("SELECT state FROM generations WHERE id = %s", (ident,)).fetchone()

    assert refused.status_code == 401
    assert found == ("queued",)
