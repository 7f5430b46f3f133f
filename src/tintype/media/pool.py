"""A pool of processes for work that may break its process: decoding what strangers made.

Each process takes one request at a time, under limits of memory and time. One that dies, or takes too long, fails
that request only; the next starts a fresh one. Processes start when they are needed and end when idle.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
from collections import deque
from typing import TYPE_CHECKING, Any, Self

from tintype.domain.errors import TintypeError
from tintype.media.files_errors import StorageAway

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

MEMORY_MAX_BYTES = 2 * 1024 * 1024 * 1024
"""Address space of a process. Libraries take up to 0.5 GB of it before any picture does."""
TIME_MAX_S = 20.0
"""How long one request may take."""
FILE_MAX_BYTES = 64 * 1024 * 1024
"""The largest file that a process may write."""
PROCESSES = 2
_IDLE_S = 30.0
# Leaks of decoders end with their process.
_REQUESTS_MAX = 500
_ANSWER_MAX_BYTES = 64 * 1024


class WorkFailed(TintypeError):
    """The file could not be worked on: it cannot be decoded, or it broke its process or a limit.

    `has_died` says the latter. Doing it again would end the same way.
    """

    code = "media_unreadable"

    def __init__(self, message: str, *, has_died: bool) -> None:
        super().__init__(message)
        self.has_died = has_died


class Pool:
    """At most `processes` at once; further requests wait for their turn. Belongs to one event loop."""

    def __init__(
        self,
        *,
        processes: int = PROCESSES,
        memory_max_bytes: int = MEMORY_MAX_BYTES,
        time_max_s: float = TIME_MAX_S,
        file_max_bytes: int = FILE_MAX_BYTES,
        idle_s: float = _IDLE_S,
    ) -> None:
        self._memory_max_bytes = memory_max_bytes
        self._time_max_s = time_max_s
        self._file_max_bytes = file_max_bytes
        self._idle_s = idle_s
        self._turns = asyncio.Semaphore(processes)
        self._idle: deque[_Process] = deque()
        self._closing: asyncio.TimerHandle | None = None
        self._ending: set[asyncio.Task[None]] = set()
        self._is_closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """End all processes that have nothing to do; those at work end with their request."""
        self._is_closed = True
        if self._closing is not None:
            self._closing.cancel()
        while self._idle:
            await self._idle.pop().end()
        if self._ending:
            await asyncio.gather(*self._ending)

    async def thumbnail(self, source: str, target: str, *, side_px: int) -> Mapping[str, Any]:
        """Have a thumbnail written to `target`; see `thumbnails.thumbnail`. Raises WorkFailed."""
        return await self.run("thumbnail", source=source, target=target, side_px=side_px)

    async def measure(self, source: str) -> Mapping[str, Any]:
        """Have a film or a sound measured; see `thumbnails.measure`. Raises WorkFailed."""
        return await self.run("measure", source=source)

    async def run(self, do: str, **arguments: Any) -> Mapping[str, Any]:
        """Have one of `pool_worker.WORK` done. Raises WorkFailed, or StorageAway while the disk is full."""
        async with self._turns:
            process = self._idle.pop() if self._idle else await self._start()
            is_fine = False
            try:
                answer = await process.ask({"do": do, **arguments}, time_max_s=self._time_max_s)
                is_fine = True
            finally:
                if is_fine and process.requests < _REQUESTS_MAX and not self._is_closed:
                    self._idle.append(process)
                    self._close_later()
                else:
                    await process.end()
        if "full" in answer:
            raise StorageAway(f"there is no room to work in: {answer['full']}", can_retry=True)
        if "failed" in answer:
            raise WorkFailed(f"The file cannot be read: {answer['failed']}.", has_died=False)
        done: Mapping[str, Any] = answer["done"]
        return done

    async def _start(self) -> _Process:
        return _Process(
            await asyncio.create_subprocess_exec(
                sys.executable,
                # Not from the folder one happens to stand in.
                "-P",
                "-m",
                "tintype.media.pool_worker",
                str(self._memory_max_bytes),
                str(int(self._time_max_s) + 1),
                str(self._file_max_bytes),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                limit=_ANSWER_MAX_BYTES,
                # Ctrl-C is for us; the process ends when we close its input.
                start_new_session=True,
            )
        )

    def _close_later(self) -> None:
        if self._closing is not None:
            self._closing.cancel()
        self._closing = asyncio.get_running_loop().call_later(self._idle_s, self._close_idle)

    def _close_idle(self) -> None:
        while self._idle:
            ending = asyncio.ensure_future(self._idle.pop().end())
            self._ending.add(ending)
            ending.add_done_callback(self._ending.discard)


class _Process:
    """A process of the pool, with its pipes."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.requests = 0

    async def ask(self, request: Mapping[str, Any], *, time_max_s: float) -> Mapping[str, Any]:
        assert self._process.stdin is not None and self._process.stdout is not None  # noqa: S101, PT018 - both are pipes
        self.requests += 1
        line = b""
        try:
            async with asyncio.timeout(time_max_s):
                with contextlib.suppress(ConnectionError):
                    self._process.stdin.write(json.dumps(request).encode() + b"\n")
                    await self._process.stdin.drain()
                line = await self._process.stdout.readline()
        except TimeoutError:
            raise WorkFailed(
                f"The file was not decoded within {time_max_s:g} s, and was given up.", has_died=True
            ) from None
        if not line.endswith(b"\n"):
            raise WorkFailed(f"The file broke its decoder ({await self._last_words()}).", has_died=True)
        answer: Mapping[str, Any] = json.loads(line)
        return answer

    async def end(self) -> None:
        """End it, and leave no zombie."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
        # The transport of the pipe is closed by itself only once the loop has turned.
        if self._process.stdin is not None:
            self._process.stdin.close()
            with contextlib.suppress(ConnectionError):
                await self._process.stdin.wait_closed()

    async def _last_words(self) -> str:
        code = await self._process.wait()
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"
