"""How things stand, read from a real database: what is open, held, waiting, left."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tests.integration.core.asking import USD
from tintype.domain.access import Actor
from tintype.domain.budget import Measure, Scope
from tintype.service.standing import Watch
from tintype.store import limits

if TYPE_CHECKING:
    from tests.integration.core.asking import Asking
    from tintype.store.database import Database


async def test_open_generations_are_told_with_what_they_hold(ask: Asking, db: Database) -> None:
    first, second = await ask.admitted(), await ask.admitted(model="somebody/else")
    await ask.end(first[0], cost=USD // 2)

    standing = await Watch(db, upstream_id=ask.upstream_id).look()

    (one,) = standing.open
    assert (one.state, one.model, one.generations, one.held_nano_usd) == ("queued", "somebody/else", 1, USD)
    assert {booked.kind: booked.amount_nano_usd for booked in standing.booked} == {"charge": USD // 2}
    (queue,) = [queue for queue in standing.queues if queue.queue == "submit"]
    # Nothing worked here, so the job of the one that ended is still in its queue.
    assert (queue.due, queue.later) == (2, 0)
    assert 0 <= queue.oldest_s < 60
    assert second


async def test_what_is_left_is_the_least_among_limits_of_a_scope(ask: Asking, db: Database) -> None:
    """Counted with what is held; a default for everybody is no limit of its own, and nobody is named."""
    await ask.limit(5 * USD, period="day")
    await ask.limit(1 * USD, period="day", scope=Scope.USER, subject="local/alice")
    await ask.limit(9 * USD, period="day", scope=Scope.USER, subject="local/bob")
    await ask.limit(9 * USD, scope=Scope.USER, subject="*")
    await ask.limit(9 * USD, period="hour", scope=Scope.USER, subject="local/*")
    await ask.admitted(actor=Actor(key="local", user="alice"))

    standing = await Watch(db, upstream_id=ask.upstream_id).look()

    told = {(one.scope, one.measure, one.period): (one.least_left, one.used_up) for one in standing.limits}
    assert told == {("all", "money", "day"): (4 * USD, 0), ("user", "money", "day"): (0, 1)}
    assert "alice" not in repr(standing)


async def test_an_override_counts_while_it_lasts(ask: Asking, db: Database) -> None:
    ident = await ask.limit(5, measure=Measure.IMAGES, period="month")
    await limits.override(db, ident, amount=50, until=datetime.now(UTC) + timedelta(hours=1))

    standing = await Watch(db, upstream_id=ask.upstream_id).look()

    assert [one.least_left for one in standing.limits] == [50]


async def test_it_is_read_once_a_second_however_often_it_is_asked_for(ask: Asking, db: Database) -> None:
    now = [0.0]
    watch = Watch(db, upstream_id=ask.upstream_id, monotonic=lambda: now[0])

    before = await watch.look()
    await ask.admitted()
    same = await watch.look()
    now[0] = 1.0
    after = await watch.look()

    assert same is before
    assert [one.generations for one in after.open] == [1]
