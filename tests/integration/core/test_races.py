"""The race suite: 64 submitters in four processes against limits that let exactly 37 through.

A round of each by default, fifty in `make chaos`. Amounts differ by one from submitter to submitter, so
that any lost update changes the sum.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.core import fleet
from tintype.domain.access import Actor
from tintype.domain.budget import Measure, Scope
from tintype.store import ledger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.core.asking import Asking

pytestmark = pytest.mark.chaos

ROUNDS = 50 if os.environ.get("HYPOTHESIS_PROFILE") == "chaos" else 1
SUBMITTERS = 64
FIT = 37
BASE = 1_000_000
WAYS = pytest.mark.parametrize("gathered", [False, True], ids=["each alone", "as the service sends them"])
MIDNIGHT = datetime(2026, 4, 1, 22, tzinfo=UTC)
"""A midnight in Berlin."""
COLUMNS = {Measure.MONEY: "hold_nano_usd", Measure.IMAGES: "images", Measure.VIDEO_SECONDS: "video_ms"}
"""What a submitter asks for of each measure that has amounts."""


@pytest.fixture(scope="module")
def submitters() -> Iterator[fleet.Fleet]:
    """Four processes that wait for a round."""
    with fleet.Fleet() as running:
        yield running


def task(ask: Asking, number: int, **changes: Any) -> dict[str, Any]:
    """Return what one submitter asks for: its own amount, in a project of the round."""
    actor = {"key": "local", "user": f"user-{number}", "project": changes.pop("project", "shop")}
    return {
        "ask": {
            "actor": changes.pop("actor", actor),
            "upstream_id": ask.upstream_id,
            "at": changes.pop("at", None),
            "idempotency": changes.pop("idempotency", None),
            "wanted": [{"hold_nano_usd": BASE + number, "estimate_nano_usd": BASE} | changes],
        }
    }


def admitted(outcomes: list[list[Any]]) -> list[int]:
    """Return the numbers of the submitters that were admitted."""
    return [number for number, [outcome] in enumerate(outcomes) if isinstance(outcome, list)]


@WAYS
async def test_a_budget_for_37_admits_37(
    ask: Asking, url: str, submitters: fleet.Fleet, *, gathered: bool
) -> None:
    """Rule 10: 37 are admitted and 27 refused, never one more, and the counter is the sum to the nano-dollar."""
    for number in range(ROUNDS):
        project = f"round-{number}"
        limit = await ask.limit(FIT * (BASE + SUBMITTERS), scope=Scope.PROJECT, subject=project)

        tasks = [task(ask, one, project=project) for one in range(SUBMITTERS)]
        outcomes = submitters.round(url, tasks, gathered=gathered)

        in_ = admitted(outcomes)
        assert (len(in_), SUBMITTERS - len(in_)) == (FIT, SUBMITTERS - FIT)
        assert await ask.counter(limit) == (sum(BASE + one for one in in_), 0)
    assert await ledger.check(ask.db) == []


@WAYS
@pytest.mark.parametrize("measure", [Measure.IMAGES, Measure.VIDEO_SECONDS, Measure.CONCURRENT, Measure.RATE])
async def test_a_quota_for_37_admits_37(
    ask: Asking, url: str, submitters: fleet.Fleet, measure: Measure, *, gathered: bool
) -> None:
    """Rules 10 and 12: each quota holds as a budget does."""
    column = COLUMNS.get(measure)
    amount = FIT * (BASE + SUBMITTERS) if column else FIT
    period = "total" if measure is Measure.CONCURRENT else "month"
    for number in range(ROUNDS):
        project = f"round-{number}"
        limit = await ask.limit(amount, measure=measure, period=period, scope=Scope.PROJECT, subject=project)

        outcomes = submitters.round(
            url,
            [
                task(ask, one, project=project, **({column: BASE + one} if column else {}))
                for one in range(SUBMITTERS)
            ],
            gathered=gathered,
        )

        in_ = admitted(outcomes)
        expected = sum(BASE + one for one in in_) if column else FIT
        assert len(in_) == FIT
        assert sum(await ask.counter(limit)) == expected
    assert await ledger.check(ask.db) == []


@WAYS
@pytest.mark.parametrize("measure", list(Measure))
async def test_nested_limits_hold_at_every_level(
    ask: Asking, url: str, submitters: fleet.Fleet, measure: Measure, *, gathered: bool
) -> None:
    """Rule 10: users in keys in a project, each with a limit of its own, for 3, 10 and 37; each counter is its sum."""
    column = COLUMNS.get(measure)
    unit = BASE + SUBMITTERS if column else 1
    period = "total" if measure is Measure.CONCURRENT else "month"
    for number in range(ROUNDS):
        project = f"round-{number}"
        keys = [f"key-{number}-{key}" for key in range(4)]
        whole = await ask.limit(
            FIT * unit, measure=measure, period=period, scope=Scope.PROJECT, subject=project
        )
        of_keys = {
            key: await ask.limit(10 * unit, measure=measure, period=period, scope=Scope.KEY, subject=key)
            for key in keys
        }
        of_users = {
            key: await ask.limit(
                3 * unit, measure=measure, period=period, scope=Scope.USER, subject=f"{key}/*"
            )
            for key in keys
        }
        actors = [
            {"key": keys[one % 4], "user": f"user-{one // 4 % 4}", "project": project}
            for one in range(SUBMITTERS)
        ]
        amounts = [BASE + one if column else 1 for one in range(SUBMITTERS)]
        given = [{column: amount} if column else {} for amount in amounts]
        order = random.Random(number).sample(range(SUBMITTERS), SUBMITTERS)
        tasks = [task(ask, one, actor=actors[one], **given[one]) for one in order]

        in_ = [order[place] for place in admitted(submitters.round(url, tasks, gathered=gathered))]

        assert len(in_) == FIT
        assert sum(await ask.counter(whole)) == sum(amounts[one] for one in in_)
        for key in keys:
            of_key = [one for one in in_ if actors[one]["key"] == key]
            assert len(of_key) <= 10
            assert sum(await ask.counter(of_keys[key])) == sum(amounts[one] for one in of_key)
            for user in {actors[one]["user"] for one in of_key}:
                of_user = [one for one in of_key if actors[one]["user"] == user]
                counted = await ask.row(
                    "SELECT held + spent FROM counters WHERE limit_id = %s AND subject = %s",
                    of_users[key],
                    f"{key}/{user}",
                )
                assert len(of_user) <= 3
                assert counted == (sum(amounts[one] for one in of_user),)
    assert await ledger.check(ask.db) == []


async def test_each_window_admits_its_own_37(ask: Asking, url: str, submitters: fleet.Fleet) -> None:
    """Rule 12: over a window's end 37 fit before and 37 after, whoever comes first."""
    limit = await ask.limit(FIT * (BASE + 2 * SUBMITTERS), period="day", zone="Europe/Berlin")
    for number in range(ROUNDS):
        # Midnights of summer only, two years of them: the zone is two hours ahead of UTC.
        midnight = MIDNIGHT.replace(year=2026 + number // 25) + timedelta(days=number % 25 * 7)
        times = [midnight - timedelta(milliseconds=1), midnight]
        tasks = [task(ask, one, at=times[one % 2].isoformat()) for one in range(2 * SUBMITTERS)]
        random.Random(number).shuffle(tasks)

        in_ = admitted(submitters.round(url, tasks))

        sides = Counter(tasks[one]["ask"]["at"] for one in in_)
        assert sides == {times[0].isoformat(): FIT, times[1].isoformat(): FIT}
    windows = await ask.row("SELECT count(*) FROM counters WHERE limit_id = %s", limit)
    assert windows == (2 * ROUNDS,)
    assert await ledger.check(ask.db) == []


async def test_windows_that_pass_by_the_clock_hold_too(
    ask: Asking, url: str, submitters: fleet.Fleet
) -> None:
    """Rule 12: with windows of a second and submitters that never stop, no second admits more than 37."""
    await ask.limit(FIT, measure=Measure.RATE, period="1")
    await ask.limit(FIT, measure=Measure.IMAGES, period="1")

    outcomes = submitters.round(url, [task(ask, one) for one in range(SUBMITTERS)], loop_s=3.0)

    windows = await ask.row(
        "SELECT max(held + spent), count(DISTINCT window_start), sum(spent) FROM counters"
    )
    assert windows[0] == FIT
    assert windows[1] >= 3
    assert windows[2] == sum(isinstance(one, list) for several in outcomes for one in several)
    assert await ledger.check(ask.db) == []


@WAYS
async def test_settling_meanwhile_loses_nothing(
    ask: Asking, url: str, submitters: fleet.Fleet, *, gathered: bool
) -> None:
    """Rules 10 and 14: 20 generations settle while 64 are submitted; 37 fit, and every sum is exact."""
    most = BASE + SUBMITTERS
    for number in range(ROUNDS):
        project = f"round-{number}"
        limits = [
            await ask.limit((FIT + 20) * most, measure=measure, scope=Scope.PROJECT, subject=project)
            for measure in COLUMNS
        ]
        earlier = [
            await ask.admitted(
                actor=Actor("local", user="early", project=project), **dict.fromkeys(COLUMNS.values(), most)
            )
            for _ in range(20)
        ]
        # Settled at the whole hold, so that no room is made; each twice, at the same time.
        endings = [
            {"end": ident, "cost": most, "images": most, "video_ms": most}
            for [ident] in earlier
            for _ in range(2)
        ]
        asked = [dict.fromkeys(COLUMNS.values(), BASE + one) for one in range(SUBMITTERS)]
        tasks = [task(ask, one, project=project, **asked[one]) for one in range(SUBMITTERS)] + endings
        random.Random(number).shuffle(tasks)

        outcomes = submitters.round(url, tasks, gathered=gathered)

        in_ = admitted(outcomes)
        held = sum(tasks[one]["ask"]["wanted"][0]["hold_nano_usd"] for one in in_)
        assert len(in_) == FIT
        assert Counter(one for [one] in outcomes if isinstance(one, str)) == {"ended": 20, "was ended": 20}
        for limit in limits:
            assert await ask.counter(limit) == (held, 20 * most)
    assert await ledger.check(ask.db) == []


@WAYS
async def test_room_that_settling_makes_is_given_once(
    ask: Asking, url: str, submitters: fleet.Fleet, *, gathered: bool
) -> None:
    """Rules 12 and 14: with ends that free room, what is held and spent never passes the limit."""
    for number in range(ROUNDS):
        project = f"round-{number}"
        limit = await ask.limit(FIT * BASE, scope=Scope.PROJECT, subject=project)
        earlier = [
            await ask.admitted(hold_nano_usd=BASE, actor=Actor("local", project=project)) for _ in range(20)
        ]
        tasks: list[dict[str, Any]] = [{"end": ident, "cost": 1} for [ident] in earlier]
        tasks += [task(ask, one, project=project, hold_nano_usd=BASE) for one in range(SUBMITTERS)]
        random.Random(number).shuffle(tasks)

        in_ = admitted(submitters.round(url, tasks, gathered=gathered))

        assert FIT - 20 <= len(in_) <= FIT - 1
        assert await ask.counter(limit) == (len(in_) * BASE, 20)
    assert await ledger.check(ask.db) == []


@WAYS
async def test_a_place_that_an_end_frees_is_given_once(
    ask: Asking, url: str, submitters: fleet.Fleet, *, gathered: bool
) -> None:
    """Rules 12 and 14: never more than 37 are at work, while 20 of them end; what is held is what runs."""
    for number in range(ROUNDS):
        project = f"round-{number}"
        limit = await ask.limit(FIT, measure=Measure.CONCURRENT, scope=Scope.PROJECT, subject=project)
        earlier = [await ask.admitted(actor=Actor("local", project=project)) for _ in range(20)]
        tasks: list[dict[str, Any]] = [{"end": ident, "cost": 1} for [ident] in earlier]
        tasks += [task(ask, one, project=project) for one in range(SUBMITTERS)]
        random.Random(number).shuffle(tasks)

        in_ = admitted(submitters.round(url, tasks, gathered=gathered))

        assert FIT - 20 <= len(in_) <= FIT
        assert await ask.counter(limit) == (len(in_), 0)
    assert await ledger.check(ask.db) == []


@WAYS
async def test_one_idempotency_key_is_admitted_once(
    ask: Asking, url: str, submitters: fleet.Fleet, *, gathered: bool
) -> None:
    """Rule 8: 64 equal requests at once give one generation, and 63 times the same answer."""
    limit = await ask.limit(SUBMITTERS * BASE * 2)
    for number in range(ROUNDS):
        tasks = [task(ask, 0, idempotency=f"round-{number}") for _ in range(SUBMITTERS)]

        outcomes = [outcome for [outcome] in submitters.round(url, tasks, gathered=gathered)]

        [made] = [outcome for outcome in outcomes if isinstance(outcome, list)]
        assert outcomes.count({"repeated": made}) == SUBMITTERS - 1
        assert (await ask.counter(limit))[0] == (number + 1) * BASE
    assert await ledger.check(ask.db) == []


async def test_equal_requests_at_once_buy_once(ask: Asking, url: str, submitters: fleet.Fleet) -> None:
    """Rule 9: of 64 equal requests at once one buys, 63 wait for it; also when earlier ones all cancelled."""
    for number in range(ROUNDS):
        for _ in ("first", "again"):
            tasks = [task(ask, one, cache_key=f"round-{number}") for one in range(SUBMITTERS)]

            outcomes = submitters.round(url, tasks)

            flying = await ask.row(
                "SELECT count(*) FILTER (WHERE joined_to IS NULL), count(joined_to)"
                " FROM generations WHERE cache_key = %s AND finished_at IS NULL",
                f"round-{number}",
            )
            assert len(admitted(outcomes)) == SUBMITTERS
            assert flying == (1, SUBMITTERS - 1)
            for [[ident]] in outcomes:
                await ask.end(ident, "canceled")
    assert await ledger.check(ask.db) == []


@WAYS
async def test_sixteen_chains_in_every_order_never_deadlock(
    ask: Asking, url: str, submitters: fleet.Fleet, *, gathered: bool
) -> None:
    """Rule 10: chains that share budgets in every order, admitted and settled at once: nobody waits in a ring."""
    chance = random.Random(1616)
    scopes = [(Scope.ALL, "", Measure.MONEY)]
    scopes += [(Scope.PROJECT, f"project-{one}", Measure.MONEY) for one in range(4)]
    scopes += [(Scope.PROJECT, f"project-{one}", Measure.IMAGES) for one in range(4)]
    scopes += [(Scope.KEY, f"key-{one}", Measure.MONEY) for one in range(4)]
    scopes += [(Scope.KEY, f"key-{one}", Measure.CONCURRENT) for one in range(4)]
    # A limit's id is its place in the order of locking: in random order every chain meets another order.
    chance.shuffle(scopes)
    for scope, subject, measure in scopes:
        await ask.limit(10**15, scope=scope, subject=subject, measure=measure)
    for _ in range(ROUNDS):
        before = [
            outcome[0]
            for [outcome] in submitters.round(url, _sixteen(ask, chance), gathered=gathered)
            if isinstance(outcome, list)
        ]
        tasks = [*_sixteen(ask, chance), *({"end": ident, "cost": BASE} for ident in before)]
        chance.shuffle(tasks)

        outcomes = submitters.round(url, tasks, gathered=gathered)

        assert len(admitted(outcomes)) == SUBMITTERS
        assert Counter(one for [one] in outcomes if isinstance(one, str)) == {"ended": SUBMITTERS}
    deadlocks = await ask.row("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    assert deadlocks == (0,)
    assert await ledger.check(ask.db) == []


def _sixteen(ask: Asking, chance: random.Random) -> list[dict[str, Any]]:
    """Return four requests of each of the sixteen chains, key by project, in any order."""
    tasks = [
        task(
            ask,
            one,
            actor={"key": f"key-{one % 4}", "user": None, "project": f"project-{one // 4 % 4}"},
        )
        for one in range(SUBMITTERS)
    ]
    chance.shuffle(tasks)
    return tasks
