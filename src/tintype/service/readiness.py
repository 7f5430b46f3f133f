"""Whether everything that generations need is there: database, storage, upstream, a worker.

Each part is tried at most once in a few seconds, whoever asks how often.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg

from tintype.domain.errors import TintypeError
from tintype.store.errors import DatabaseAway

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tintype.media.files import Files
    from tintype.service.standing import Watch
    from tintype.service.upstream import Upstream

FRESH_S = 5.0
TRY_S = 5.0
_PROBE = (b"tintype: this file says that the storage can be written\n",)


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that is needed: whether it is there, and what is wrong where it is not."""

    name: str
    is_good: bool
    detail: str


class Readiness:
    """Tries the parts of one gateway."""

    def __init__(
        self,
        watch: Watch,
        files: Files,
        upstream: Upstream,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._watch = watch
        self._files = files
        self._upstream = upstream
        self._monotonic = monotonic
        self._trying = asyncio.Lock()
        self._parts: tuple[Part, ...] = ()
        self._tried_at = float("-inf")

    async def look(self) -> tuple[Part, ...]:
        """Return how each part is, a few seconds old at most."""
        async with self._trying:
            if self._monotonic() - self._tried_at >= FRESH_S:
                self._parts = tuple(
                    await asyncio.gather(
                        self._try("database", self._database),
                        self._try("storage", self._storage),
                        self._try("upstream", self._upstream_answers),
                        self._try("worker", self._worker),
                    )
                )
                self._tried_at = self._monotonic()
            return self._parts

    async def _try(self, name: str, act: Callable[[], Awaitable[str]]) -> Part:
        try:
            async with asyncio.timeout(TRY_S):
                return Part(name, is_good=True, detail=await act())
        except TimeoutError:
            return Part(name, is_good=False, detail=f"no answer within {TRY_S:g} s")
        except (TintypeError, psycopg.Error) as fault:
            return Part(name, is_good=False, detail=_words(fault))

    async def _database(self) -> str:
        await self._watch.look()
        return "answers"

    async def _storage(self) -> str:
        await self._files.put(_PROBE)
        return "takes files"

    async def _upstream_answers(self) -> str:
        await self._upstream.answers()
        return "answers"

    async def _worker(self) -> str:
        workers = (await self._watch.look()).fleet.workers
        if not workers:
            raise TintypeError("no worker was seen lately; start one: tintype worker")
        return f"{workers} at work"


def _words(fault: Exception) -> str:
    """Return what a person can act on; the database's own words may hold its address."""
    return str(fault) if isinstance(fault, TintypeError | DatabaseAway) else "the database does not answer"


__all__ = ["Part", "Readiness"]
