"""A create by its shortcut is the create that the route describes."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.routing import APIRoute

from tintype.api import auth
from tintype.api.routes import generations, openai
from tintype.domain.access import Scope

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx2
    from fastapi import APIRouter

LONG = {"Prefer": "respond-async"}
"""Nothing that is understood, so that it changes nothing but the way."""


def test_both_ways_give_the_same_answer(http: httpx2.Client) -> None:
    body = {
        "prompt": "a boat",
        "user": "alice",
        "metadata": {"a": 1.5},
        "tags": ["x"],
        "negative_prompt": "people",
    }

    short = http.post("/api/generations", json=body)
    long = http.post("/api/generations", json=body, headers=LONG)

    own = {"id", "created_at", "deadline_at"}
    assert (short.status_code, long.status_code) == (202, 202)
    assert _without(short.json(), own) == _without(long.json(), own)
    assert list(short.json()) == list(long.json())
    assert _without(dict(short.headers), {"date", "x-request-id", "content-length", "location"}) == _without(
        dict(long.headers), {"date", "x-request-id", "content-length", "location"}
    )


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        (b'{"prompt": "a boat", "colour": "red"}', {}),
        (b'{"prompt": ""}', {}),
        (b'{"prompt": "a boat", "model": "nobody/nothing-of-this"}', {}),
        (b'{"prompt": ', {}),
        (b'{"n": 1, "n": 2}', {}),
        (b"", {}),
        (b'{"prompt": "a boat"}', {"Content-Type": "text/plain"}),
        (b'{"prompt": "a boat"}', {"Authorization": "Bearer tt_nobodys"}),
        (b'{"prompt": "a boat"}', {"Authorization": "Basic YTpi"}),
        (b'{"prompt": "a boat"}', {"Idempotency-Key": ""}),
        (b'{"prompt": "a boat"}', {"Idempotency-Key": "k" * 256}),
        (b'{"prompt": "a boat"}', {"Idempotency-Key": "caf\u00e9"}),
    ],
)
def test_both_ways_refuse_alike(http: httpx2.Client, content: bytes, headers: dict[str, str]) -> None:
    stated = {"Content-Type": "application/json"} | headers
    sent = [(name.encode(), value.encode()) for name, value in stated.items()]
    longer = [*sent, (b"Prefer", b"respond-async")]

    short = http.post("/api/generations", content=content, headers=sent)
    long = http.post("/api/generations", content=content, headers=longer)

    assert short.status_code >= 400
    assert short.status_code == long.status_code
    assert _without(short.json(), {"request_id"}) == _without(long.json(), {"request_id"})
    assert short.headers["content-type"] == long.headers["content-type"]


def test_the_same_key_gives_the_same_generation_by_either_way(http: httpx2.Client) -> None:
    body, key = {"prompt": "a boat"}, {"Idempotency-Key": "both-ways"}

    short = http.post("/api/generations", json=body, headers=key)
    long = http.post("/api/generations", json=body, headers=key | LONG)
    again = http.post("/api/generations", json=body, headers=key)

    assert short.json()["id"] == long.json()["id"] == again.json()["id"]
    assert [one.headers.get("idempotency-replayed") for one in (short, long, again)] == [None, "true", "true"]
    assert {http.get(one.headers["location"]).json()["id"] for one in (short, long, again)} == {
        short.json()["id"]
    }


@pytest.mark.parametrize("more", [{}, {"Prefer": "wait=5"}])
def test_a_key_that_was_used_names_one_request_for_a_day(
    http: httpx2.Client, request: pytest.FixtureRequest, more: dict[str, str]
) -> None:
    """Rule 8: on another route it is a conflict; what it had made and was deleted is gone, and is not made anew."""
    headers = {"Idempotency-Key": request.node.name, **more}
    first = http.post("/api/generations", json={"prompt": "a boat"}, headers=headers).json()["id"]

    other = http.post("/api/orders", json={"generations": [{"prompt": "a boat"}]}, headers=headers)
    while http.delete(f"/api/generations/{first}").status_code == 409:
        pass
    again = http.post("/api/generations", json={"prompt": "a boat"}, headers=headers)

    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")
    assert (again.status_code, again.json()["code"]) == (410, "gone")
    assert first in again.json()["detail"]


def test_a_picture_for_openais_package_is_the_same_by_either_way(http: httpx2.Client) -> None:
    """A query, which no route reads, is what takes the long way."""
    body = {"prompt": "a boat", "model": "flux-schnell", "size": "1024x1024", "user": "alice"}

    short = http.post(openai.ROUTE, json=body)
    long = http.post(openai.ROUTE, params={"way": "long"}, json=body)

    assert (short.status_code, long.status_code) == (200, 200)
    assert _without(short.json(), {"data", "created", "ids"}) == _without(
        long.json(), {"data", "created", "ids"}
    )
    assert [list(one) for one in short.json()["data"]] == [list(one) for one in long.json()["data"]]
    own = {"date", "x-request-id", "content-length"}
    assert _without(dict(short.headers), own) == _without(dict(long.headers), own)


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        (b'{"prompt": "a boat", "colour": "red"}', {}),
        (b'{"prompt": ""}', {}),
        (b'{"prompt": "a boat", "model": "nobodys"}', {}),
        (b'{"prompt": "a boat", "n": 11}', {}),
        (b'{"prompt": ', {}),
        (b"", {}),
        (b'{"prompt": "a boat"}', {"Content-Type": "text/plain"}),
        (b'{"prompt": "a boat"}', {"Authorization": "Bearer tt_nobodys"}),
    ],
)
def test_a_picture_for_openais_package_is_refused_alike(
    http: httpx2.Client, content: bytes, headers: dict[str, str]
) -> None:
    stated = {"Content-Type": "application/json"} | headers

    short = http.post(openai.ROUTE, content=content, headers=stated)
    long = http.post(openai.ROUTE, params={"way": "long"}, content=content, headers=stated)

    assert short.status_code >= 400
    assert short.status_code == long.status_code
    assert short.json() == long.json()
    assert short.headers["content-type"] == long.headers["content-type"]


@pytest.mark.parametrize(
    ("router", "endpoint", "reads"),
    [
        (generations.router, generations.submit, {"idempotency-key": "idempotency_key", "prefer": "prefer"}),
        (openai.router, openai.generate, {}),
    ],
    ids=["generations", "openai"],
)
def test_the_route_asks_for_nothing_that_its_shortcut_does_not_know(
    router: APIRouter, endpoint: Callable[..., Any], reads: dict[str, str]
) -> None:
    """Whoever gives the route another parameter or dependency gives it to the shortcut too, and says so here."""
    [route] = [one for one in router.routes if isinstance(one, APIRoute) and one.endpoint is endpoint]
    wants = route.dependant

    assert {one.alias for one in wants.header_params} == set(reads)
    assert not (wants.query_params + wants.path_params + wants.cookie_params)
    assert [one.name for one in wants.body_params] == ["body"]
    assert len(wants.dependencies) == 1
    requires = wants.dependencies[0].call
    assert isinstance(requires, auth.Requires)
    assert requires.scope is Scope.GENERATE
    assert route.dependencies == router.dependencies == []
    assert set(inspect.signature(endpoint).parameters) - {"response"} == {
        *("body", "request", "caller"),
        *reads.values(),
    }


def _without(told: dict[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if name not in names}
