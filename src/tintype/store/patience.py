"""Wait for a database that is away, where nobody waits for the answer: when a server starts."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from tintype.store.errors import DatabaseAway

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

T = TypeVar("T")

START_S = 60.0
"""How long a server waits for the database when it starts."""
_PAUSE_S = 0.5


async def patiently(act: Callable[[], Awaitable[T]], *, within_s: float = START_S) -> T:
    """Do something that may be done twice, as often as the database goes away meanwhile. Raises DatabaseAway."""
    end = asyncio.get_running_loop().time() + within_s
    while True:
        try:
            return await act()
        except DatabaseAway:
            if asyncio.get_running_loop().time() >= end:
                raise
        await asyncio.sleep(_PAUSE_S)
