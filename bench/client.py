"""Compare clients of Replicate's API: this project's beside the official Python SDK 1.0.7.

    python bench/client.py [--rounds N] [--only WORDS]

All contenders run against the same simulator process, each in a process and an environment of its own, in turns.
Lag is the time from a prediction's `completed_at` to the return of `run`, on one machine's clock. The exit code is 1
where ours is more than 5 % worse in a row, lags more than a third of the other where the wish to wait is ignored,
or fails.
"""

from __future__ import annotations

import argparse
import itertools
import json
import re
import statistics
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tintype.testing import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

HERE = Path(__file__).parent
ROOT = HERE.parent
MODEL = "black-forest-labs/flux-schnell"
WORSE = 1.05
LAG_SHARE = 1 / 3
NOISE: dict[str, float] = {"lag_ms": 1.0, "late_ms": 5.0}
"""Differences of lag, in ms, that are the machine's and not a client's."""
LOOK_S = 0.1
_tokens = (f"r8_bench{number}" for number in itertools.count())


@dataclass(frozen=True, slots=True)
class Situation:
    """What is asked of every contender: `count` predictions, so many at once, after a warm-up of `warm`."""

    name: str
    count: int
    at_once: int
    is_wait_ignored: bool = False
    warm: int = 8
    prompt: str = ""
    threads: bool = False
    rounds: int = 3
    judged: tuple[str, ...] = ("lag_ms", "late_ms", "requests", "cpu_ms", "memory_kb", "errors")


SITUATIONS = (
    Situation("1 at a time, wait honoured", 8, 1, rounds=2),
    Situation("1 at a time, wait ignored", 10, 1, is_wait_ignored=True, rounds=2),
    Situation("200 at once, wait honoured", 200, 200),
    Situation("200 at once, wait ignored", 200, 200, is_wait_ignored=True),
    Situation("200 threads, wait honoured", 200, 200, threads=True, rounds=1),
    Situation("200 threads, wait ignored", 200, 200, is_wait_ignored=True, threads=True, rounds=1),
    Situation("1,000 at once of 6 s", 1_000, 1_000, prompt="[[delay=6]]", rounds=1, judged=("errors",)),
)
FIGURES: Mapping[str, str] = {
    "lag_ms": "lag, median ms",
    "late_ms": "lag, p95 ms",
    "requests": "requests",
    "cpu_ms": "CPU ms",
    "memory_kb": "waiting KB",
    "errors": "errors",
}
"""The columns; requests, CPU and memory are per prediction."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A client with the interpreter of its environment and the script that runs it."""

    name: str
    python: Path
    script: Path


OURS = Contender("tintype", Path(sys.executable), HERE / "contenders" / "tintype_client.py")
OFFICIAL = Contender(
    "replicate 1.0.7",
    ROOT / ".environments" / "sdk" / "python-1" / "bin" / "python",
    HERE / "contenders" / "official_sdk.py",
)


@contextmanager
def served() -> Iterator[Simulator]:
    """Run a simulator in a process of its own, at the models' usual speed."""
    command = [sys.executable, "-m", "tintype.simulator", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            ready = re.match(r"ready (http://\S+)", process.stdout.readline())
            assert ready, "the simulator did not start"
            yield Simulator(ready[1], "r8_bench")
        finally:
            process.kill()


def measure(simulator: Simulator, contender: Contender, situation: Situation) -> dict[str, float]:
    """Let a contender do what the situation asks, and return its figures."""
    token = next(_tokens)
    simulator.reset()
    simulator.faults([{"do": "ignore_wait"}] if situation.is_wait_ignored else [])
    order = {
        "url": simulator.url,
        "token": token,
        "model": MODEL,
        "warm": [f"warm-up {number}" for number in range(situation.warm)],
        "prompts": [f"{situation.prompt} car {number}" for number in range(situation.count)],
        "at_once": situation.at_once,
        "threads": situation.threads,
    }
    command = [str(contender.python), str(contender.script), json.dumps(order)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n", f"{contender.name} did not get through its warm-up"
        before = simulator.health()["requests"]
        with watching(simulator, process.pid) as memory:
            process.stdin.write("go\n")
            process.stdin.flush()
            report = json.loads(process.stdout.readline())
    requests = simulator.health()["requests"] - before
    found = figures(report, simulator.predictions(token), requests, situation.count)
    return found | {"memory_kb": memory.per_prediction_kb()}


@dataclass(slots=True)
class Memory:
    """Resident memory of a process while it waits: (predictions that run upstream, KB above the beginning)."""

    seen: list[tuple[int, float]] = field(default_factory=list)

    def per_prediction_kb(self) -> float:
        """Return the KB for each prediction that is waited for, at the time when they are the most."""
        most = max(running for running, _ in self.seen)
        return statistics.median(kb for running, kb in self.seen if running >= 0.9 * most) / most


@contextmanager
def watching(simulator: Simulator, pid: int) -> Iterator[Memory]:
    """Look at a process's memory and at what runs upstream, ten times a second."""
    memory, over, before = Memory(), threading.Event(), resident_kb(pid)

    def watch() -> None:
        while not over.wait(LOOK_S):
            memory.seen.append((simulator.health()["running"], resident_kb(pid) - before))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield memory
    finally:
        over.set()
        watcher.join()


def resident_kb(pid: int) -> float:
    """Return the resident memory of a process, 0 when it has gone."""
    try:
        found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(encoding="ascii"))
    except FileNotFoundError:
        return 0.0
    return float(found[1]) if found else 0.0


def figures(
    report: dict[str, Any], predictions: Sequence[Mapping[str, Any]], requests: int, count: int
) -> dict[str, float]:
    """Put a contender's report and the simulator's own records together."""
    completed = {
        one["input"]["prompt"]: datetime.fromisoformat(one["completed_at"]).timestamp()
        for one in predictions
        if one["completed_at"] is not None
    }
    lags = sorted((ended - completed[prompt]) * 1_000 for prompt, ended in report["ended"].items())
    assert lags, report["errors"]
    return {
        "lag_ms": statistics.median(lags),
        "late_ms": lags[min(len(lags) - 1, round(len(lags) * 0.95))],
        "requests": requests / count,
        "cpu_ms": report["cpu_s"] * 1_000 / count,
        "errors": float(sum(report["errors"].values())),
    }


def middle(rounds: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return the median of each figure; errors are added up."""
    found = {name: statistics.median(one[name] for one in rounds) for name in FIGURES}
    return found | {"errors": sum(one["errors"] for one in rounds)}


def judge(situation: Situation, ours: Mapping[str, float], other: Mapping[str, float]) -> list[str]:
    """Return what of ours is not as it is to be, one sentence each."""
    wrong = [
        f"{situation.name}: {FIGURES[name]} is {ours[name]:.4g}, the other's {other[name]:.4g}"
        for name in situation.judged
        if ours[name] > max(other[name] * WORSE, other[name] + NOISE.get(name, 0.0))
    ]
    if situation.is_wait_ignored and ours["lag_ms"] > other["lag_ms"] * LAG_SHARE:
        wrong.append(f"{situation.name}: the lag is {ours['lag_ms'] / other['lag_ms']:.0%} of the other's")
    if ours["errors"]:
        wrong.append(f"{situation.name}: {ours['errors']:.0f} runs failed")
    return wrong


def row(name: str, values: Mapping[str, float]) -> str:
    """Return one line of the table."""
    digits = {"lag_ms": 1, "late_ms": 1, "requests": 2, "cpu_ms": 2, "memory_kb": 1, "errors": 0}
    return f"  {name:<18}" + "".join(f"{values[one]:>16,.{digits[one]}f}" for one in FIGURES)


def main() -> int:
    """Print the table; 1 where a demand is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, help="turns of each contender per row (default: 1 to 3)")
    parser.add_argument("--only", default="", help="rows whose names hold these words")
    arguments = parser.parse_args()
    if not OFFICIAL.python.exists():
        print("bench: the official SDK's environment is missing; run: make bench", file=sys.stderr)
        return 2
    wrong: list[str] = []
    print(f"{'clients, side by side':<20}" + "".join(f"{text:>16}" for text in FIGURES.values()))
    with served() as simulator:
        for situation in SITUATIONS:
            if arguments.only not in situation.name:
                continue
            print(situation.name, flush=True)
            taken: dict[str, list[dict[str, float]]] = {OURS.name: [], OFFICIAL.name: []}
            for turn in range(arguments.rounds or situation.rounds):
                for contender in (OURS, OFFICIAL) if turn % 2 == 0 else (OFFICIAL, OURS):
                    taken[contender.name].append(measure(simulator, contender, situation))
            ours, other = middle(taken[OURS.name]), middle(taken[OFFICIAL.name])
            print(row(OURS.name, ours))
            print(row(OFFICIAL.name, other), flush=True)
            wrong += judge(situation, ours, other)
    print(
        f"limits: ours at most {WORSE - 1:.0%} worse in each figure ({NOISE['lag_ms']:.0f} ms of lag is nothing), "
        f"at most {LAG_SHARE:.0%} of the median lag where the wait is ignored, no errors"
    )
    print("\n".join(f"MISSED {one}" for one in wrong) or "all limits are kept")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
