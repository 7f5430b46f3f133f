"""Follow a text as it is written: upstream's stream of it, from any piece on, whatever becomes of the connection.

    async for event in texts.follow(ident, after=3):
        …                                   # output, logs, error, done

Where upstream's stream cannot be had, what was stored is told when it is there.
"""

from __future__ import annotations

import contextlib
import json
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tintype.domain import errors
from tintype.domain.generation import State
from tintype.replicate.results import Prediction
from tintype.store import generations

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tintype.observing import Observer
    from tintype.service.events import Feed
    from tintype.service.progress import Progress
    from tintype.service.upstream import Upstream
    from tintype.store.database import Database
    from tintype.store.generations import Generation

_DONE = {State.SUCCEEDED: "{}", State.FAILED: '{"reason":"error"}'}
_CANCELED = '{"reason":"canceled"}'

_log = logging.getLogger("tintype.service")


@dataclass(frozen=True, slots=True)
class Event:
    """One event: `output` with a piece of text, `logs`, `error`, or `done`; `number` counts the pieces before it."""

    name: str
    data: str = field(repr=False)
    number: int


class Texts:
    """Follows the texts of one account."""

    def __init__(
        self, database: Database, upstream: Upstream, progress: Progress, feed: Feed, *, observer: Observer
    ) -> None:
        self._database = database
        self._upstream = upstream
        self._progress = progress
        self._feed = feed
        self._observer = observer

    async def follow(self, ident: str, *, after: int = 0) -> AsyncIterator[Event]:
        """Give a text's events from its piece `after` on, to its end."""
        number = after
        tried: set[str] = set()
        async with contextlib.aclosing(self._feed.watch(ident)) as changes:
            async for change in changes:
                row = await generations.get(self._database, ident)
                if row is None or change.state is None:
                    return
                state = State(row.state)
                if state is State.RUNNING and row.prediction_id and row.prediction_id not in tried:
                    tried.add(row.prediction_id)
                    async for event in self._of_upstream(row, number):
                        number = event.number + (event.name == "output")
                        yield event
                        if event.name == "done":
                            # Upstream's word makes it stored and booked, and need not wait for the next look.
                            await self._looked(row)
                            return
                    await self._looked(row)
                if state.is_final:
                    for event in _stored(row, number):
                        yield event
                    return

    async def _of_upstream(self, row: Generation, first: int) -> AsyncIterator[Event]:
        """Give upstream's events but the first pieces; it ends without `done` where they cannot be had to the end."""
        number = 0
        try:
            seen = Prediction.model_validate(
                row.prediction or {"id": row.prediction_id, "status": "starting"}
            )
            if seen.stream_url is None:
                return
            async with contextlib.aclosing(self._upstream.follow(seen)) as events:
                async for event in events:
                    if event.event == "output" and number < first:
                        number += 1
                        continue
                    yield Event(event.event, event.data, number)
                    number += event.event == "output"
        except errors.PredictionCanceled:
            yield Event("done", _CANCELED, number)
        except errors.UpstreamError as error:
            with self._observer.about(row.id, row.key_id, row.request_id):
                _log.info("the text of %s is told from what is stored: %s", row.id, error)

    async def _looked(self, row: Generation) -> None:
        with self._observer.about(row.id, row.key_id, row.request_id):
            try:
                await self._progress.advance(row.id)
            except errors.TintypeError as error:
                _log.info("generation %s is looked at later: %s", row.id, error)


def _stored(row: Generation, first: int) -> list[Event]:
    """Return the rest of the events of one that has ended."""
    said = (row.prediction or {}).get("output")
    pieces = [said] if isinstance(said, str) else said if isinstance(said, list) else []
    told = [Event("output", str(piece), number) for number, piece in enumerate(pieces) if number >= first]
    last = max(len(pieces), first)
    state = State(row.state)
    if state is State.FAILED:
        detail = row.failure_message or row.failure_code or "it failed"
        told.append(Event("error", json.dumps({"detail": detail}, ensure_ascii=False), last))
        last += 1
    return [*told, Event("done", _DONE.get(state, _CANCELED), last)]
