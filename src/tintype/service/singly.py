"""Deal with rows one by one, so that one which cannot be dealt with stands in no other's way."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import psycopg

from tintype.store.errors import DatabaseAway

if TYPE_CHECKING:
    from collections.abc import Awaitable

_log = logging.getLogger("tintype.service")


async def tried(act: Awaitable[Any], *, of: str, but: type[Exception] = DatabaseAway) -> bool:
    """Await what is done about one row, `of` names it; False when it failed, which the log has whole.

    Raises what means that the database is away, as that is no row's own trouble, and whatever else the caller
    knows what to do about: `but`.
    """
    try:
        await act
    except (DatabaseAway, psycopg.OperationalError, but):
        raise
    except Exception:  # noqa: BLE001 - whatever it is, the rows that come after this one are dealt with
        _log.exception("%s could not be dealt with, the others are", of)
        return False
    return True


__all__ = ["tried"]
