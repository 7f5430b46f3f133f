"""One look for many: predictions that wait at the same client are looked at together, by pages of the list.

Each waiting prediction has a ticket. Whoever is due looks; when several are due, one of them reads pages of
`GET /predictions` and hands every record to its ticket, so that 200 waiting cost 2 calls a look and not 200.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from tintype.domain import errors
from tintype.replicate import calling, steps, wire
from tintype.replicate.results import Page, Prediction

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

TOGETHER_MIN = 6
"""From this many due predictions on, a page of the list is read instead of single records."""
_PAGES_MAX = 20
_POOR_LEAST_S = 0.25
_POOR_MOST_S = 30.0
_JOIN_S = 1.0
_SLACK_LEAST_S = 0.05
_SLACK_MOST_S = 0.5

_read_page = partial(wire.read, Page[Prediction])


@dataclass(slots=True, eq=False)
class Ticket:
    """One waiting prediction: its last known record, and when it was last and will next be looked at."""

    latest: Prediction
    bell: Any
    looked_at: float
    due_at: float = 0.0

    def has_ended(self) -> bool:
        """Whether the last known record is final."""
        return self.latest.is_final


class Board:
    """The tickets of one client. Safe for threads; `bell` makes what a sleeping wait is woken by."""

    def __init__(self, context: calling.Context, bell: Callable[[], Any]) -> None:
        self._context = context
        self._make_bell = bell
        self._lock = threading.Lock()
        self._tickets: dict[str, set[Ticket]] = {}
        self._is_sweeping = False
        self._joined: list[Ticket] = []
        self._poor_until = 0.0
        self._poor_s = _POOR_LEAST_S

    def enter(self, prediction: Prediction) -> Ticket:
        """Take a ticket for a prediction."""
        ticket = Ticket(prediction, self._make_bell(), self._context.monotonic())
        with self._lock:
            self._tickets.setdefault(prediction.id, set()).add(ticket)
        return ticket

    def leave(self, ticket: Ticket) -> None:
        """Hand the ticket back."""
        with self._lock:
            same = self._tickets.get(ticket.latest.id, set())
            same.discard(ticket)
            if not same:
                self._tickets.pop(ticket.latest.id, None)

    def crowd(self) -> int:
        """How many wait here and share their looks; 1 when each is looked at by itself."""
        with self._lock:
            count = len(self._tickets)
            is_shared = count >= TOGETHER_MIN and self._context.monotonic() >= self._poor_until
        return count if is_shared else 1

    def look(self, ticket: Ticket, *, until: float | None) -> steps.Op[None]:
        """Bring the ticket's record up to date, alone or together with others that are due."""
        asked_at = self._context.monotonic()
        while True:
            due, is_mine = self._claim(ticket)
            if is_mine:
                try:
                    yield from self._sweep(due, until)
                finally:
                    self._release()
                break
            if not due:
                break
            # Somebody is reading the list at this moment: what it says of this prediction comes with it.
            yield steps.Pause(_JOIN_S, ticket.bell)
            ticket.bell.clear()
            if ticket.looked_at > asked_at:
                return
        if ticket.looked_at <= asked_at or (ticket.latest.is_final and not is_whole(ticket.latest)):
            record = yield from self._single(ticket, until)
            self._give([record])

    def _claim(self, ticket: Ticket) -> tuple[list[Ticket], bool]:
        """Say who is due with this ticket, and whether its holder is to read the list for them."""
        now = self._context.monotonic()
        with self._lock:
            if now < self._poor_until or len(self._tickets) < TOGETHER_MIN:
                return [], False
            slack_s = min(max(_SLACK_LEAST_S, (now - ticket.looked_at) / 2), _SLACK_MOST_S)
            due = [
                one
                for same in self._tickets.values()
                for one in same
                if one.due_at <= now + slack_s
                and one.latest.created_at is not None
                and not one.latest.is_final
            ]
            if len(due) < TOGETHER_MIN or ticket not in due:
                return [], False
            if self._is_sweeping:
                self._joined.append(ticket)
                return due, False
            self._is_sweeping = True
            return due, True

    def _release(self) -> None:
        with self._lock:
            self._is_sweeping = False
            joined, self._joined = self._joined, []
        for ticket in joined:
            ticket.bell.set()

    def _sweep(self, due: list[Ticket], until: float | None) -> steps.Op[None]:
        """Read the list from the newest of those due back to the oldest."""
        left = {ticket.latest.id: ticket for ticket in due}
        for _ in range(_PAGES_MAX):
            newest = max(created for created in map(_created, left.values()) if created is not None)
            before = wire.timestamp(newest + timedelta(milliseconds=2))
            call = wire.Call("GET", "/predictions", query={"created_before": before})
            page = yield from calling.call(self._context, call, _read_page, until=until)
            known = self._give(page.results)
            for one in page.results:
                left.pop(one.id, None)
            if known < min(TOGETHER_MIN // 2, len(due)):
                # The list is full of other work here: single looks are cheaper, for longer each time.
                self._poor_until = self._context.monotonic() + self._poor_s
                self._poor_s = min(2 * self._poor_s, _POOR_MOST_S)
                return
            self._poor_s = _POOR_LEAST_S
            if len(left) < TOGETHER_MIN:
                return

    def _single(self, ticket: Ticket, until: float | None) -> steps.Op[Prediction]:
        call = wire.Call("GET", f"/predictions/{wire.part(ticket.latest.id)}")
        try:
            return (yield from calling.call(self._context, call, wire.prediction, until=until))
        except errors.UpstreamError as error:
            error.prediction_id = ticket.latest.id
            raise

    def _give(self, records: list[Prediction]) -> int:
        """Hand records to their tickets and count those; a record never moves a final prediction back."""
        now, given = self._context.monotonic(), 0
        ring: list[Ticket] = []
        with self._lock:
            for record in records:
                tickets = self._tickets.get(record.id, ())
                given += bool(tickets)
                for ticket in tickets:
                    if not ticket.latest.is_final or record.is_final:
                        ticket.latest = record
                    ticket.looked_at = now
                    if record.is_final:
                        ring.append(ticket)
        for ticket in ring:
            ticket.bell.set()
        return given


def _created(ticket: Ticket) -> datetime | None:
    return ticket.latest.created_at


def is_whole(record: Prediction) -> bool:
    """Whether a final record came with its output; a list may leave it out."""
    return "output" in record.model_fields_set or record.status != "succeeded"
