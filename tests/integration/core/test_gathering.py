"""Admissions that go together: each for itself, in one commit."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import psycopg

from tests.integration.core.asking import USD, Asking, new_id, wanted
from tintype.domain.access import Actor
from tintype.domain.budget import Scope
from tintype.store import admission, errors, gathering, generations, ledger
from tintype.store.database import Database


def request(ask: Asking, user: str = "alice", **changes: object) -> admission.Request:
    """Return a request for one generation."""
    return admission.Request(Actor("local", user=user), ask.upstream_id, (wanted(**changes),))


async def test_what_comes_together_is_judged_one_by_one(ask: Asking, db: Database) -> None:
    """Rule 10: of fifty at once exactly those are admitted that fit, in a handful of commits."""
    whole = await ask.limit(37 * USD)
    each = await ask.limit(5 * USD, scope=Scope.USER, subject="local/*")
    admissions = gathering.Admissions(db)

    answers = await asyncio.gather(
        *(admissions.admit(request(ask, user=f"user-{number % 10}")) for number in range(50))
    )

    commits = await ask.row("SELECT count(DISTINCT xmin::text) FROM generations")
    admitted = [one for one in answers if isinstance(one, admission.Admitted)]
    refused = [one for one in answers if isinstance(one, admission.Refused)]
    assert (len(admitted), len(refused)) == (37, 13)
    assert {one.refusals[0].limit_id for one in refused} == {whole}
    assert await ask.counter(whole) == (37 * USD, 0)
    assert await ask.counter(each) == (37 * USD, 0)
    assert commits[0] <= 20
    assert len(await ask.jobs()) == 37
    assert await ledger.check(db) == []


async def test_every_caller_gets_its_own_answer(ask: Asking, db: Database) -> None:
    """Answers come back to who asked, whatever the order of work was."""
    admissions = gathering.Admissions(db)
    several = [request(ask, user=f"user-{number * 7 % 10}") for number in range(40)]

    answers = await asyncio.gather(*(admissions.admit(one) for one in several))

    for one, answer in zip(several, answers, strict=True):
        assert isinstance(answer, admission.Admitted)
        assert [place.id for place in answer.places] == [one.wanted[0].id]


async def test_the_same_idempotency_key_twice_in_one_go(ask: Asking, db: Database) -> None:
    """Rule 8: also among those that go together the second gets the first one's answer."""
    admissions = gathering.Admissions(db)
    key = admission.Idempotency(name="k", fingerprint=b"body")

    answers = await asyncio.gather(
        *(admissions.admit(replace(request(ask), idempotency=key)) for _ in range(20))
    )

    [first] = [one for one in answers if isinstance(one, admission.Admitted)]
    assert answers.count(admission.Repeated((first.places[0].id,), None)) == 19


async def test_one_that_cannot_be_admitted_is_not_the_others_trouble(ask: Asking, db: Database) -> None:
    """A request that the database takes for a mistake fails alone."""
    admissions = gathering.Admissions(db)
    taken = new_id()
    await ask.admitted(id=taken)
    several = [request(ask) for _ in range(9)] + [request(ask, id=taken)]

    answers = await asyncio.gather(*(admissions.admit(one) for one in several), return_exceptions=True)

    assert [type(one) for one in answers[:9]] == [admission.Admitted] * 9
    assert isinstance(answers[9], psycopg.errors.UniqueViolation)
    assert await ledger.check(db) == []


async def test_who_gives_up_early_leaves_nothing(ask: Asking, db: Database) -> None:
    """A caller that was cancelled before its request went out is not admitted."""
    admissions = gathering.Admissions(db)
    tasks = [asyncio.create_task(admissions.admit(request(ask))) for _ in range(10)]
    await asyncio.sleep(0)
    tasks[5].cancel()

    answers = await asyncio.gather(*tasks, return_exceptions=True)

    assert isinstance(answers[5], asyncio.CancelledError)
    assert await ask.row("SELECT count(*) FROM generations") == (9,)


async def test_a_database_that_is_away_is_told_to_each(ask: Asking, url: str) -> None:
    """Everybody who waited hears that nothing was done, and the next call works."""
    async with Database(url, wait_s=0.2) as db:
        admissions = gathering.Admissions(db)
        await db.close()
        away = Database("postgresql://tintype@127.0.0.1:1/none", wait_s=0.2)
        admissions = gathering.Admissions(away)

        answers = await asyncio.gather(
            *(admissions.admit(request(ask)) for _ in range(5)), return_exceptions=True
        )

    assert [type(one) for one in answers] == [errors.DatabaseAway] * 5
    assert len({id(one) for one in answers}) == 5


async def test_one_after_the_other_never_waits_for_a_lane(ask: Asking, db: Database) -> None:
    """A caller whose answer came finds the lane free for its next request, also when there is one only."""
    admissions = gathering.Admissions(db, lanes_max=1)

    async with asyncio.timeout(20):
        for _ in range(20):
            assert isinstance(await admissions.admit(request(ask)), admission.Admitted)


async def test_what_was_queued_is_known_without_reading(ask: Asking, db: Database) -> None:
    """The rows that an answer gives are those that were written, but for their place in the queue."""
    admissions = gathering.Admissions(db)
    order = admission.Order(id=new_id(), kind="batch")
    several = [
        request(
            ask,
            deadline_s=61.2345678,
            metadata={"a": [1, 2.5]},
            tags=("x",),
            callback_url="https://a.example",
        ),
        request(ask, user="bob", version="c" * 64, images=0, video_ms=5_000),
        replace(request(ask), wanted=(wanted(), wanted(input={"seed": 2**62})), order=order),
    ]

    answers = await asyncio.gather(*(admissions.admit(one) for one in several))

    for one, answer in zip(several, answers, strict=True):
        assert isinstance(answer, admission.Admitted)
        rows = admission.queued(answer, one, simulated=False)
        read = [await generations.get(db, row.id) for row in rows]
        assert [row and replace(row, virtual_start=0) for row in read] == list(rows)
        assert len(rows) == len(one.wanted)


async def test_what_waits_for_another_or_had_it_already_is_read(ask: Asking, db: Database) -> None:
    """Only what buys for itself is told of without reading."""
    first = request(ask, cache_key="k")
    await admission.admit(db, first)
    second = request(ask, cache_key="k")

    joined = await admission.admit(db, second)

    assert isinstance(joined, admission.Admitted)
    assert admission.queued(joined, second, simulated=False) == ()
