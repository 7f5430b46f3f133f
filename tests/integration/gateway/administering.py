"""A gateway whose first key is an administrator's, and clients with keys of every kind."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.core.conftest import server
from tests.integration.gateway import serving
from tintype import testing

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx2

    from tests.integration.gateway.serving import Serving
    from tintype.store import embedded

__all__ = ["admin", "clients", "here", "server"]


@pytest.fixture(scope="module")
def here(server: embedded.Server) -> Iterator[Serving]:
    """A gateway whose first key is an administrator's."""
    with (
        serving.database(server) as url,
        testing.simulator() as upstream,
        serving.gateway(url, upstream) as made,
    ):
        yield made


@pytest.fixture(scope="module")
def admin(here: Serving) -> Iterator[httpx2.Client]:
    """A client with that key; it was made without one."""
    with here.http() as http:
        made = http.post("/api/keys", json={"name": "boss", "scopes": ["admin"]})
    assert made.status_code == 201, made.text
    with here.http(made.json()["key"]) as http:
        yield http


@pytest.fixture
def clients(here: Serving, admin: httpx2.Client) -> Iterator[Any]:
    """Make keys and give a client of each: `clients("shop", scopes=["read"])`."""
    with ExitStack() as stack:

        def client(name: str, **body: Any) -> httpx2.Client:
            made = admin.post("/api/keys", json={"name": name, **body})
            assert made.status_code == 201, made.text
            return stack.enter_context(here.http(made.json()["key"]))

        yield client
