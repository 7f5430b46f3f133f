"""`/api/generations`: found by filters page by page, repeated, rated and deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.integration.gateway import serving
from tintype import testing

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx2

    from tests.integration.gateway.serving import Serving
    from tintype.store import embedded

PATH = "/api/generations"
WAIT = {"Prefer": "wait=60"}


@pytest.fixture(scope="module")
def shelf(server: embedded.Server) -> Iterator[tuple[Serving, dict[str, str]]]:
    """A gateway that buys nothing, with some generations by name; one of them is cancelled."""
    with (
        serving.database(server) as url,
        testing.simulator() as upstream,
        serving.gateway(url, upstream, "--no-worker") as here,
        here.http() as http,
    ):
        bodies: dict[str, dict[str, Any]] = {
            "boat": {"prompt": "a red boat", "user": "alice", "tags": ["sea", "red"]},
            "lighthouse": {"prompt": "a Lighthouse", "user": "bob", "project": "coast", "tags": ["sea"]},
            "car": {"prompt": "a car", "model": "flux-dev", "tags": ["red"]},
        }
        made = {name: http.post(PATH, json=body).json()["id"] for name, body in bodies.items()}
        order = http.post("/api/orders", json={"generations": [{"prompt": "one"}]}).json()
        made |= {"order": order["id"], "one": order["generations"][0]["id"]}
        http.post(f"{PATH}/{made['car']}/cancel").raise_for_status()
        yield here, made


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({}, ["one", "car", "lighthouse", "boat"]),
        ({"state": "canceled"}, ["car"]),
        ({"state": ["canceled", "queued"], "tag": "red"}, ["car", "boat"]),
        ({"state": "succeeded"}, []),
        ({"model": "flux-dev"}, ["car"]),
        ({"model": "black-forest-labs/flux-dev"}, ["car"]),
        ({"model": "nobody/nothing"}, []),
        ({"user": "alice"}, ["boat"]),
        ({"project": "coast"}, ["lighthouse"]),
        ({"tag": "sea"}, ["lighthouse", "boat"]),
        ({"tag": ["sea", "red"]}, ["boat"]),
        ({"search": "LIGHT"}, ["lighthouse"]),
        ({"search": "%"}, []),
        ({"order": "order"}, ["one"]),
        ({"order": "nonsense"}, []),
        ({"created_after": "2020-01-01T00:00:00Z", "user": "bob"}, ["lighthouse"]),
        ({"created_before": "2020-01-01T00:00:00+02:00"}, []),
    ],
)
def test_generations_are_found(
    shelf: tuple[Serving, dict[str, str]], filters: dict[str, Any], names: list[str]
) -> None:
    """All that is given has to fit; the newest comes first."""
    here, made = shelf
    given = {name: made.get(value, value) if name == "order" else value for name, value in filters.items()}

    with here.http() as http:
        found = http.get(PATH, params=given).json()["data"]

    assert [one["id"] for one in found] == [made[name] for name in names]


def test_pages_hold_each_once(shelf: tuple[Serving, dict[str, str]]) -> None:
    """The cursor leads on from what was seen last, whatever came meanwhile."""
    here, made = shelf
    with here.http() as http:
        first = http.get(PATH, params={"limit": 2, "tag": "sea"}).json()
        found = []
        cursor = None
        while True:
            page = http.get(PATH, params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
            found += [one["id"] for one in page["data"]]
            cursor = page["next"]
            if cursor is None:
                break

    assert found == [made[name] for name in ("one", "car", "lighthouse", "boat")]
    assert first["next"] is not None


@pytest.mark.parametrize("path", [PATH, "/api/orders"])
def test_a_tampered_cursor_is_refused(shelf: tuple[Serving, dict[str, str]], path: str) -> None:
    """400, for every sign of it that is another one, and for another list's cursor."""
    here, made = shelf
    with here.http() as http:
        cursors = {each: http.get(each, params={"limit": 1}).json()["next"] for each in (PATH, "/api/orders")}
        cursor = cursors[path]
        (other,) = {PATH, "/api/orders"} - {path}
        bad = [
            cursor[:place] + ("A" if sign != "A" else "B") + cursor[place + 1 :]
            for place, sign in enumerate(cursor)
        ]
        bad += [
            cursors[other],
            cursor + "=",
            cursor[:-1],
            cursor + "A",
            made["boat"],
            "",
            "é",
            "a b",
            "-" * 40,
        ]
        answers = [http.get(path, params={"cursor": one}) for one in bad]

    assert {(one.status_code, one.json()["code"]) for one in answers} == {(400, "bad_cursor")}


def test_a_list_tells_of_outputs_too(http: httpx2.Client) -> None:
    made = http.post(PATH, json={"prompt": "a boat"}, headers=WAIT).json()

    (found,) = http.get(PATH, params={"limit": 1}).json()["data"]

    assert found["outputs"] == made["outputs"]
    assert len(found["outputs"]) == 1


def test_what_failed_is_repeated_once(http: httpx2.Client) -> None:
    """409 for one that is not final, that succeeded, or that was repeated before."""
    failed = http.post(PATH, json={"prompt": "[[fail=no luck]] a boat", "user": "alice"}, headers=WAIT).json()
    succeeded = http.post(PATH, json={"prompt": "a boat"}, headers=WAIT).json()
    running = http.post(PATH, json={"prompt": "[[delay=60]] a boat"}).json()

    again = http.post(f"{PATH}/{failed['id']}/retry", headers={"Idempotency-Key": "again"})
    same = http.post(f"{PATH}/{failed['id']}/retry", headers={"Idempotency-Key": "again"})
    refused = [http.post(f"{PATH}/{one['id']}/retry") for one in (failed, succeeded, running)]
    http.post(f"{PATH}/{running['id']}/cancel").raise_for_status()

    assert failed["state"] == "failed"
    assert (again.status_code, again.json()["user"]) == (202, "alice")
    assert again.json()["id"] != failed["id"]
    assert same.json()["id"] == again.json()["id"]
    assert [(one.status_code, one.json()["code"]) for one in refused] == [(409, "not_possible_now")] * 3


def test_what_was_deleted_is_gone_with_its_files(http: httpx2.Client) -> None:
    """409 while it runs. Then it is found no more, and its links open nothing."""
    running = http.post(PATH, json={"prompt": "[[delay=60]] a boat"}).json()
    made = http.post(PATH, json={"prompt": "a boat to go", "cache": "off"}, headers=WAIT).json()
    url = made["outputs"][0]["url"]
    assert http.get(url).status_code == 200

    refused = http.delete(f"{PATH}/{running['id']}")
    deleted = http.delete(f"{PATH}/{made['id']}")
    http.post(f"{PATH}/{running['id']}/cancel").raise_for_status()

    assert (refused.status_code, refused.json()["code"]) == (409, "not_possible_now")
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert http.get(f"{PATH}/{made['id']}").status_code == 404
    assert http.delete(f"{PATH}/{made['id']}").status_code == 404
    assert http.get(url).status_code == 410
    assert made["id"] not in {one["id"] for one in http.get(PATH).json()["data"]}


def test_the_last_rating_counts(http: httpx2.Client, here: Serving) -> None:
    """From 1 to 5, or up and down; only what succeeded is rated."""
    made = http.post(PATH, json={"prompt": "a boat"}, headers=WAIT).json()
    running = http.post(PATH, json={"prompt": "[[delay=60]] a boat"}).json()
    path = f"{PATH}/{made['id']}/rate"

    told = [http.post(path, json={"rating": rating}).json()["rating"] for rating in ("up", 3, "down", 4)]
    bad = [http.post(path, json={"rating": rating}) for rating in (0, 6, "sideways", 2.5, None, True)]
    early = http.post(f"{PATH}/{running['id']}/rate", json={"rating": 5})
    http.post(f"{PATH}/{running['id']}/cancel").raise_for_status()
    with psycopg.connect(here.database_url) as look:
        rows = look.execute("SELECT rating FROM ratings WHERE generation_id = %s", (made["id"],)).fetchall()

    assert told == [5, 3, 1, 4]
    assert rows == [(4,)]
    assert {one.status_code for one in bad} == {422}
    assert early.status_code == 409


def test_a_search_that_means_nothing_is_refused(http: httpx2.Client) -> None:
    """A filter that there is not is no filter that finds everything."""
    wrong: list[dict[str, Any]] = [
        {"stat": "failed"},
        {"state": "lost"},
        {"limit": 0},
        {"created_after": "yesterday"},
        {"created_before": "9999-12-31T23:59:59-14:00"},
    ]

    answers = [http.get(PATH, params=params) for params in wrong]

    assert {one.status_code for one in answers} == {422}
