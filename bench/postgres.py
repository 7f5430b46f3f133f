"""Measure the embedded PostgreSQL: what its first and later starts cost, joining it, and one statement.

    python bench/postgres.py [--runs 5]

A first start is to take 1 s at most, a later one 0.3 s; the exit code is 1 when the best run is over.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from tintype.store import binaries, database, embedded, schema

if TYPE_CHECKING:
    from collections.abc import Callable

LIMITS_S = {"first start": 1.0, "next start": 0.3}
STATEMENTS = 2000


def elapsed_s(act: Callable[[], object]) -> float:
    """Return the seconds that an act takes."""
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


async def statements(url: str) -> list[float]:
    """Return the seconds of single statements through the pool, one after the other."""
    async with database.Database(url, application="tintype bench") as db:
        times = []
        for _ in range(STATEMENTS):
            started = time.perf_counter()
            await db.value("schema_is_made")
            times.append(time.perf_counter() - started)
        return times


def one_round(version: str) -> dict[str, float]:
    """Make, stop, start, join and migrate one server in a folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="tt-"))
    folder.chmod(0o755)
    seconds: dict[str, float] = {}
    try:
        server = embedded.server(folder / "data", version=version)
        seconds["first start"] = elapsed_s(server.open)
        seconds["first stop"] = elapsed_s(server.close)
        seconds["next start"] = elapsed_s(server.open)
        beside = embedded.server(folder / "data", version=version)
        seconds["joining"] = elapsed_s(beside.open)
        seconds["leaving to others"] = elapsed_s(beside.close)
        seconds["connecting"] = elapsed_s(lambda: psycopg.connect(server.url).close())
        seconds["migrating, once"] = elapsed_s(lambda: asyncio.run(schema.migrate(server.url)))
        seconds["one statement"] = statistics.median(asyncio.run(statements(server.url)))
        seconds["next stop"] = elapsed_s(server.close)
    finally:
        shutil.rmtree(folder)
    return seconds


def main() -> int:
    """Print the table; 1 when a start is over its limit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5, help="rounds per version (default: 5)")
    runs = parser.parse_args().runs
    is_over = False
    for version in binaries.VERSIONS:
        rounds = [one_round(version) for _ in range(runs)]
        print(f"{f'PostgreSQL {version}, {runs} rounds':<30}{'best ms':>10}{'median ms':>12}{'limit ms':>10}")
        for name in rounds[0]:
            times = [seconds[name] for seconds in rounds]
            limit_s = LIMITS_S.get(name)
            is_over |= limit_s is not None and min(times) > limit_s
            limit = f"{limit_s * 1000:.0f}" if limit_s else ""
            print(f"{name:<30}{min(times) * 1000:>10.2f}{statistics.median(times) * 1000:>12.2f}{limit:>10}")
    print("OVER a limit" if is_over else "within the limits")
    return int(is_over)


if __name__ == "__main__":
    sys.exit(main())
