"""Who follows generations: what waits for each, and how far each is."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tintype.domain import feed as rules
from tintype.domain.feed import Cursor, Event, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tintype.store import feed


class Reader:
    """Who follows one generation."""

    def __init__(self, waiting_max: int) -> None:
        self.line = rules.Line(waiting_max)
        self.bell = asyncio.Event()
        self.last = 0
        self.is_ready = False
        self.is_gone = False


class AllReader:
    """Who follows all, or all of one key."""

    def __init__(self, waiting_max: int, key_id: str | None) -> None:
        self.line = rules.Line(waiting_max)
        self.bell = asyncio.Event()
        self.place = Cursor(0, "", 0)
        self.is_ready = False
        self._key_id = key_id

    def give(self, entries: Iterable[feed.Entry]) -> None:
        """Take up what comes behind its place."""
        for entry in entries:
            if entry.cursor <= self.place:
                continue
            self.place = entry.cursor
            if self._key_id is None or entry.key_id == self._key_id:
                self.line.put(
                    Event(
                        Kind.STATE,
                        str(entry.cursor),
                        entry.generation_id,
                        entry.number,
                        entry.state,
                        entry.at,
                        entry.body,
                    )
                )
        self.bell.set()
