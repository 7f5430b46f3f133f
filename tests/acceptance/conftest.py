"""One gateway for a module of tests, whose database and files the command line and Python use as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.core.conftest import server
from tests.integration.gateway import serving
from tintype import testing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.gateway.serving import Serving
    from tintype.store import embedded

__all__ = ["server"]


@pytest.fixture(scope="module")
def here(server: embedded.Server) -> Iterator[Serving]:
    """A gateway that runs, with a simulator upstream."""
    with (
        serving.database(server) as url,
        testing.simulator() as upstream,
        serving.gateway(url, upstream) as made,
    ):
        yield made
