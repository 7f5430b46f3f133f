"""The operator's hand on the throttle: a pause lasts until it is over, whatever upstream and workers do meanwhile."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tintype.domain import errors
from tintype.engine.throttle import Lane, open_lanes
from tintype.service import audit, throttle

if TYPE_CHECKING:
    from tests.integration.core.asking import Asking
    from tintype.store.throttle import Lane as Row


@pytest.fixture
async def lane(ask: Asking) -> Lane:
    """The creates of an account."""
    lanes = await open_lanes(
        ask.db, upstream_id=ask.upstream_id, creates_per_minute=60_000, calls_per_minute=60_000
    )
    return lanes.creates


async def creates(ask: Asking) -> Row:
    """Return how creates stand."""
    return (await throttle.lanes(ask.db, upstream_id=ask.upstream_id))[0]


async def pause(ask: Asking, for_s: float = 600.0) -> None:
    await throttle.pause(ask.db, upstream_id=ask.upstream_id, for_s=for_s, by="local")


async def pass_time(ask: Asking) -> None:
    """Let a pause be over."""
    await ask.row("UPDATE throttle SET paused_until = now() WHERE lane = 'creates'")


async def test_nothing_but_the_operator_ends_the_operators_pause(ask: Asking, lane: Lane) -> None:
    """Neither a permit that is given back, nor a call that went through, nor a refusal changes it."""
    await lane.permit()
    await pause(ask)
    held = await creates(ask)

    await lane.give_back()
    await lane.resume()
    until = await lane.pause("upstream_payment")

    assert (held.pause_code, await creates(ask)) == ("operator", held)
    assert until == held.paused_until
    assert await throttle.resume(ask.db, upstream_id=ask.upstream_id, by="local")
    await asyncio.wait_for(lane.permit(), 5)


async def test_a_probe_under_way_does_not_end_it_either(ask: Asking, lane: Lane) -> None:
    """Upstream's pause was over, its probe was sent, then the operator paused: it is not the probe's to end."""
    await lane.pause("upstream_auth")
    await pass_time(ask)
    await lane.permit()
    await pause(ask)

    await lane.resume()

    assert (await creates(ask)).pause_code == "operator"


async def test_a_pause_that_is_over_needs_no_probe(ask: Asking, lane: Lane) -> None:
    """After its time creates go on at their pace at once, and a refusal of upstream begins a pause of its own."""
    await pause(ask)
    await pass_time(ask)

    await asyncio.wait_for(asyncio.gather(*(lane.permit() for _ in range(5))), 5)
    stands = await creates(ask)
    await lane.pause("upstream_payment")

    assert (stands.paused_until, stands.pause_code) == (None, None)
    assert (await creates(ask)).pause_code == "upstream_payment"


async def test_refusals_that_come_together_count_once(ask: Asking, lane: Lane) -> None:
    """Rule 4: one pause of 15 s for all of them; the probe that fails doubles it."""
    untils = await asyncio.gather(*(lane.pause("upstream_auth") for _ in range(8)))
    assert len(set(untils)) == 1

    await pass_time(ask)
    await lane.permit()
    await lane.pause("upstream_auth")

    assert await ask.row("SELECT pause_s FROM throttle WHERE lane = 'creates'") == (30.0,)


async def test_a_permit_of_before_ends_no_pause_of_upstreams(ask: Asking, lane: Lane) -> None:
    """Only the probe that was not made may be made by the next."""
    await lane.permit()
    await Lane(ask.db, upstream_id=ask.upstream_id, name="creates", at_once=1).pause("upstream_auth")

    await lane.give_back()

    assert (await creates(ask)).paused_until is not None


async def test_both_acts_are_on_record(ask: Asking, lane: Lane) -> None:
    await pause(ask, for_s=60)
    await throttle.resume(ask.db, upstream_id=ask.upstream_id, by="local")
    assert not await throttle.resume(ask.db, upstream_id=ask.upstream_id, by="local")

    assert [(one.action, one.facts) for one in await audit.acts(ask.db)] == [
        ("throttle.resume", {}),
        ("throttle.pause", {"for_s": 60}),
    ]


@pytest.mark.parametrize("for_s", [0.0, -1.0, 700_000.0])
async def test_a_pause_has_an_end(ask: Asking, for_s: float) -> None:
    """Nobody has to remember one for ever."""
    with pytest.raises(errors.InputError, match="7 days"):
        await pause(ask, for_s=for_s)
