"""Let fifty clients ask a gateway for pictures, for ten minutes: memory stays flat, nothing fails, is lost or doubled.

    python -m bench.soak [--seconds 600] [--clients 50]

Each client asks with an Idempotency-Key, waits for the picture, fetches it, and every tenth time hangs up while waiting
and asks again under the same key. Upstream is a static stub. At the end what was accepted, what succeeded and what
upstream was asked to make are compared.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any

import httpx2

from bench.stand import accounts, place, upstream

TINTYPE = Path(sys.executable).with_name("tintype")
SAMPLE_S = 1.0
GROWTH_MAX = 0.03
MEGABYTE = 1024 * 1024


@dataclass(slots=True)
class Tally:
    """What the clients saw."""

    ids: set[str] = field(default_factory=set)
    answers: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    waits_s: list[float] = field(default_factory=list)


async def client(number: int, origin: str, end: float, tally: Tally) -> None:
    """Ask for one picture after the other."""
    chance = random.Random(number)
    async with httpx2.AsyncClient(base_url=origin, timeout=60, trust_env=False) as http:
        count = 0
        while time.monotonic() < end:
            count += 1
            key = f"{number}-{count}"
            began = time.monotonic()
            try:
                made = await _asked(http, key, hangs_up=count % 10 == 0, after_s=chance.random() * 0.1)
                await _fetched(http, made, tally)
            except (httpx2.HTTPError, KeyError, ValueError) as error:
                tally.errors[f"{type(error).__name__}: {error}"[:100]] += 1
                continue
            tally.waits_s.append(time.monotonic() - began)
            tally.ids.add(made["id"])


async def _asked(http: httpx2.AsyncClient, key: str, *, hangs_up: bool, after_s: float) -> dict[str, Any]:
    """Ask for a picture and wait for it; one that hangs up asks again under the same key."""
    body = {"prompt": f"a lighthouse, number {key}", "cache": "off"}
    headers = {"Idempotency-Key": key, "Prefer": "wait=60"}
    if hangs_up:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(after_s):
                await http.post("/api/generations", json=body, headers=headers)
    answer = await http.post("/api/generations", json=body, headers=headers)
    answer.raise_for_status()
    made: dict[str, Any] = answer.json()
    if made["state"] != "succeeded":
        raise ValueError(f"it is {made['state']}, {made['failure']}")
    return made


async def _fetched(http: httpx2.AsyncClient, made: dict[str, Any], tally: Tally) -> None:
    """Fetch what was made, and see that it is what was stored."""
    (output,) = made["outputs"]
    answer = await http.get(output["url"])
    answer.raise_for_status()
    if hashlib.sha256(answer.content).hexdigest() != output["sha256"]:
        raise ValueError("the picture is another than was stored")
    tally.answers["pictures"] += 1


async def watched(pid: int, data: Path, end: float) -> list[tuple[float, int, int]]:
    """Measure every few seconds: the time, the memory of our processes, that of Postgres."""
    found = []
    began = time.monotonic()
    database = accounts.postmaster(data)
    while (now := time.monotonic()) < end:
        ours = accounts.private_bytes(*accounts.tree(pid))
        found.append((now - began, ours, accounts.private_bytes(*accounts.tree(database))))
        await asyncio.sleep(SAMPLE_S)
    return found


async def soak(origin: str, pid: int, data: Path, *, clients: int, seconds: float) -> tuple[Tally, Any]:
    """Let the clients ask, and measure meanwhile."""
    tally = Tally()
    end = time.monotonic() + seconds
    async with asyncio.TaskGroup() as group:
        watching = group.create_task(watched(pid, data, end))
        for number in range(clients):
            group.create_task(client(number, origin, end, tally))
    return tally, watching.result()


def report(
    tally: Tally, samples: list[tuple[float, int, int]], stub: upstream.Facts, *, seconds: float
) -> int:
    """Print the table; 1 where something is not as promised."""
    third = [ours for at, ours, _ in samples if seconds * 0.2 <= at < seconds * 0.3]
    last = [ours for at, ours, _ in samples if at >= seconds * 0.9]
    growth = fmean(last) / fmean(third) - 1
    waits = sorted(tally.waits_s)
    rows = [
        ("pictures, each asked for, made and fetched", f"{len(tally.ids):,}", ""),
        ("a second", f"{len(tally.ids) / seconds:.1f}", ""),
        (
            "from asking to having it, median and p99",
            f"{_at(waits, 0.5):.2f} s, {_at(waits, 0.99):.2f} s",
            "",
        ),
        ("errors", f"{tally.errors.total()}", "0"),
        ("creates upstream beyond what was asked for", f"{stub.calls['create'] - len(tally.ids)}", "0"),
        ("our memory in the third tenth", f"{fmean(third) / MEGABYTE:.1f} MB", ""),
        ("our memory in the last tenth", f"{fmean(last) / MEGABYTE:.1f} MB", ""),
        ("growth", f"{growth:+.1%}", f"≤ {GROWTH_MAX:.0%}"),
        (
            "Postgres beside it, first and last",
            f"{samples[0][2] / MEGABYTE:.0f}, {samples[-1][2] / MEGABYTE:.0f} MB",
            "",
        ),
    ]
    for tenth in range(10):
        part = [ours for at, ours, _ in samples if tenth <= at / seconds * 10 < tenth + 1]
        print(f"  tenth {tenth + 1}: {fmean(part) / MEGABYTE:.1f} MB")
    for name, value, limit in rows:
        print(f"{name:<46} {value:>22} {limit:>8}")
    for error, count in tally.errors.most_common(5):
        print(f"  {count} × {error}")
    is_kept = not tally.errors and stub.calls["create"] == len(tally.ids) and growth <= GROWTH_MAX
    print("all limits are kept" if is_kept else "a limit is missed")
    return 0 if is_kept else 1


def _at(values: list[float], share: float) -> float:
    return values[min(int(len(values) * share), len(values) - 1)] if values else float("nan")


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--clients", type=int, default=50)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tt-") as name, upstream.running() as stub:
        folder = Path(name)
        folder.chmod(0o755)
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        origin = f"http://127.0.0.1:{port}"
        process = subprocess.Popen(
            [TINTYPE, "serve", "--port", str(port)],
            env={**os.environ, **place.environment(folder / "data", stub, public_url=origin)},
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert process.stdout is not None
        while not process.stdout.readline().startswith("ready "):
            if process.poll() is not None:
                print("the gateway did not start", file=sys.stderr)
                return 1
        try:
            data = folder / "data"
            tally, samples = asyncio.run(
                soak(origin, process.pid, data, clients=chosen.clients, seconds=chosen.seconds)
            )
            return report(tally, samples, stub.facts(), seconds=chosen.seconds)
        finally:
            process.terminate()
            process.wait(timeout=15)


if __name__ == "__main__":
    sys.exit(main())
