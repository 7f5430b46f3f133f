"""Fair shares, one pace for all, orders and repeated requests (rules 1, 8, 11 and 15)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.core.asking import ALICE
from tests.integration.core.buying.conftest import FLUX, Shop, opened, until
from tintype.domain import errors
from tintype.domain.access import Actor
from tintype.domain.budget import Measure, Scope
from tintype.engine import throttle
from tintype.service.requests import Cache, Request
from tintype.store import limits

if TYPE_CHECKING:
    from pathlib import Path

    from tintype.store.database import Database
    from tintype.testing import Simulator

# It fails at once, so that the queue is what is tested.
QUICK = "[[nsfw]] a lighthouse"
DEEP: list[Any] = []
for _ in range(3_000):
    DEEP = [DEEP]


async def test_one_user_with_500_does_not_stand_before_nineteen_with_20(
    db: Database, data: Path, simulator: Simulator
) -> None:
    """Rule 15: the nineteen's 380 are done before 1.3 × 400 jobs were started."""
    async with opened(db, data, simulator, works=False) as asking:
        await _order(asking, "hog", 500)
        for number in range(19):
            await _order(asking, f"user {number}", 20)

    # Five times the usual pace: what is being made when the last of theirs was started is a small part.
    async with opened(db, data, simulator, creates_per_minute=3_000) as shop:
        started = await until(lambda: _started_when_done(shop), within_s=60)

    assert started <= 1.3 * 400


async def test_no_job_is_held_while_a_permit_is_waited_for(
    db: Database, data: Path, simulator: Simulator
) -> None:
    """Rule 15: the submit queue is fetched only when the throttle has a permit."""
    async with opened(db, data, simulator, creates_per_minute=6) as shop:
        await _order(shop, "hog", 5)
        await until(lambda: _count(shop, "SELECT count(*) FROM attempts"))

        held = await _count(shop, "SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing'")
        waiting = await _count(shop, "SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'")

    assert (held <= 1, waiting) == (True, 4)


async def test_two_processes_share_one_pace(idle_shop: Shop) -> None:
    """Rule 15: the throttle is a row: lanes of two processes hand out no more than the ceiling."""
    lanes = [
        (
            await throttle.open_lanes(
                idle_shop.core.database,
                upstream_id=idle_shop.core.upstream.ident,
                creates_per_minute=1_200,
                calls_per_minute=6_000,
            )
        ).creates
        for _ in range(2)
    ]
    count = 0

    async def take(lane: throttle.Lane) -> None:
        nonlocal count
        while True:
            await lane.permit()
            count += 1

    tasks = [asyncio.create_task(take(lane)) for lane in lanes]
    await asyncio.sleep(2)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

    # A second's worth at once, then 20 a second.
    assert 40 <= count <= 64


async def test_an_order_is_admitted_whole_or_not_at_all(idle_shop: Shop) -> None:
    """Rule 1: several generations are held together; what does not fit refuses all, and says by how much."""
    await limits.put(
        idle_shop.core.database,
        scope=Scope.ALL,
        subject="",
        measure=Measure.MONEY,
        period="total",
        amount=10_000_000,
    )

    with pytest.raises(errors.LimitReached) as caught:
        await _order(idle_shop, "alice", 4)
    admitted = await _order(idle_shop, "alice", 3)

    assert (caught.value.free, caught.value.asked, caught.value.measure) == (10_000_000, 12_000_000, "money")
    assert "$0.01 left" in str(caught.value)
    assert admitted.order_id is not None
    assert len(admitted.ids) == 3
    await idle_shop.check_book()


async def test_the_same_request_again_is_the_first_generation(idle_shop: Shop) -> None:
    """Rule 8: the same body gives the first and takes no hold; another body is a conflict."""
    request = Request(FLUX, {"prompt": "a lighthouse"})
    generations = idle_shop.core.generations

    first = await generations.submit(request, actor=ALICE, idempotency_key="one")
    again = await generations.submit(request, actor=ALICE, idempotency_key="one")
    with pytest.raises(errors.IdempotencyConflict):
        await generations.submit(Request(FLUX, {"prompt": "a boat"}), actor=ALICE, idempotency_key="one")
    for other in (replace(ALICE, user="bob"), replace(ALICE, project="else")):
        with pytest.raises(errors.IdempotencyConflict):
            await generations.submit(request, actor=other, idempotency_key="one")

    assert (again.ids, again.is_repeated, first.is_repeated) == (first.ids, True, False)
    assert len(await generations.list(actor=ALICE)) == 1


async def test_a_model_without_a_price_holds_what_the_setting_says(
    db: Database, data: Path, simulator: Simulator
) -> None:
    """Rules 11 and 27: unknown price: the setting is held; 0 refuses; a model that nobody knows is refused."""
    unpriced = Request("acme/unheard-of", {"prompt": "a"})
    async with opened(db, data, simulator, works=False) as shop:
        with pytest.raises(LookupError):
            await shop.core.generations.submit(unpriced, actor=ALICE)
        deployment = Request(FLUX, {"prompt": "a"}, deployment="acme/mine")
        ident = (await shop.core.generations.submit(deployment, actor=ALICE)).ids[0]
        assert (await shop.row(ident)).hold_nano_usd == 1_000_000_000
    async with opened(db, data, simulator, works=False, unknown_price_hold="0") as shop:
        for stated in (None, 5_000_000_000):
            with pytest.raises(errors.InputError, match="TINTYPE_UNKNOWN_PRICE_HOLD"):
                await shop.core.generations.submit(replace(deployment, hold_max_nano_usd=stated), actor=ALICE)


async def test_nobody_states_a_price_below_what_is_held_for_unknown_ones(idle_shop: Shop) -> None:
    """Rule 11: what is booked for an unknown price is the operator's word, or each budget would be the caller's."""
    unpriced = Request(FLUX, {"prompt": "a"}, deployment="acme/mine")
    with pytest.raises(errors.InputError, match=r"\$1.00 are held for it, more than the \$0.000000001"):
        await idle_shop.core.generations.submit(replace(unpriced, hold_max_nano_usd=1), actor=ALICE)

    asked = await idle_shop.core.generations.submit(
        replace(unpriced, hold_max_nano_usd=2_000_000_000), actor=ALICE
    )

    assert (await idle_shop.row(asked.ids[0])).hold_nano_usd == 1_000_000_000


@pytest.mark.parametrize("count", [0, -3, "many", [1], None, 10**18])
async def test_what_a_model_does_not_take_escapes_no_quota(idle_shop: Shop, count: object) -> None:
    """Rules 11 and 12: inputs that only a version or a deployment may know are held and counted as unknown ones are."""
    bare = Request(FLUX, {"prompt": "a", "num_outputs": count})
    for asked in (replace(bare, version="a" * 64), replace(bare, deployment="acme/mine")):
        row = await idle_shop.row((await idle_shop.core.generations.submit(asked, actor=ALICE)).ids[0])

        assert (row.hold_nano_usd, row.images) == (1_000_000_000, 1)


async def test_a_failed_one_is_repeated_alone(shop: Shop) -> None:
    """Rule 1: a failed one is told and may be repeated alone; one that has not failed is not."""
    failed = await shop.until(await shop.ask(QUICK))
    good = await shop.until(await shop.ask())

    again = await shop.core.generations.retry(failed.id, actor=ALICE)
    with pytest.raises(errors.NotPossibleNow):
        await shop.core.generations.retry(good.id, actor=ALICE)

    assert (await shop.row(again.ids[0])).input == failed.input


async def test_another_owners_generation_is_unknown(shop: Shop) -> None:
    """Rule 22: what is not theirs is not there."""
    ident = await shop.ask()

    with pytest.raises(errors.UnknownGeneration):
        await shop.core.generations.get(ident, actor=Actor("local", user="mallory"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"deadline_s": 4.0},
        {"deadline_s": 1_801.0},
        {"tags": ("a",) * 21},
        {"metadata": {"a": "x" * 4_097}},
        {"input": {"prompt": "a\x00b"}},
        {"input": {"prompt": "\ud800"}},
        {"input": {"prompt": "a", "seed": 2**70}},
        {"input": {"nonsense": 1}},
        {"input": {}},
        {"input": {"prompt": "a", "seed": DEEP}},
        {"version": "\0"},
        {"version": "../.."},
        {"deployment": "../../account"},
        {"callback_url": "\ud800"},
        {"callback_url": "file:///etc/passwd"},
        {"callback_url": "https://[fe80::1%eth0]/"},
        {"hold_max_nano_usd": 0},
        {"hold_max_nano_usd": 10**30},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
async def test_bad_requests_are_refused_before_anything_is_held(
    idle_shop: Shop, wrong: dict[str, Any]
) -> None:
    """What cannot be meant is an InputError, never a failure of the database."""
    with pytest.raises(errors.InputError):
        await idle_shop.ask(**wrong)

    assert await idle_shop.core.generations.list(actor=ALICE) == []


async def _order(shop: Shop, user: str, count: int) -> Any:
    several = [Request(FLUX, {"prompt": QUICK}, cache=Cache.OFF) for _ in range(count)]
    return await shop.core.generations.submit(several, actor=Actor("local", user=user))


async def _started_when_done(shop: Shop) -> int | None:
    """How many were started by the time the last of the nineteen was done; None before."""
    row = await shop.execute(
        "SELECT bool_and(finished_at IS NOT NULL), max(finished_at) FROM generations WHERE end_user <> 'hog'"
    )
    if not row[0]:
        return None
    return int((await shop.execute("SELECT count(*) FROM attempts WHERE intent_at <= %s", row[1]))[0])


async def _count(shop: Shop, statement: str) -> int:
    return int((await shop.execute(statement))[0])
