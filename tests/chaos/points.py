"""Named points at which a process of the suite ends or stops itself.

    trap = points.Trap("after intent", skip=1, how=signal.SIGKILL)
    database, loop = statements.Told(url, at=trap.reached), wires.Loop(trap.reached)

They are told of by what the program stands on: its connections, its statements and its files. The program itself
knows nothing of them.
"""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

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
GATEWAY = ("before admission", "after admission")
"""Where the life of the process is taken that takes requests in."""
GATEWAY_WITH_WEBHOOKS = (*GATEWAY, "before a webhook is kept", "after a webhook is kept")
DATABASE = (
    "before intent",
    "after intent",
    "before the bytes leave",
    "during the POST",
    "after the POST",
    "before the id is recorded",
    "during capture",
    "before its row",
    "between store and settle",
    "before the settlement commits",
    "during callback",
)
"""Where a worker stands still while PostgreSQL's life is taken."""
STOPS = (
    "before intent",
    "after intent",
    "request sent",
    "before the id is recorded",
    "between store and settle",
)
"""Where a worker is stopped for longer than its heartbeat may be silent. Not between the last look at the clock and
the first byte: what is left of that race nobody can close from here."""


@dataclass(slots=True)
class Trap:
    """Takes a signal when a point is reached for the time after `skip` others; says so on standard output."""

    point: str
    skip: int = 0
    how: signal.Signals = signal.SIGKILL

    def reached(self, point: str) -> None:
        """Do it when this is the time."""
        if not point or point != self.point:
            return
        if self.skip:
            self.skip -= 1
            return
        self.point = ""
        os.write(1, b"trapped\n")
        os.kill(os.getpid(), self.how)


def of_files(at: Callable[[str], None]) -> None:
    """Have the interpreter tell before a file gets its place in the store. There is no way back from this."""

    def heard(event: str, facts: tuple[object, ...]) -> None:
        if event == "os.rename" and "/objects/" in str(facts[1]):
            at("before the file is kept")

    sys.addaudithook(heard)
