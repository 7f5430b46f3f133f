"""Orders: admitted together, told as one, and a failed one of them repeated alone (rule 1)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.integration.core.asking import ALICE
from tests.integration.core.buying.conftest import FLUX, Shop, until
from tintype.domain import errors
from tintype.domain.access import Actor
from tintype.domain.budget import Measure, Scope
from tintype.domain.ordering import Standing
from tintype.service import removal
from tintype.service.requests import Cache, Request
from tintype.store import limits

if TYPE_CHECKING:
    from tintype.service.orders import Order

PRICE = 3_000_000
KEY_ALONE = Actor("local")
FAILING = "[[fail=out of memory]] a boat"


async def ordered(shop: Shop, *prompts: str, actor: Actor = ALICE, kind: str = "batch") -> str:
    """Ask for one picture for each prompt, all together; returns the order's id."""
    several = [Request(FLUX, {"prompt": prompt}, cache=Cache.OFF) for prompt in prompts]
    admitted = await shop.core.generations.submit(several, actor=actor, kind=kind)
    assert admitted.order_id is not None
    return admitted.order_id


async def ended(shop: Shop, ident: str) -> Order:
    """Wait until an order has ended."""

    async def ask() -> Order | None:
        order = await shop.core.orders.get(ident, actor=ALICE)
        return order if order.state.is_final else None

    order: Order = await until(ask, within_s=30)
    return order


async def test_an_order_is_what_its_generations_are(shop: Shop) -> None:
    """Rule 1: state, cost and outputs of an order are derived from its generations, in their order."""
    ident = await ordered(shop, "a lighthouse", "a boat", "a pier")

    order = await ended(shop, ident)

    assert (order.state, order.cost_nano_usd, order.outline.held_nano_usd) == (
        Standing.SUCCEEDED,
        3 * PRICE,
        0,
    )
    assert [row.input["prompt"] for row in order.generations] == ["a lighthouse", "a boat", "a pier"]
    assert [made.generation_id for made in order.outputs] == [row.id for row in order.generations]
    assert order.outline.finished_at == max(row.finished_at for row in order.generations if row.finished_at)


async def test_a_failed_one_is_repeated_in_its_place(shop: Shop) -> None:
    """Rule 1: the repetition belongs to the order, at the failed one's position, and stands for it from then on."""
    ident = await ordered(shop, "a lighthouse", FAILING, "a pier")
    failed = await ended(shop, ident)
    old = failed.generations[1]
    # A repetition has the same input, and what fails because of it would fail again.
    await shop.execute('UPDATE generations SET input = \'{"prompt": "a boat"}\' WHERE id = %s', old.id)

    again = await shop.core.generations.retry(old.id, actor=KEY_ALONE)
    under_way = await shop.core.orders.get(ident, actor=ALICE)
    whole = await ended(shop, ident)

    assert (failed.state, old.failure_code) == (Standing.FAILED, "prediction_failed")
    assert under_way.state in {Standing.RUNNING, Standing.SUCCEEDED}
    assert again.order_id == ident
    assert [row.id for row in whole.generations] == [
        failed.generations[0].id,
        again.ids[0],
        failed.generations[2].id,
    ]
    assert (whole.state, len(whole.outputs), whole.cost_nano_usd) == (Standing.SUCCEEDED, 3, 3 * PRICE)
    new = whole.generations[1]
    assert (new.position, new.end_user, new.project) == (1, ALICE.user, ALICE.project)
    assert shop.bought() == 4
    await shop.check_book()


async def test_the_end_users_budget_pays_for_a_repetition(idle_shop: Shop) -> None:
    """Rules 1 and 10: whoever repeats it, the hold is on the budgets that it was asked for under."""
    ident = await ordered(idle_shop, "a lighthouse")
    (row,) = (await idle_shop.core.orders.get(ident, actor=ALICE)).generations
    await idle_shop.core.generations.cancel(row.id, actor=ALICE)
    await limits.put(
        idle_shop.core.database,
        scope=Scope.USER,
        subject=f"local/{ALICE.user}",
        measure=Measure.MONEY,
        period="total",
        amount=PRICE - 1,
    )

    with pytest.raises(errors.LimitReached):
        await idle_shop.core.generations.retry(row.id, actor=KEY_ALONE)

    (left,) = (await idle_shop.core.orders.get(ident, actor=ALICE)).generations
    assert left.id == row.id


@pytest.mark.parametrize("is_order", [True, False])
async def test_two_who_repeat_the_same_buy_it_once(idle_shop: Shop, *, is_order: bool) -> None:
    """Rules 1 and 8: each is repeated once; the second is told by whom, and nothing is held for it."""
    ident = await ordered(idle_shop, "a lighthouse") if is_order else None
    if ident is None:
        await idle_shop.ask()
    (row,) = await idle_shop.core.generations.list(actor=ALICE)
    await idle_shop.core.generations.cancel(row.id, actor=ALICE)

    retries = [idle_shop.core.generations.retry(row.id, actor=ALICE) for _ in range(8)]
    said = await asyncio.gather(*retries, return_exceptions=True)

    (won,) = [one for one in said if not isinstance(one, BaseException)]
    refused = [one for one in said if isinstance(one, errors.NotPossibleNow)]
    assert len(refused) == 7
    assert all(won.ids[0] in str(one) for one in refused)
    assert (won.order_id, len(await idle_shop.core.generations.list(actor=ALICE))) == (ident, 2)
    await idle_shop.check_book()


async def test_a_repetition_can_be_repeated_and_asked_for_again_by_its_key(idle_shop: Shop) -> None:
    """Rules 1 and 8: the same Idempotency-Key gives the same repetition; for another generation it is a conflict."""
    ident = await ordered(idle_shop, "a lighthouse", "a lighthouse")
    work = idle_shop.core.generations
    first, second = (await idle_shop.core.orders.cancel(ident, actor=ALICE)).generations

    again = await work.retry(first.id, actor=ALICE, idempotency_key="once")
    same = await work.retry(first.id, actor=ALICE, idempotency_key="once")
    with pytest.raises(errors.IdempotencyConflict):
        await work.retry(second.id, actor=ALICE, idempotency_key="once")
    await work.cancel(again.ids[0], actor=ALICE)
    third = await work.retry(again.ids[0], actor=ALICE)

    assert (same.ids, same.order_id, same.is_repeated) == (again.ids, ident, True)
    order = await idle_shop.core.orders.get(ident, actor=ALICE)
    assert [row.id for row in order.generations] == [third.ids[0], second.id]


async def test_cancelling_an_order_ends_what_has_not_ended(idle_shop: Shop) -> None:
    """Rules 1 and 7: free for what was not bought, and what has succeeded stays."""
    ident = await ordered(idle_shop, "a lighthouse", "a boat")

    order = await idle_shop.core.orders.cancel(ident, actor=ALICE)
    again = await idle_shop.core.orders.cancel(ident, actor=ALICE)

    assert (order.state, order.cost_nano_usd) == (Standing.CANCELED, 0)
    assert again == order
    assert idle_shop.bought() == 0


async def test_orders_are_listed_for_their_owner_alone(idle_shop: Shop) -> None:
    """Rule 22: newest first, by pages; another's order is not there, and one that was erased is none."""
    idents = [await ordered(idle_shop, "a boat", kind=kind) for kind in ("batch", "video", "batch")]
    stranger = Actor("local", user="mallory")
    orders = idle_shop.core.orders

    page = await orders.list(actor=KEY_ALONE, at_most=2)
    rest = await orders.list(actor=ALICE, before=page[-1].id)
    films = await orders.list(actor=ALICE, kind="video")
    (row,) = (await orders.cancel(idents[1], actor=ALICE)).generations
    await removal.delete(row.id, db=idle_shop.core.database, files=idle_shop.core.files)

    assert [one.id for one in (*page, *rest)] == idents[::-1]
    assert [(one.id, one.state) for one in films] == [(idents[1], Standing.QUEUED)]
    assert await orders.list(actor=stranger) == []
    for ident, actor in ((idents[0], stranger), (idents[1], ALICE), ("nothing", ALICE)):
        with pytest.raises(errors.UnknownOrder):
            await orders.get(ident, actor=actor)
