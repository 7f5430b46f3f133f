"""Measure admissions: four shared budgets, two quotas and an Idempotency-Key each, on the embedded server.

    python bench/admission.py [--seconds 5]

Alone an admission is to take at most 1.5 ms (median), and 50 callers at once are to get at least 900 through
in a second; the exit code is 1 when either is missed. Beside it the bare statement: one prepared SELECT on as
many connections as the pool has, without the pool.
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg.types.json import Jsonb

from tintype.domain import ids
from tintype.domain.access import Actor
from tintype.domain.budget import Measure, Scope
from tintype.store import admission, embedded, gathering, ledger, limits, schema, upstreams
from tintype.store.database import Database

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

LIMIT_MS = 1.5
LIMIT_PER_S = 900.0
CALLERS = 50
CONNECTIONS = 10
ACTOR = Actor(key="local", user="alice", project="shop")
BIG = 10**15


def request(upstream_id: int) -> admission.Request:
    """Return an admission like any other: one picture, with a key that makes it safe to repeat."""
    ident = ids.ulid(time_ms=time.time_ns() // 1_000_000, randomness=secrets.token_bytes(10))
    wanted = admission.Wanted(
        id=ident,
        model="black-forest-labs/flux-schnell",
        input={"prompt": "a lighthouse on a cliff, oil on canvas", "seed": 7, "num_outputs": 1},
        estimate_nano_usd=3_000_000,
        hold_nano_usd=3_000_000,
        price_rule="2026-11-01",
        deadline_s=600.0,
        images=1,
    )
    return admission.Request(
        actor=ACTOR,
        upstream_id=upstream_id,
        wanted=(wanted,),
        idempotency=admission.Idempotency(name=ident, fingerprint=secrets.token_bytes(32)),
    )


async def prepare(url: str) -> int:
    """Make the schema, four budgets that everybody shares, and two quotas."""
    await schema.migrate(url)
    async with Database(url) as db:
        shared = (
            (Scope.ALL, ""),
            (Scope.PROJECT, "shop"),
            (Scope.KEY, "local"),
            (Scope.USER, "local/alice"),
        )
        for scope, subject in shared:
            await limits.put(
                db, scope=scope, subject=subject, measure=Measure.MONEY, period="month", amount=BIG
            )
        for measure, period in ((Measure.IMAGES, "day"), (Measure.CONCURRENT, "total")):
            await limits.put(db, scope=Scope.KEY, subject="local", measure=measure, period=period, amount=BIG)
        return await upstreams.pin(db, origin="https://api.example", account="bench", simulated=False)


async def alone(act: Callable[[], Awaitable[None]], seconds: float) -> float:
    """Return the median of one call after the other, in milliseconds."""
    times: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        started = time.perf_counter()
        await act()
        times.append(time.perf_counter() - started)
    return statistics.median(times[len(times) // 10 :]) * 1000


async def together(acts: list[Callable[[], Awaitable[None]]], seconds: float) -> float:
    """Return how many calls a second all callers get through at once."""
    done = 0
    end = time.perf_counter() + seconds

    async def call(act: Callable[[], Awaitable[None]]) -> None:
        nonlocal done
        while time.perf_counter() < end:
            await act()
            done += 1

    started = time.perf_counter()
    await asyncio.gather(*(call(act) for act in acts))
    return done / (time.perf_counter() - started)


async def through_store(
    url: str, upstream_id: int, seconds: float, *, is_gathered: bool
) -> tuple[float, float]:
    """Measure the road that the service takes, or the same with a commit for each."""
    async with Database(url, connections_max=CONNECTIONS) as db:
        gathered = gathering.Admissions(db)

        async def act() -> None:
            asked = request(upstream_id)
            answer = await (gathered.admit(asked) if is_gathered else admission.admit(db, asked))
            assert isinstance(answer, admission.Admitted), answer

        figures = await alone(act, seconds), await together([act] * CALLERS, seconds)
        wrong = await ledger.check(db)
        assert not wrong, wrong
        return figures


async def bare(url: str, upstream_id: int, seconds: float) -> tuple[float, float]:
    """Measure the statement by itself, everything prepared."""
    opened = [await psycopg.AsyncConnection.connect(url, autocommit=True) for _ in range(CONNECTIONS)]
    try:
        acts = [_bare(connection, upstream_id) for connection in opened]
        return await alone(acts[0], seconds), await together(acts, seconds)
    finally:
        for connection in opened:
            await connection.close()


def _bare(
    connection: psycopg.AsyncConnection[tuple[object, ...]], upstream_id: int
) -> Callable[[], Awaitable[None]]:
    async def act() -> None:
        document = admission.document(request(upstream_id))
        await connection.execute(b"SELECT tintype_admit(%s)", (Jsonb(document),), prepare=True)

    return act


def main() -> int:
    """Print the table; 1 when an admission is too slow."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=5.0, help="length of each measurement (default: 5)")
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory(prefix="tt-") as folder:
        Path(folder).chmod(0o755)
        with embedded.server(Path(folder) / "data") as server:
            upstream_id = asyncio.run(prepare(server.url))
            rows = {
                "admission": asyncio.run(through_store(server.url, upstream_id, seconds, is_gathered=True)),
                "admission, not gathered": asyncio.run(
                    through_store(server.url, upstream_id, seconds, is_gathered=False)
                ),
                "bare statement": asyncio.run(bare(server.url, upstream_id, seconds)),
            }
    print(f"{'4 budgets, 2 quotas, 1 key':<30}{'alone ms (p50)':>16}{f'per s at {CALLERS}':>16}")
    for label, (median_ms, per_s) in rows.items():
        print(f"{label:<30}{median_ms:>16.2f}{per_s:>16.0f}")
    median_ms, per_s = rows["admission"]
    is_fast = median_ms <= LIMIT_MS and per_s >= LIMIT_PER_S
    print(
        f"admission is {'within' if is_fast else 'OVER'} its {LIMIT_MS} ms alone and {LIMIT_PER_S:.0f} a second"
    )
    return 0 if is_fast else 1


if __name__ == "__main__":
    sys.exit(main())
