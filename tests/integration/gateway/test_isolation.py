"""Who sees what (rule 22): no key reaches what is another's, by any route there is, and none does what it may not.

The routes are those of the application itself: one that is new and has no entry here fails the test.
"""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.gateway import serving
from tests.integration.gateway.routes import Route, routes
from tintype import testing

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx2

    from tests.integration.gateway.serving import Serving
    from tintype.store import embedded

GENERATION, ORDER, FILE, DELIVERY, BATCH = "generation", "order", "file", "delivery", "batch"

# Routes that name something of a key's in their path: 404 for everybody else's.
OWNED = {
    ("GET", "/api/generations/{id}"): GENERATION,
    ("GET", "/api/generations/{id}/events"): GENERATION,
    ("POST", "/api/generations/{id}/cancel"): GENERATION,
    ("POST", "/api/generations/{id}/retry"): GENERATION,
    ("POST", "/api/generations/{id}/rate"): GENERATION,
    ("POST", "/api/generations/{id}/share"): GENERATION,
    ("DELETE", "/api/generations/{id}"): GENERATION,
    ("GET", "/api/orders/{id}"): ORDER,
    ("GET", "/api/orders/{id}/events"): ORDER,
    ("POST", "/api/generations/{id}/approve"): GENERATION,
    ("POST", "/api/orders/{id}/cancel"): ORDER,
    ("POST", "/api/orders/{id}/retry"): ORDER,
    ("POST", "/api/orders/{id}/rate"): ORDER,
    ("DELETE", "/api/orders/{id}"): ORDER,
    ("GET", "/api/batches/{id}"): BATCH,
    ("GET", "/api/batches/{id}/rows"): BATCH,
    ("GET", "/api/batches/{id}/report"): BATCH,
    ("POST", "/api/batches/{id}/cancel"): BATCH,
    ("POST", "/api/batches/{id}/resume"): BATCH,
    ("GET", "/api/files/{id}"): FILE,
    ("GET", "/api/files/{id}/download"): FILE,
    ("HEAD", "/api/files/{id}/download"): FILE,
    ("DELETE", "/api/files/{id}"): FILE,
    ("GET", "/api/deliveries/{id}"): DELIVERY,
    ("POST", "/api/deliveries/{id}/redeliver"): DELIVERY,
    ("GET", "/replicate/predictions/{id}"): GENERATION,
    ("POST", "/replicate/predictions/{id}/cancel"): GENERATION,
    ("GET", "/replicate/files/{id}"): FILE,
    ("DELETE", "/replicate/files/{id}"): FILE,
}
# Routes that take something of a key's in their body: where it stands, and what is refused.
NAMING: dict[tuple[str, str], list[dict[str, Any]]] = {
    ("POST", "/api/generations"): [
        {"model": "flux-kontext-pro", "prompt": "a", "input": {"input_image": "{media}"}},
        {"model": "flux-kontext-pro", "prompt": "a", "input": {"input_image": "{upload}"}},
    ],
    ("POST", "/api/orders"): [
        {"generations": [{"model": "flux-kontext-pro", "prompt": "a", "input": {"input_image": "{media}"}}]}
    ],
    ("POST", "/api/print-checks"): [{"product": "poster-a3", "generation": "{generation}"}],
    ("POST", "/api/generate/poll"): [{"prediction_id": "{generation}"}, {"prediction_id": "{order}"}],
    ("POST", "/api/generate/video"): [{"image_urls": ["{media}"]}],
    ("POST", "/api/generate/video/async"): [{"image_urls": ["{media}"]}],
    ("POST", "/replicate/models/{owner}/{name}/predictions"): [
        {"input": {"prompt": "a", "input_image": "{media}"}}
    ],
}
# Routes that list what is the key's own.
LISTS = {
    ("GET", "/api/generations"): ["", "?order={order}", "?search=secret"],
    ("GET", "/api/orders"): [""],
    ("GET", "/api/batches"): ["", "?user=secret"],
    ("GET", "/api/files"): [""],
    ("GET", "/api/deliveries"): ["", "?generation={generation}", "?state=waiting"],
    ("GET", "/api/usage"): ["?by=user", "?by=project", "?by=tag", "?by=key", "?by=tag&format=csv"],
    ("GET", "/api/budgets/standing"): ["", "?project=secret"],
    ("GET", "/replicate/predictions"): [""],
    ("GET", "/replicate/files"): [""],
}
# Routes that take a key and name nothing of anybody's.
COMMON = {
    ("POST", "/api/estimates"),
    ("POST", "/api/recommendations"),
    ("GET", "/api/products"),
    ("GET", "/api/events"),
    ("POST", "/api/deliveries/test"),
    ("GET", "/api/deliveries/secret"),
    ("POST", "/api/deliveries/secret/rotate"),
    ("POST", "/api/generate/image"),
    ("POST", "/api/generate/estimate-cost"),
    ("POST", "/openai/v1/images/generations"),
    ("GET", "/openai/v1/models"),
    ("GET", "/openai/v1/models/{id:path}"),
    ("GET", "/replicate/account"),
    ("GET", "/replicate/webhooks/default/secret"),
    ("GET", "/replicate/collections"),
    ("GET", "/replicate/collections/{slug}"),
    ("GET", "/replicate/hardware"),
    ("GET", "/replicate/models"),
    ("QUERY", "/replicate/models"),
    ("GET", "/replicate/models/{owner}/{name}"),
    ("GET", "/replicate/models/{owner}/{name}/examples"),
    ("GET", "/replicate/models/{owner}/{name}/readme"),
    ("GET", "/replicate/models/{owner}/{name}/versions"),
    ("GET", "/replicate/models/{owner}/{name}/versions/{id}"),
    ("GET", "/replicate/search"),
    ("POST", "/replicate/predictions"),
    ("POST", "/replicate/deployments/{owner}/{name}/predictions"),
    ("POST", "/replicate/files"),
    ("POST", "/api/files"),
    ("POST", "/api/batches"),
    ("POST", "/api/batches/file"),
}
# Routes without a key: pages, what stands behind a link that nobody can guess, and what upstream calls.
OPEN = {
    ("GET", "/"),
    ("GET", "/docs"),
    ("GET", "/problems"),
    ("GET", "/problems/{code}"),
    ("GET", "/static/{name}"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    ("POST", "/hooks/replicate/{token}"),
    ("GET", "/media/{id}/{position}/{name}"),
    ("HEAD", "/media/{id}/{position}/{name}"),
    ("GET", "/share/{id}/{position}/{name}"),
    ("HEAD", "/share/{id}/{position}/{name}"),
    ("GET", "/streams/{id}/{code}"),
    ("GET", "/replicate/files/{id}/download"),
}
FILLED = {"{owner}": "black-forest-labs", "{name}": "flux-kontext-pro", "{slug}": "text-to-image"}


@dataclass(frozen=True, slots=True)
class Two:
    """A gateway with the keys of two callers, and what the first one has."""

    here: Serving
    keys: dict[str, str]
    made: dict[str, str]

    def ask(
        self, key: str | None, route: Route, path: str | None = None, body: Any = None
    ) -> httpx2.Response:
        """Ask by a route; with a body where it may take one."""
        target = path or filled(route.path, "01k9w3t8m2q7r5v6x0y4z1a2b3")
        is_file = target.endswith(("/files", "/file")) and route.method == "POST"
        options: dict[str, Any] = {}
        if is_file:
            options["files"] = {"content": ("a.txt", b"a")}
        elif route.method in {"POST", "PATCH"}:
            options["json"] = BODIES.get(route.known[1], {}) if body is None else body
        elif route.method == "QUERY":
            options |= {"content": b"boats", "headers": {"Content-Type": "text/plain"}}
        with self.here.http(None if key is None else self.keys[key]) as http:
            return http.request(route.method, target, **options)


BODIES = {f"/api/{noun}/{{id}}/rate": {"rating": 5} for noun in ("generations", "orders")}


@pytest.fixture(scope="module")
def two(server: embedded.Server) -> Iterator[Two]:
    """Two callers; the first has a picture, an order and a file."""
    with (
        serving.database(server) as url,
        testing.simulator() as upstream,
        serving.gateway(url, upstream) as here,
    ):
        keys = {}
        for name, scopes in (
            ("alice", "generate,read"),
            ("bob", "generate,read"),
            ("reader", "read"),
            ("maker", "generate"),
        ):
            done = here.run("keys", "create", "--name", name, "--scopes", scopes, "--json")
            keys[name] = json.loads(done.stdout)["key"]
        with here.http(keys["alice"]) as http:
            wait = {"Prefer": "wait=60"}
            whose = {"user": "secret", "project": "secret", "tags": ["secret"]}
            # Nobody answers there, so that its callback waits.
            body = {"prompt": "a secret", "callback_url": "http://127.0.0.1:9/secret", **whose}
            made = http.post("/api/generations", json=body, headers=wait).json()
            (owed,) = http.get("/api/deliveries").json()["data"]
            parts = [{"prompt": "[[fail=secret]] one"}, {"prompt": "a secret too"}]
            order = http.post("/api/orders", json={"generations": parts}, headers=wait).json()
            rows = {"rows": [{"color": "secret"}], "prompt": "a {color}", "name": "secret", "user": "secret"}
            batch = http.post("/api/batches", json=rows).json()
            file = http.post("/api/files", files={"file": ("secret.txt", b"secret")}).json()
        yield Two(
            here,
            keys,
            {
                GENERATION: made["id"],
                ORDER: order["id"],
                FILE: file["id"],
                DELIVERY: owed["id"],
                BATCH: batch["id"],
                "part": order["generations"][0]["id"],
                "media": made["outputs"][0]["url"],
                "upload": file["url"],
            },
        )


def filled(text: str, ident: str) -> str:
    for name, value in FILLED.items():
        text = text.replace(name, value)
    return re.sub(r"\{id(?::path)?\}", ident, text).replace("{id:int}", "999999")


def seen(http: httpx2.Client, ident: str) -> dict[str, Any]:
    """Return what a generation's owner sees of it, but for thumbnails, which come when they come."""
    found: dict[str, Any] = http.get(f"/api/generations/{ident}").json()
    for output in found["outputs"]:
        del output["thumbnail_url"]
    return found


def named(value: Any, made: dict[str, str]) -> Any:
    """Put the names of what was made into a body."""
    text = json.dumps(value)
    for name, ident in made.items():
        text = text.replace(f"{{{name}}}", ident)
    return json.loads(text)


def test_every_route_has_an_entry() -> None:
    """Whoever adds a route says here what of a key's it names."""
    known = set(OWNED) | set(NAMING) | set(LISTS) | COMMON | OPEN
    found = {route.known for route in routes() if route.scope != "admin"}

    assert found - known == set()
    assert known - found == set(), "these are routes no more"


def test_a_route_without_a_scope_is_open_on_purpose() -> None:
    assert {route.known for route in routes() if route.scope is None} == OPEN


def test_a_parameter_that_a_route_does_not_know_is_refused(two: Two) -> None:
    """By every route of ours that takes a key, whatever it does; links are handed on with others' words."""
    found = {}
    for route in [one for one in routes() if not one.path.startswith(("/replicate/", "/openai/"))]:
        path = filled(route.path, two.made[GENERATION])
        answer = two.ask("alice", route, f"{path}?nobody_knows_this=1")
        is_told = "nobody_knows_this: there is no such parameter" in answer.text or route.method == "HEAD"
        found[f"{route.method} {route.path}"] = (route.scope is None, answer.status_code == 422 and is_told)

    assert {name for name, (is_open, is_refused) in found.items() if is_open == is_refused} == set()


def test_a_nul_in_a_path_is_refused(two: Two) -> None:
    """By every route that takes a text from its path: the database knows no such sign."""
    found = {}
    for route in [one for one in routes() if "{" in one.path]:
        answer = two.ask(None, route, re.sub(r"\{[^}]+\}", "%00", route.path))
        found[f"{route.method} {route.path}"] = answer.status_code

    numbers = {name for name in found if ":int}" in name}
    assert {name for name, status in found.items() if status != 422} == numbers
    assert {found[name] for name in numbers} == {404}


def test_what_is_anothers_is_not_there(two: Two) -> None:
    """404, by every route, for every kind of id; and nothing of it has changed."""
    found = {}
    with two.here.http(two.keys["alice"]) as http:
        before = [seen(http, two.made[name]) for name in (GENERATION, "part")]
        for route in routes():
            if route.known not in OWNED:
                continue
            kind = OWNED[route.known]
            idents = [two.made[kind]] + ([two.made["part"]] if kind == GENERATION else [])
            for ident in idents:
                answer = two.ask("bob", route, filled(route.path, ident))
                found[f"{route.method} {route.path} {ident}"] = answer.status_code
                assert "secret" not in answer.text
        after = [seen(http, two.made[name]) for name in (GENERATION, "part")]

    assert len(found) >= len(OWNED)
    assert {name: status for name, status in found.items() if status != 404} == {}
    assert before == after


def test_ids_of_another_kind_are_not_there_either(two: Two) -> None:
    """An order's id where a generation's belongs, and the other way round, also one's own."""
    found = {}
    for route in routes():
        if route.known not in OWNED:
            continue
        for kind in {GENERATION, ORDER, FILE, DELIVERY, BATCH} - {OWNED[route.known]}:
            # A proof may be an order of proofs.
            if route.path.endswith("/approve") and kind == ORDER:
                continue
            answer = two.ask("alice", route, filled(route.path, two.made[kind]))
            found[f"{route.method} {route.path} {kind}"] = answer.status_code

    assert {name: status for name, status in found.items() if status != 404} == {}


def test_what_is_anothers_is_not_taken_from_a_body(two: Two) -> None:
    """Ids are not there; links of ours among the inputs are their owner's (rule 23)."""
    found = {}
    for route in routes():
        for body in NAMING.get(route.known, ()):
            answer = two.ask("bob", route, body=named(body, two.made))
            found[f"{route.method} {route.path}"] = answer.status_code

    assert len(found) >= len(NAMING)
    assert {name: status for name, status in found.items() if status not in {404, 422}} == {}


def test_lists_hold_what_is_ones_own(two: Two) -> None:
    """By every filter too; and another's cursor is none."""
    texts = []
    for route in routes():
        for query in LISTS.get(route.known, ()):
            answer = two.ask("bob", route, route.path + query.format(**two.made))
            assert answer.status_code == 200
            texts.append(answer.text)
    with two.here.http(two.keys["alice"]) as http:
        cursor = http.get("/api/generations", params={"limit": 1}).json()["next"]
    with two.here.http(two.keys["bob"]) as http:
        taken = http.get("/api/generations", params={"cursor": cursor})

    assert len(texts) >= len(LISTS)
    hidden = [two.made[name] for name in (GENERATION, ORDER, FILE, DELIVERY, BATCH, "part")] + ["secret"]
    assert [word for word, text in itertools.product(hidden, texts) if word in text] == []
    assert (taken.status_code, taken.json()["code"]) == (400, "bad_cursor")


def test_a_stream_tells_of_ones_own(two: Two) -> None:
    """Of all keys' events only who administers."""
    with two.here.http(two.keys["bob"]) as http:
        refused = http.get("/api/events", params={"all": "true"})
        with http.sse("/api/events", params={"last_event_id": "1-a-1"}) as stream:
            following = iter(stream)
            reset = [next(following), next(following)][1]
            with two.here.http(two.keys["alice"]) as other:
                other.post("/api/generations", json={"prompt": "a secret"}).raise_for_status()
            mine = http.post("/api/generations", json={"prompt": "a boat"}).json()["id"]
            event = next(following)

    assert refused.status_code == 403
    assert json.loads(reset.data) == {"open": []}
    assert json.loads(event.data)["generation_id"] == mine


def test_a_missing_scope_is_a_403(two: Two) -> None:
    """By every route that asks for one."""
    lacking = {"generate": "reader", "read": "maker", "admin": "bob"}
    found = {
        f"{route.method} {route.path}": two.ask(lacking[route.scope], route).status_code
        for route in routes()
        if route.scope is not None
    }

    assert len(found) > 40
    assert {name: status for name, status in found.items() if status != 403} == {}


def test_no_key_is_a_401(two: Two) -> None:
    """By every route but the open ones, as soon as there is a key."""
    found = {
        f"{route.method} {route.path}": two.ask(None, route).status_code
        for route in routes()
        if route.scope is not None
    }

    assert {name: status for name, status in found.items() if status != 401} == {}
