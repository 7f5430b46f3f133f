"""Streams of events: what is written when, and what a reader costs that is slow, gone or not allowed (rule 17)."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tintype.api import stream
from tintype.api.problems import Problem
from tintype.domain.feed import Event, Kind
from tintype.service.readers import AllReader, Reader

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection

IDENT = "01k9w3t8m2q7r5v6x0y4z1a2b3"
WAIT_S = 10.0


def state(number: int, word: str = "running") -> Event:
    return Event(Kind.STATE, str(number), IDENT, number, word)


@dataclass
class Source:
    """Readers without a database behind them."""

    readers: list[Reader] = field(default_factory=list)

    async def follow(self, *, ring: Callable[[], None]) -> Reader:
        self.readers.append(Reader(IDENT, waiting_max=5, ring=ring))
        return self.readers[-1]

    async def whole(self, reader: Reader | AllReader) -> Event:  # noqa: ARG002 - as the feed does
        return Event(Kind.RESET, "9", IDENT, 9, "running")

    def leave(self, reader: Reader | AllReader) -> None:
        assert isinstance(reader, Reader)
        self.readers.remove(reader)

    def tell(self, *events: Event) -> None:
        for reader in self.readers:
            for event in events:
                reader.line.put(event)
            reader.ring()


class Line:
    """A connection as a server offers it: what was sent, a reader that may stop reading, and its leaving."""

    def __init__(self) -> None:
        self.text = b""
        self.is_over = False
        self.reads = asyncio.Event()
        self.reads.set()
        self.gone = asyncio.Event()
        self.task: asyncio.Task[None] | None = None

    async def receive(self) -> dict[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        await self.reads.wait()
        self.text += message.get("body", b"")
        if message["type"] == "http.response.body" and not message["more_body"]:
            self.is_over = True
            self.gone.set()

    async def until(self, word: bytes) -> None:
        async with asyncio.timeout(WAIT_S):
            while word not in self.text:  # noqa: ASYNC110 - nobody is told what was sent
                await asyncio.sleep(0.001)

    async def end(self) -> None:
        assert self.task is not None
        async with asyncio.timeout(WAIT_S):
            await self.task


@dataclass
class Stage:
    streams: stream.Streams
    source: Source
    stopping: asyncio.Event
    ended: set[str]

    async def open(self, key: str = "k") -> Line:
        line = Line()
        answer = stream.Events(self.streams, key, self.source.follow)
        line.task = asyncio.create_task(answer({"type": "http"}, line.receive, line.send))
        await line.until(b"event: ready")
        return line


@asynccontextmanager
async def staged(**options: Any) -> AsyncIterator[Stage]:
    """Run streams, with all the parts in reach."""
    source, stopping, ended = Source(), asyncio.Event(), set[str]()

    async def which(keys: Collection[str]) -> set[str]:
        return ended & set(keys)

    streams = stream.Streams(source, ended=which, stopping=stopping, **options)
    async with streams.running():
        yield Stage(streams, source, stopping, ended)


async def test_events_are_written_in_order_and_the_last_ends_it() -> None:
    async with staged() as stage:
        line = await stage.open()
        stage.source.tell(state(1), state(2, "succeeded"))
        await line.end()

    first = (
        b'id: 1\nevent: state\ndata: {"generation_id":"%s","number":1,"state":"running"}\n\n' % IDENT.encode()
    )
    assert first in line.text
    assert line.text.index(b"id: 1") < line.text.index(b"id: 2")
    assert line.is_over
    assert not stage.source.readers


async def test_a_text_is_made_once_for_all() -> None:
    async with staged() as stage:
        lines = [await stage.open() for _ in range(200)]
        event = state(1)
        stage.source.tell(event)
        for line in lines:
            await line.until(b"id: 1")

        assert stage.streams.text(event) is stage.streams.text(event)


async def test_each_hears_a_comment_when_nothing_happens() -> None:
    async with staged(heartbeat_s=0.15) as stage:
        lines = [await stage.open() for _ in range(3)]
        for line in lines:
            await line.until(b"\n\n:\n\n")


async def test_one_that_does_not_read_keeps_nobody_waiting_and_begins_anew() -> None:
    """Rule 17: a slow reader is dropped with `reset`; the others hear all."""
    async with staged() as stage:
        slow, quick = await stage.open(), await stage.open()
        slow.reads.clear()
        for number in range(1, 9):
            stage.source.tell(state(number))
            await quick.until(b"id: %d\n" % number)
        slow.reads.set()
        await slow.end()

    assert b"id: 1\n" in slow.text
    assert b"id: 8\n" not in slow.text
    assert b"id: 9\nevent: reset" in slow.text


async def test_streams_end_with_their_key() -> None:
    """A key that was revoked, or has expired, ends its streams."""
    async with staged(look_s=0.01) as stage:
        mine, other = await stage.open("mine"), await stage.open("other")
        stage.ended.add("mine")
        await mine.end()
        stage.source.tell(state(1))
        await other.until(b"id: 1")

    assert b"id: 1" not in mine.text


async def test_streams_end_with_the_server() -> None:
    """Those that are open, and those that come while it stops; one that does not read is no hindrance."""
    async with staged() as stage:
        lines = [await stage.open() for _ in range(3)]
        lines[0].reads.clear()
        stage.source.tell(state(1))
        stage.stopping.set()
        for line in lines[1:]:
            await line.end()
        late = await stage.open()
        await late.end()
        lines[0].reads.set()
        await lines[0].end()


async def test_one_that_leaves_is_forgotten() -> None:
    async with staged() as stage:
        line = await stage.open()
        line.gone.set()
        await line.end()
        stage.source.tell(state(1))

        assert len(stage.streams) == 0
        assert not stage.source.readers


async def test_there_is_an_end_to_how_many() -> None:
    async with staged(streams_max=2) as stage:
        await stage.open()
        stage.streams.check_room()
        await stage.open()
        with pytest.raises(Problem) as refused:
            stage.streams.check_room()

    assert refused.value.status_code == 429
