"""A migrated database for each test, cloned from one that was made once."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql

from tests import folders
from tests.integration.core import asking
from tintype.store import embedded, schema
from tintype.store.database import Database

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

TEMPLATE = "tt_template"


@pytest.fixture(scope="session")
def server() -> Iterator[embedded.Server]:
    """The embedded server, with a migrated database to clone from.

    Nobody pulls the plug of a machine that runs tests, and a killed process loses nothing that it wrote: the server
    waits for no disk, and has its files in memory, where a clone takes a tenth of the time.
    """
    with folders.opened() as folder, embedded.server(folder / "data") as running:
        with psycopg.connect(running.admin_url, autocommit=True) as admin:
            admin.execute("ALTER SYSTEM SET fsync = off")
            admin.execute("ALTER SYSTEM SET max_wal_size = '64MB'")
            admin.execute("SELECT pg_reload_conf()")
        asyncio.run(schema.migrate(running.database(TEMPLATE)))
        yield running


@contextlib.contextmanager
def cloned(server: embedded.Server) -> Iterator[str]:
    """Give the URL of a fresh database with the schema."""
    name = f"tt_{secrets.token_hex(6)}"
    names = {"name": sql.Identifier(name), "template": sql.Identifier(TEMPLATE)}
    with psycopg.connect(server.admin_url, autocommit=True) as admin:
        # Files are copied in half the time that it takes to write their pages into the log.
        made = "CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY OWNER tintype"
        admin.execute(sql.SQL(made).format(**names))
        try:
            yield server.database(name)
        finally:
            admin.execute(sql.SQL("DROP DATABASE {name} WITH (FORCE)").format(**names))


@pytest.fixture
def url(server: embedded.Server) -> Iterator[str]:
    """The URL of a database of the test's own."""
    with cloned(server) as made:
        yield made


@pytest.fixture
def data() -> Iterator[Path]:
    """A data folder."""
    with folders.opened() as folder:
        yield folder


@pytest.fixture
async def db(url: str) -> AsyncIterator[Database]:
    """A pool of connections to it."""
    async with Database(url) as database:
        yield database


@pytest.fixture
async def ask(db: Database) -> asking.Asking:
    """A short way to ask for generations."""
    return await asking.Asking.of(db)
