"""Admit what comes in at the same time together, so that many callers share one round trip and one commit.

A request that finds nobody under way goes at once and alone. What comes meanwhile is gathered, and goes when
the one before is back. Each is admitted or refused for itself.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import psycopg

from tintype.store import admission, errors, plain

if TYPE_CHECKING:
    from tintype.store.database import Database

AT_MOST = 32
"""How many requests go together; a longer transaction would hold its locks against others for too long."""
LANES = 2
"""How many round trips of this process are under way at once."""

_Waiting = tuple[admission.Request, "asyncio.Future[admission.Answer]"]


class Admissions:
    """The admissions of one process."""

    def __init__(self, database: Database, *, lanes_max: int = LANES) -> None:
        self._database = database
        self._lanes_max = lanes_max
        self._waiting: list[_Waiting] = []
        self._lanes = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def admit(self, request: admission.Request) -> admission.Answer:
        """Admit a request, or do nothing and say why; see `admission.admit`.

        A caller that gives up before its request was sent leaves nothing behind.
        """
        if request.is_alone or any(one.cache_key is not None for one in request.wanted):
            return await admission.admit(self._database, request)
        answer: asyncio.Future[admission.Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, answer))
        if self._lanes < self._lanes_max:
            self._lanes += 1
            task = asyncio.create_task(self._work())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await answer

    async def _work(self) -> None:
        try:
            while self._waiting:
                together, self._waiting = self._waiting[:AT_MOST], self._waiting[AT_MOST:]
                sent = [(request, answer) for request, answer in together if not answer.done()]
                if sent:
                    await self._send(sent)
        finally:
            # At once, and not when the loop gets to it: whoever comes next must find the lane free.
            self._lanes -= 1

    async def _send(self, sent: list[_Waiting]) -> None:
        """Give each caller an answer, or what kept it from getting one."""
        try:
            answers: list[admission.Answer | Exception] = [*await self._ask([request for request, _ in sent])]
        except errors.DatabaseAway as error:
            answers = [_again(error) for _ in sent]
        except psycopg.Error as error:
            if len(sent) > 1:
                # One of them cannot be admitted at all, which must not be the others' trouble.
                for one in sent:
                    await self._send([one])
                return
            answers = [error]
        except BaseException as error:
            for _, answer in sent:
                _fail(answer, error)
            raise
        for (_, answer), said in zip(sent, answers, strict=True):
            if isinstance(said, Exception):
                _fail(answer, said)
            elif not answer.done():
                answer.set_result(said)

    async def _ask(self, requests: list[admission.Request]) -> list[admission.Answer]:
        if len(requests) == 1:
            return [await admission.admit(self._database, requests[0])]
        if plain.are_plain(requests):
            admitted = await plain.admit(self._database, requests)
            if admitted is not None:
                return [*admitted]
        return await admission.admit_several(self._database, requests)


def _fail(answer: asyncio.Future[admission.Answer], error: BaseException) -> None:
    if not answer.done():
        answer.set_exception(error)


def _again(error: errors.DatabaseAway) -> errors.DatabaseAway:
    """Return the same failure for one more caller: a raised exception belongs to whoever catches it."""
    return errors.DatabaseAway(
        str(error), retry_after_s=error.retry_after_s or 0.0, may_have_happened=error.may_have_happened
    )
