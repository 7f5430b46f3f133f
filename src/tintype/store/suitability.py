"""Decide whether a PostgreSQL can hold Tintype's data, before anything is written."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
from psycopg import conninfo

from tintype.store import errors

if TYPE_CHECKING:
    from psycopg import rows

OLDEST = 15
"""The oldest major version that Tintype's SQL works with."""
CLOCK_OFF_MAX_S = 60.0
"""How far the clocks of a database and of who works with it may be apart."""
_PROBE_S = 3.0
_PROBES = 3
# What a server, or the client itself, says when asking again will not help. None quotes a password.
_REFUSALS = (
    "authentication failed",
    "does not exist",
    "pg_hba.conf",
    "no password supplied",
    "permission denied",
    "is not permitted to log in",
    "requirepeer specifies",
    "could not translate host name",
    "failed to resolve host",
    "certificate",
    "invalid port number",
    "invalid sslmode value",
    "invalid integer value",
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a server says about itself."""

    pid: int
    reads_only: bool
    encoding: str
    version: int
    clock_s: float


async def check(facts: Facts, connection: psycopg.AsyncConnection[rows.TupleRow], url: str) -> None:
    """Raise DatabaseUnsuitable, naming the setting to change, when this database will not do."""
    if facts.version < OLDEST * 10_000:
        raise errors.DatabaseUnsuitable(
            f"TINTYPE_DATABASE_URL: PostgreSQL {facts.version // 10_000} is too old; Tintype needs "
            f"{OLDEST} or newer."
        )
    if facts.encoding != "UTF8":
        raise errors.DatabaseUnsuitable(
            f"TINTYPE_DATABASE_URL: the database is encoded in {facts.encoding}. Make one with "
            "CREATE DATABASE tintype ENCODING 'UTF8' TEMPLATE template0."
        )
    if facts.reads_only:
        raise errors.DatabaseUnsuitable(
            "TINTYPE_DATABASE_URL: this server is a read-only standby. Name the primary; with several hosts "
            "in the URL add target_session_attrs=read-write."
        )
    # A pooler hands out a number of its own instead of the server process's.
    if connection.info.backend_pid != facts.pid and await _is_shared(connection, facts.pid, url):
        raise errors.DatabaseUnsuitable(
            "TINTYPE_DATABASE_URL: there is a transaction pooler (such as PgBouncer) in front of PostgreSQL; "
            "locks and notifications get lost in it. Set pool_mode = session for this database, or name "
            "PostgreSQL's own address; Tintype pools its connections itself."
        )


def check_clock(ahead_s: float) -> None:
    """Raise DatabaseUnsuitable when the database's clock is far from this machine's: deadlines are read by both."""
    if abs(ahead_s) > CLOCK_OFF_MAX_S:
        way = "behind" if ahead_s > 0 else "ahead of"
        raise errors.DatabaseUnsuitable(
            f"this machine's clock is {abs(ahead_s):.0f} s {way} the database's, so that deadlines would pass at the "
            "wrong time. Set it right, with NTP for one."
        )


def where(url: str) -> str:
    """Say where a URL leads, for a message: without its password. Raises DatabaseUnsuitable for one that is none."""
    try:
        parts = conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        # The driver's own words may quote a password.
        raise errors.DatabaseUnsuitable(
            "TINTYPE_DATABASE_URL: PostgreSQL's client cannot read this URL; look at the names of its parameters, "
            "and at characters that have to be written as %XX."
        ) from None
    host, port = parts.get("hostaddr") or parts.get("host"), parts.get("port")
    return "" if not host else f" at {host}" if not port else f" at {host}:{port}"


def explain(error: psycopg.OperationalError) -> errors.DatabaseUnsuitable | None:
    """Tell a server that refuses us from one that is away, which is None: waiting helps only there."""
    text = str(error)
    if not any(sign in text for sign in _REFUSALS):
        return None
    said = next(line for line in text.splitlines() if any(sign in line for sign in _REFUSALS))
    return errors.DatabaseUnsuitable(f"TINTYPE_DATABASE_URL: {said.strip()}")


async def _is_shared(connection: psycopg.AsyncConnection[rows.TupleRow], pid: int, url: str) -> bool:
    """Find out whether others get our server process between two statements of ours.

    Transactions are opened on further connections until one of them sits on the process that answered us, or
    until we are answered by another. In session mode neither comes about, or there is no room left.
    """
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(_PROBES):
            try:
                async with asyncio.timeout(_PROBE_S):
                    other = await stack.enter_async_context(await psycopg.AsyncConnection.connect(url))
                    theirs = await (await other.execute("SELECT pg_backend_pid()")).fetchone()
                    ours = await (await connection.execute("SELECT pg_backend_pid()")).fetchone()
            except (TimeoutError, psycopg.OperationalError):
                return False
            if theirs == (pid,) or ours != (pid,):
                return True
    return False
