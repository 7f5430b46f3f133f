"""The word that the server is to end, for all who wait inside a request."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Stopping(asyncio.Event):
    """Set when the server is to end. Who waits for other things too has itself told, and needs no task for it."""

    def __init__(self) -> None:
        super().__init__()
        self._told: set[Callable[[], object]] = set()

    def tell(self, act: Callable[[], object]) -> None:
        """Have `act` called when it is set."""
        self._told.add(act)

    def forget(self, act: Callable[[], object]) -> None:
        """Tell it no more."""
        self._told.discard(act)

    def set(self) -> None:
        """Set it, and tell everybody."""
        super().set()
        for act in tuple(self._told):
            act()
