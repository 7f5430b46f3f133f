"""Measure what it takes to accept a batch of many rows, streamed from a file: seconds, and memory above what was there.

Rows of one model, and rows for each of which a model is chosen.

    python bench/batches.py [--rows 10000]

Ten thousand rows are to be accepted within 5 s, in no more than 64 MB; the exit code is 1 when they are not.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

from tintype import Studio
from tintype.domain.money import from_usd
from tintype.local import batching

LIMIT_S = 5.0
LIMIT_MB = 64.0
COUNT_LIMITED = 10_000
COUNTS = (1_000, COUNT_LIMITED, 50_000)
PROMPT = "a {color} boat, number {number}"
OPTIONS = {
    "a model": batching.Options(prompt=PROMPT, model="flux-schnell", budget_usd="1000"),
    "mode auto": batching.Options(prompt=PROMPT, mode="auto", budget_usd="1000"),
}


def resident_mb() -> float:
    """Return how much memory this process has now, in MB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024**2


async def accepted(studio: Studio, path: Path, options: batching.Options) -> tuple[float, float]:
    """Take the rows of a file; return the seconds, and the most memory above what was there before, in MB."""
    before, most = resident_mb(), 0.0

    async def watch() -> None:
        nonlocal most
        while True:
            most = max(most, resident_mb() - before)
            await asyncio.sleep(0.005)

    watching = asyncio.create_task(watch())
    started = time.perf_counter()
    ident = await batching.begin(studio, path, options)
    took_s = time.perf_counter() - started
    watching.cancel()
    found = await studio.core.batches.get(ident, actor=studio.actor)
    assert found.batch.call_count == found.batch.row_count, "every row is another one"
    assert found.left_nano_usd == from_usd("1000"), "nothing is bought by accepting"
    return took_s, most


async def measure(counts: tuple[int, ...], root: Path) -> bool:
    """Print a line for each number of rows; False when the limit for ten thousand was missed."""
    print(f"{'rows':>8}  {'of':<10}{'seconds':>10}{'memory, MB':>12}")
    is_within = True
    # Nothing is bought, so nobody is called there.
    place = "http://127.0.0.1:9"
    async with Studio("r8_for_nobody", base_url=place, data=root / "data", works=False) as studio:
        for count in (100, *counts):
            path = root / f"{count}.csv"
            lines = (f"color {number % 97},{number}\n" for number in range(count))
            await asyncio.to_thread(path.write_text, "color,number\n" + "".join(lines), encoding="utf-8")
            for name, options in OPTIONS.items():
                took_s, most_mb = await accepted(studio, path, options)
                print(f"{count:>8,}  {name:<10}{took_s:>10.2f}{most_mb:>12.1f}", flush=True)
                if count == COUNT_LIMITED:
                    is_within = is_within and took_s <= LIMIT_S and most_mb <= LIMIT_MB
    print(f"10,000 rows are accepted {'within' if is_within else 'OVER'} {LIMIT_S:g} s and {LIMIT_MB:g} MB")
    return is_within


def main() -> int:
    """Print the table; 1 when the limit was missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--rows", type=int, nargs="*", default=COUNTS, help="how many (default: 1000 10000 50000)"
    )
    counts = tuple(parser.parse_args().rows)
    with tempfile.TemporaryDirectory(prefix="tt-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        return 0 if asyncio.run(measure(counts, Path(folder))) else 1


if __name__ == "__main__":
    sys.exit(main())
