"""Named points at which a process of the suite ends or stops itself: laid around the program from outside.

    points.lay(Trap("after intent", skip=1, how=signal.SIGKILL))

Only a child process of the suite calls this. The program itself knows nothing of it.
"""

from __future__ import annotations

import os
import secrets
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tintype.domain import events
from tintype.domain.generation import State
from tintype.media import fetch
from tintype.media.files import Draft
from tintype.replicate import webhooks
from tintype.replicate.transport import Line
from tintype.service import buying, capture, inbox, progress
from tintype.service.upstream import Upstream
from tintype.store import admission, generations

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

WORKER = (
    "before intent",
    "after intent",
    "before the bytes leave",
    "during the POST",
    "request sent",
    "after the POST",
    "before the id is recorded",
    "after the id is recorded",
    "during capture",
    "before the file is kept",
    "before its row",
    "between store and settle",
    "before the settlement commits",
    "before callback",
    "during callback",
)
"""Where a worker's life is taken."""
DOOR = ("before admission", "after admission")
"""Where the life of the process is taken that takes requests in."""
DOOR_WITH_WEBHOOKS = (*DOOR, "before a webhook is kept", "after a webhook is kept")
STOPS = (
    "before intent",
    "after intent",
    "request sent",
    "before the id is recorded",
    "between store and settle",
)
"""Where a worker is stopped for longer than its heartbeat may be silent. Not between the last look at the clock and
the first byte: what is left of that race nobody can close from here."""
_OF_REQUEST = {
    ".send_request_headers.started": "before the bytes leave",
    ".send_request_headers.complete": "during the POST",
    ".send_request_body.complete": "request sent",
}


@dataclass(slots=True)
class Trap:
    """Takes a signal when a point is reached for the time after `skip` others; says so on standard output."""

    point: str
    skip: int = 0
    how: signal.Signals = signal.SIGKILL

    def reached(self, point: str) -> None:
        """Do it when this is the time."""
        if point != self.point:
            return
        if self.skip:
            self.skip -= 1
            return
        self.point = ""
        os.write(1, b"trapped\n")
        os.kill(os.getpid(), self.how)


def lay(trap: Trap) -> None:
    """Lay the trap around what this process runs."""
    at = trap.reached
    _around(generations, "intend", at, before="before intent", after="after intent")
    _around(Upstream, "create", at, after="after the POST")
    _around(capture, "_receive", at, after="during capture")
    _around(Draft, "keep", at, before="before the file is kept", after="before its row")
    _around(progress.Progress, "captured", at, before="between store and settle")
    _around(fetch.Fetcher, "post", at, before="before callback", after="during callback")
    _around(admission, "admit", at, before="before admission", after="after admission")
    _around(webhooks, "verify", at, after="before a webhook is kept", is_async=False)
    _around(inbox.Inbox, "_in_turn", at, before="after a webhook is kept")
    _around(buying.Buying, "_record", at, after="after the id is recorded")
    _around_writes(at)
    _around_requests(at)


def _around(
    owner: Any,
    name: str,
    at: Callable[[str], None],
    *,
    before: str = "",
    after: str = "",
    is_async: bool = True,
) -> None:
    inner = getattr(owner, name)

    async def outer(*args: Any, **kwargs: Any) -> Any:
        at(before)
        done = await inner(*args, **kwargs)
        at(after)
        return done

    def plain(*args: Any, **kwargs: Any) -> Any:
        at(before)
        done = inner(*args, **kwargs)
        at(after)
        return done

    setattr(owner, name, outer if is_async else plain)


def _around_writes(at: Callable[[str], None]) -> None:
    """Between the statement that writes a change and its commit."""
    inner: Callable[..., Awaitable[Any]] = generations.write

    async def write(work: Any, row: Any, decision: Any, **options: Any) -> Any:
        done = await inner(work, row, decision, **options)
        if row.state == State.SUBMITTING and decision.facts.prediction_id is not None:
            at("before the id is recorded")
        if decision.facts.state is State.SUCCEEDED:
            at("before the settlement commits")
        return done

    setattr(generations, "write", write)  # noqa: B010 - a type checker takes the plain assignment for a mistake


def _around_requests(at: Callable[[str], None]) -> None:
    """Between the pieces of a create on the wire, as the connection tells of them."""
    inner = Line.ask_before

    def ask_before(self: Any, request: Any, call: Any, *, in_loop: bool) -> None:
        inner(self, request, call, in_loop=in_loop)
        asked = request.extensions.get("trace")
        if asked is None:
            return

        async def trace(event: str, info: Any) -> None:
            await asked(event, info)
            for end, point in _OF_REQUEST.items():
                if event.endswith(end):
                    at(point)

        request.extensions["trace"] = trace

    setattr(Line, "ask_before", ask_before)  # noqa: B010 - the same


def intend_after_the_post() -> None:
    """Make the mistake that the suite is there to find: the intent is committed when the POST has been answered."""

    async def attempt(self: Any, row: Any, order: Any) -> bool:
        token = secrets.token_urlsafe(buying.TOKEN_BYTES)
        addressed = self._addressed(order, token)
        prediction = await self._upstream.create(addressed, is_still_good=lambda: True)
        dead_after_s = self._upstream.timing.dead_after_s
        intent = await generations.intend(self._database, row.id, token=token, dead_after_s=dead_after_s)
        if intent is None:
            return False
        accepted = events.Accepted(intent.number, progress.seen(prediction))
        outcome = progress.Attempt(token, "accepted", 201, prediction.id)
        await self._record(row.id, accepted, outcome, record=prediction)
        return True

    setattr(buying.Buying, "_attempt", attempt)  # noqa: B010 - the same
