"""API keys in the service: what is believed, what many ask at once, and changes that race between processes."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.integration.core import fleet
from tintype.domain import errors
from tintype.domain.access import Scope
from tintype.domain.budget import Measure
from tintype.domain.rates import Rate
from tintype.service import addresses, audit, budgets
from tintype.service.keys import BELIEVED_S, Keys

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tintype.store.database import Database

HERE = "203.0.113.7"
TEN_A_MINUTE = Rate(10, 60)
CHANGERS = "tests.integration.core.changer"


@dataclass(slots=True)
class Clock:
    """Time that goes on when it is told to."""

    now_s: float = 1_000.0

    def __call__(self) -> float:
        return self.now_s


@dataclass(slots=True)
class Ring:
    """A server's keys, with a clock of their own for what is believed."""

    db: Database
    clock: Clock = field(default_factory=Clock)
    keys: Keys = field(init=False)

    def __post_init__(self) -> None:
        self.keys = Keys(self.db, randomness=os.urandom, monotonic=self.clock)

    async def knows(self, secret: str) -> bool:
        """Whether a secret is accepted."""
        try:
            await self.keys.authenticate(secret, address=HERE)
        except errors.KeyRefused:
            return False
        return True


@pytest.fixture
def ring(db: Database) -> Ring:
    """The keys of one process."""
    return Ring(db)


@pytest.fixture
def other(db: Database) -> Ring:
    """Those of another process on the same database."""
    return Ring(db)


@pytest.fixture(scope="module")
def changers() -> Iterator[fleet.Fleet]:
    """Four processes that wait for a round."""
    with fleet.Fleet(CHANGERS) as running:
        yield running


async def test_a_believed_key_costs_no_look(ring: Ring, db: Database) -> None:
    """Within the time of belief nothing is asked of the database, which may even be locked."""
    secret = (await ring.keys.create("shop", by="local")).secret
    first = await ring.keys.authenticate(secret, address=HERE)

    async with db.transaction() as work:
        await work.connection.execute("LOCK TABLE keys, key_secrets IN ACCESS EXCLUSIVE MODE")
        again = await asyncio.wait_for(ring.keys.authenticate(secret, address=HERE), 5)

    assert again is first
    assert (first.name, first.scopes) == ("shop", frozenset({Scope.GENERATE, Scope.READ}))


async def test_many_who_come_at_once_are_one_look(ring: Ring, db: Database, url: str) -> None:
    """When belief ends under load, one statement answers all; who leaves does not take it along."""
    secret = (await ring.keys.create("shop", by="local")).secret

    async with db.transaction() as work, await psycopg.AsyncConnection.connect(url, autocommit=True) as look:
        await work.connection.execute("LOCK TABLE key_secrets IN ACCESS EXCLUSIVE MODE")
        asking = [asyncio.create_task(ring.keys.authenticate(secret, address=HERE)) for _ in range(50)]
        waiting = 0
        while waiting == 0:
            cursor = await look.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            (waiting,) = await cursor.fetchone() or (0,)
        asking[0].cancel()
    callers = await asyncio.gather(*asking, return_exceptions=True)

    assert waiting == 1
    assert isinstance(callers[0], asyncio.CancelledError)
    assert len({id(one) for one in callers[1:]}) == 1


async def test_a_revoked_key_is_refused_at_once_here_and_soon_elsewhere(ring: Ring, other: Ring) -> None:
    """Rule 21: belief is the longest that a process may be wrong."""
    made = await ring.keys.create("shop", by="local")
    assert await ring.knows(made.secret)
    assert await other.knows(made.secret)

    await ring.keys.revoke("shop", by="local")

    assert not await ring.knows(made.secret)
    assert await other.knows(made.secret)
    other.clock.now_s += BELIEVED_S
    assert not await other.knows(made.secret)
    # The local owner's too, who needs one since there was a key.
    assert await ring.keys.ended({made.key.id, "local"}) == {made.key.id, "local"}


async def test_a_look_that_began_before_a_change_is_not_believed_after_it(
    ring: Ring, db: Database, url: str
) -> None:
    """What a slow statement read of a key may answer those who asked then, and nobody later."""
    secret = (await ring.keys.create("shop", by="local")).secret

    async with await psycopg.AsyncConnection.connect(url) as slow:
        await slow.execute("LOCK TABLE key_secrets IN ACCESS EXCLUSIVE MODE")
        early = asyncio.create_task(ring.knows(secret))
        async with db.connection() as look:
            waiting = 0
            while waiting == 0:
                cursor = await look.connection.execute(
                    "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'key_secrets'::regclass"
                )
                (waiting,) = await cursor.fetchone() or (0,)
        revoking = asyncio.create_task(ring.keys.revoke("shop", by="local"))
        await slow.commit()
    await asyncio.gather(early, revoking)

    assert not await ring.knows(secret)


async def test_an_expiry_ends_belief(ring: Ring, db: Database) -> None:
    """A key is not believed past its own end, nor a secret past its overlap."""
    ends = datetime.now(UTC) + timedelta(seconds=0.2)
    expiring = await ring.keys.create("short", by="local", expires_at=ends)
    exchanged = await ring.keys.create("turning", by="local")
    await ring.keys.rotate("turning", by="local", overlap_s=0.2)
    for one in (expiring, exchanged):
        await ring.knows(one.secret)

    async with db.connection() as session:
        await session.connection.execute("SELECT pg_sleep_until(max(retires_at)) FROM key_secrets")
    ring.clock.now_s += 0.2

    assert [await ring.knows(one.secret) for one in (expiring, exchanged)] == [False, False]


async def test_use_is_noted_once_a_minute_and_waits_for_nobody(ring: Ring, db: Database) -> None:
    """A key that is being changed answers meanwhile, from what was committed."""
    made = await ring.keys.create("shop", by="local")

    async with db.transaction() as work:
        await work.run("lock_named_key", named="shop")
        assert await asyncio.wait_for(ring.knows(made.secret), 5)
    assert (await ring.keys.get("shop")).last_used_at is None

    seen = []
    for _ in range(2):
        ring.clock.now_s += BELIEVED_S
        assert await ring.knows(made.secret)
        seen.append((await ring.keys.get("shop")).last_used_at)
    assert seen[0] is not None
    assert seen[0] == seen[1]


async def test_exchanges_that_race_leave_one_secret(
    ring: Ring, db: Database, url: str, changers: fleet.Fleet
) -> None:
    """Without an overlap the last exchange alone counts, however many processes make one at the same time."""
    first = await ring.keys.create("turning", by="local")

    answers = [one for (one,) in changers.round(url, [{"rotate": "turning"} for _ in range(16)])]

    secrets = [one["secret"] for one in answers]
    good = [secret for secret in (first.secret, *secrets) if await ring.knows(secret)]
    assert len(set(secrets)) == 16
    assert len(good) == 1
    assert (await ring.keys.get("turning")).hints == [good[0][-4:]]
    noted = [one.action for one in await audit.acts(db)]
    assert noted.count("key.rotate") == 16


async def test_an_exchange_that_races_with_a_revocation_revives_nothing(
    ring: Ring, url: str, changers: fleet.Fleet
) -> None:
    """Whatever the order: nothing is accepted afterwards, and who came too late is told so."""
    first = await ring.keys.create("ending", by="local")

    answers = [
        one
        for (one,) in changers.round(url, [{"revoke": "ending"}, *({"rotate": "ending"} for _ in range(15))])
    ]

    told = [one["secret"] for one in answers if "secret" in one]
    assert {one["error"] for one in answers if "error" in one} <= {"not_possible_now", "key_unknown"}
    assert [secret for secret in (first.secret, *told) if await ring.knows(secret)] == []


async def test_a_name_is_given_once(ring: Ring, url: str, changers: fleet.Fleet) -> None:
    """Of many processes that make a key of one name, one does; when it is revoked the name is free."""
    answers = [one for (one,) in changers.round(url, [{"create": "shop"} for _ in range(16)])]

    assert len([one for one in answers if "secret" in one]) == 1
    assert {one["error"] for one in answers if "error" in one} == {"name_taken"}
    await ring.keys.revoke("shop", by="local")
    assert (await ring.keys.create("shop", by="local")).key.name == "shop"


async def test_a_key_that_cannot_be_made_leaves_nothing(ring: Ring, db: Database) -> None:
    """The key, its limits and the record of it are one transaction."""
    caps = (budgets.cap(Measure.MONEY, "5", period="day"), budgets.Cap(Measure.MONEY, "fortnight", 1))

    with pytest.raises(errors.InputError, match="period"):
        await ring.keys.create("shop", by="local", caps=caps)

    assert (await ring.keys.every(), await budgets.every(db), await audit.acts(db)) == ([], [], [])
    assert not await ring.keys.any_exist()


@pytest.mark.parametrize("name", ["", "a/b", "*", "local", "a\nb", "x" * 101, "01k9w3t8m2q7r5v6x0y4z1a2b3"])
async def test_a_name_that_could_be_another_is_refused(ring: Ring, name: str) -> None:
    """Neither the local owner's, nor each one's, nor an id."""
    with pytest.raises(errors.InputError):
        await ring.keys.create(name, by="local")


async def test_an_address_is_counted_by_all_processes_together(
    db: Database, url: str, changers: fleet.Fleet
) -> None:
    """Of 40 requests at once in four processes ten are let through, to the one; the rest is told how long to wait."""
    answers = [one for (one,) in changers.round(url, [{"address": HERE} for _ in range(40)])]

    assert sorted(one["left"] for one in answers) == list(range(-30, 10))
    assert all(0 < one["ends_in_s"] <= 60 for one in answers)
    assert (await addresses.take(db, "203.0.113.8", "pictures", TEN_A_MINUTE)).left == 9


async def test_a_household_of_ipv6_is_one_address(db: Database) -> None:
    """The first 64 bits are what somebody has; an IPv4 address is itself in either notation."""
    taken = [
        await addresses.take(db, address, "pictures", TEN_A_MINUTE)
        for address in (
            "2001:db8:0:1::1",
            "2001:db8:0:1:ffff::2",
            "2001:db8:0:2::1",
            "::ffff:192.0.2.1",
            "192.0.2.1",
        )
    ]

    assert [one.left for one in taken] == [9, 8, 9, 9, 8]


async def test_old_counts_are_forgotten(db: Database) -> None:
    """Rows of a day ago go; those of now stay."""
    await addresses.take(db, HERE, "pictures", TEN_A_MINUTE)
    await addresses.take(db, "192.0.2.1", "pictures", TEN_A_MINUTE)
    async with db.connection() as session:
        await session.connection.execute(
            "UPDATE address_counts SET window_start = now() - interval '2 days' WHERE address = '192.0.2.1'"
        )

    assert await addresses.forget(db) == 1
    assert (await addresses.take(db, HERE, "pictures", TEN_A_MINUTE)).left == 8


async def test_a_secret_in_place_of_a_name_is_not_said_back(ring: Ring) -> None:
    """It is none of the names, and a message goes places where a secret must not."""
    made = await ring.keys.create("shop", by="local")

    with pytest.raises(errors.KeyUnknown, match=r"there is no key 'tt_\*\*\*\*'") as caught:
        await ring.keys.get(made.secret)
    assert made.secret[3:20] not in str(caught.value)
