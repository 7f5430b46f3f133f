"""What the fetcher's tests stand on: an internet of their own, and a listener that nobody may reach."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.media import nameserver, peers
from tests.integration.media.internet import Internet

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> peers.Authority:
    """The authority that every fetcher here trusts."""
    return peers.Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
async def internet(authority: peers.Authority) -> AsyncIterator[Internet]:
    """An internet of the test's own."""
    async with nameserver.NameServer.run() as (names, port):
        made = Internet(names, port, authority)
        async with made.stack:
            yield made


@pytest.fixture
def forbidden() -> Iterator[peers.Forbidden]:
    """A listener on this machine which nobody reached in the end."""
    listener = peers.Forbidden()
    yield listener
    reached = listener.count()
    listener.close()
    assert reached == 0
