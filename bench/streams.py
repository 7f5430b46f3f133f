"""Open thousands of event streams to one gateway: what each holds, and when the last of them hears of an event.

    python -m bench.streams [--count 5000] [--rounds 5]

The gateway is `tintype serve` with its embedded database; nothing is bought. Half the time everybody follows all
generations, half the time one generation. An event comes of a request to make or to cancel: the time begins when
that request is sent, and ends when the last stream has the event.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import select
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2

from bench.stand import accounts, place, upstream
from bench.stand.figures import Figure, show
from tintype.api.server import raise_descriptors

if TYPE_CHECKING:
    from collections.abc import Iterator

TINTYPE = Path(sys.executable).with_name("tintype")
EACH_KB_MAX = 30.0
LAST_MS_MAX = 150.0
_WITHIN_S = 60.0
_AT_ONCE = 250
_BODY = {"prompt": "a lighthouse", "cache": "off"}


class Crowd:
    """Open streams, each on a connection of its own, read by one loop."""

    def __init__(self, host: str, port: int, path: str, count: int) -> None:
        request = f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nAccept: text/event-stream\r\n\r\n".encode()
        self.poll = select.epoll()
        self.lines: dict[int, socket.socket] = {}
        while len(self.lines) < count:
            # No more at once than are taken in within a moment.
            opened = [
                socket.create_connection((host, port)) for _ in range(min(_AT_ONCE, count - len(self.lines)))
            ]
            for line in opened:
                line.sendall(request)
                self.lines[line.fileno()] = line
                self.poll.register(line, select.EPOLLIN)
            self.hear(b"retry:", among={line.fileno() for line in opened})

    def hear(self, word: bytes, *, among: set[int] | None = None) -> float:
        """Wait until a word has come on every stream, or on some; returns the moment of the last."""
        left, end = set(among or self.lines), time.monotonic() + _WITHIN_S
        while left:
            for number, _ in self.poll.poll(1.0):
                text = os.read(number, 65_536)
                assert b"application/problem+json" not in text, text
                if word in text:
                    left.discard(number)
            assert time.monotonic() < end, f"{len(left)} streams did not hear {word!r}"
        return time.monotonic()

    def close(self) -> None:
        """Leave."""
        self.poll.close()
        for line in self.lines.values():
            line.close()


@contextlib.contextmanager
def serving(folder: Path, stub: upstream.Running) -> Iterator[tuple[str, int]]:
    """Run a gateway; gives its origin and its process."""
    process = subprocess.Popen(
        [TINTYPE, "serve", "--port", "0", "--no-worker"],
        env={**os.environ, **place.environment(folder / "data", stub, public_url=None)},
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    origin = ""
    while not origin.startswith("ready "):
        origin = process.stdout.readline()
        assert origin, "the gateway did not start"
    try:
        yield origin.split()[1], process.pid
    finally:
        process.terminate()
        process.wait(timeout=15)


def measure(origin: str, pid: int, *, count: int, rounds: int) -> list[Figure]:
    """Open the streams, cause events, and measure."""
    host, _, port = origin.removeprefix("http://").partition(":")
    with httpx2.Client(base_url=origin, trust_env=False, timeout=_WITHIN_S) as http:
        # Whatever is made at the first request is there already.
        asked = [_asked(http) for _ in range(rounds + 1)]
        empty = accounts.private_bytes(pid)
        crowd = Crowd(host, int(port), "/api/events", count)
        held = accounts.private_bytes(pid) - empty
        all_ms = []
        for _ in range(rounds):
            begun = time.monotonic()
            _asked(http)
            all_ms.append((crowd.hear(b"event: state") - begun) * 1000)
        crowd.close()
        one_ms, each_one = [], []
        for ident in asked[1:]:
            _until_left(pid)
            before = accounts.private_bytes(pid)
            crowd = Crowd(host, int(port), f"/api/generations/{ident}/events", count)
            each_one.append((accounts.private_bytes(pid) - before) / count / 1024)
            begun = time.monotonic()
            http.post(f"/api/generations/{ident}/cancel").raise_for_status()
            one_ms.append((crowd.hear(b'"state":"canceled"') - begun) * 1000)
            crowd.close()
    each_all = held / count / 1024
    return [
        Figure(f"each of {count:,} streams of all events holds", each_all, "KiB", most=EACH_KB_MAX),
        Figure("each stream of one generation holds", max(each_one), "KiB", most=EACH_KB_MAX),
        Figure(
            "from asking to the last stream of all events",
            statistics.median(all_ms),
            "ms",
            most=LAST_MS_MAX,
            beside=_range(all_ms),
        ),
        Figure(
            "from cancelling to the last stream of the generation",
            statistics.median(one_ms),
            "ms",
            most=LAST_MS_MAX,
            beside=_range(one_ms),
        ),
    ]


def _asked(http: httpx2.Client) -> str:
    answer = http.post("/api/generations", json=_BODY)
    answer.raise_for_status()
    made: dict[str, Any] = json.loads(answer.content)
    return str(made["id"])


def _until_left(pid: int) -> None:
    """Wait until the server has let go of those who left: its descriptors are few again."""
    end = time.monotonic() + _WITHIN_S
    while len(os.listdir(f"/proc/{pid}/fd")) > 200 and time.monotonic() < end:  # noqa: PTH208 - names are enough
        time.sleep(0.05)


def _range(values: list[float]) -> str:
    return f"{min(values):.0f} to {max(values):.0f} in {len(values)} rounds"


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    assert raise_descriptors() > chosen.count + 100, "this system allows too few open files"
    with tempfile.TemporaryDirectory(prefix="tt-") as name, upstream.running() as stub:
        folder = Path(name)
        folder.chmod(0o755)
        with serving(folder, stub) as (origin, pid):
            figures = measure(origin, pid, count=chosen.count, rounds=chosen.rounds)
    return 0 if show(figures) else 1


if __name__ == "__main__":
    sys.exit(main())
