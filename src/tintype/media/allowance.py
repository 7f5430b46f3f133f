"""A number of bytes that all who work at the same time share."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Allowance:
    """Memory that is asked for before it is used, given in the order of asking.

    Nobody asks while holding some already: two who did could wait for each other for ever.
    """

    def __init__(self, size_bytes: int) -> None:
        self.size_bytes = size_bytes
        self.taken_bytes = 0
        self.most_bytes = 0
        """The most that was ever taken at once."""
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @contextlib.asynccontextmanager
    async def take(self, wanted_bytes: int) -> AsyncIterator[None]:
        """Hold some for a while; more than there is counts as all of it."""
        wanted_bytes = min(wanted_bytes, self.size_bytes)
        if self._waiting or self.taken_bytes + wanted_bytes > self.size_bytes:
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append((wanted_bytes, turn))
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._give_back(wanted_bytes)
                else:
                    self._waiting.remove((wanted_bytes, turn))
                    self._serve()
                raise
        else:
            self._grant(wanted_bytes)
        try:
            yield
        finally:
            self._give_back(wanted_bytes)

    def _grant(self, wanted_bytes: int) -> None:
        self.taken_bytes += wanted_bytes
        self.most_bytes = max(self.most_bytes, self.taken_bytes)

    def _give_back(self, wanted_bytes: int) -> None:
        self.taken_bytes -= wanted_bytes
        self._serve()

    def _serve(self) -> None:
        while self._waiting and self.taken_bytes + self._waiting[0][0] <= self.size_bytes:
            wanted_bytes, turn = self._waiting.popleft()
            if not turn.cancelled():
                self._grant(wanted_bytes)
                turn.set_result(None)
