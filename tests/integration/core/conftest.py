"""A migrated database for each test, cloned from one that was made once."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql

from tests.integration.core import asking
from tintype.store import embedded, schema
from tintype.store.database import Database

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

TEMPLATE = "tt_template"


@pytest.fixture(scope="session")
def server() -> Iterator[embedded.Server]:
    """The embedded server, with a migrated database to clone from."""
    # Below the temporary folder itself: pytest's own folders are closed to the server's account.
    folder = Path(tempfile.mkdtemp(prefix="tt-"))
    folder.chmod(0o755)
    try:
        with embedded.server(folder / "data") as running:
            asyncio.run(schema.migrate(running.database(TEMPLATE)))
            yield running
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def url(server: embedded.Server) -> Iterator[str]:
    """The URL of a database of the test's own."""
    name = f"tt_{secrets.token_hex(6)}"
    names = {"name": sql.Identifier(name), "template": sql.Identifier(TEMPLATE)}
    with psycopg.connect(server.admin_url, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {name} TEMPLATE {template} OWNER tintype").format(**names))
        yield server.database(name)
        admin.execute(sql.SQL("DROP DATABASE {name} WITH (FORCE)").format(**names))


@pytest.fixture
async def db(url: str) -> AsyncIterator[Database]:
    """A pool of connections to it."""
    async with Database(url) as database:
        yield database


@pytest.fixture
async def ask(db: Database) -> asking.Asking:
    """A short way to ask for generations."""
    return await asking.Asking.of(db)
