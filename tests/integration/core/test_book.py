"""Whatever happens in whatever order, and however often: the book balances and no state goes back."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from tests.integration.core.asking import Asking, new_id, wanted
from tintype.domain import events, generation
from tintype.domain.access import Actor
from tintype.domain.budget import Measure, Scope
from tintype.domain.generation import State
from tintype.store import admission, generations, ledger, limits
from tintype.store.database import Database

if TYPE_CHECKING:
    from collections.abc import Coroutine

EMPTY = (
    "DO $$ BEGIN DELETE FROM procrastinate_jobs; DELETE FROM attempts; DELETE FROM outputs; DELETE FROM inputs;"
    " DELETE FROM events; DELETE FROM holds; DELETE FROM ledger; DELETE FROM idempotency; DELETE FROM flights;"
    " DELETE FROM generations; DELETE FROM limits; DELETE FROM alerts; END $$"
)
PREDICTIONS = st.builds(
    events.Prediction,
    id=st.sampled_from(["p1", "p2", "p3", "p4"]),
    status=st.sampled_from(["starting", "processing", "succeeded", "failed", "canceled", "aborted", None]),
    has_output=st.booleans(),
    error=st.sampled_from([None, "boom", "stopped (code: PA)"]),
)
ATTEMPTS = st.integers(1, 3)
ALONE: st.SearchStrategy[events.Event] = st.one_of(
    st.just(events.CancelWished()), st.builds(events.DeadlinePassed, st.sampled_from([0.0, 900.0]))
)
EVENTS: st.SearchStrategy[events.Event] = st.one_of(
    st.builds(events.IntentCommitted, ATTEMPTS),
    st.builds(events.Accepted, ATTEMPTS, PREDICTIONS),
    st.builds(events.FoundUpstream, PREDICTIONS, st.none() | ATTEMPTS),
    st.builds(events.Observed, PREDICTIONS),
    st.builds(events.RefusedDefinitely, ATTEMPTS, st.just("invalid_input")),
    st.builds(events.NotSent, ATTEMPTS),
    st.builds(events.WentSilent, ATTEMPTS),
    st.builds(events.ProvenAbsent, ATTEMPTS),
    st.just(events.Captured()),
    st.just(events.CaptureLost("output_lost")),
    st.builds(events.Resolved, st.none() | PREDICTIONS),
    ALONE,
)
MADE = st.builds(
    generations.Settlement, st.integers(0, 60), images=st.integers(0, 4), video_ms=st.integers(0, 900)
)
ACTORS = st.builds(
    Actor,
    st.just("local"),
    user=st.sampled_from([None, "alice", "bob"]),
    project=st.sampled_from([None, "shop"]),
)


class Book(RuleBasedStateMachine):
    """Admissions and events against one database, emptied for each run."""

    def __init__(self, runner: asyncio.Runner, db: Database) -> None:
        super().__init__()
        self.runner = runner
        self.db = db
        self.ids: list[str] = []
        self.ask: Asking = self.do(self._begin())

    def do(self, act: Coroutine[Any, Any, Any]) -> Any:
        """Run something asynchronous to its end."""
        return self.runner.run(act)

    async def _begin(self) -> Asking:
        ask = await Asking.of(self.db)
        await ask.row(EMPTY)
        await ask.limit(300)
        await ask.limit(200, scope=Scope.KEY, subject="local", period="day")
        await ask.limit(120, scope=Scope.USER, subject="local/*", period="month", zone="Europe/Berlin")
        await ask.limit(150, scope=Scope.PROJECT, subject="shop")
        await ask.limit(12, measure=Measure.IMAGES, period="hour")
        await ask.limit(3000, measure=Measure.VIDEO_SECONDS, scope=Scope.USER, subject="*", period="week")
        await ask.limit(6, measure=Measure.CONCURRENT, scope=Scope.KEY, subject="*")
        await ask.limit(25, measure=Measure.RATE, period="3600")
        return ask

    @rule(
        actor=ACTORS,
        count=st.integers(1, 3),
        hold=st.integers(0, 50),
        images=st.integers(0, 4),
        video_ms=st.integers(0, 900),
        cache_key=st.sampled_from([None, "a", "b"]),
        repeat=st.sampled_from([None, "one", "two"]),
    )
    def admit(
        self,
        actor: Actor,
        count: int,
        hold: int,
        images: int,
        video_ms: int,
        cache_key: str | None,
        repeat: str | None,
    ) -> None:
        """Rule 10: admitted exactly when it fits everywhere, whatever happened before."""
        fits = self.do(self._fits(actor, count, hold, images, video_ms))
        several = [
            wanted(hold_nano_usd=hold, images=images, video_ms=video_ms, cache_key=cache_key)
            for _ in range(count)
        ]
        key = admission.Idempotency(repeat, f"{count} {hold}".encode()) if repeat else None

        answer = self.do(self.ask(*several, actor=actor, idempotency=key))

        if isinstance(answer, admission.Admitted):
            self.ids += [place.id for place in answer.places]
        if cache_key is None and repeat is None:
            assert isinstance(answer, admission.Admitted) == fits
            assert isinstance(answer, admission.Admitted | admission.Refused)

    async def _fits(self, actor: Actor, count: int, hold: int, images: int, video_ms: int) -> bool:
        asked = {"money": hold, "images": images, "video_seconds": video_ms, "concurrent": 1, "rate": 1}
        return all(
            not asked[one.measure] or one.held + one.spent + count * asked[one.measure] <= one.amount
            for one in await limits.standing(self.db, actor)
        )

    @rule(which=st.integers(0, 50), event=EVENTS, made=MADE)
    def happen(self, which: int, event: events.Event, made: generations.Settlement) -> None:
        """Rules 2 to 7, 13 and 14: any event, early, late or again."""
        if self.ids:
            self.do(self._happen(self.ids[which % len(self.ids)], event, made))

    @rule(which=st.integers(0, 50), made=MADE)
    def succeed(self, which: int, made: generations.Settlement) -> None:
        """The plain road to the end, which random events seldom take."""
        if not self.ids:
            return
        ident = self.ids[which % len(self.ids)]
        prediction = events.Prediction(new_id(), "succeeded", has_output=True)
        for event in (events.IntentCommitted(1), events.Accepted(1, prediction), events.Captured()):
            self.do(self._happen(ident, event, made))

    @rule(which=st.integers(0, 50), word=st.none() | PREDICTIONS, made=MADE)
    def give_up_and_resolve(
        self, which: int, word: events.Prediction | None, made: generations.Settlement
    ) -> None:
        """An outcome that nobody finds out, until a person does."""
        if not self.ids:
            return
        ident = self.ids[which % len(self.ids)]
        self.do(self._happen(ident, events.IntentCommitted(1), made))
        for event in (events.WentSilent(1), events.DeadlinePassed(900), events.Resolved(word)):
            self.do(self._happen(ident, event, made))

    async def _happen(self, ident: str, event: events.Event, made: generations.Settlement) -> None:
        now = await generations.get(self.db, ident)
        assert now is not None
        if isinstance(event, events.IntentCommitted):
            await generations.intend(self.db, ident, token=new_id(), dead_after_s=30)
            return
        if now.joined_to and not isinstance(event, events.CancelWished | events.DeadlinePassed):
            return
        if isinstance(event, events.Captured) and now.state == State.CAPTURING:
            await self.ask.output(ident)
        try:
            async with self.db.transaction() as work:
                await self._write(work, ident, event, made)
        except generations.PredictionClaimed:
            return

    async def _write(self, work: Any, ident: str, event: events.Event, made: generations.Settlement) -> None:
        now = await generations.lock(work, ident)
        assert now is not None
        if isinstance(event, events.CancelWished) and await generations.hand_over(work, ident):
            await generations.move(work, ident, {"state": "canceled"}, settle=generations.Settlement(0))
            return
        decision = generation.apply(now.facts, event)
        moved = await generations.write(work, now, decision, made=made)
        if decision.charge:
            assert moved is not None
        if decision.corrects:
            settlement = made if decision.corrects is generation.Charge.MADE else generations.Settlement(0)
            await ledger.correct(work, ident, settlement, ref=decision.corrects)
        if decision.orphan:
            await ledger.lose(work, ident, prediction_id=decision.orphan, amount_nano_usd=7)

    @invariant()
    def everything_adds_up(self) -> None:
        """Rule 14: counters, holds, generations and book say the same."""
        assert self.do(ledger.check(self.db)) == []

    @invariant()
    def states_only_went_forward(self) -> None:
        """Every change that was written is one of the table, numbered without a hole."""
        for number, states in self.do(self._histories()):
            assert number == len(states)
            for before, after in pairwise(states):
                assert State(after) in generation.TRANSITIONS[State(before)]

    async def _histories(self) -> list[tuple[int, list[str]]]:
        found = await self.ask.row(
            "SELECT coalesce(jsonb_agg(jsonb_build_array(last, states)), '[]') FROM ("
            " SELECT max(number) AS last, jsonb_agg(state ORDER BY number) AS states FROM events"
            " GROUP BY generation_id) AS one"
        )
        return [(last, states) for last, states in found[0]]


def test_the_book_balances_after_any_order_of_events(url: str) -> None:
    """Rules 10 to 14: counters, holds and lines agree after every step, and states go forward only."""
    examples = settings().max_examples // 4
    with asyncio.Runner() as runner:
        db = runner.run(Database(url).open())

        class OnThisDatabase(Book):
            def __init__(self) -> None:
                super().__init__(runner, db)

        try:
            run_state_machine_as_test(
                OnThisDatabase, settings=settings(max_examples=examples, stateful_step_count=30)
            )
        finally:
            runner.run(db.close())
