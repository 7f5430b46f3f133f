"""A gateway for each module of tests, with a database and a simulator of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.core.conftest import server
from tests.integration.gateway import serving
from tintype import testing

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx2

    from tests.integration.gateway.serving import Serving
    from tintype.store import embedded

__all__ = ["server"]


@pytest.fixture(scope="module")
def here(server: embedded.Server) -> Iterator[Serving]:
    """A gateway that runs: `tintype serve` in a process of its own."""
    with (
        serving.database(server) as url,
        testing.simulator() as upstream,
        serving.gateway(url, upstream) as made,
    ):
        yield made


@pytest.fixture
def http(here: Serving) -> Iterator[httpx2.Client]:
    """A client of it without a key: the local owner."""
    with here.http() as client:
        yield client
