"""A server that starts while the database is away waits for it, as one that runs does."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import psycopg
import pytest

from tintype import bootstrap, settings
from tintype.replicate import settings as replicate_settings
from tintype.store.errors import DatabaseAway

if TYPE_CHECKING:
    from pathlib import Path

    from tintype.store import embedded
    from tintype.testing import Simulator


async def test_a_server_waits_for_a_database_that_comes_back(
    server: embedded.Server, url: str, data: Path, simulator: Simulator
) -> None:
    """Nobody may connect for longer than a call waits; then it starts as if nothing had been."""
    place = replicate_settings.resolve(simulator.token, base_url=simulator.url)
    made = settings.load(data=data, database_url=url)
    name = url.split("?", maxsplit=1)[0].rpartition("/")[2]

    async def open_it() -> bool:
        async with bootstrap.core(made, place, application="tintype worker test"):
            return True

    with psycopg.connect(server.admin_url, autocommit=True) as operator:
        operator.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'.encode())
        starting = asyncio.create_task(open_it())
        done, _ = await asyncio.wait({starting}, timeout=7)
        operator.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'.encode())

    assert not done
    assert await asyncio.wait_for(starting, 30)


async def test_a_command_says_that_nobody_answers(data: Path) -> None:
    made = settings.load(data=data, database_url="postgresql://tintype@127.0.0.1:1/none")

    with pytest.raises(DatabaseAway, match="does not answer"):
        async with bootstrap.open_database(made, application="tintype"):
            pass
