"""Admissions that go together: each for itself, in one commit."""

from __future__ import annotations

import asyncio
import json
from dataclasses import fields, replace
from typing import Any

import psycopg

from tests.integration.core.asking import USD, Asking, new_id, wanted
from tintype.domain.access import Actor
from tintype.domain.budget import Measure, Scope
from tintype.engine import throttle
from tintype.store import admission, errors, fresh, gathering, generations, ledger, plain
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
        rows = fresh.queued(answer, one, simulated=False)
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
    assert fresh.queued(joined, second, simulated=False) == ()


async def test_together_they_write_what_each_would_write_alone(ask: Asking, db: Database) -> None:
    """Rules 10, 12 and 15: rows, holds, book, events, jobs, counters and places in line are the same by either way."""
    written = []
    for way in ("alone", "together"):
        await ask.limit(10**12, scope=Scope.PROJECT, subject=way)
        await ask.limit(10**9, measure=Measure.IMAGES, period="day", scope=Scope.KEY, subject=way)
        await ask.limit(
            10**9, measure=Measure.VIDEO_SECONDS, period="hour", scope=Scope.USER, subject=f"{way}/*"
        )
        await ask.limit(10**9, measure=Measure.CONCURRENT, scope=Scope.USER, subject=f"{way}/bob")
        await ask.limit(10**9, measure=Measure.RATE, period="60", scope=Scope.KEY, subject=way)
        several = [
            admission.Request(
                Actor(way, user=["alice", "bob", None][number % 3], project=[way, None][number % 2]),
                ask.upstream_id,
                (
                    wanted(
                        hold_nano_usd=USD + number,
                        images=number % 4,
                        video_ms=number * 10,
                        version=["v" * 64, None][number % 2],
                        secrets=[b"\x00\xff", None][number % 2],
                        tags=("a", 'b"'),
                        metadata={"n": number},
                        callback_url="https://shop.example/x",
                    ),
                ),
                idempotency=admission.Idempotency(f"k{number}", bytes([number] * 32)) if number % 2 else None,
            )
            for number in range(20)
        ]
        answers: list[admission.Answer] = (
            [await admission.admit(db, one) for one in several]
            if way == "alone"
            else [*(await plain.admit(db, several) or ())]
        )
        assert all(isinstance(one, admission.Admitted) for one in answers)
        written.append(await _written(ask, way, {one.wanted[0].id: str(n) for n, one in enumerate(several)}))

    assert written[0] == written[1]
    assert await ledger.check(db) == []


async def _written(ask: Asking, key: str, names: dict[str, str]) -> dict[str, Any]:
    """Return all that was written for a key, without what differs by nature: ids, times, the key's own name."""
    tables = {
        "generations": "SELECT to_jsonb(g) - '{created_at,deadline_at}'::text[] FROM generations AS g"
        " WHERE key_id = %s",
        "lifetimes": "SELECT to_jsonb(deadline_at - created_at) FROM generations WHERE key_id = %s",
        "holds": "SELECT to_jsonb(h) - '{limit_id,window_start}'::text[]"
        " FROM holds AS h JOIN generations AS g ON g.id = h.generation_id WHERE key_id = %s",
        "ledger": "SELECT to_jsonb(l) - 'at' FROM ledger AS l JOIN generations AS g ON g.id = l.generation_id"
        " WHERE key_id = %s",
        "events": "SELECT to_jsonb(e) - '{at,xid}'::text[] FROM events AS e"
        " JOIN generations AS g ON g.id = e.generation_id WHERE key_id = %s",
        "jobs": "SELECT to_jsonb(j) - '{id,scheduled_at}'::text[] FROM procrastinate_jobs AS j"
        " JOIN generations AS g ON g.id = j.args ->> 'generation_id' WHERE key_id = %s",
        "counters": "SELECT to_jsonb(c) - '{limit_id,window_start}'::text[]"
        " || to_jsonb(l) - '{id,created_at,updated_at}'::text[]"
        " FROM counters AS c JOIN limits AS l ON l.id = c.limit_id WHERE l.subject ~ ('^' || %s)",
        "owners": "SELECT to_jsonb(o) FROM owners AS o WHERE owner ~ ('^' || %s)",
        "idempotency": "SELECT to_jsonb(i) - '{created_at,expires_at}'::text[] FROM idempotency AS i WHERE key_id = %s",
    }
    found = {}
    for table, statement in tables.items():
        whole = f"SELECT coalesce(jsonb_agg(r), '[]') FROM ({statement}) AS t (r)"  # noqa: S608 - from above
        rows = await ask.row(whole, key)
        text = json.dumps(rows[0], sort_keys=True).replace(key, "KEY")
        for ident, name in names.items():
            text = text.replace(ident, f"ID {name}")
        found[table] = sorted(json.dumps(one, sort_keys=True) for one in json.loads(text))
        assert found[table]
    return found


async def test_what_does_not_all_fit_is_judged_one_by_one(ask: Asking, db: Database) -> None:
    """Rule 10: nothing is written by the way for those that all fit when one of them does not."""
    limit = await ask.limit(3 * USD)
    several = [request(ask) for _ in range(4)]

    at_once = await plain.admit(db, several)

    assert at_once is None
    assert await ask.counter(limit) == (0, 0)
    assert await ask.row("SELECT count(*) FROM generations") == (0,)
    answers = await asyncio.gather(*map(gathering.Admissions(db).admit, several))
    assert [type(one) for one in answers].count(admission.Admitted) == 3
    assert await ledger.check(db) == []


async def test_a_name_that_was_used_is_looked_at_by_itself(ask: Asking, db: Database) -> None:
    """Rule 8: neither a repetition nor the same name twice goes with those that all fit, and neither leaves a trace."""
    named = admission.Idempotency("k", b"body")
    twice = [replace(request(ask), idempotency=named) for _ in range(2)]

    assert await plain.admit(db, twice) is None
    assert await ask.row("SELECT count(*) FROM idempotency") == (0,)
    await admission.admit(db, twice[0])
    assert await plain.admit(db, [twice[1], request(ask)]) is None
    assert await ask.row("SELECT count(*) FROM generations") == (1,)


async def test_a_pause_is_told_to_each(ask: Asking, db: Database) -> None:
    """Rule 4: while creates are paused nothing goes in."""
    lanes = await throttle.open_lanes(
        db, upstream_id=ask.upstream_id, creates_per_minute=600, calls_per_minute=600
    )
    await lanes.creates.pause("upstream_payment")
    several = [request(ask) for _ in range(3)]

    assert await plain.admit(db, several) is None
    answers = await asyncio.gather(*map(gathering.Admissions(db).admit, several))
    assert [type(one) for one in answers] == [admission.Paused] * 3


async def test_nothing_out_of_the_ordinary_goes_with_the_others(ask: Asking) -> None:
    """What a request may hold and the plain way does not know keeps it off that way."""
    ordinary = request(ask)
    [one] = ordinary.wanted
    others = [
        replace(ordinary, order=admission.Order(id=new_id(), kind="batch")),
        replace(ordinary, wanted=(one, one)),
        replace(ordinary, replaces=new_id()),
        replace(ordinary, answering=admission.Answering(fingerprint="f", hand="h", holder=1)),
        replace(ordinary, asked=admission.Asked("d")),
        replace(ordinary, proofs=(admission.Proof(one.id, "final", 1),)),
        replace(ordinary, approves=admission.Approval(new_id(), 0)),
        replace(ordinary, wanted=(replace(one, files=(admission.InputFile("image", "a" * 64),)),)),
        replace(ordinary, wanted=(replace(one, cache_key="k"),)),
        replace(ordinary, wanted=(replace(one, follows=new_id()),)),
    ]

    assert plain.are_plain([ordinary, ordinary])
    assert not any(plain.are_plain([ordinary, one]) for one in others)
    assert not plain.are_plain([ordinary, replace(ordinary, upstream_id=ask.upstream_id + 1)])


async def test_the_plain_way_knows_all_that_an_admission_says(ask: Asking) -> None:
    """Whoever adds to a request teaches the plain way, or keeps it off it, and says so here."""
    known = await ask.row(
        "SELECT array_agg(attname::text) FROM pg_attribute"
        " WHERE attrelid = 'tintype_plain'::regclass AND attnum > 0 AND NOT attisdropped"
    )
    told = admission.document(request(ask))

    assert set(told["generations"][0]) - set(known[0]) == {"files", "cache_key"}
    assert set(told) == {"key", "user", "project", "owner", "request_id", "upstream_id", "generations"}
    assert {one.name for one in fields(admission.Request)} == {
        "actor", "upstream_id", "wanted", "order", "idempotency", "replaces", "is_made", "answering", "asked", "proofs",
        "approves",
    }  # fmt: skip
