"""Failures of the store, as a branch of Tintype's tree.

    TintypeError
    ├── ConfigurationError
    │   ├── DataFolderUnusable     data_folder: the folder cannot hold the database, with `reason`
    │   ├── ServerNotStarted       postgres_not_started: PostgreSQL itself gave up, with `log`
    │   ├── DatabaseUnsuitable     database_unsuitable: a pooler, too old a server, another encoding
    │   └── SchemaMismatch         schema_mismatch: the database was made by another version of Tintype
    └── DatabaseAway               database_away: nobody answers at the moment, with `retry_after_s`

Each message says what was wrong, where, and what to do next. None holds a password or a statement's values.
"""

from __future__ import annotations

from enum import StrEnum

from tintype.domain.errors import ConfigurationError, TintypeError


class Reason(StrEnum):
    """Why a data folder cannot be used."""

    FOREIGN = "foreign"
    NOT_WRITABLE = "not_writable"
    NOT_REACHABLE = "not_reachable"
    NOT_A_CLUSTER = "not_a_cluster"
    OTHER_VERSION = "other_version"
    OTHER_SERVER = "other_server"
    FULL = "full"
    READ_ONLY = "read_only"
    NO_LOCKS = "no_locks"
    NO_ACCOUNT = "no_account"


class DataFolderUnusable(ConfigurationError):
    """The folder cannot hold the database; `reason` says why, the message what to do."""

    code = "data_folder"

    def __init__(self, message: str, *, reason: Reason) -> None:
        super().__init__(message)
        self.reason = reason


class ServerNotStarted(ConfigurationError):
    """PostgreSQL did not start although the folder looks right; the message quotes its last words."""

    code = "postgres_not_started"


class DatabaseUnsuitable(ConfigurationError):
    """The database at TINTYPE_DATABASE_URL cannot be used; the message names the setting to change."""

    code = "database_unsuitable"


class SchemaMismatch(ConfigurationError):
    """The database was made by another version of Tintype; the message says what to run."""

    code = "schema_mismatch"


class DatabaseAway(TintypeError):
    """PostgreSQL does not answer at the moment; asking again after `retry_after_s` may succeed.

    `may_have_happened` is True when the connection broke after a statement was sent: whether it was
    committed is then unknown. False says that nothing was done.
    """

    code = "database_away"

    def __init__(self, message: str, *, retry_after_s: float, may_have_happened: bool) -> None:
        super().__init__(message, can_retry=True, retry_after_s=retry_after_s)
        self.may_have_happened = may_have_happened


__all__ = [
    "DataFolderUnusable",
    "DatabaseAway",
    "DatabaseUnsuitable",
    "Reason",
    "SchemaMismatch",
    "ServerNotStarted",
]
