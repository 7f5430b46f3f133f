"""Run by Alembic: one migration per transaction, one migrating process at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
from alembic import context
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

import tintype

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from alembic.runtime.migration import MigrationContext, MigrationInfo

# Any number, the same for all: who holds it migrates.
LOCK = 0x74696E74
# Long enough for a busy table, short enough that a server at work is not held up behind us.
LOCK_TIMEOUT = "10s"
# How long the migrations of another process are waited for.
WAIT = "15min"
CONNECT_S = 10


def _record(
    ctx: MigrationContext,
    step: MigrationInfo,
    heads: Collection[Any],  # noqa: ARG001 - Alembic hands it over by name
    run_args: Mapping[str, Any],  # noqa: ARG001 - the same
) -> None:
    """Write down, in the migration's own transaction, what was done and which code still works with it."""
    scripts = ScriptDirectory.from_config(context.config)
    for revision in step.up_revision_ids:
        found = scripts.get_revision(revision)
        assert found is not None  # noqa: S101 - Alembic has just run it
        assert ctx.connection is not None  # noqa: S101 - there is one outside of its offline mode
        cursor = ctx.connection.connection.cursor()
        cursor.execute(
            "INSERT INTO tintype_revisions (revision, oldest_code, code) VALUES (%s, %s, %s)",
            (revision, found.module.OLDEST_CODE, tintype.__version__),
        )
        cursor.close()


def _run() -> None:
    url: str = context.config.attributes["url"]
    options: dict[str, Any] = {"application_name": "tintype migrate", "connect_timeout": CONNECT_S}
    with psycopg.connect(url, autocommit=True, **options) as guard:
        guard.execute(f"SET lock_timeout = '{WAIT}'".encode())
        # Held by a connection of its own, so that it lasts from the first migration to the last.
        guard.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
        engine = create_engine(
            "postgresql+psycopg://",
            creator=lambda: psycopg.connect(url, **options),
            poolclass=NullPool,
        )
        with engine.connect() as connection:
            connection.exec_driver_sql(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
            connection.commit()
            context.configure(
                connection=connection,
                version_table="tintype_alembic",
                transaction_per_migration=True,
                on_version_apply=_record,
            )
            with context.begin_transaction():
                context.run_migrations()


_run()
