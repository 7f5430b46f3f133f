"""Which revision of the schema a database has, and whether this Tintype may work with it.

Each migration writes down the oldest Tintype that still works after it. Older code refuses; newer code
migrates, in a child process of its own, because the migrating library costs half a second and 55 MB.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

import tintype
from tintype.store import errors

if TYPE_CHECKING:
    from tintype.store.database import Database

VERSIONS = Path(__file__).parent / "migrations" / "versions"


class Caller(StrEnum):
    """Who opens a database: a server may bring its schema up to date at any time, a command may not."""

    SERVER = "server"
    COMMAND = "command"


@dataclass(frozen=True, slots=True)
class Revision:
    """One migration that a database has had: its number, the oldest code for it, the code that ran it."""

    revision: str
    oldest_code: str
    code: str


@dataclass(frozen=True, slots=True)
class Rights:
    """What our role may do: its name and the schema's as identifiers, and whether it may make tables there."""

    role: str
    database: str
    schema: str
    may_create: bool


@dataclass(frozen=True, slots=True)
class EngineMigration:
    """One of Procrastinate's own migrations that a database has had."""

    migration: str


@dataclass(frozen=True, slots=True)
class Running:
    """A server at work on this database."""

    name: str


def head() -> str:
    """Return the newest revision that this code brings, four digits."""
    return max(
        found[1] for file in VERSIONS.iterdir() if (found := re.match(r"r(\d{4})_\w+\.py$", file.name))
    )


async def prepare(database: Database, url: str, *, caller: Caller) -> None:
    """See to it that the schema is this code's, or one it can work with.

    A child process migrates when the database is older. Raises SchemaMismatch, saying what to run, when the
    database is too new, or when a command would migrate under a running server; DatabaseUnsuitable where our role may
    not read what is there, or make what is not.
    """
    try:
        had = await revisions(database)
    except psycopg.errors.InsufficientPrivilege as error:
        raise _anothers(f"{error.diag.message_primary}.") from None
    newest = had[-1].revision if had else ""
    if newest >= head():
        _refuse_older_code(had, tintype.__version__)
        await _refuse_newer_engine(database)
        return
    if caller is Caller.COMMAND:
        running = await database.all("running_servers", Running)
        if running:
            names = ", ".join(one.name for one in running)
            raise errors.SchemaMismatch(
                f"The database has schema {newest or 'none'}, this Tintype {tintype.__version__} works with "
                f"{head()}, and a server is at work on it ({names}). Restart that server with this version: "
                "it brings the schema up to date."
            )
    rights = await database.one("rights", Rights)
    if rights is not None and not rights.may_create:
        raise errors.DatabaseUnsuitable(
            f"TINTYPE_DATABASE_URL: the role {rights.role} may not make tables in schema {rights.schema} of database "
            f"{rights.database!r}. As its owner or an administrator: GRANT USAGE, CREATE ON SCHEMA {rights.schema} "
            f"TO {rights.role}"
        )
    await migrate(url)


async def revisions(database: Database) -> list[Revision]:
    """Return every migration that a database has had, oldest first; none for an empty one."""
    if not await database.value("schema_is_made"):
        return []
    return await database.all("schema_revisions", Revision)


async def migrate(url: str, *, to: str = "head") -> None:
    """Bring a database up to a revision in a child process; any number at once do it one after the other.

    The URL goes over a pipe: arguments of a process are open to all. Raises SchemaMismatch with what went
    wrong, DatabaseUnsuitable where our role may not; each migration is done whole or not at all.
    """
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        # Not from the folder one happens to stand in.
        "-P",
        "-m",
        "tintype.store.migrations",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        said, words = await child.communicate(json.dumps({"url": url, "to": to}).encode())
    except asyncio.CancelledError:
        child.kill()
        await child.wait()
        raise
    if child.returncode == 0:
        return
    last = (words.decode(errors="replace").strip().splitlines() or ["it was killed"])[-1]
    told = json.loads(said) if said.strip() else {"error": last}
    answer = told["error"]
    if told.get("sqlstate") == psycopg.errors.InsufficientPrivilege.sqlstate:
        raise _anothers(answer)
    raise errors.SchemaMismatch(
        f"The schema could not be brought to {to}: {answer} Nothing is half done; the next start tries again."
    )


def _anothers(said: str) -> errors.DatabaseUnsuitable:
    """Return what is wrong where another role made the tables, by what the database said."""
    return errors.DatabaseUnsuitable(
        f"TINTYPE_DATABASE_URL: {said} Tintype's tables are another role's: connect as the role that made them, or "
        "make ours a member of it (GRANT THAT_ROLE TO OURS)"
    )


async def _refuse_newer_engine(database: Database) -> None:
    """Raise when the installed Procrastinate needs a migration that no revision of ours has brought yet."""
    had = {row.migration for row in await database.all("engine_migrations", EngineMigration)}
    lacking = sorted(engine_migrations() - had)
    if lacking:
        raise errors.SchemaMismatch(
            f"The installed Procrastinate is newer than this Tintype: the database lacks its migration "
            f"{lacking[0]}. Install the release that Tintype asks for: pip install --upgrade 'tintype[server]'"
        )


def engine_migrations() -> set[str]:
    """Return the migrations that the installed Procrastinate relies on, by the names of their files.

    Those marked `post` only clear away what older code needed. The package is looked at without importing it.
    """
    spec = find_spec("procrastinate")
    places = (spec and spec.submodule_search_locations) or ()
    files = (file for place in places for file in (Path(place) / "sql" / "migrations").glob("*.sql"))
    return {file.stem for file in files if "_post_" not in file.stem}


def _refuse_older_code(had: list[Revision], code: str) -> None:
    """Raise when a migration left code as old as ours behind."""
    for one in had:
        if _order(code) < _order(one.oldest_code):
            raise errors.SchemaMismatch(
                f"The database has schema {one.revision}, made by Tintype {one.code}, and needs Tintype "
                f"{one.oldest_code} or newer; this is {code}. Upgrade it: pip install --upgrade tintype"
            )


def _order(version: str) -> tuple[int, ...]:
    """Return the numbers of a version for comparing; 0.2.0rc1 counts as 0.2.0."""
    found = re.match(r"\d+(\.\d+)*", version)
    numbers = [int(part) for part in found[0].split(".")] if found else []
    return tuple(numbers + [0] * (4 - len(numbers)))
