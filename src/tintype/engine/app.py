"""The queues and their tasks, as an app of Procrastinate's.

Each kind of work has a queue of its own, so that priorities of different meaning never meet. A job names a
generation, or an order, and for the log where that came from; what is to be done is read from its row.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import procrastinate

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from tintype.store.database import Database, Session

    Task = Callable[[str], Awaitable[bool | None]]
    """What a queue's job does with the id that it names; False gives the permit back."""


class Queue(StrEnum):
    """The kinds of work; a queue's one task has its name."""

    SUBMIT = "submit"
    FOLLOW = "follow"
    CAPTURE = "capture"
    THUMBNAIL = "thumbnail"
    CALLBACK = "callback"
    FILM = "film"
    PRINT = "print"


async def build(database: Database, tasks: Mapping[Queue, Task]) -> procrastinate.App:
    """Make the app on the database's own pool; a task gets the id that its job names.

    A task that returns False says that it did not need the permit under which it was fetched.
    """
    connector = procrastinate.PsycopgConnector()
    await connector.open_async(database.pool)
    app = procrastinate.App(connector=connector)
    for queue, task in tasks.items():
        app.task(name=queue.value, queue=queue.value)(_named(task))
    return app


def _named(task: Task) -> Callable[..., Awaitable[bool | None]]:
    async def run(generation_id: str, **_origin: str) -> bool | None:
        return await task(generation_id)

    return run


async def enqueue(
    on: Database | Session, queue: Queue, ident: str, *, priority: int = 0, after_s: float = 0.0
) -> None:
    """Defer a job. Within a transaction it comes to be with it, or not at all."""
    await on.value("enqueue_job", queue=queue.value, id=ident, priority=priority, after_s=after_s)
