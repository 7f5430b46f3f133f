"""Fair shares: who asks for much does not stand before who asks for little."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from tests.integration.core.asking import Asking, new_id, wanted
from tintype.domain import fairness
from tintype.domain.access import Actor
from tintype.store import generations

if TYPE_CHECKING:
    from tintype.store.database import Database

TAKE = (
    "DELETE FROM procrastinate_jobs WHERE id = (SELECT id FROM procrastinate_jobs WHERE queue_name = 'submit'"
    " ORDER BY priority DESC, id LIMIT 1) RETURNING args ->> 'generation_id'"
)


async def test_many_jobs_of_one_do_not_stand_before_the_few_of_others(ask: Asking) -> None:
    """Rule 15: of one user's 500 and nineteen users' 20, the 380 are through before 1.3 × 400 were begun."""
    busy = Actor("local", user="busy")
    others = [Actor("local", user=f"user-{number}") for number in range(19)]
    for _ in range(10):
        await ask.admitted(*(wanted() for _ in range(50)), actor=busy)
    for other in others:
        await ask.admitted(*(wanted() for _ in range(20)), actor=other)

    order = await ask.jobs()
    owners = await ask.row("SELECT jsonb_object_agg(id, end_user) FROM generations")

    last = max(place for place, ident in enumerate(order) if owners[0][ident] != "busy")
    assert last + 1 <= 1.3 * 400


async def test_a_newcomer_starts_where_the_queue_is_now(ask: Asking, db: Database) -> None:
    """Rule 15: virtual time goes with what is begun; who comes later has no credit for the time before."""
    await ask.admitted(*(wanted() for _ in range(10)), actor=Actor("local", user="early"))
    for _ in range(5):
        [ident] = await ask.row(TAKE)
        assert await generations.intend(db, ident, token=new_id(), dead_after_s=30)

    late = await ask.admitted(*(wanted() for _ in range(3)), actor=Actor("local", user="late"))

    order = await ask.jobs()
    assert [order.index(ident) for ident in late] == [0, 2, 4]


async def test_a_weight_makes_the_share_larger(ask: Asking) -> None:
    """Rule 15: with weight 3 three jobs go for one of another's."""
    await ask.row("INSERT INTO owners (owner, weight) VALUES ('local/heavy', 3)")
    heavy, light = (Actor("local", user=name) for name in ("heavy", "light"))
    mine = await ask.admitted(*(wanted() for _ in range(9)), actor=heavy)
    await ask.admitted(*(wanted() for _ in range(9)), actor=light)

    order = await ask.jobs()

    assert sum(ident in mine for ident in order[:8]) == 6


async def test_the_database_places_jobs_as_the_domain_does(ask: Asking) -> None:
    """Rule 15: start tags in SQL are those of `domain.fairness`, admission by admission."""
    finish = 0
    for count in (1, 3, 2):
        made = await ask.admitted(*(wanted() for _ in range(count)))
        for ident in made:
            tag = fairness.tag(virtual_now=0, owner_finish=finish)
            finish = tag.finish
            assert await ask.row("SELECT virtual_start FROM generations WHERE id = %s", ident) == (tag.start,)
            priority = await ask.row(
                "SELECT priority FROM procrastinate_jobs WHERE args ->> 'generation_id' = %s", ident
            )
            assert priority == (fairness.priority(tag.start, base=0),)


async def test_priorities_are_made_small_long_before_the_integer_ends(ask: Asking, db: Database) -> None:
    """Rule 15: just below 2³¹ the order stays as it was across a rebase, for what waits and what comes."""
    edge = 2**31 - 1 - 3 * fairness.JOB
    await ask.row("UPDATE fair SET virtual_now = %s", edge)
    before = [await ask.admitted(actor=Actor("local", user=name)) for name in "aab"]
    line = await ask.jobs()

    base = await generations.rebase(db)
    again = await generations.rebase(db)

    after = await ask.admitted(*(wanted() for _ in range(5)), actor=Actor("local", user="c"))
    priorities = await ask.row("SELECT min(priority), max(priority) FROM procrastinate_jobs")
    assert (base, again) == (edge, 0)
    assert [one for one in await ask.jobs() if one not in after] == line
    assert set(line) == set(itertools.chain.from_iterable(before))
    assert priorities == (-4 * fairness.JOB, 0)


async def test_far_beyond_the_integer_a_job_still_waits_in_line(ask: Asking) -> None:
    """Rule 15: without a rebase the priority stops at the end of the integer, and nothing fails."""
    await ask.row("UPDATE fair SET virtual_now = %s", 2**40)

    await ask.admitted()

    assert await ask.row("SELECT priority FROM procrastinate_jobs") == (-fairness.PRIORITY_MAX,)


async def test_work_that_comes_back_keeps_its_place(ask: Asking, db: Database) -> None:
    """Rule 15: a generation that was not sent stands where its admission put it."""
    first, second = await ask.admitted(wanted(), wanted())
    assert await ask.row(TAKE) == (first,)

    await generations.enqueue(db, first)

    assert await ask.jobs() == [first, second]
