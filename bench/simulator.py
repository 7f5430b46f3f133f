"""Measure what the simulator carries: calls a second on one core, and memory per prediction in flight.

    python bench/simulator.py [--seconds 10] [--predictions 20000]

The server runs alone on one core, the load comes from another over real sockets with a lean client.
The exit code is 1 when a limit is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

CREATES_A_SECOND = 300
OTHERS_A_SECOND = 500
KB_MAX = 3.0
CONNECTIONS = 40
KEPT = 5_000  # predictions of the second part, which keeps its state
MODEL = "black-forest-labs/flux-schnell"
TOKEN = "r8_bench"  # noqa: S105 - it opens nothing
TICKS = os.sysconf("SC_CLK_TCK")


class Connection:
    """One kept connection that sends a request and reads its whole answer."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, port: int) -> Connection:
        """Connect to the simulator."""
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def call(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        """Return status and body."""
        self._writer.write(
            f"{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {TOKEN}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n".encode()
            + body
        )
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        content = await self._reader.readexactly(int(length[1])) if length else b""
        return int(head[9:12]), content

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


@dataclass
class Load:
    """What a stretch of load came to."""

    seconds: float = 0.0
    cpu_s: float = 0.0
    latencies_ms: dict[str, list[float]] = field(default_factory=lambda: {"create": [], "other": []})

    def rate(self, kind: str) -> float:
        """Calls a second."""
        return len(self.latencies_ms[kind]) / self.seconds

    def percentile_ms(self, kind: str, share: float) -> float:
        """The latency that so many calls stayed under."""
        return statistics.quantiles(self.latencies_ms[kind], n=100)[round(share * 100) - 1]


@contextmanager
def server(*options: str) -> Iterator[tuple[int, int]]:
    """Run a simulator on the first core; yield its port and process id."""
    cores = sorted(os.sched_getaffinity(0))
    command = [sys.executable, "-m", "tintype.simulator", "--port", "0", *options]
    os.sched_setaffinity(0, {cores[0]})
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        os.sched_setaffinity(0, set(cores[1:]) or {cores[0]})
        try:
            assert process.stdout is not None
            ready = re.match(r"ready http://\S+:(\d+)", process.stdout.readline())
            assert ready, "the simulator did not start"
            yield int(ready[1]), process.pid
        finally:
            process.kill()
            os.sched_setaffinity(0, set(cores))


def memory_kb(pid: int) -> int:
    """Return the resident memory of a process."""
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1])


def cpu_s(pid: int) -> float:
    """Return the processor time that a process has used."""
    numbers = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(numbers[11]) + int(numbers[12])) / TICKS


def order(number: int) -> bytes:
    """Return the body of a create: it runs for an hour, as far as this measurement goes."""
    prompt = f"[[delay=1500]] a red sports car on a wet street at night, neon signs, take {number}"
    return json.dumps(
        {"version": MODEL, "input": {"prompt": prompt, "aspect_ratio": "16:9", "seed": number}}
    ).encode()


async def fill(port: int, count: int) -> list[str]:
    """Create so many predictions as fast as they are taken, and return their ids."""
    ids: list[str] = []
    numbers = iter(range(count))

    async def work() -> None:
        connection = await Connection.open(port)
        for number in numbers:
            status, content = await connection.call("POST", "/v1/predictions", order(number))
            assert status == 201, content
            ids.append(json.loads(content)["id"])
        connection.close()

    await asyncio.gather(*(work() for _ in range(CONNECTIONS)))
    return ids


async def press(port: int, pid: int, ids: list[str], seconds: float) -> Load:
    """Offer creates and other calls at their rates, each at its own moment, and measure the answers."""
    load = Load()
    offered = sorted(
        [(number / CREATES_A_SECOND, "create") for number in range(round(seconds * CREATES_A_SECOND))]
        + [(number / OTHERS_A_SECOND, "other") for number in range(round(seconds * OTHERS_A_SECOND))]
    )
    calls = iter(enumerate(offered))
    connections = [await Connection.open(port) for _ in range(CONNECTIONS)]
    began, used = time.perf_counter(), cpu_s(pid)

    async def work(connection: Connection) -> None:
        for number, (due, kind) in calls:
            pause = began + due - time.perf_counter()
            if pause > 0:
                await asyncio.sleep(pause)
            if kind == "create":
                status, _ = await connection.call("POST", "/v1/predictions", order(number))
            else:
                status, _ = await connection.call("GET", f"/v1/predictions/{ids[number * 7919 % len(ids)]}")
            assert status in {200, 201}
            # From the moment it was due: a server that falls behind cannot hide it.
            load.latencies_ms[kind].append((time.perf_counter() - began - due) * 1000)

    await asyncio.gather(*(work(connection) for connection in connections))
    load.seconds, load.cpu_s = time.perf_counter() - began, cpu_s(pid) - used
    for connection in connections:
        connection.close()
    return load


async def pages(port: int, count: int = 100) -> float:
    """Return the median milliseconds of a page of 100 from the list."""
    connection = await Connection.open(port)
    times = []
    for _ in range(count):
        started = time.perf_counter()
        status, _ = await connection.call("GET", "/v1/predictions")
        assert status == 200
        times.append((time.perf_counter() - started) * 1000)
    connection.close()
    return statistics.median(times)


async def measure(
    port: int, pid: int, *, count: int, seconds: float
) -> tuple[float, float, Load, float, float]:
    """Run all measurements against one server."""
    await fill(port, 500)
    empty_ms = await pages(port)
    before = memory_kb(pid)
    started = time.perf_counter()
    ids = await fill(port, count)
    filling = count / (time.perf_counter() - started)
    kb = (memory_kb(pid) - before) / count
    load = await press(port, pid, ids, seconds)
    return kb, filling, load, empty_ms, await pages(port)


async def measure_kept(port: int, pid: int, *, seconds: float) -> tuple[float, Load]:
    """Measure a server that keeps its state on disk."""
    started = time.perf_counter()
    ids = await fill(port, KEPT)
    filling = KEPT / (time.perf_counter() - started)
    return filling, await press(port, pid, ids, seconds)


def main() -> int:
    """Print the table; 1 when a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10, help="length of the load (default: 10)")
    parser.add_argument("--predictions", type=int, default=20_000, help="in flight at once (default: 20,000)")
    arguments = parser.parse_args()
    with server() as (port, pid):
        kb, filling, load, empty_ms, full_ms = asyncio.run(
            measure(port, pid, count=arguments.predictions, seconds=arguments.seconds)
        )
    with tempfile.TemporaryDirectory() as folder, server("--data", folder) as (port, pid):
        kept_filling, kept_load = asyncio.run(measure_kept(port, pid, seconds=arguments.seconds / 2))
    creates, others = load.rate("create"), load.rate("other")
    is_kept_up = creates >= 0.98 * CREATES_A_SECOND and others >= 0.98 * OTHERS_A_SECOND
    print(f"{'simulator on one core':<46}{'measured':>14}{'limit':>12}")
    print(f"{'memory per prediction in flight':<46}{kb:>11.2f} KB{f'< {KB_MAX:.0f} KB':>12}")
    print(f"{'creates a second, offered together':<46}{creates:>14.0f}{CREATES_A_SECOND:>12}")
    print(f"{'other calls a second, offered together':<46}{others:>14.0f}{OTHERS_A_SECOND:>12}")
    print(f"{'share of the core that this took':<46}{load.cpu_s / load.seconds:>13.0%} {'':>11}")
    for kind in ("create", "other"):
        fast, slow = load.percentile_ms(kind, 0.5), load.percentile_ms(kind, 0.99)
        print(f"{f'{kind}: p50 / p99':<46}{f'{fast:.1f} / {slow:.1f} ms':>17}")
    print(f"{'creates a second, as fast as they are taken':<46}{filling:>14.0f}")
    print(f"{'the same with --data':<46}{kept_filling:>14.0f}")
    print(f"{'share of the core at the rates with --data':<46}{kept_load.cpu_s / kept_load.seconds:>14.0%}")
    title = f"page of 100 with 500 / {arguments.predictions:,} in flight"
    print(f"{title:<46}{f'{empty_ms:.1f} / {full_ms:.1f} ms':>17}")
    return 0 if kb < KB_MAX and is_kept_up else 1


if __name__ == "__main__":
    sys.exit(main())
