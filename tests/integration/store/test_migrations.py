"""Bringing a schema up to date: by whom, in which order, and who refuses (rule 20)."""

from __future__ import annotations

import asyncio
import secrets
import subprocess
import sys
from importlib import resources
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql

import tintype
from tests.integration.store import schema_files, users
from tintype.store import errors, schema
from tintype.store.database import Database
from tintype.store.queries import Queries

if TYPE_CHECKING:
    from collections.abc import Iterator


# On every version in `make chaos`.
pytestmark = pytest.mark.chaos


@pytest.fixture
def url(one_url: str) -> Iterator[str]:
    """An empty database on a server that Tintype does not manage."""
    name = f"tt_{secrets.token_hex(4)}"
    with psycopg.connect(one_url, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield one_url.replace("/postgres", f"/{name}")
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def poor_url(url: str) -> Iterator[str]:
    """That database for a role that may do no more than connect."""
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("CREATE ROLE \"poor shop\" LOGIN PASSWORD 'poor'")
        admin.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        yield url.replace(url.partition("://")[2].partition("@")[0], "poor%20shop:poor")
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute('DROP OWNED BY "poor shop"')
        admin.execute('DROP ROLE "poor shop"')


def servers(url: str) -> list[tuple[str]]:
    """Return the servers of Tintype that are connected."""
    with psycopg.connect(url) as connection:
        return connection.execute(Queries()["running_servers"], {}).fetchall()


async def test_migrations_lead_to_the_schema_that_is_kept(url: str) -> None:
    """Rule 20: all migrations one after the other make what `store/schema/` says, object for object.

    After a new migration: python -m tests.integration.store.schema_files
    """
    await schema.migrate(url)

    assert schema_files.dumped(url) == schema_files.kept()


async def test_a_batch_keeps_its_name_when_names_are_shared(url: str) -> None:
    """Rule 8 over an upgrade: asked for again under its Idempotency-Key it is the same, and what is older is free."""
    await schema.migrate(url, to="0004")
    with psycopg.connect(url, autocommit=True) as database:
        database.execute("INSERT INTO upstreams (origin, account) VALUES ('https://up.test', 'a')")
        database.execute(
            "INSERT INTO batches (id, key_id, upstream_id, idempotency, fingerprint, created_at)"
            " SELECT one.id, 'local', u.id, one.name, 'said', now() - one.age FROM upstreams AS u,"
            " (VALUES ('b1', 'boats', interval '1 hour'), ('b2', 'hats', interval '2 days'), ('b3', NULL, '0'))"
            " AS one (id, name, age)"
        )

    await schema.migrate(url)

    with psycopg.connect(url) as database:
        found = database.execute("SELECT name, order_id, fingerprint FROM idempotency").fetchall()
        kept = database.execute("SELECT count(*) FROM batches").fetchone()
    assert (found, kept) == ([("boats", "b1", b"said")], (3,))


async def test_the_engines_tables_are_procrastinates_own(url: str) -> None:
    """Rule 20: our road to Procrastinate's schema ends where its own file does."""
    await schema.migrate(url)
    migrated = schema_files.dumped(url, engine=True)
    own = (resources.files("procrastinate") / "sql" / "schema.sql").read_text()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        connection.execute(own.encode())

    assert "procrastinate_jobs" in migrated
    assert migrated == schema_files.dumped(url, engine=True)


async def test_four_processes_migrate_at_once(url: str) -> None:
    """Rule 20: one does it, the others find it done; each migration is there once, with its oldest code."""
    await asyncio.gather(*(schema.migrate(url) for _ in range(4)))

    async with Database(url) as db:
        had = await schema.revisions(db)
        await schema.prepare(db, url, caller=schema.Caller.COMMAND)

    assert [one.revision for one in had] == [f"{number:04}" for number in range(1, int(schema.head()) + 1)]
    assert had[-1].code == tintype.__version__


async def test_a_command_never_migrates_under_a_running_server(url: str) -> None:
    """Rule 20: it says what to run; without a server it migrates by itself."""
    async with Database(url) as db:
        async with Database(url, application="tintype serve") as running:
            await running.value("schema_is_made")
            with pytest.raises(errors.SchemaMismatch, match=r"tintype serve.*Restart that server"):
                await schema.prepare(db, url, caller=schema.Caller.COMMAND)
            untouched = await schema.revisions(db)
        await asyncio.to_thread(users.until, lambda: not servers(url), "the server's connections are gone")

        await schema.prepare(db, url, caller=schema.Caller.COMMAND)
        had = await schema.revisions(db)

    assert untouched == []
    assert had[-1].revision == schema.head()


async def test_older_code_refuses_what_it_cannot_work_with(url: str) -> None:
    """Rule 20: a newer database says the oldest code that works with it; older code refuses, newer goes on."""
    async with Database(url) as db:
        await schema.prepare(db, url, caller=schema.Caller.SERVER)
        async with db.connection() as session:
            newer = session.connection
            insert = "INSERT INTO tintype_revisions (revision, oldest_code, code) VALUES (%s, %s, '99.2.0')"
            await newer.execute(insert, ("9998", "0.0.9"))
            await schema.prepare(db, url, caller=schema.Caller.SERVER)
            await newer.execute(insert, ("9999", "99.1.0"))

        with pytest.raises(
            errors.SchemaMismatch, match=r"9999.*99\.2\.0.*needs Tintype 99\.1\.0.*pip install"
        ):
            await schema.prepare(db, url, caller=schema.Caller.SERVER)


async def test_an_engine_newer_than_the_schema_is_refused(url: str) -> None:
    """Procrastinate's own schema is versioned along: a package that needs more than is there is named."""
    async with Database(url) as db:
        await schema.prepare(db, url, caller=schema.Caller.SERVER)
        newest = max(schema.engine_migrations())
        async with db.connection() as session:
            await session.connection.execute("DELETE FROM tintype_engine WHERE migration = %s", (newest,))

        with pytest.raises(errors.SchemaMismatch, match=newest):
            await schema.prepare(db, url, caller=schema.Caller.SERVER)


async def test_a_migration_that_fails_leaves_nothing(url: str) -> None:
    """Each is done whole or not at all; the message is the database's, and the next start succeeds."""
    async with Database(url) as db:
        async with db.connection() as session:
            await session.connection.execute("CREATE TABLE tintype_engine ()")
        with pytest.raises(errors.SchemaMismatch, match='relation "tintype_engine" already exists'):
            await schema.prepare(db, url, caller=schema.Caller.SERVER)
        half = await schema.revisions(db)
        async with db.connection() as session:
            await session.connection.execute("DROP TABLE tintype_engine")

        await schema.prepare(db, url, caller=schema.Caller.SERVER)
        had = await schema.revisions(db)

    assert half == []
    assert had


async def test_an_unreachable_database_is_told_by_the_child() -> None:
    """What keeps the child from connecting comes out as one sentence, without the password."""
    with pytest.raises(errors.SchemaMismatch) as caught:
        await schema.migrate("postgresql://tintype:hunter2@127.0.0.1:1/none")

    assert "connection" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_the_migrating_library_stays_out_of_the_program() -> None:
    """Its half second and 55 MB are the child's; importing the store alone loads nothing at all."""
    program = (
        "import sys\nimport tintype.store\n"
        "print([name for name in ('psycopg', 'alembic') if name in sys.modules])\n"
        "import tintype.store.embedded, tintype.store.database, tintype.store.schema\n"
        "print([name for name in ('alembic', 'sqlalchemy', 'procrastinate') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n[]\n"


async def test_a_role_that_may_make_no_tables_is_told_what_to_grant(poor_url: str, url: str) -> None:
    """In words that can be pasted; and where another role made them, that it has to be that role, or of it."""
    with pytest.raises(errors.DatabaseUnsuitable) as refused:
        async with Database(poor_url) as database:
            await schema.prepare(database, poor_url, caller=schema.Caller.SERVER)
    said = str(refused.value)
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(said.rpartition(": ")[2].encode())
        async with Database(poor_url) as database:
            await schema.prepare(database, poor_url, caller=schema.Caller.SERVER)
            assert (await schema.revisions(database))[-1].revision == schema.head()
        admin.execute("ALTER TABLE tintype_revisions OWNER TO CURRENT_USER")
    with pytest.raises(errors.DatabaseUnsuitable, match="another role's"):
        async with Database(poor_url) as database:
            await schema.prepare(database, poor_url, caller=schema.Caller.COMMAND)

    assert said.startswith('TINTYPE_DATABASE_URL: the role "poor shop" may not make tables in schema public')
    assert "\n" not in said
