"""A route in an app of somebody's own needs nothing of that app."""

from __future__ import annotations

from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient
from pydantic import BaseModel

from tintype import catalogue
from tintype.api import routing
from tintype.api.app import collected
from tintype.api.problems import Problem
from tintype.api.stopping import Stopping
from tintype.domain.errors import ConfigurationError
from tintype.settings import Settings
from tintype.telemetry.metrics import Meters

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path


class Asked(BaseModel):
    """A body."""

    text: str


router = routing.router("/things")


@router.get("/{number}")
async def show(number: int) -> dict[str, int]:
    if number == 0:
        raise Problem("not_found", "there is no such thing")
    return {"number": number}


@router.get("")
async def show_all() -> list[int]:
    return []


@router.post("")
async def make(body: Asked) -> dict[str, int]:
    return {"length": len(body.text)}


def own() -> str:
    return "own"


@pytest.fixture
def http(tmp_path: Path) -> Iterator[TestClient]:
    """A client of an app with these routes and one of its own."""
    here = SimpleNamespace(
        settings=Settings(data=tmp_path, body_max_mb=0.001),
        meters=Meters(catalogue.load()),
        stopping=Stopping(),
    )

    @asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[dict[str, Any]]:
        yield {"gateway": here}

    app = FastAPI(lifespan=lifespan)
    app.include_router(router)
    app.get("/own")(own)
    with TestClient(app) as client:
        client.app_state["here"] = here
        yield client


def test_each_request_has_an_id_of_its_own(http: TestClient) -> None:
    missing = http.get("/things/0")
    mine = http.get("/things/0", headers={"X-Request-Id": "mine"})

    assert (missing.status_code, len(missing.json()["request_id"])) == (404, 26)
    assert missing.headers["x-request-id"] == missing.json()["request_id"]
    assert mine.json()["request_id"] == "mine"
    assert http.get("/things/1").headers["x-content-type-options"] == "nosniff"
    assert "x-request-id" not in http.get("/own").headers


def test_a_body_has_an_end(http: TestClient) -> None:
    """Stated or not."""
    large = b'{"text": "%s"}' % (b"a" * 2000)

    assert http.post("/things", json={"text": "ab"}).json() == {"length": 2}
    assert http.post("/things", content=large).status_code == 413
    assert http.post("/things", content=iter([large])).json()["code"] == "too_large"


def test_what_is_got_may_be_asked_for_by_head(http: TestClient) -> None:
    head = http.head("/things/1")

    assert (head.status_code, head.content, http.head("/own").status_code) == (200, b"", 405)


def test_another_method_is_told_all_that_are_offered(http: TestClient) -> None:
    for path, offered in (("/things/1", "GET, HEAD"), ("/things", "GET, HEAD, POST")):
        refused = http.put(path)
        assert (refused.status_code, refused.headers["allow"]) == (405, offered)
        assert refused.json()["code"] == "method_not_allowed"


def test_it_is_counted_under_its_route(http: TestClient) -> None:
    http.get("/things/7")
    http.head("/things/7")

    told = http.app_state["here"].meters.text().decode()
    for method in ("GET", "HEAD"):
        assert (
            f'tintype_http_requests_total{{method="{method}",route="/things/{{number}}",status="200"}} 1.0'
            in told
        )


def test_a_prefix_is_refused_before_anything_is_opened() -> None:
    """Links, limits and webhooks go by whole paths."""
    whole = APIRouter()
    whole.include_router(collected())
    app = FastAPI()
    app.include_router(whole, prefix="/gw")

    with pytest.raises(ConfigurationError, match="without one"), TestClient(app):
        pass


def test_what_is_mounted_says_why_it_was_not_opened() -> None:
    """Also where nothing of the gateway would be needed."""
    below, app = FastAPI(), FastAPI()
    below.include_router(collected())
    app.mount("/gw", below)

    with TestClient(app) as http:
        answers = [http.get(path) for path in ("/gw/healthz", "/gw/api/generations")]

    for one in answers:
        assert (one.status_code, one.json()["code"]) == (500, "configuration")
        assert "`mount` runs no lifespan" in one.json()["detail"]


def test_without_a_prefix_it_is_opened() -> None:
    opened: list[str] = []

    @asynccontextmanager
    async def opening() -> AsyncIterator[Any]:
        opened.append("here")
        yield None

    app = FastAPI()
    app.include_router(collected(opening))
    with TestClient(app):
        assert opened == ["here"]
