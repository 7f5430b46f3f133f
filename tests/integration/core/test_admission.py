"""Admission: everything or nothing, in one statement."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.integration.core.asking import ALICE, USD, Asking, new_id, wanted
from tintype.domain import errors
from tintype.domain.access import Actor
from tintype.domain.budget import Measure, Scope
from tintype.store import admission, generations, ledger, limits

if TYPE_CHECKING:
    from tintype.store.database import Database

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


async def test_an_admission_writes_everything_at_once(ask: Asking, db: Database) -> None:
    """Rule 10: hold, row, book, first event and job are there after one statement."""
    money = await ask.limit(10 * USD)
    pictures = await ask.limit(5, measure=Measure.IMAGES, period="day")

    [ident] = await ask.admitted(images=2)

    row = await generations.get(db, ident)
    assert row is not None
    assert (row.state, row.end_user, row.simulated, row.events_last) == ("queued", "alice", False, 1)
    assert await ask.counter(money) == (USD, 0)
    assert await ask.counter(pictures) == (2, 0)
    assert [(line.kind, line.amount_nano_usd) for line in await ledger.lines(db, ident)] == [("hold", USD)]
    assert await ask.row("SELECT number, state FROM events") == (1, "queued")
    assert await ask.jobs() == [ident]
    assert await ledger.check(db) == []


async def test_a_refused_request_leaves_nothing(ask: Asking, db: Database) -> None:
    """Rules 10 and 12: when one limit of many refuses, no other is used up, a rate neither."""
    rate = await ask.limit(5, measure=Measure.RATE, period="60")
    money = await ask.limit(USD, scope=Scope.KEY, subject="local", period="day")

    refusal = await ask.refused(hold_nano_usd=USD + 1, at=NOON)

    assert (refusal.limit_id, refusal.free, refusal.asked, refusal.amount) == (money, USD, USD + 1, USD)
    assert refusal.frees_at is None
    assert await ask.counter(rate) == (0, 0)
    assert await ask.row("SELECT count(*) FROM generations") == (0,)
    assert await ask.row("SELECT count(*) FROM procrastinate_jobs") == (0,)
    assert await ledger.check(db) == []


async def test_a_refusal_says_how_much_was_free_and_when_it_frees(ask: Asking) -> None:
    """Rule 10: the limit, the amount that was free, and the end of its window."""
    await ask.limit(2 * USD, period="day", zone="Europe/Berlin")
    await ask.admitted(at=NOON)

    refusal = await ask.refused(hold_nano_usd=2 * USD, at=NOON)

    assert (refusal.free, refusal.frees_at) == (USD, datetime(2026, 11, 20, 23, tzinfo=UTC))


async def test_the_limit_that_frees_last_stands_in_front(ask: Asking) -> None:
    """Rule 10: whoever waits waits for the last of all limits that refuse."""
    await ask.limit(0, measure=Measure.IMAGES, period="hour")
    month = await ask.limit(2, measure=Measure.IMAGES, period="month")
    day = await ask.limit(2, measure=Measure.IMAGES, period="day", scope=Scope.KEY, subject="local")

    answer = await ask(images=2, at=NOON)
    assert isinstance(answer, admission.Refused)
    await ask.row("DELETE FROM limits WHERE period = 'hour'")
    await ask.admitted(images=2, at=NOON)
    later = await ask(images=1, at=NOON)

    assert [one.period for one in answer.refusals] == ["hour"]
    assert isinstance(later, admission.Refused)
    assert [one.limit_id for one in later.refusals] == [month, day]


async def test_every_part_of_the_chain_is_judged(ask: Asking) -> None:
    """Rule 10: key, end user, project and everything; others' budgets are not touched."""
    chain = {
        await ask.limit(9 * USD): "",
        await ask.limit(9 * USD, scope=Scope.PROJECT, subject="shop"): "shop",
        await ask.limit(9 * USD, scope=Scope.KEY, subject="local"): "local",
        await ask.limit(9 * USD, scope=Scope.USER, subject="local/alice"): "local/alice",
    }
    others = [
        await ask.limit(0, scope=Scope.PROJECT, subject="other"),
        await ask.limit(0, scope=Scope.KEY, subject="other"),
        await ask.limit(0, scope=Scope.USER, subject="other/alice"),
        await ask.limit(0, scope=Scope.USER, subject="local/bob"),
    ]

    await ask.admitted()

    assert [await ask.counter(one) for one in chain] == [(USD, 0)] * 4
    assert [await ask.counter(one) for one in others] == [(0, 0)] * 4


async def test_each_end_user_has_the_default_limit_of_the_key(ask: Asking) -> None:
    """Rule 12: `user:*` gives every end user a counter of their own, made on first use."""
    default = await ask.limit(USD, scope=Scope.USER, subject="local/*")
    bob, carol = (Actor("local", user=name) for name in ("bob", "carol"))

    await ask.admitted(actor=bob)
    await ask.admitted(actor=carol)
    refusal = await ask.refused(actor=bob)
    await ask.admitted(actor=Actor("local"))

    assert (refusal.limit_id, refusal.subject) == (default, "local/bob")


async def test_a_limit_of_ones_own_stands_in_for_the_default(ask: Asking) -> None:
    """Rule 12: a named end user is not held by the default with the same measure and period."""
    await ask.limit(USD, scope=Scope.USER, subject="local/*")
    own = await ask.limit(3 * USD, scope=Scope.USER, subject="local/alice")

    await ask.admitted(wanted(), wanted(), wanted())
    refusal = await ask.refused()

    assert refusal.limit_id == own


async def test_an_order_is_admitted_whole_or_not_at_all(ask: Asking, db: Database) -> None:
    """Rule 1: several generations are judged by their sum, and belong together."""
    money = await ask.limit(3 * USD)
    order = admission.Order(id=new_id(), kind="batch", plan={"n": 3})

    refusal = await ask.refused(*(wanted() for _ in range(4)), order=order)
    made = await ask.admitted(*(wanted() for _ in range(3)), order=order)

    rows = await generations.of_order(db, order.id)
    assert (refusal.asked, refusal.free) == (4 * USD, 3 * USD)
    assert [row.id for row in rows] == made
    assert [row.position for row in rows] == [0, 1, 2]
    assert await ask.counter(money) == (3 * USD, 0)
    assert len(await ask.jobs()) == 3


async def test_concurrent_work_is_limited_until_it_ends(ask: Asking) -> None:
    """Rule 12: a place at work is held by the admission and free again with the final state."""
    await ask.limit(2, measure=Measure.CONCURRENT)
    first, _ = await ask.admitted(wanted(), wanted())

    refusal = await ask.refused()
    await ask.end(first, cost=USD)
    await ask.admitted()

    assert (refusal.measure, refusal.free, refusal.frees_at) == ("concurrent", 0, None)


async def test_a_rate_is_spent_by_admissions_and_frees_with_its_window(ask: Asking) -> None:
    """Rule 12: a rate counts what was admitted, whatever becomes of it."""
    rate = await ask.limit(2, measure=Measure.RATE, period="60")
    ended, _ = await ask.admitted(wanted(), wanted(), at=NOON)
    await ask.end(ended, "canceled")

    refusal = await ask.refused(at=NOON + timedelta(seconds=59.9))
    await ask.admitted(at=NOON + timedelta(seconds=60))

    assert refusal.frees_at == NOON + timedelta(seconds=60)
    assert await ask.counter(rate) == (0, 3)


async def test_film_is_counted_in_milliseconds(ask: Asking) -> None:
    """Rule 12: a quota of video seconds is held like money, to the frame."""
    film = await ask.limit(10_000, measure=Measure.VIDEO_SECONDS, period="day")
    [ident] = await ask.admitted(images=0, video_ms=5063)

    refusal = await ask.refused(images=0, video_ms=5063)
    await ask.end(ident, video_ms=4000)

    assert refusal.free == 4937
    assert await ask.counter(film) == (0, 4000)


async def test_an_override_counts_until_its_time_is_over(ask: Asking, db: Database) -> None:
    """Rule 12: a limit may be another for a while, and is itself again by the database's clock."""
    limit = await ask.limit(USD)
    await limits.override(db, limit, amount=3 * USD, until=NOON)

    await ask.admitted(wanted(), wanted(), at=NOON - timedelta(seconds=1))
    refusal = await ask.refused(at=NOON)

    assert (refusal.amount, refusal.free) == (USD, 0)


async def test_without_a_limit_everything_is_admitted_and_booked(ask: Asking, db: Database) -> None:
    """Rule 14: the book is kept also where no limit asks for it."""
    [ident] = await ask.admitted(actor=Actor("local"))
    await ask.end(ident, cost=USD)

    assert [line.kind for line in await ledger.lines(db, ident)] == ["hold", "charge", "release"]
    assert await ledger.check(db) == []


async def test_the_same_request_again_gives_the_first_generation(ask: Asking) -> None:
    """Rule 8: the same body under the same Idempotency-Key takes no hold a second time."""
    money = await ask.limit(10 * USD)
    key = admission.Idempotency(name="k-1", fingerprint=b"one body")
    made = await ask.admitted(idempotency=key)

    again = await ask(idempotency=key)
    other = await ask(idempotency=admission.Idempotency(name="k-1", fingerprint=b"another"))

    assert again == admission.Repeated(tuple(made), None)
    assert other == admission.Conflict()
    assert await ask.counter(money) == (USD, 0)


async def test_an_idempotency_key_belongs_to_its_key_and_ends_after_a_day(ask: Asking) -> None:
    """Rule 8: unique per key, for 24 hours."""
    key = admission.Idempotency(name="k-1", fingerprint=b"one body")
    await ask.admitted(idempotency=key, at=NOON)

    await ask.admitted(idempotency=key, at=NOON, actor=Actor("other"))
    within = await ask(idempotency=key, at=NOON + timedelta(hours=24) - timedelta(seconds=1))
    await ask.admitted(idempotency=key, at=NOON + timedelta(hours=24))

    assert isinstance(within, admission.Repeated)


async def test_a_refused_request_may_come_again_under_its_idempotency_key(ask: Asking) -> None:
    """Rule 8: a refusal is no answer that is kept; after the limit was raised the same key is admitted."""
    limit = await ask.limit(0)
    key = admission.Idempotency(name="k-1", fingerprint=b"one body")
    await ask.refused(idempotency=key)

    await ask.row("UPDATE limits SET amount = %s WHERE id = %s", USD, limit)

    await ask.admitted(idempotency=key)


async def test_creates_that_are_paused_admit_nothing(ask: Asking) -> None:
    """Rule 4: while an account refuses, new requests are told when to come again, and nothing is held."""
    until = NOON + timedelta(seconds=15)
    await ask.row(
        "INSERT INTO throttle (upstream_id, lane, ceiling_per_minute, permits_per_minute, paused_until)"
        " VALUES (%s, 'creates', 600, 600, %s)",
        ask.upstream_id,
        until,
    )

    answer = await ask(at=NOON)
    await ask.admitted(at=until)

    assert answer == admission.Paused(until)


async def test_an_account_that_was_never_pinned_is_refused(ask: Asking) -> None:
    """Rule 2: a generation always names the origin and account that may send it."""
    with pytest.raises(psycopg.errors.NoDataFound):
        await Asking(ask.db, 99, ALICE)()


async def test_files_and_secrets_are_kept_with_the_generation(ask: Asking, db: Database) -> None:
    """Rule 23: files by their hash, secrets apart from the input and gone with the end."""
    await ask.row("INSERT INTO objects VALUES (%s, 'image/png', 9)", "b" * 64)
    [ident] = await ask.admitted(secrets=b"\x00sealed", files=(admission.InputFile("image", "b" * 64),))
    before = await generations.get(db, ident)
    await ask.end(ident)
    after = await generations.get(db, ident)

    assert before is not None
    assert after is not None
    assert (before.secrets, after.secrets) == (b"\x00sealed", None)
    assert "sealed" not in repr(before)
    assert await ask.row("SELECT field, sha256 FROM inputs") == ("image", "b" * 64)


async def test_limits_are_changed_listed_and_removed(ask: Asking, db: Database) -> None:
    """A limit is known by whom it is for, what it counts and how long; removing it frees what it held."""
    limit = await ask.limit(USD, period="day")
    assert await ask.limit(2 * USD, period="day", zone="Asia/Tokyo") == limit
    [ident] = await ask.admitted()
    [standing] = await limits.standing(db, ALICE)
    [listed] = await limits.every(db)

    assert (listed.amount, listed.zone) == (2 * USD, "Asia/Tokyo")
    assert (standing.held, standing.spent, standing.amount) == (USD, 0, 2 * USD)
    assert standing.window_start is not None
    assert standing.window_end == standing.window_start + timedelta(days=1)
    assert await limits.remove(db, limit)
    assert not await limits.remove(db, limit)
    await ask.end(ident, cost=USD)
    assert await ledger.check(db) == []


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"zone": "Mars/Olympus"}, "no time zone"),
        ({"period": "0"}, "a period is"),
        ({"period": "fortnight"}, "a period is"),
        ({"measure": Measure.CONCURRENT, "period": "day"}, "its period is total"),
        ({"scope": Scope.KEY}, "has no subject"),
    ],
)
async def test_a_limit_that_makes_no_sense_is_refused(ask: Asking, wrong: dict[str, str], words: str) -> None:
    """A mistake in a limit is said when it is made, not when it fails to hold."""
    with pytest.raises(errors.InputError, match=words):
        await ask.limit(1, **({"period": "day"} | wrong))  # type: ignore[arg-type]  # wrong on purpose
