"""Empty the queues: fetch a job when there is room for it, do it, take over from workers that died.

    worker = Worker(app, database, (Slots(Queue.SUBMIT, 40, gate=lane), Slots(Queue.CAPTURE, 8)))
    await worker.run()                   # until stop()

A worker lives through the database's absence: it goes on when it is back. A job whose task fails is done again,
later and later; a job whose worker died is done by another within ten seconds. So each task has to be harmless when
it is done twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

import psycopg
from procrastinate import exceptions, jobs
from psycopg import sql

from tintype.engine import duties
from tintype.store.errors import DatabaseAway

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from contextlib import AbstractContextManager

    import procrastinate
    from procrastinate.manager import JobManager

    from tintype.engine.app import Queue
    from tintype.observing import Observer
    from tintype.store.database import Database

HEARTBEAT_S = 1.0
STALLED_S = 5.0
"""A worker that was silent for so long is dead; what it had is taken over."""
POLL_S = 1.0
_AGAIN_S = 0.5
_RETRY_MAX_S = 30.0
# After so long without news a listening connection is asked whether it still stands.
_LISTEN_S = 10.0
_AWAY = (DatabaseAway, exceptions.ConnectorException, psycopg.OperationalError, OSError)

_log = logging.getLogger("tintype.engine")


class Gate(Protocol):
    """What has to let a fetch through before it is made: a lane of the throttle."""

    async def permit(self) -> None:
        """Wait for one."""

    async def give_back(self) -> None:
        """Take it back unused."""


@dataclass(frozen=True, slots=True)
class Slots:
    """How many jobs of a queue are done at once in this process, and behind which gate they are fetched."""

    queue: Queue
    at_once: int
    gate: Gate | None = None


@dataclass(slots=True)
class _Line:
    """A queue as this worker sees it: free slots, a bell that rings for new jobs."""

    slots: Slots
    free: asyncio.Semaphore
    bell: asyncio.Event = field(default_factory=asyncio.Event)


class Worker:
    """One worker: any number of them, in any process, empty the same queues."""

    def __init__(
        self,
        app: procrastinate.App,
        database: Database,
        slots: Sequence[Slots],
        *,
        observer: Observer,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._app = app
        self._database = database
        self._observer = observer
        self._manager: JobManager = app.job_manager
        self._now = now
        self._lines = [_Line(one, asyncio.Semaphore(one.at_once)) for one in slots]
        self._stopping = asyncio.Event()
        self._running: dict[asyncio.Task[None], jobs.Job] = {}
        self._fetching: set[asyncio.Future[jobs.Job | None]] = set()
        self._id: int | None = None
        self._is_over = asyncio.Event()
        self.is_ready = asyncio.Event()
        """Set while it fetches."""

    def stop(self) -> None:
        """Fetch nothing more; `run` returns when what was begun is done."""
        self._stopping.set()

    async def run(self, *, finish_s: float = 20.0) -> None:
        """Work until `stop()`; then give what was begun `finish_s`, and put the rest back into its queue."""
        try:
            while not self._stopping.is_set():
                try:
                    await duties.until(self._stopping, self._work())
                except* _AWAY as group:
                    _log.warning("the database is away, the worker waits: %s", group.exceptions[0])
                self.is_ready.clear()
                await duties.until(self._stopping, asyncio.sleep(_AGAIN_S))
        finally:
            self.is_ready.clear()
            await self._leave(finish_s)

    async def _work(self) -> None:
        """Fetch and do jobs until something breaks."""
        await self._give_back()
        await self._manager.prune_stalled_workers(STALLED_S)
        self._id = await self._manager.register_worker()
        self._is_over = asyncio.Event()
        self.is_ready.set()
        await duties.together(
            self._beat(self._id),
            self._take_over(),
            self._listen(),
            *(self._fetch(line, self._id) for line in self._lines),
            is_over=self._is_over,
        )

    async def _fetch(self, line: _Line, worker_id: int) -> None:
        queue, gate = line.slots.queue.value, line.slots.gate
        while not self._is_over.is_set():
            await line.free.acquire()
            job = None
            try:
                # No job is held while a permit is waited for: another's may be the first in line by then.
                if gate is not None:
                    await gate.permit()
                line.bell.clear()
                job = await self._fetched(queue, worker_id)
            finally:
                if job is None:
                    line.free.release()
            if job is not None:
                self._begin(line, job)
                continue
            if gate is not None:
                await gate.give_back()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_S):
                    await line.bell.wait()

    async def _fetched(self, queue: str, worker_id: int) -> jobs.Job | None:
        """Fetch a job. Cancelled meanwhile, it leaves the fetch to be looked after: a job may come of it."""
        fetching = asyncio.ensure_future(self._manager.fetch_job(queues=[queue], worker_id=worker_id))
        self._fetching.add(fetching)
        job = await asyncio.shield(fetching)
        self._fetching.discard(fetching)
        return job

    async def _give_back(self) -> None:
        """Put back what was fetched while nobody waited for it any more, at once and not when this worker is missed."""
        if self._fetching:
            await asyncio.wait(self._fetching, timeout=_AGAIN_S)
        left, self._fetching = self._fetching, set()
        for one in left:
            if not one.done():
                one.cancel()
            elif not one.cancelled() and one.exception() is None and (job := one.result()) is not None:
                with contextlib.suppress(*_AWAY):
                    await self._manager.retry_job(job)

    def _begin(self, line: _Line, job: jobs.Job) -> None:
        task = asyncio.create_task(self._do(line, job), name=f"{job.task_name} {job.id}")
        self._running[task] = job
        task.add_done_callback(lambda done: self._running.pop(done, None))

    async def _do(self, line: _Line, job: jobs.Job) -> None:
        try:
            with self._about(job):
                await self._try(line, job)
        finally:
            line.free.release()

    def _about(self, job: jobs.Job) -> AbstractContextManager[Any]:
        named: dict[str, Any] = job.task_kwargs
        return self._observer.about(
            str(named.get("generation_id", "")), named.get("key_id"), named.get("request_id")
        )

    async def _try(self, line: _Line, job: jobs.Job) -> None:
        again_s: float | None = None
        was_needed: bool | None = None
        try:
            with self._observer.job(job.queue, str(job.task_kwargs.get("generation_id", ""))):
                was_needed = await self._app.tasks[job.task_name](**job.task_kwargs)
        except* _AWAY as group:
            again_s = _AGAIN_S
            _log.warning("%s waits for the database: %s", job.task_name, group.exceptions[0])
        except* Exception:  # noqa: BLE001 - whatever it is, the job is not lost by it, and the log has it all
            again_s = min(2.0 ** min(job.attempts, 6), _RETRY_MAX_S)
            _log.exception("%s failed; it is done again in %g s", job.call_string, again_s)
        if was_needed is False and line.slots.gate is not None:
            with contextlib.suppress(*_AWAY):
                await line.slots.gate.give_back()
        await self._until_done(lambda: self._finish(job, again_s))

    async def _finish(self, job: jobs.Job, again_s: float | None) -> None:
        try:
            if again_s is None:
                await self._manager.finish_job(job=job, status=jobs.Status.SUCCEEDED, delete_job=True)
            else:
                await self._manager.retry_job(job, retry_at=self._now() + timedelta(seconds=again_s))
        except exceptions.ConnectorException as error:
            if isinstance(error.__cause__, psycopg.errors.RaiseException):
                # Another worker took it for dead, did the job and finished it before.
                _log.info("%s was finished elsewhere", job.call_string)
                return
            raise

    async def _until_done(self, act: Callable[[], Awaitable[None]]) -> None:
        """Do it as soon as the database is there; a worker that is to stop tries no longer."""
        while True:
            try:
                await act()
            except _AWAY as error:
                if self._stopping.is_set():
                    _log.warning("a job is left to be taken over: %s", error)
                    return
            else:
                return
            await asyncio.sleep(_AGAIN_S)

    async def _beat(self, worker_id: int) -> None:
        while not self._is_over.is_set():
            await self._manager.update_heartbeat(worker_id)
            await asyncio.sleep(HEARTBEAT_S)

    async def _take_over(self) -> None:
        """Put what dead workers had back into its queue."""
        while not self._is_over.is_set():
            await asyncio.sleep(HEARTBEAT_S)
            for job in await self._manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_S):
                with self._about(job):
                    _log.warning("%s is taken over from a worker that died", job.call_string)
                self._observer.taken_over(job.queue)
                await self._manager.retry_job(job)
            await self._manager.prune_stalled_workers(2 * STALLED_S)

    async def _listen(self) -> None:
        """Ring a queue's bell when a job is deferred to it. Retried and delayed jobs ring none: they are polled."""
        by_channel = {f"procrastinate_queue_v1#{line.slots.queue.value}": line for line in self._lines}
        async with self._database.connection() as session:
            connection = session.connection
            try:
                for channel in by_channel:
                    await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
                while not self._is_over.is_set():
                    async for notice in connection.notifies(timeout=_LISTEN_S):
                        if notice.channel in by_channel:
                            by_channel[notice.channel].bell.set()
                    await connection.execute(b"SELECT 1")
            finally:
                if not connection.broken:
                    await connection.execute(b"UNLISTEN *")

    async def _leave(self, finish_s: float) -> None:
        await self._give_back()
        if self._running:
            await asyncio.wait(set(self._running), timeout=finish_s)
        left = dict(self._running)
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(set(left))
        for task, job in left.items():
            if task.cancelled():
                with contextlib.suppress(*_AWAY):
                    # At once, so that nobody has to find out that this worker is gone.
                    await self._manager.retry_job(job)
        if self._id is not None:
            with contextlib.suppress(*_AWAY):
                await self._manager.unregister_worker(self._id)
