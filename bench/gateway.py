"""Measure the gateway beside LiteLLM's proxy, on the same machine, with the same load and the same static upstream.

    python -m bench.gateway [--seconds 10] [--waiting 500] [--streams 5000] [PART…]

Ours checks a key, holds money, books it and writes a durable job before it answers 202; LiteLLM checks its master
key and answers with the finished picture. Load comes from wrk. The exit code is 1 when a limit is missed. Parts are
create, memory, start, finished, limit, streams and hooks.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from standardwebhooks.webhooks import Webhook

from bench.stand import listeners, load, peers, upstream
from bench.stand.figures import Figure, show

if TYPE_CHECKING:
    from collections.abc import Iterator

AT_ONCE = 50
STREAM_KB_MAX = 30.0
LAST_MS_MAX = 150.0
HOOK_MS_MAX = 10.0
IDLE_S = 35.0
"""After half a minute without a picture our processes that decode end."""
OPENAI = "/openai/v1/images/generations"


@dataclass(frozen=True, slots=True)
class Created:
    """How a server takes requests: many at once, and one after the other."""

    many: load.Result
    one: load.Result
    cpu_ms: float


class Bench:
    """What is measured, and how long."""

    def __init__(self, given: argparse.Namespace) -> None:
        self.seconds: float = given.seconds
        self.waiting: int = given.waiting
        self.streams_count: int = given.streams

    def create(self) -> list[Figure]:
        """Measure requests a second at 50, what one takes by itself, and what each costs."""
        with _place() as (stub, folder):
            bare = load.post(
                f"{stub.url}/v1/images/generations", peers.PICTURE, connections=1, seconds=self.seconds / 4
            )
            with peers.litellm(stub, folder) as theirs:
                other = self._created(theirs)
        with _place() as (stub, folder):
            key = peers.make_key(stub, folder)
            with peers.tintype(stub, folder, key=key, works=False) as ours:
                own = self._created(ours)
        added_ms = other.one.p50_ms - bare.p50_ms
        return [
            Figure(
                f"requests admitted, {AT_ONCE} at once, worker stopped",
                own.many.per_s,
                "/s",
                least=5 * other.many.per_s,
                beside=f"LiteLLM {other.many.per_s:.0f}, ours {own.many.per_s / other.many.per_s:.1f} times that",
            ),
            Figure(
                "added time of one request by itself, p50",
                own.one.p50_ms,
                "ms",
                most=added_ms / 3,
                beside=f"LiteLLM {added_ms:.1f}",
            ),
            Figure(
                "CPU for each at 50, PostgreSQL along with it",
                own.cpu_ms,
                "ms",
                most=other.cpu_ms / 5,
                beside=f"LiteLLM {other.cpu_ms:.2f}",
            ),
        ]

    def _created(self, server: peers.Server) -> Created:
        load.post(
            server.url,
            server.body,
            connections=AT_ONCE,
            seconds=self.seconds / 4,
            authorization=server.authorization,
        )
        before = server.cpu_s()
        many = load.post(
            server.url,
            server.body,
            connections=AT_ONCE,
            seconds=self.seconds,
            authorization=server.authorization,
        )
        cpu_ms = (server.cpu_s() - before) / many.requests * 1000
        one = load.post(
            server.url,
            server.body,
            connections=1,
            seconds=self.seconds / 2,
            authorization=server.authorization,
        )
        assert not many.refused + many.broken + one.refused + one.broken, (many, one)
        return Created(many, one, cpu_ms)

    def memory(self) -> list[Figure]:
        """Measure what servers hold when they have nothing to do, and for each request that waits."""
        with _place() as (stub, folder), peers.litellm(stub, folder) as theirs:
            other = self._held(theirs, stub)
        with _place() as (stub, folder):
            key = peers.make_key(stub, folder)
            with peers.tintype(stub, folder, key=key, works=True, path=OPENAI, body=peers.PICTURE) as ours:
                time.sleep(2)
                database = ours.database_bytes()
                own = self._held(ours, stub)
        return [
            Figure(
                "memory with nothing to do",
                own[0] / 1e6,
                "MB",
                most=other[0] / 1e6 / 3,
                beside=f"LiteLLM {other[0] / 1e6:.0f}; PostgreSQL beside ours {database / 1e6:.0f}",
            ),
            Figure(
                f"memory for each of {self.waiting} requests that wait",
                own[1] / 1e3,
                "KB",
                most=other[1] / 1e3 / 3,
                beside=f"LiteLLM {other[1] / 1e3:.0f}",
            ),
        ]

    def _held(self, server: peers.Server, stub: upstream.Running) -> tuple[float, float]:
        """Return what a server holds idle, and what each request adds that waits for a picture."""
        time.sleep(IDLE_S)
        idle = server.memory_bytes()
        load.post(server.url, server.body, connections=AT_ONCE, seconds=2, authorization=server.authorization)
        listeners.until_quiet(server)
        before = server.memory_bytes()
        stub.set(after_s=-1)
        with listeners.waiting(server, count=self.waiting):
            held = server.memory_bytes()
        stub.set()
        return idle, (held - before) / self.waiting

    def start(self) -> list[Figure]:
        """Measure the second start up to the first answer."""
        with _place() as (stub, folder):
            for _ in range(2):
                with peers.litellm(stub, folder) as theirs:
                    other_s = theirs.start_s
        with _place() as (stub, folder):
            key = peers.make_key(stub, folder)
            for _ in range(2):
                with peers.tintype(stub, folder, key=key, works=True) as ours:
                    own_s = ours.start_s
        return [
            Figure(
                "second start up to the first answer",
                own_s,
                "s",
                most=other_s / 3,
                beside=f"LiteLLM {other_s:.1f}",
            )
        ]

    def finished(self) -> list[Figure]:
        """Measure pictures a second at 50, asked for in the same words, each answer a finished picture."""
        with _place() as (stub, folder), peers.litellm(stub, folder) as theirs:
            other = self._pictures(theirs)
        with _place() as (stub, folder):
            key = peers.make_key(stub, folder)
            with peers.tintype(stub, folder, key=key, works=True, path=OPENAI, body=peers.PICTURE) as ours:
                own = self._pictures(ours)
        return [
            Figure(
                f"finished pictures of 20 KB, {AT_ONCE} at once",
                own.per_s,
                "/s",
                beside=f"LiteLLM {other.per_s:.0f}, without fetching or keeping them",
            )
        ]

    def _pictures(self, server: peers.Server) -> load.Result:
        for seconds in (self.seconds / 4, self.seconds):
            result = load.post(
                server.url,
                server.body,
                connections=AT_ONCE,
                seconds=seconds,
                authorization=server.authorization,
            )
        assert not result.refused + result.broken, result
        return result

    def limit(self) -> list[Figure]:
        """Measure what the load and the machine allow: the bare stub, and nginx with words of its own."""
        seconds = self.seconds / 2
        figures = []
        with _place() as (stub, folder), peers.nginx(folder) as server:
            for name, url in (("the bare stub", f"{stub.url}/v1/images/generations"), ("nginx", server.url)):
                many = load.post(url, peers.PICTURE, connections=AT_ONCE, seconds=seconds)
                one = load.post(url, peers.PICTURE, connections=1, seconds=seconds)
                figures.append(
                    Figure(
                        f"limit: {name}, {AT_ONCE} at once",
                        many.per_s,
                        "/s",
                        beside=f"by itself {one.p50_ms:.2f} ms",
                    )
                )
        return figures

    def streams(self) -> list[Figure]:
        """Measure open streams of events: what each holds, and when the last of them hears."""
        with _place() as (stub, folder):
            stub.set(after_s=-1)
            key = peers.make_key(stub, folder)
            with peers.tintype(stub, folder, key=key, works=False) as ours:
                time.sleep(2)
                before = ours.memory_bytes()
                with listeners.streams(ours, count=self.streams_count) as heard:
                    each = (ours.memory_bytes() - before) / self.streams_count
                    lasts_ms = [heard.last_ms() for _ in range(5)]
        return [
            Figure(
                f"memory for each of {self.streams_count} open streams", each / 1e3, "KB", most=STREAM_KB_MAX
            ),
            Figure(
                "an event at the last of them, median of 5",
                sorted(lasts_ms)[2],
                "ms",
                most=LAST_MS_MAX,
                beside=", ".join(f"{one:.0f}" for one in lasts_ms),
            ),
        ]

    def hooks(self) -> list[Figure]:
        """Measure how soon a webhook is answered: its signature checked, and itself kept."""
        with _place() as (stub, folder):
            key = peers.make_key(stub, folder)
            with peers.tintype(stub, folder, key=key, works=False) as ours:
                place = urlsplit(ours.url)
                with closing(HTTPConnection(place.hostname or "", place.port or 80)) as there:
                    took_ms = sorted(_told_ms(there, number) for number in range(500))
        return [
            Figure(
                "a webhook answered, one after the other, p50",
                took_ms[len(took_ms) // 2],
                "ms",
                most=HOOK_MS_MAX,
                beside=f"p95 {took_ms[len(took_ms) * 95 // 100]:.1f}",
            )
        ]


def _told_ms(there: HTTPConnection, number: int) -> float:
    """Tell of a prediction's end; returns the time until that is answered."""
    at = datetime.now(UTC).replace(microsecond=0)
    body = json.dumps({"id": f"p{number}", "status": "succeeded", "output": ["https://x.test/a"]})
    ident = f"msg_hooks_{number}"
    headers = {
        "Content-Type": "application/json",
        "webhook-id": ident,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(upstream.SECRET).sign(ident, at, body),
    }
    began = time.perf_counter()
    there.request("POST", "/hooks/replicate/nobodys", body, headers)
    answer = there.getresponse()
    answer.read()
    took_ms = (time.perf_counter() - began) * 1000
    assert answer.status == 204, answer.status
    return took_ms


@contextmanager
def _place() -> Iterator[tuple[upstream.Running, Path]]:
    """Give a stub, and a folder that the database's own account reaches."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tt-")))
        folder.chmod(0o755)
        yield stack.enter_context(upstream.running()), folder


def main() -> int:
    """Print the table; 1 when a limit is missed."""
    parts = ("create", "memory", "start", "finished", "limit", "streams", "hooks")
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(parts))
    parser.add_argument("--seconds", type=float, default=10.0, help="length of each stretch of load")
    parser.add_argument("--waiting", type=int, default=500, help="requests that wait for memory")
    parser.add_argument("--streams", type=int, default=5000, help="open streams")
    given = parser.parse_args()
    if unknown := set(given.parts) - set(parts):
        parser.error(f"there is no part {min(unknown)!r}; there are {', '.join(parts)}")
    bench = Bench(given)
    figures: list[Figure] = []
    for name in given.parts or parts:
        figures += getattr(bench, name)()
    return 0 if show(figures) else 1


if __name__ == "__main__":
    sys.exit(main())
