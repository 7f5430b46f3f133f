"""Measure storing: from an upstream that has the bytes ready to rows and files that are on the disk.

    python bench/capture.py [--rounds 60]

A static upstream on loopback, the embedded server, one generation after the other and eight at once. Storing 1 MB
alone is to take at most 60 ms (median), and all transfers together at most 64 MB of memory plus a tenth; the exit code
is 1 when either is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import os
import statistics
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from PIL import Image

from tintype.domain import events, ids
from tintype.domain.access import Actor
from tintype.media import fetch, pool
from tintype.media.files import MEMORY_MAX_BYTES, Files
from tintype.service import capture
from tintype.store import admission, embedded, generations, schema, upstreams
from tintype.store.database import Database

LIMIT_MS = 60.0
AT_ONCE = 8
LARGE_BYTES = 24_000_000
LARGE_AT_ONCE = 60


def picture(size_bytes: int) -> bytes:
    """Return a PNG of about so many bytes: noise does not pack."""
    side = max(round((size_bytes / 3) ** 0.5), 8)
    file = io.BytesIO()
    Image.frombytes("RGB", (side, side), os.urandom(side * side * 3)).save(file, "PNG", compress_level=0)
    return file.getvalue()


@dataclass(frozen=True)
class Bench:
    """A database, a store and an upstream."""

    tools: capture.Tools
    url: str
    upstream_id: int

    async def ready(self, path: str) -> str:
        """Make a generation whose output is ready upstream."""
        ident = ids.ulid(time_ms=time.time_ns() // 1_000_000, randomness=os.urandom(10))
        wanted = admission.Wanted(
            id=ident,
            model="black-forest-labs/flux-schnell",
            input={"prompt": "a lighthouse"},
            estimate_nano_usd=1,
            hold_nano_usd=1,
            price_rule="bench",
            deadline_s=600.0,
            images=1,
        )
        actor = Actor(key="local", user=None, project=None)
        asked = admission.Request(actor=actor, upstream_id=self.upstream_id, wanted=(wanted,))
        await admission.admit(self.tools.db, asked)
        changes = {
            "state": "capturing",
            "prediction": {"output": [self.url + path]},
            "completed_at": datetime.now(UTC),
        }
        async with self.tools.db.transaction() as work:
            await generations.move(work, ident, changes)
        return ident

    async def store(self, ident: str) -> float:
        """Capture it; returns the time in milliseconds."""
        started = time.perf_counter()
        outcome = await capture.capture(ident, self.tools)
        assert outcome == events.Captured(), outcome
        return (time.perf_counter() - started) * 1000

    async def alone(self, path: str, rounds: int) -> tuple[float, float]:
        """Return median and 95th percentile of one after the other."""
        times = [await self.store(await self.ready(path)) for _ in range(rounds)]
        return statistics.median(times), statistics.quantiles(times, n=20)[-1]

    async def together(self, path: str, rounds: int) -> float:
        """Return how many are stored in a second, AT_ONCE at a time."""
        idents = [await self.ready(path) for _ in range(rounds)]
        turns = asyncio.Semaphore(AT_ONCE)

        async def one(ident: str) -> None:
            async with turns:
                await self.store(ident)

        started = time.perf_counter()
        await asyncio.gather(*map(one, idents))
        return rounds / (time.perf_counter() - started)


async def serve(bodies: dict[str, bytes]) -> asyncio.Server:
    """Answer with the same bytes every time."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                body = bodies[head.split(b" ", 2)[1].decode()]
                lines = f"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: {len(body)}\r\n\r\n"
                writer.write(lines.encode() + body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    return await asyncio.start_server(answer, "127.0.0.1", 0)


def resident_bytes() -> int:
    """Return what this process holds in memory."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGESIZE")


async def memory(files: Files) -> int:
    """Return by how many bytes this process grew while it stored LARGE_AT_ONCE large files at once."""
    piece = os.urandom(250_000)
    before, most, is_done = resident_bytes(), 0, asyncio.Event()

    async def watch() -> None:
        nonlocal most
        while not is_done.is_set():
            most = max(most, resident_bytes())
            await asyncio.sleep(0.005)

    async def store(number: int) -> None:
        async with files.draft() as draft:
            await draft.write(bytes([number]))
            for _ in range(LARGE_BYTES // len(piece)):
                await draft.write(piece)
            await draft.end()
            stored = await draft.keep()
        await files.delete(stored.hash)

    watching = asyncio.create_task(watch())
    await asyncio.gather(*map(store, range(LARGE_AT_ONCE)))
    is_done.set()
    await watching
    return most - before


async def run(url: str, folder: Path, rounds: int) -> bool:
    """Print the table; whether every limit was kept."""
    await schema.migrate(url)
    server = await serve({"/20KB.png": picture(20_000), "/1MB.png": picture(1_000_000)})
    port = server.sockets[0].getsockname()[1]
    async with AsyncExitStack() as stack:
        db = await stack.enter_async_context(Database(url))
        fetcher = await stack.enter_async_context(fetch.Fetcher(fetch.Rules(allow_loopback=True)))
        workers = await stack.enter_async_context(pool.Pool())
        files = Files((folder / "files").as_uri(), drafts=folder)
        tools = capture.Tools(db=db, files=files, fetcher=fetcher, pool=workers)
        ident = await upstreams.pin(db, origin="https://api.example", account="bench", simulated=False)
        bench = Bench(tools, f"http://127.0.0.1:{port}", ident)
        medians = {}
        for size in ("20KB", "1MB"):
            path = f"/{size}.png"
            await bench.alone(path, 5)
            medians[size], slow_ms = await bench.alone(path, rounds)
            per_s = await bench.together(path, rounds * 2)
            print(
                f"{size:>6}  alone p50 {medians[size]:6.1f} ms  p95 {slow_ms:6.1f} ms"
                f"   {AT_ONCE} at once {per_s:6.1f}/s"
            )
        grown_bytes = await memory(files)
    server.close()
    print(
        f"{LARGE_AT_ONCE} files of {LARGE_BYTES // 1_000_000} MB at once: memory grew by {grown_bytes / 1e6:.0f} MB,"
        f" {files.memory.most_bytes / 1e6:.0f} MB of {MEMORY_MAX_BYTES / 1e6:.0f} MB taken"
    )
    return medians["1MB"] <= LIMIT_MS and grown_bytes <= MEMORY_MAX_BYTES * 1.1


def main() -> int:
    """Start a server of its own and measure on it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=60)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tt-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with embedded.server(folder / "data") as server:
            kept = asyncio.run(run(server.url, folder, given.rounds))
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
