"""What was answered: whose answer never came is given what it bought when it asks again (rule 8).

    async with Answers(database) as answers:
        hand = answers.take(fingerprint, repetition=0)
        await answers.ready(hand)
        asked = await generations.submit(request, actor=actor, answering=hand.answering)
        hand.admitted()
        …                                 # the answer is written
        hand.end(is_whole=True)

An equal request joins an earlier one only where that one's connection was closed before its answer was written, or its
process died: each process holds a lock of the database's that goes with its connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from typing import TYPE_CHECKING, Self

import psycopg

from tintype.domain.errors import AdmissionRefused
from tintype.store import admission, answers
from tintype.store.errors import DatabaseAway

if TYPE_CHECKING:
    from types import TracebackType

    from tintype.store.database import Database, Session

PULSE_S = 2.0
"""How often the connection that says that the process lives is looked at."""
_AGAIN_S = 0.5
_READY_S = 2.0
_NEWS_S = 0.01
_HOLDER_MAX = 2**31 - 1

_log = logging.getLogger("tintype.answers")


class CallerLeft(AdmissionRefused):
    """Whoever asked hung up before anything was done; nothing is bought for nobody."""

    code = "caller_left"


class Hand:
    """One request's answer, from before its admission until it is written or cannot be."""

    __slots__ = ("_answers", "answering", "earlier", "is_admitted", "is_gone", "is_whole")

    def __init__(
        self, owner: Answers, fingerprint: str, *, holder: int, repetition: int, earlier: tuple[Hand, ...]
    ) -> None:
        self._answers = owner
        self.earlier = earlier
        """The equal ones that were under way before it."""
        self.answering = admission.Answering(
            fingerprint=fingerprint,
            hand=secrets.token_hex(16),
            holder=holder,
            repetition=repetition,
            is_left=lambda: self.is_gone,
        )
        self.is_admitted = False
        """Whether there is anything to remember: what was refused, nobody joins."""
        self.is_gone = False
        """Whether its connection was closed."""
        self.is_whole: bool | None = None
        """Whether its answer was written to its end; None while that is to be seen."""

    def admitted(self) -> None:
        """Say that something was admitted; the caller may have left by now."""
        self.is_admitted = True
        if self.is_gone:
            self.end(is_whole=False)

    def leave(self) -> None:
        """Say that the caller has gone."""
        self.is_gone = True
        if self.is_admitted:
            self.end(is_whole=False)

    def end(self, *, is_whole: bool) -> None:
        """Say whether the answer was written to its end; only the first word counts."""
        if self.is_whole is None:
            self.is_whole = is_whole
            self._answers.ended(self)


class Answers:
    """The answers of one process. It takes a connection of its own when the first is asked for."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._holder = secrets.randbelow(_HOLDER_MAX) + 1
        self._is_held = asyncio.Event()
        # By fingerprint, until how they ended is written down.
        self._hands: dict[str, set[Hand]] = {}
        self._unwritten: list[Hand] = []
        self._bell = asyncio.Event()
        self._written = asyncio.Condition()
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            # A failure of the database on its way out may swallow one cancellation.
            while not task.done():
                task.cancel()
                await asyncio.wait({task}, timeout=_AGAIN_S)
        with contextlib.suppress(DatabaseAway, psycopg.OperationalError):
            await self._write()

    def take(self, fingerprint: str, *, repetition: int = 0) -> Hand:
        """Begin an answer; `fingerprint` stands for all that makes two requests of one key equal.

        It is to be `ready` before its admission, and to `end` whatever becomes of it.
        """
        if not self._tasks:
            self._tasks = [
                asyncio.create_task(self._be_present(), name="answers: be present"),
                asyncio.create_task(self._note_all(), name="answers: note"),
            ]
        earlier = tuple(self._hands.get(fingerprint, ()))
        hand = Hand(self, fingerprint, holder=self._holder, repetition=repetition, earlier=earlier)
        self._hands.setdefault(fingerprint, set()).add(hand)
        return hand

    async def ready(self, hand: Hand) -> None:
        """Wait until all that matters for a hand's admission can be seen in the database."""
        # Without the lock an equal request would join, which loses somebody a picture, and no money.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_READY_S):
                await self._is_held.wait()
                if hand.earlier:
                    await self._settled(hand)
        hand.earlier = ()

    def ended(self, hand: Hand) -> None:
        """Write down how an answer ended, soon; what was refused is forgotten."""
        if hand.is_admitted:
            self._unwritten.append(hand)
        else:
            self._forget(hand)
        # Also wakes who waits for one that was forgotten.
        self._bell.set()

    def _forget(self, hand: Hand) -> None:
        equal = self._hands[hand.answering.fingerprint]
        equal.discard(hand)
        if not equal:
            del self._hands[hand.answering.fingerprint]

    async def _settled(self, hand: Hand) -> None:
        """Wait until what is known here of earlier equal requests is written down."""
        # Who asked for the same may have hung up just now, and the news be on its way.
        await asyncio.sleep(_NEWS_S)
        equal, is_repetition = self._hands[hand.answering.fingerprint], hand.answering.repetition > 0

        def is_settled() -> bool:
            return not any(
                one.is_gone or one.is_whole is False or (is_repetition and one.is_whole)
                for one in hand.earlier
                if one in equal
            )

        async with self._written:
            await self._written.wait_for(is_settled)

    async def _note_all(self) -> None:
        while True:
            await self._bell.wait()
            self._bell.clear()
            try:
                await self._write()
            except (DatabaseAway, psycopg.OperationalError) as fault:
                _log.warning("how answers ended waits for the database: %s", fault)
                await asyncio.sleep(_AGAIN_S)
                self._bell.set()

    async def _write(self) -> None:
        written = self._unwritten.copy()
        if written:
            await answers.end(self._database, {hand.answering.hand: bool(hand.is_whole) for hand in written})
        async with self._written:
            for hand in written:
                self._unwritten.remove(hand)
                self._forget(hand)
            self._written.notify_all()

    async def _be_present(self) -> None:
        """Hold the process's lock for as long as it lives; with a broken connection it is taken anew."""
        while True:
            try:
                async with self._database.connection() as session:
                    await self._hold(session)
            except (DatabaseAway, psycopg.OperationalError) as fault:
                _log.warning("the presence of this process waits for the database: %s", fault)
            await asyncio.sleep(_AGAIN_S)

    async def _hold(self, session: Session) -> None:
        if not await answers.hold(session, self._holder):
            # The connection before is not gone yet, or another process drew the same number.
            return
        self._is_held.set()
        try:
            while True:
                await asyncio.sleep(PULSE_S)
                await session.connection.execute(b"SELECT 1")
        finally:
            self._is_held.clear()
            if not session.connection.broken:
                await answers.leave(session, self._holder)
