"""Buy batches in pieces, as room is there: what is open of each is topped up, within its budget and all limits.

A piece becomes generations in the transaction that marks its calls as bought, so that whoever dies in the middle, or
does it a second time, buys nothing twice. Little of a batch is open at a time: its owner's other requests have their
turn between its pieces.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import psycopg

from tintype.domain import errors
from tintype.domain.access import Actor
from tintype.domain.errors import UnknownModel
from tintype.domain.money import to_usd
from tintype.media.files_errors import FilesError
from tintype.service import areas, requests, row_calls, rows, singly, telling
from tintype.service import batches as batches_
from tintype.store import admission, batches
from tintype.store.errors import DatabaseAway

if TYPE_CHECKING:
    from tintype.domain.catalogue import Catalogue
    from tintype.observing import Observer
    from tintype.service.generations import Generations
    from tintype.service.progress import Progress
    from tintype.service.upstream import Upstream
    from tintype.store.admission import Wanted
    from tintype.store.batches import Due
    from tintype.store.database import Database

OPEN_MAX = 64
"""How many generations of a batch are open at once, at most; it is topped up when half of them have ended."""
AT_MOST = 100
"""How many batches a sweep looks at."""
LOOK_AGAIN_S = 5.0
"""When a batch is looked at again that no limit has room for, and of which nothing runs."""
SOON_S = 1.0
"""The same where something of it runs, whose end may make room."""
FAILED_S = 30.0
"""The same where it could not be dealt with."""
# No row's own fault: later the same may succeed.
_PASSING = (
    DatabaseAway,
    FilesError,
    errors.UpstreamError,
    errors.NotPossibleNow,
    psycopg.OperationalError,
    OSError,
)

_log = logging.getLogger("tintype.batches")


@dataclass(frozen=True, slots=True)
class _Open:
    id: str


@dataclass(frozen=True, slots=True)
class _Faulty:
    """A piece could not be admitted as it is; nothing was done."""

    fault: Exception


class Pieces:
    """Tops up the batches of one account."""

    def __init__(
        self,
        database: Database,
        upstream: Upstream,
        progress: Progress,
        generations: Generations,
        catalogue: Catalogue,
        *,
        observer: Observer,
        at_most: int = AT_MOST,
    ) -> None:
        self._database = database
        self._upstream = upstream
        self._progress = progress
        self._generations = generations
        self._catalogue = catalogue
        self._observer = observer
        self._at_most = at_most
        self._after: str | None = None

    async def sweep(self) -> int:
        """Look at batches that go on: note what ended, buy the next piece, end it when nothing is left.

        Of more than `AT_MOST` each sweep looks at the next ones, so that every one has its turn.
        """
        due = await self._database.all(
            "batches_due",
            batches.Due,
            upstream_id=self._upstream.ident,
            after=self._after,
            at_most=self._at_most,
        )
        self._after = due[-1].id if len(due) == self._at_most else None
        for one in due:
            if not await singly.tried(self._move(one), of=one.id):
                why = "something went wrong, which the log has whole; it is tried again"
                await self._wait(one, why, after_s=FAILED_S)
        return len(due)

    async def _move(self, batch: Due) -> None:
        is_open: int = await self._database.value("note_batch_ends", id=batch.id)
        if batch.state == "open" and batch.is_key_gone:
            await self._stop(batch, "its key is not valid any more")
        elif batch.state == "open" and is_open <= OPEN_MAX // 2:
            found = await self._database.all(
                "next_batch_calls", batches.Call, id=batch.id, at_most=OPEN_MAX - is_open
            )
            wanted = await self._wanted(batch, found)
            if wanted and await self._bought(batch, wanted, is_any_open=is_open > 0):
                return
        if batch.state == "canceled":
            # Whoever cancelled it may have died in the middle of telling all of it.
            for call in await self._database.all("batch_open_calls", _Open, id=batch.id):
                await self._progress.cancel(call.id)
        if not is_open:
            async with self._database.transaction() as work:
                # First of all, so that what a resume changed meanwhile is seen.
                await work.value("lock_batch", id=batch.id)
                await work.run("finish_batch", id=batch.id)
                await work.run("forget_batch_files", id=batch.id)

    async def _wanted(self, batch: Due, found: list[batches.Call]) -> list[tuple[int, Wanted]]:
        """Prepare calls; one that cannot be asked for at all is noted, and keeps none of the others."""
        template, actor = batches_.template_of(batch.asked), _actor(batch)
        made: list[tuple[int, Wanted]] = []
        for call in found:
            values = row_calls.call_input(
                self._catalogue, call.model, call.input, skip=call.skip, count=call.count
            )
            request = rows.request_of(template, call.model, values)
            try:
                made.append((call.number, await self._generations.prepared(request, actor=actor)))
            except Exception as fault:
                if isinstance(fault, _PASSING) and not isinstance(fault, errors.InvalidInput):
                    raise
                await self._note(batch, call.number, fault)
        return made

    async def _note(self, batch: Due, number: int, fault: Exception) -> None:
        """Note a call that cannot be bought, so that the others go on."""
        problem = str(fault)
        if not isinstance(fault, errors.TintypeError):
            _log.error("call %d of batch %s is broken", number, batch.id, exc_info=fault)
            problem = "something about this row is more than can be dealt with; the log has it whole"
        await self._database.run(
            "note_batch_problem", id=batch.id, number=number, problem=problem[:1_000], place=_place(fault)
        )

    async def _bought(self, batch: Due, wanted: list[tuple[int, Wanted]], *, is_any_open: bool) -> bool:
        """Admit as much of a piece as there is room for. Returns whether anything was, or is waited for."""
        actor = _actor(batch)
        while True:
            piece = [one for _, one in wanted]
            request = admission.Request(actor=actor, upstream_id=self._upstream.ident, wanted=tuple(piece))
            calls = [number for number, _ in wanted]
            answer = await self._admitted(batch, calls, request)
            if not isinstance(answer, batches.OverBudget | batches.Closed | _Faulty):
                telling.answered(self._observer, answer, piece, actor, datetime.now(UTC))
            match answer:
                case batches.OverBudget() | admission.Refused() | _Faulty() if len(wanted) > 1:
                    wanted = wanted[: len(wanted) // 2]
                    continue
                case _Faulty(fault):
                    await self._note(batch, calls[0], fault)
                case batches.OverBudget() if not is_any_open:
                    await self._stop(batch, await self._no_room(batch, piece[0]))
                    return False
                case batches.OverBudget():
                    # What runs now may cost less than is held for it.
                    await self._wait(batch, "its budget has no room beside what runs", after_s=SOON_S)
                case admission.Refused(refusals):
                    why = str(requests.limit_reached(refusals[0], datetime.now(UTC)))
                    # What ends of its own may be all that it waits for.
                    await self._wait(batch, why, after_s=SOON_S if is_any_open else LOOK_AGAIN_S)
                case admission.Paused(until):
                    left_s = max((until - datetime.now(UTC)).total_seconds(), 1.0)
                    await self._wait(batch, "creates are paused at the moment", after_s=min(left_s, 60.0))
            return True

    async def _admitted(
        self, batch: Due, calls: list[int], request: admission.Request
    ) -> admission.Answer | batches.Closed | batches.OverBudget | _Faulty:
        """Admit a piece; what the database does not take, for whatever reason, may be one call's alone."""
        try:
            return await batches.admit(self._database, batch.id, calls, request)
        except (*_PASSING, psycopg.ProgrammingError):
            raise
        except Exception as fault:  # noqa: BLE001 - whatever it is, the others are bought
            return _Faulty(fault)

    async def _no_room(self, batch: Due, row: Wanted) -> str:
        used: int = await self._database.value("batch_used", id=batch.id)
        left = max((batch.budget_nano_usd or 0) - used, 0)
        return (
            f"its budget has no room for the next row, which may cost up to ${to_usd(row.hold_nano_usd)}: "
            f"${to_usd(left)} is left"
        )

    async def _wait(self, batch: Due, why: str, *, after_s: float) -> None:
        await self._database.run("delay_batch", id=batch.id, why=why, after_s=after_s)

    async def _stop(self, batch: Due, why: str) -> None:
        _log.info("batch %s stops: %s", batch.id, why)
        budget = batch.budget_nano_usd
        await self._database.run("end_batch", id=batch.id, state="stopped", why=why, budget=budget)


def _place(fault: Exception) -> str:
    """Return the column of a row that an error is about."""
    match fault:
        case UnknownModel() | errors.ModelNotAllowed():
            return "model"
        case areas.Unfit():
            return fault.name
    return "prompt"


def _actor(batch: Due) -> Actor:
    return Actor(batch.key_id, user=batch.end_user, project=batch.project, request_id=batch.request_id)


__all__ = ["OPEN_MAX", "Pieces"]
