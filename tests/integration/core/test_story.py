"""Whole lives of generations, step by step in any order: what is booked is what upstream billed, to the nano-dollar."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from tests.integration.core import story
from tests.integration.core.asking import USD
from tintype.domain import generation
from tintype.domain.access import Actor
from tintype.domain.budget import Measure, Scope
from tintype.domain.generation import State
from tintype.service.requests import Cache, Request
from tintype.store import ledger, limits
from tintype.store.database import Database

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from pathlib import Path

    from tests.integration.core.story import Stage
    from tintype.testing import Simulator

pytestmark = pytest.mark.chaos

FLUX = "black-forest-labs/flux-schnell"
PRICE = 3 * USD // 1000
LIMITS = (
    (Scope.ALL, "", Measure.MONEY, "month", 20 * PRICE),
    (Scope.KEY, "local", Measure.MONEY, "day", 14 * PRICE),
    (Scope.PROJECT, "shop", Measure.MONEY, "total", 10 * PRICE),
    (Scope.USER, "local/*", Measure.MONEY, "week", 8 * PRICE),
    (Scope.USER, "local/*", Measure.IMAGES, "hour", 9),
    (Scope.ALL, "", Measure.CONCURRENT, "total", 7),
)
PROMPTS = (
    "a boat",
    "a boat",
    "[[delay=0.3]] a boat",
    "[[delay=0.3]] a boat",
    "[[stuck]] a boat",
    "[[fail=boom]] a boat",
    "[[fail=stopped (code: PA)]] a boat",
    "[[nsfw]] a boat",
)
FAULTS = (
    (),
    (),
    ({"do": "reset"},),
    ({"do": "reset", "when": "after"},),
    ({"do": "answer", "status": 500, "body": {"detail": "broken"}},),
    ({"do": "answer", "status": 502, "body": "<html>", "when": "after"},),
    ({"do": "answer", "status": 422, "body": {"detail": "no"}},),
    ({"do": "answer", "status": 429, "body": {"detail": "throttled", "retry_after": 0}},),
    ({"do": "malform", "when": "after"},),
)
WHICH = st.integers(0, 7)
"""Counted from the latest."""
ACTORS = st.builds(
    Actor,
    st.just("local"),
    user=st.sampled_from(["alice", "alice", "bob", None]),
    project=st.sampled_from(["shop", "shop", None]),
)


class Story(RuleBasedStateMachine):
    """Generations, webhooks that wait to be heard, and people who change their minds."""

    def __init__(self, runner: asyncio.Runner, stage: Stage) -> None:
        super().__init__()
        self.runner = runner
        self.stage = stage
        self.ids: list[str] = []
        self.do(self._begin())

    def do(self, act: Coroutine[Any, Any, Any]) -> Any:
        """Run something asynchronous to its end."""
        return self.runner.run(act)

    async def _begin(self) -> None:
        await self.stage.begin()
        for scope, subject, measure, period, amount in LIMITS:
            await limits.put(
                self.stage.core.database,
                scope=scope,
                subject=subject,
                measure=measure,
                period=period,
                amount=amount,
            )

    def _one(self, which: int) -> str:
        return self.ids[-1 - which % len(self.ids)]

    def _in(self, which: int, *states: State) -> str:
        """Return one that is in one of these states, or any when there is none."""
        found = [ident for ident, state in self.do(self.stage.states()) if state in states] or self.ids
        return found[-1 - which % len(found)]

    def _note(self, idents: list[str]) -> None:
        self.ids += [ident for ident in idents if ident not in self.ids]

    @initialize(prompts=st.lists(st.sampled_from(PROMPTS), min_size=2, max_size=3))
    def begin(self, prompts: list[str]) -> None:
        """There is something to begin with."""
        self.ask(Actor("local", user="alice", project="shop"), prompts, Cache.OFF, None)

    @rule(
        actor=ACTORS,
        prompts=st.lists(st.sampled_from(PROMPTS), min_size=1, max_size=3),
        cache=st.sampled_from([Cache.OFF, Cache.ALWAYS, Cache.ALWAYS]),
        name=st.sampled_from([None, None, None, "one", "two"]),
    )
    def ask(self, actor: Actor, prompts: list[str], cache: Cache, name: str | None) -> None:
        """Rules 1 and 8 to 12: one or several at once, some of which join others, or were asked for before."""
        asked = [Request(FLUX, {"prompt": prompt}, cache=cache) for prompt in prompts]
        self._note(self.do(self.stage.ask(*asked, actor=actor, idempotency_key=name)))

    @rule(which=WHICH, faults=st.sampled_from(FAULTS))
    def send(self, which: int, faults: tuple[Any, ...]) -> None:
        """Rules 3 to 5: whatever becomes of the create."""
        self.do(self.stage.send(self._in(which, State.QUEUED), *faults))

    @rule(which=WHICH, faults=st.sampled_from(FAULTS))
    def buy_twice(self, which: int, faults: tuple[Any, ...]) -> None:
        """Rule 6: what upstream's list did not show is there after all, and only its webhook says so."""
        ident = self._in(which, State.QUEUED)
        self.do(self.stage.send(ident, {"do": "reset", "when": "after"}))
        self.do(self.stage.search(is_blind=True))
        self.do(self.stage.send(ident, *faults))

    @rule(which=WHICH)
    def die_before_sending(self, which: int) -> None:
        """Rule 3: an intent, and then nothing more from who had it."""
        self.do(self.stage.intend(self._in(which, State.QUEUED)))

    @rule(which=WHICH)
    def look(self, which: int) -> None:
        """Rule 16."""
        self.do(self.stage.look(self._in(which, State.RUNNING)))

    @rule(which=WHICH, times=st.integers(1, 2), is_forged=st.booleans())
    def hear(self, which: int, times: int, *, is_forged: bool) -> None:
        """Rules 5 and 17: a webhook of any age and order, or again; a forged one changes nothing."""
        letters = self.stage.box.letters
        for _ in range(times if letters else 0):
            self.do(self.stage.hear(letters[which % len(letters)], is_forged=is_forged))

    @rule(which=WHICH)
    def store(self, which: int) -> None:
        """Rules 13, 14 and 18."""
        self.do(self.stage.store(self._in(which, State.CAPTURING)))

    @rule(which=WHICH)
    def cancel(self, which: int) -> None:
        """Rules 7 and 9: in whatever state, and with whoever else waits for it."""
        self.do(self.stage.core.progress.cancel(self._one(which)))

    @rule(which=WHICH)
    def retry(self, which: int) -> None:
        """Rule 1: a failed one may be repeated alone."""
        self._note(self.do(self.stage.retry(self._in(which, State.FAILED, State.CANCELED))))

    @rule(which=WHICH, times=st.integers(1, 3))
    def live(self, which: int, times: int) -> None:
        """The plain road to the end, or a part of it, which random steps seldom take."""
        ident = self._one(which)
        for step in (self.stage.send, self.stage.look, self.stage.store)[:times]:
            self.do(step(ident))

    @rule(which=WHICH, over_s=st.sampled_from([None, None, None, 0.0, 700.0]), is_blind=st.booleans())
    def look_after(self, which: int, over_s: float | None, *, is_blind: bool) -> None:
        """Rules 5 to 7: no silence, no orphan and no state is endless. Now and then the time of one is up.

        Where upstream's list shows nothing, what was bought is bought again, which the book has to tell.
        """
        if over_s is not None:
            self.do(self.stage.pass_time(self._one(which), over_s))
        self.do(self.stage.search(is_blind=is_blind))
        self.do(self.stage.end_orphans())

    @rule(which=WHICH)
    def resolve(self, which: int) -> None:
        """Rule 7: a person says what they see upstream, whether there is anything to decide or not."""
        self.do(self.stage.resolve(self._in(which, State.UNKNOWN)))

    @rule()
    def wait(self) -> None:
        """Upstream's clock goes on."""
        self.stage.sim.advance(0.3)

    @invariant()
    def everything_adds_up(self) -> None:
        """Rule 14: counters, holds, generations and book say the same."""
        assert self.do(ledger.check(self.stage.core.database)) == []

    @invariant()
    def no_limit_is_exceeded(self) -> None:
        """Rule 10: what is held and spent fits, whatever was settled, released, corrected or lost meanwhile."""
        over = "SELECT l.id, c.held, c.spent FROM limits AS l JOIN counters AS c ON c.limit_id = l.id WHERE"
        assert self.do(self.stage.execute(f"{over} c.held + c.spent > l.amount")) == []

    @invariant()
    def states_only_went_forward(self) -> None:
        """Every change that was written is one of the table, numbered without a hole."""
        histories = self.do(
            self.stage.execute(
                "SELECT max(number), array_agg(state ORDER BY number) FROM events GROUP BY generation_id"
            )
        )
        for last, states in histories:
            assert last == len(states)
            for before, after in pairwise(states):
                assert State(after) in generation.TRANSITIONS[State(before)]

    def teardown(self) -> None:
        """In the end all is final, and every nano-dollar that upstream billed is in the book, once."""
        self.do(self._end())

    async def _end(self) -> None:
        await self.stage.end_all()
        for letter in list(self.stage.box.letters):
            await self.stage.hear(letter)
        await self.stage.end_all()
        for ident in self.ids:
            if (await self.stage.row(ident)).failure_code == "outcome_unknown":
                await self.stage.resolve(ident, ends_it=True)
        await self.stage.end_all()
        [(spent,)] = await self.stage.execute(
            "SELECT coalesce(sum(cost_nano_usd), 0)::bigint FROM generations"
        )
        [(lost,)] = await self.stage.execute(
            "SELECT coalesce(sum(amount_nano_usd), 0)::bigint FROM ledger WHERE kind = 'loss'"
        )
        assert spent + lost == self.stage.billed_nano_usd()
        assert await ledger.check(self.stage.core.database) == []


def test_whatever_happens_what_is_booked_is_what_was_billed(
    url: str, simulator: Simulator, tmp_path: Path
) -> None:
    """Rules 1 to 14, through the services, in any order: the book balances at every step and is true in the end."""
    examples = settings().max_examples // 8
    with asyncio.Runner() as runner, story.letter_box() as box:
        db = runner.run(Database(url).open())
        staging = story.staged(db, tmp_path, simulator, box)
        stage = runner.run(staging.__aenter__())

        class OnThisStage(Story):
            def __init__(self) -> None:
                super().__init__(runner, stage)

        try:
            run_state_machine_as_test(
                OnThisStage, settings=settings(max_examples=examples, stateful_step_count=40)
            )
        finally:
            runner.run(staging.__aexit__(None, None, None))
            runner.run(db.close())
