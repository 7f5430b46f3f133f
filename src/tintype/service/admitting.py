"""Admit requests, and answer what was admitted before (rule 8).

    said = await admitting.before(db, request)       # None where nothing was
    answer = await admitting.admit(admissions, request)

Looking first is a shortcut for what is repeated: what it would be made of may be gone by now, or take long to fetch.
Races are decided by the admission.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from tintype.service.answers import CallerLeft
from tintype.store import admission
from tintype.store.errors import DatabaseAway

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tintype.store.database import Database
    from tintype.store.gathering import Admissions

AGAIN_MAX = 3
"""How often an admission that may have happened is asked for again, where asking again is harmless."""
LEFT_S = 0.1
"""How long the news may take that whoever asked for the same has hung up."""


async def admit(admissions: Admissions, request: admission.Request) -> admission.Answer:
    """Admit; what may have happened is asked for again where the hand finds it. Raises CallerLeft, DatabaseAway."""
    answer = await _settled(request, admissions.admit)
    assert answer is not None  # noqa: S101 - an admission always answers
    return answer


async def before(database: Database, request: admission.Request) -> admission.Answer | None:
    """Return what was admitted under the same name, or without its answer arriving; None for nothing, or no name.

    Nothing of what is wanted now is looked at. Raises CallerLeft, DatabaseAway.
    """
    if request.idempotency is None and request.answering is None:
        return None

    async def look(request: admission.Request) -> admission.Answer | None:
        return await admission.before(database, request)

    return await _settled(request, look)


async def _settled(
    request: admission.Request, ask: Callable[[admission.Request], Awaitable[admission.Answer | None]]
) -> admission.Answer | None:
    tries = 0
    while True:
        if request.answering is not None and request.answering.is_left():
            raise CallerLeft("whoever asked has gone; nothing was held")
        try:
            answer = await ask(request)
        except DatabaseAway as away:
            tries += 1
            if request.answering is None or not away.may_have_happened or tries > AGAIN_MAX:
                raise
            continue
        if not isinstance(answer, admission.UnderWay) or request.answering is None:
            return answer
        await asyncio.sleep(LEFT_S)
        request = replace(request, answering=replace(request.answering, has_waited=True))
