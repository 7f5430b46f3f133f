"""What capturing works with, and a host that has the outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.core import outlet as outlets
from tests.integration.core.keeping import capturing
from tintype.media import fetch, pool
from tintype.media.files import Files
from tintype.service import capture

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.integration.core.outlet import Outlet
    from tintype.store.database import Database


@pytest.fixture
async def host() -> AsyncIterator[Outlet]:
    async with outlets.running() as made:
        yield made


@pytest.fixture
async def tools(db: Database, tmp_path: Path) -> AsyncIterator[capture.Tools]:
    rules = fetch.Rules(allow_loopback=True, hosts=fetch.REPLICATE_OUTPUTS)
    async with fetch.Fetcher(rules) as fetcher, pool.Pool() as workers:
        store = Files((tmp_path / "files").as_uri(), drafts=tmp_path)
        yield capture.Tools(db=db, files=store, fetcher=fetcher, pool=workers, random=capturing.Hasty())
