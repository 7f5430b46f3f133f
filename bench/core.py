"""Measure the durable core: from asking for a picture until it lies in the store, paid and settled.

    python -m bench.core [--seconds 5] [--rounds 40] [--count 800] [--waiting 2000] [PART…]

The embedded server, and a static upstream in a process of its own with files of 20 KB and 1 MB. Each part prints its
figures beside their limits; the exit code is 1 when one is missed. Parts are submit, flow, lag, memory and takeover.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import uvloop

from bench.stand import accounts, place, upstream
from bench.stand.figures import Figure, show
from tintype.domain import ids
from tintype.domain.feed import Kind
from tintype.store import ledger

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from tintype.bootstrap import Core

CALLERS = 50
CONNECTIONS = 10
SMALL, LARGE = "20KB.webp", "1MB.png"
MINIMAL = b"""
WITH locked AS MATERIALIZED (
    SELECT limit_id, subject, window_start FROM counters
    WHERE limit_id = ANY (%(limits)s)
    ORDER BY limit_id
    FOR UPDATE
), held AS (
    UPDATE counters AS c SET held = c.held + 3000000 FROM locked AS l
    WHERE c.limit_id = l.limit_id AND c.subject = l.subject AND c.window_start = l.window_start
), made AS (
    INSERT INTO generations (
        id, key_id, upstream_id, simulated, model, input, estimate_nano_usd, hold_nano_usd, price_rule, state,
        deadline_at
    )
    VALUES (
        %(id)s, 'bare', %(upstream)s, true, 'black-forest-labs/flux-schnell',
        '{"prompt": "a lighthouse on a cliff, oil on canvas"}', 3000000, 3000000, 'bare', 'queued',
        now() + interval '10 minutes'
    )
), booked AS (
    INSERT INTO ledger (generation_id, kind, debit, credit, amount_nano_usd, at)
    VALUES (%(id)s, 'hold', 'free', 'held', 3000000, now())
)
SELECT procrastinate_defer_jobs_v1(ARRAY[
    ('submit', 'submit', 0, NULL, NULL, jsonb_build_object('generation_id', %(id)s::text), NULL
    )::procrastinate_job_to_defer_v1
])
FROM (SELECT count(*) FROM locked) AS l
"""
"""The least that an admission against four budgets has to do: the limit for ours, not a replacement of it."""


class Bench:
    """What is measured, and how long."""

    def __init__(self, given: argparse.Namespace) -> None:
        self.seconds: float = given.seconds
        self.rounds: int = given.rounds
        self.count: int = given.count
        self.waiting: int = given.waiting

    async def submit(self) -> list[Figure]:
        """Measure `submit` alone and by many at once, and the bare statement beside it."""
        with place.server() as (url, data), upstream.running() as stub:
            async with place.core(data, stub, has_webhooks=False) as core:
                await place.limit(core.database)

                async def ask() -> None:
                    await core.generations.submit(
                        place.picture(), actor=place.ACTOR, idempotency_key=secrets.token_hex(12)
                    )

                await _alone(ask, 1.0)
                figures = await _alone(ask, self.seconds), await _together([ask] * CALLERS, self.seconds)
                assert not await ledger.check(core.database)
                bare = await self._bare(core, url)
        return [
            Figure(
                "submit: 4 budgets, 2 quotas, 1 key; alone, p50",
                figures[0],
                "ms",
                most=1.5,
                beside=f"bare statement {bare[0]:.2f}",
            ),
            Figure(
                f"submit: {CALLERS} at once",
                figures[1],
                "/s",
                least=900,
                beside=f"bare statement {bare[1]:.0f}",
            ),
        ]

    async def _bare(self, core: Core, url: str) -> tuple[float, float]:
        """Measure what admitting has to do at least: locks on four rows, four writes, one commit."""
        async with core.database.connection() as session:
            cursor = await session.connection.execute(
                b"SELECT array_agg(id ORDER BY id) FROM limits WHERE measure = 'money'"
            )
            row = await cursor.fetchone()
        assert row is not None
        opened = [await psycopg.AsyncConnection.connect(url, autocommit=True) for _ in range(CONNECTIONS)]

        def on(connection: psycopg.AsyncConnection[tuple[object, ...]]) -> Callable[[], Awaitable[None]]:
            async def act() -> None:
                now_ms = time.time_ns() // 1_000_000
                values = {
                    "limits": row[0],
                    "upstream": core.upstream.ident,
                    "id": ids.ulid(time_ms=now_ms, randomness=secrets.token_bytes(10)),
                }
                await connection.execute(MINIMAL, values, prepare=True)

            return act

        try:
            acts = [on(connection) for connection in opened]
            await _alone(acts[0], 0.5)
            return await _alone(acts[0], self.seconds), await _together(acts, self.seconds)
        finally:
            for connection in opened:
                await connection.close()

    async def flow(self) -> list[Figure]:
        """Measure whole generations a second, and the calls that each makes upstream."""
        figures: list[Figure] = []
        for file, count, least in ((SMALL, self.count, 80.0), (LARGE, self.count // 4, None)):
            with place.server() as (_, data), upstream.running() as stub:
                stub.set(file=file)
                async with (
                    place.core(data, stub, has_webhooks=True) as core,
                    place.working(core),
                ):
                    await place.limit(core.database)
                    figures += await self._flow(core, data, stub, count, least)
        return figures

    async def _flow(
        self, core: Core, data: Path, stub: upstream.Running, count: int, least: float | None
    ) -> list[Figure]:
        warm = 50
        await _ask(core, warm)
        await place.reach(core.database, "succeeded", warm, within_s=60)
        size = "20 KB" if least else "1 MB"
        before, used = stub.facts().calls, _Used(data, stub)
        begun = time.monotonic()
        await _ask(core, count)
        end = await place.reach(core.database, "succeeded", warm + count, within_s=120)
        calls = stub.facts().calls - before
        made = sum(number for name, number in calls.items() if not name.startswith("webhook"))
        assert not await ledger.check(core.database)
        return [
            Figure(
                f"whole generations with {size}",
                count / (end - begun),
                "/s",
                least=least,
                beside=used.told(count),
            ),
            Figure(
                f"calls upstream for each, {size}",
                made / count,
                "",
                most=2.1,
                beside=", ".join(f"{name} {number / count:.2f}" for name, number in sorted(calls.items())),
            ),
        ]

    async def lag(self) -> list[Figure]:
        """Measure from the end upstream to "succeeded", as a listener hears it, one generation after the other."""
        figures: list[Figure] = []
        for name, after_s, has_webhooks, file in (
            ("webhook, 20 KB", 0.15, True, SMALL),
            ("webhook, 1 MB", 0.15, True, LARGE),
            ("tracker, 1 MB", 1.5, False, LARGE),
        ):
            with place.server() as (_, data), upstream.running() as stub:
                stub.set(after_s=after_s, file=file)
                async with (
                    place.core(data, stub, has_webhooks=has_webhooks) as core,
                    place.working(core),
                ):
                    rounds = self.rounds if has_webhooks else max(self.rounds // 4, 3)
                    lags_ms = await _lags(core, stub, rounds)
            figures.append(
                Figure(
                    f"from the end upstream to stored: {name}, p50",
                    statistics.median(lags_ms),
                    "ms",
                    most=60 if has_webhooks and file == LARGE else None,
                    beside=f"p95 {statistics.quantiles(lags_ms, n=20)[-1]:.0f}",
                )
            )
        return figures

    async def memory(self) -> list[Figure]:
        """Measure what generations that wait upstream add to the process that works."""
        with place.server() as (_, data), upstream.running() as stub:
            stub.set(after_s=-1)
            async with place.core(data, stub, has_webhooks=False) as core:
                with _worker(place.environment(data, stub, public_url="http://127.0.0.1:9")) as process:
                    warm = 500
                    await _ask(core, warm)
                    await place.reach(core.database, "running", warm, within_s=60)
                    before = accounts.private_bytes(process.pid)
                    await _ask(core, self.waiting)
                    await place.reach(core.database, "running", warm + self.waiting, within_s=180)
                    grown = accounts.private_bytes(process.pid) - before
        return [
            Figure(
                "memory for 1,000 that wait",
                grown / self.waiting * 1000 / 1e6,
                "MB",
                most=1.0,
                beside=f"{before / 1e6:.0f} MB with {warm}, {self.waiting} more",
            )
        ]

    async def takeover(self) -> list[Figure]:
        """Measure how long after a kill another worker has done what the killed one held."""
        held = 8
        with place.server() as (_, data), upstream.running() as stub:
            stub.set(stalls=held)
            given = place.environment(data, stub, public_url=None)
            async with place.core(data, stub, has_webhooks=False) as core:
                with _worker(given) as victim:
                    await _ask(core, held)
                    end = time.monotonic() + 30
                    while stub.facts().calls["download"] < held:
                        assert time.monotonic() < end, "the downloads did not begin"
                        await asyncio.sleep(0.05)
                    with _worker(given):
                        victim.kill()
                        begun = time.monotonic()
                        done = await place.reach(core.database, "succeeded", held, within_s=60)
        return [Figure(f"{held} generations of a killed worker, all done", done - begun, "s", most=10.0)]


class _Used:
    """Processor time by process, since it was made."""

    def __init__(self, data: Path, stub: upstream.Running) -> None:
        self._pids = {"here": os.getpid(), "PostgreSQL": accounts.postmaster(data), "upstream": stub.pid}
        self._before = self._now()

    def told(self, count: int) -> str:
        """Say how much each used for each of so many."""
        parts = ", ".join(
            f"{name} {(after - self._before[name]) / count * 1000:.1f}" for name, after in self._now().items()
        )
        return f"ms of CPU each: {parts}"

    def _now(self) -> dict[str, float]:
        used = {name: accounts.cpu_s(pid) for name, pid in self._pids.items()}
        return used | {"PostgreSQL": accounts.tree_cpu_s(self._pids["PostgreSQL"])}


@contextmanager
def _worker(given: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """Run `tintype worker` in a process of its own; gives it when it works."""
    program = Path(sys.executable).parent / "tintype"
    process = subprocess.Popen(
        [program, "worker"],
        env=os.environ | given,
        cwd=given["TINTYPE_DATA"],
        stdout=subprocess.PIPE,
        # Its log tells of every generation.
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("ready"), "the worker did not start"
        yield process
    finally:
        process.kill()
        process.wait()


async def _ask(core: Core, count: int) -> None:
    """Ask for so many pictures, some at a time."""
    turns = asyncio.Semaphore(CALLERS)

    async def one() -> None:
        async with turns:
            await core.generations.submit(
                place.picture(), actor=place.ACTOR, idempotency_key=secrets.token_hex(12)
            )

    await asyncio.gather(*(one() for _ in range(count)))


async def _lags(core: Core, stub: upstream.Running, rounds: int) -> list[float]:
    """Return the milliseconds of each round; the first few, which warm up, are left out."""
    stored: dict[str, float] = {}
    for _ in range(rounds + 3):
        asked = await core.generations.submit(place.picture(), actor=place.ACTOR)
        async for event in core.feed.watch(asked.ids[0]):
            if event.kind is Kind.STATE and event.state == "succeeded":
                stored[asked.ids[0]] = time.time()
    ended = stub.facts().ended
    lags_ms = []
    for ident, at in stored.items():
        row = await core.generations.get(ident, actor=place.ACTOR)
        lags_ms.append((at - ended[row.prediction_id or ""]) * 1000)
    return lags_ms[3:]


async def _alone(act: Callable[[], Awaitable[None]], seconds: float) -> float:
    """Return the median of one call after the other, in milliseconds."""
    times: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        started = time.perf_counter()
        await act()
        times.append(time.perf_counter() - started)
    return statistics.median(times) * 1000


async def _together(acts: list[Callable[[], Awaitable[None]]], seconds: float) -> float:
    """Return how many calls a second all callers get through at once."""
    done = 0
    started = time.perf_counter()

    async def call(act: Callable[[], Awaitable[None]]) -> None:
        nonlocal done
        while time.perf_counter() < started + seconds:
            await act()
            done += 1

    await asyncio.gather(*(call(act) for act in acts))
    return done / (time.perf_counter() - started)


def main() -> int:
    """Print the table; 1 when a limit is missed."""
    parts = ("submit", "flow", "lag", "memory", "takeover")
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(parts))
    parser.add_argument("--seconds", type=float, default=5.0, help="length of each measurement of submit")
    parser.add_argument("--rounds", type=int, default=40, help="generations of each measurement of lag")
    parser.add_argument("--count", type=int, default=800, help="generations of each measurement of flow")
    parser.add_argument("--waiting", type=int, default=2000, help="generations that wait for memory")
    given = parser.parse_args()
    if unknown := set(given.parts) - set(parts):
        parser.error(f"there is no part {min(unknown)!r}; there are {', '.join(parts)}")
    bench = Bench(given)
    figures: list[Figure] = []
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for name in given.parts or parts:
            figures += runner.run(getattr(bench, name)())
    return 0 if show(figures) else 1


if __name__ == "__main__":
    sys.exit(main())
