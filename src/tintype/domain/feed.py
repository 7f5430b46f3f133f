"""Decide what a listener gets: where it goes on, how often it hears of progress, when it begins anew. Pure.

State events are numbered per generation and never left out. Progress has no number: only the latest counts, and it
carries the id of the state event before it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from tintype.domain import texts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

PROGRESS_EVERY_S = 0.5
"""A listener hears of a generation's progress at most twice a second."""
WAITING_MAX = 256
"""How many events wait for a reader before it is told to begin anew."""
REPLAY_MAX = 1000
"""How many missed events are sent after one another; who missed more begins anew."""
_LOGS_MAX = 8192
_OUTPUT_MAX = 16_384
_CURSOR = re.compile(r"([0-9]{1,20})-([0-9a-z]{1,64})-([0-9]{1,9})")
_NUMBER = re.compile(r"[0-9]{1,9}")


class Kind(StrEnum):
    """What an event is: a change of state, progress, or the whole state because something was missed."""

    STATE = "state"
    PROGRESS = "progress"
    RESET = "reset"


@dataclass(frozen=True, slots=True)
class Event:
    """One event as a listener gets it. `id` is what it sends as Last-Event-ID to go on behind it.

    `body` of a state event may hold `code`; of progress: percent, logs (their end), logs_length, output; of a
    reset: the whole state.
    """

    kind: Kind
    id: str
    generation_id: str | None
    number: int
    state: str | None
    at: datetime | None = None
    body: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, order=True)
class Cursor:
    """A place in the feed of all events: the transaction, then the generation, then the event's number."""

    xid: int
    generation_id: str
    number: int

    def __str__(self) -> str:
        return f"{self.xid}-{self.generation_id}-{self.number}"


def cursor(text: str) -> Cursor | None:
    """Read a cursor; None for what is none."""
    found = _CURSOR.fullmatch(text)
    if not found or int(found[1]) >= 2**63:
        return None
    return Cursor(int(found[1]), found[2], int(found[3]))


def start(place: Cursor) -> str:
    """Return the id that stands for a place before all events of its transaction: their numbers begin with 1."""
    return str(Cursor(place.xid, "0", 0))


def resume(after: str | None, *, last: int) -> int | None:
    """Return behind which event of a generation a listener goes on; None when it has to begin anew.

    `last` is the newest there is. Who brings no id begins with the state as it is.
    """
    if after is None:
        return last - 1
    if not _NUMBER.fullmatch(after) or int(after) > last:
        return None
    return int(after)


def progress(*, prediction_id: str, percent: float | None, logs: str | None, output: Any) -> dict[str, Any]:
    """Return what is kept of a run's progress: the end of its logs, and a text as far as it is written."""
    text = "".join(output) if _is_text(output) else None
    return {
        "prediction_id": prediction_id,
        "percent": percent,
        "logs": texts.keepable((logs or "")[-_LOGS_MAX:]),
        "logs_length": len(logs or ""),
        "output": None if text is None else texts.keepable(text[-_OUTPUT_MAX:]),
        "output_length": len(text) if text is not None else len(output) if isinstance(output, list) else 0,
    }


def _is_text(output: Any) -> bool:
    pieces = [output] if isinstance(output, str) else output
    return isinstance(pieces, list) and all(
        isinstance(piece, str) and not piece[:8].lower().startswith(("http://", "https://", "data:"))
        for piece in pieces
    )


class Line:
    """What waits for one reader, in order: every state event, and of progress the latest of each generation.

    `is_full` says that the reader was too slow; the line is empty then and takes nothing more.
    """

    __slots__ = ("_told", "_waiting", "_waiting_max", "is_full")

    def __init__(self, waiting_max: int = WAITING_MAX) -> None:
        self.is_full = False
        self._waiting_max = waiting_max
        # Short most of the time, and there are thousands: a list is a tenth of an empty deque.
        self._waiting: list[Event] = []
        self._told: dict[str, tuple[float, Mapping[str, Any]]] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def take(self) -> Event:
        """Return the next one; IndexError when there is none."""
        return self._waiting.pop(0)

    def put(self, event: Event, *, is_missed: bool = False) -> None:
        """Let a state event or a reset wait; one that was missed finds room, however many there are."""
        if self.is_full:
            return
        if len(self._waiting) >= self._waiting_max and not is_missed:
            self.is_full = True
            self._waiting.clear()
            return
        self._waiting.append(event)

    def offer(self, event: Event, *, now_s: float) -> float | None:
        """Let progress wait in place of what waits already, unless it is nothing new.

        Returns in how many seconds it may be offered again when it is too early, else None.
        """
        if self.is_full or event.generation_id is None:
            return None
        before = self._told.get(event.generation_id)
        if before is not None and before[1] == event.body:
            return None
        if before is not None and now_s - before[0] < PROGRESS_EVERY_S:
            return before[0] + PROGRESS_EVERY_S - now_s
        self._told[event.generation_id] = (now_s, event.body)
        for waiting in self._waiting:
            if waiting.kind is Kind.PROGRESS and waiting.generation_id == event.generation_id:
                self._waiting.remove(waiting)
                break
        self.put(event)
        return None
