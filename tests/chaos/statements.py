"""A database that tells which statement is next, and whether what was written is committed.

async with statements.Told(url, at=trap.reached) as database: …
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tintype.store.database import Database, Session
from tintype.store.queries import Queries

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

CLAIM_S = 5.0
"""For how long nobody else sends a callback that a worker died over: a round is to be quiet soon after its end."""
_QUERIES = Queries()


@dataclass(frozen=True, slots=True)
class _Step:
    """What is told before a change is committed, and after."""

    before: str = ""
    after: str = ""


_INTENT = _Step("before intent", "after intent")
_RECORD = _Step("before the id is recorded", "after the id is recorded")
_STORE = _Step("before its row", "between store and settle")
_SETTLE = _Step("before the settlement commits")


def _step(name: str, values: Mapping[str, Any]) -> _Step | None:
    """Return what a statement inside a transaction does, when that is a step with a name."""
    if name == "put_output":
        return _STORE
    if name == "finish_attempt" and values["outcome"] == "accepted":
        return _RECORD
    if name == "advance" and values["attempt"] and values["attempt"].obj["outcome"] == "accepted":
        return _RECORD
    if name in {"advance", "move_generation"} and values["changes"].obj.get("state") == "succeeded":
        return _SETTLE
    return None


class _Statements(Session):
    """Statements that are noted; `steps` are those of them that have names."""

    def __init__(self, inner: Session) -> None:
        super().__init__(inner.connection, _QUERIES)
        self.steps: list[_Step] = []

    async def one(self, name: str, shape: type[Any], /, **values: Any) -> Any:
        if name == "claim_delivery":
            values["for_s"] = CLAIM_S
        return await super().one(name, shape, **values)

    async def value(self, name: str, /, **values: Any) -> Any:
        # Nobody waits for thumbnails, and each worker would start processes of its own to make them in.
        if name == "enqueue_job" and values["queue"] == "thumbnail":
            return None
        said = await super().value(name, **values)
        if said is not None:
            self._note(name, values)
        return said

    async def run(self, name: str, /, **values: Any) -> int:
        count = await super().run(name, **values)
        self._note(name, values)
        return count

    def _note(self, name: str, values: Mapping[str, Any]) -> None:
        step = _step(name, values)
        if step is not None:
            self.steps.append(step)


class Told(Database):
    """Tells `at` of the points that lie between statements."""

    def __init__(self, url: str, *, at: Callable[[str], None], **options: Any) -> None:
        super().__init__(url, **options)
        self._at = at

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Session]:
        """Give a connection on which each statement commits by itself."""
        async with super().connection() as session:
            yield _Statements(session)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Session]:
        """Give a connection inside a transaction; tells before it is committed, and after."""
        async with super().transaction() as session:
            work = _Statements(session)
            yield work
            for step in work.steps:
                self._at(step.before)
        for step in work.steps:
            self._at(step.after)

    async def value(self, name: str, /, **values: Any) -> Any:
        """Run one statement by itself; an intent is told of, and a step, between its statement and its commit too."""
        if name == "advance":
            async with self.transaction() as work:
                return await work.value(name, **values)
        if name != "intend":
            return await super().value(name, **values)
        self._at(_INTENT.before)
        said = await super().value(name, **values)
        self._at(_INTENT.after)
        return said


class Mistaken(Told):
    """Makes the mistake that the suite is there to find: an intent is committed when its POST has been answered."""

    def __init__(self, url: str, *, at: Callable[[str], None], **options: Any) -> None:
        super().__init__(url, at=at, **options)
        self._open: dict[asyncio.Task[Any] | None, AsyncExitStack] = {}

    async def value(self, name: str, /, **values: Any) -> Any:
        """Run one statement by itself; an intent stays open until its task writes down what came of it."""
        if name != "intend":
            return await super().value(name, **values)
        async with AsyncExitStack() as stack:
            work = await stack.enter_async_context(super().transaction())
            said = await work.value(name, **values)
            self._open[asyncio.current_task()] = stack.pop_all()
        return said

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Session]:
        """Give a connection inside a transaction, after what the task left open is committed."""
        left = self._open.pop(asyncio.current_task(), None)
        if left is not None:
            await left.aclose()
        async with super().transaction() as work:
            yield work
