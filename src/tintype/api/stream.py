"""Server-sent events to thousands of readers in one process, each as small as it can be (rule 17).

    return stream.Events(here.streams, caller.key, partial(here.core.feed.follow, id, after=after))

A reader has no task beside its request's own, which waits for it to leave; one task writes to all of them, and an
event becomes text once, however many get it. What the request brought along is let go of before the stream begins.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import types
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Protocol

import psycopg
from starlette.responses import Response

from tintype.api.problems import Problem
from tintype.domain import feed as rules
from tintype.domain.errors import TintypeError
from tintype.service.readers import AllReader

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Generator, Iterable

    from starlette.types import Receive, Scope, Send

    from tintype.domain.feed import Event
    from tintype.service.readers import Reader

    Ended = Callable[[Collection[str]], Awaitable[set[str]]]

HEARTBEAT_S = 15.0
"""How often each reader gets a comment, so that nobody between takes the connection for dead."""
LOOK_S = 2.0
"""How often it is looked whether the readers' keys still count."""
STREAMS_MAX = 10_000
_SLOTS = 15
_AT_ONCE = 64
_TEXTS_MAX = 512
_BEAT = b":\n\n"
# After a restart all readers come back; they are told to do so within these milliseconds.
_RETRY_LEAST_MS, _RETRY_SPREAD_MS = 1000, 3000
_HEADERS = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    # nginx keeps answers back otherwise.
    (b"x-accel-buffering", b"no"),
)

log = logging.getLogger("tintype.api")


class Follow(Protocol):
    """What begins to follow: one of a feed's ways, with its arguments but the last."""

    async def __call__(self, *, ring: Callable[[], None]) -> Reader | AllReader:
        """Return the reader; `ring` is called when it has something."""
        ...


class Source(Protocol):
    """Where readers come from, and go: the feed."""

    async def whole(self, reader: Reader | AllReader) -> Event:
        """Return the whole state of what a reader follows."""
        ...

    def leave(self, reader: Reader | AllReader) -> None:
        """Let nothing wait for a reader any more."""
        ...


class Streams:
    """All streams of one process. `ended` tells which keys count no more; `stopping` that the server is to end.

    `heartbeat_s` and `look_s` are how often readers get a comment, and how often keys are looked at.
    """

    def __init__(
        self,
        feed: Source,
        *,
        ended: Ended,
        stopping: asyncio.Event,
        streams_max: int = STREAMS_MAX,
        heartbeat_s: float = HEARTBEAT_S,
        look_s: float = LOOK_S,
    ) -> None:
        self.feed = feed
        self._ended = ended
        self._stopping = stopping
        self._streams_max = streams_max
        self._heartbeat_s = heartbeat_s
        self._look_s = look_s
        self._opened = 0
        # Who was opened at about the same time hears its heartbeats together.
        self._slots: list[set[Listener]] = [set() for _ in range(_SLOTS)]
        self._slot = self._slots[-1]
        self._marked: list[Listener] = []
        self._bell = asyncio.Event()
        self._texts: dict[int, tuple[Event, bytes]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._slots))

    def check_room(self) -> None:
        """Raise Problem where there are as many streams as may be."""
        if len(self) >= self._streams_max:
            raise Problem(
                "too_many_requests",
                f"{self._streams_max:,} streams are open, and there may be no more; close one, or come later",
                retry_after_s=10.0,
            )

    def add(self, listener: Listener) -> bytes:
        """Take in a listener; returns the event that it is told first, as far as that is the same for all."""
        self._opened += 1
        listener.slot = self._slot
        self._slot.add(listener)
        return b"event: ready\nretry: %d\n" % (_RETRY_LEAST_MS + self._opened * 617 % _RETRY_SPREAD_MS)

    def mark(self, listener: Listener) -> None:
        """Write to a listener soon."""
        self._marked.append(listener)
        self._bell.set()

    @property
    def is_stopping(self) -> bool:
        """Whether streams end."""
        return self._stopping.is_set()

    def text(self, event: Event) -> bytes:
        """Return an event as it is sent."""
        found = self._texts.get(id(event))
        if found is None:
            if len(self._texts) >= _TEXTS_MAX:
                self._texts.clear()
            # The event is kept with it, so that no other gets its identity.
            found = self._texts[id(event)] = (event, written(event))
        return found[1]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Write to all who listen until the end."""
        tasks = [
            asyncio.create_task(act, name=f"streams: {name}")
            for name, act in (
                ("write", self._write()),
                ("beat", self._beat()),
                ("keys", self._watch_keys()),
                ("stop", self._stop()),
            )
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _write(self) -> None:
        while True:
            await self._bell.wait()
            self._bell.clear()
            marked, self._marked = self._marked, []
            await _each(marked, Listener.flush)
            self._texts.clear()

    async def _beat(self) -> None:
        for slot in itertools.cycle(self._slots):
            await asyncio.sleep(self._heartbeat_s / _SLOTS)
            self._slot = slot
            await _each(list(slot), Listener.beat)

    async def _watch_keys(self) -> None:
        while True:
            await asyncio.sleep(self._look_s)
            open_ones = list(itertools.chain(*self._slots))
            if not open_ones:
                continue
            try:
                ended = await self._ended({one.key for one in open_ones})
            except (TintypeError, psycopg.OperationalError) as fault:
                log.warning("whether the keys of streams still count is looked at later: %s", fault)
                continue
            await _each([one for one in open_ones if one.key in ended], Listener.end)

    async def _stop(self) -> None:
        await self._stopping.wait()
        await _each(list(itertools.chain(*self._slots)), Listener.end)


class Events(Response):
    """The answer that begins a stream: `follow` says of what, `key` whose it is."""

    def __init__(self, streams: Streams, key: str, follow: Follow) -> None:
        self.status_code = 200
        self.background = None
        self.raw_headers = list(_HEADERS)
        self._listener = Listener(streams, key, follow)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send what comes before the first event, and leave the rest to whoever is outermost."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        visit = scope.get("state", {}).get("visit")
        if visit is None:
            await self._listener.run(receive, send)
        else:
            # When the layers between have returned, nothing of them is kept.
            visit.then = self._listener.run


class Listener:
    """One who listens."""

    __slots__ = (
        "_follow",
        "_is_ending",
        "_is_marked",
        "_is_over",
        "_reader",
        "_send",
        "_sending",
        "_streams",
        "key",
        "slot",
    )

    def __init__(self, streams: Streams, key: str, follow: Follow) -> None:
        self.key = key
        self.slot: set[Listener] = set()
        self._streams = streams
        self._follow: Follow | None = follow
        self._reader: Reader | AllReader | None = None
        self._send: Send | None = None
        self._sending: asyncio.Future[None] | None = None
        self._is_marked = False
        self._is_ending = False
        self._is_over = False

    async def run(self, receive: Receive, send: Send) -> None:
        """Stay until it leaves, or nothing comes any more."""
        self._send, follow, self._follow = send, self._follow, None
        assert follow is not None  # noqa: S101 - it runs once
        try:
            self._reader = await follow(ring=self.mark)
        except (TintypeError, psycopg.OperationalError) as fault:
            # The answer has begun: it ends here, and who listens comes again with the id it had last.
            log.warning("a stream ended at once: %s", fault)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        try:
            first = self._streams.add(self)
            self._is_ending = self._streams.is_stopping
            if isinstance(self._reader, AllReader):
                # From there it goes on when it comes again before anything happened.
                first += b"id: %s\n" % rules.start(self._reader.place).encode()
            self._write(first + b"data: {}\n\n")
            self.flush()
            while (await receive())["type"] != "http.disconnect":
                pass
        finally:
            self._is_over = True
            self.slot.discard(self)
            self._streams.feed.leave(self._reader)
            if self._sending is not None:
                self._sending.cancel()

    def mark(self) -> None:
        """Have it written to."""
        if not self._is_marked:
            self._is_marked = True
            self._streams.mark(self)

    def flush(self) -> None:
        """Write what waits; a reader that is slow goes on where it was when it has taken what it has."""
        self._is_marked = False
        reader = self._reader
        if reader is None or self._sending is not None or self._is_over:
            return
        if self._is_ending:
            self._write(b"", is_last=True)
            return
        found = []
        while (event := reader.take()) is not None:
            found.append(self._streams.text(event))
        if reader.line.is_full:
            self._go_on(self._begin_anew(b"".join(found)))
        elif found:
            self._write(b"".join(found))
        if reader.is_over:
            # Streams end when everybody has heard.
            self._is_ending = True
            self.mark()

    def beat(self) -> None:
        """Write a comment."""
        if self._sending is None and not self._is_over:
            self._write(_BEAT)

    def end(self) -> None:
        """End the stream; who wants to goes on elsewhere, or with another key, from the id it had last."""
        self._is_ending = True
        self.flush()

    def _write(self, text: bytes, *, is_last: bool = False) -> None:
        """Send as far as that goes without waiting, which is nearly always to the end; else the rest has a task."""
        assert self._send is not None  # noqa: S101 - it runs
        self._is_over = self._is_over or is_last
        message = {"type": "http.response.body", "body": text, "more_body": not is_last}
        steps = self._send(message).__await__()
        try:
            waits_for = next(steps)
        except StopIteration:
            return
        self._go_on(_rest(steps, waits_for))

    def _go_on(self, sending: Awaitable[None]) -> None:
        self._sending = asyncio.ensure_future(sending)
        self._sending.add_done_callback(self._sent)

    def _sent(self, task: asyncio.Future[None]) -> None:
        self._sending = None
        if not task.cancelled():
            self._is_ending = self._is_ending or task.exception() is not None
            self.mark()

    async def _begin_anew(self, text: bytes) -> None:
        """Tell a reader that was too slow the whole state, and end."""
        assert self._reader is not None  # noqa: S101 - it runs
        assert self._send is not None  # noqa: S101 - it runs
        reset = await self._streams.feed.whole(self._reader)
        self._is_over = True
        body = text + self._streams.text(reset)
        await self._send({"type": "http.response.body", "body": body, "more_body": False})


def written(event: Event) -> bytes:
    """Write an event as text/event-stream."""
    facts: dict[str, Any] = {}
    if event.generation_id is not None:
        facts = {"generation_id": event.generation_id, "number": event.number, "state": event.state}
    if event.at is not None:
        facts["at"] = event.at.isoformat()
    data = json.dumps({**facts, **event.body}, ensure_ascii=False, separators=(",", ":"))
    ident = f"id: {event.id}\n" if event.id else ""
    # JSON has no line breaks of its own, so that the data is one line.
    return f"{ident}event: {event.kind}\ndata: {data}\n\n".encode()


async def _each(listeners: Iterable[Listener], act: Callable[[Listener], None]) -> None:
    """Do something with many, and let others have their turn between."""
    for number, listener in enumerate(listeners, 1):
        try:
            act(listener)
        except Exception:
            log.exception("a stream could not be written to")
        if number % _AT_ONCE == 0:
            await asyncio.sleep(0)


async def _rest(steps: Generator[Any, None, Any], waits_for: Any) -> None:
    """Go on with what was begun by hand, and waits for something."""
    await _resumed(steps, waits_for)


@types.coroutine
def _resumed(steps: Generator[Any, None, Any], waits_for: Any) -> Generator[Any, None, None]:
    yield waits_for
    yield from steps
