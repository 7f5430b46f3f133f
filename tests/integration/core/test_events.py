"""Listeners in any process hear every change of state, and progress twice a second (rule 17)."""

from __future__ import annotations

import asyncio
import itertools
import time
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.integration.core.asking import new_id
from tests.integration.core.buying.conftest import until
from tintype.domain.access import Actor
from tintype.domain.errors import UnknownGeneration
from tintype.domain.feed import Cursor, Event, Kind
from tintype.service import events
from tintype.store import feed as entries
from tintype.store import generations

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from tests.integration.core.asking import Asking
    from tintype.store.database import Database
    from tintype.store.feed import Entry


@pytest.fixture
async def feed(db: Database) -> AsyncIterator[events.Feed]:
    async with events.Feed(db) as made:
        yield made


async def _move(ask: Asking, ident: str, state: str, **changes: object) -> None:
    async with ask.db.transaction() as work:
        await generations.move(work, ident, {"state": state, **changes})


async def _take(stream: AsyncGenerator[Event], count: int) -> list[Event]:
    async with asyncio.timeout(60):
        return [await anext(stream) for _ in range(count)]


async def _rest(stream: AsyncGenerator[Event]) -> list[Event]:
    async with asyncio.timeout(60):
        return [event async for event in stream]


def _seen(found: list[Event]) -> list[tuple[str, str | None]]:
    return [(event.id, event.state) for event in found if event.kind is Kind.STATE]


async def test_every_state_is_told_until_the_end(ask: Asking, feed: events.Feed) -> None:
    (ident,) = await ask.admitted()
    stream = feed.watch(ident)
    first = await _take(stream, 1)
    for state in ("submitting", "running", "capturing"):
        await _move(ask, ident, state)
    await ask.end(ident)

    rest = await _rest(stream)

    assert _seen(first + rest) == [
        ("1", "queued"),
        ("2", "submitting"),
        ("3", "running"),
        ("4", "capturing"),
        ("5", "succeeded"),
    ]
    assert rest[0].at is not None


@pytest.mark.parametrize(("after", "expected"), [("0", 4), ("1", 3), ("3", 1), ("4", 0)])
async def test_what_was_missed_comes_in_order(
    ask: Asking, feed: events.Feed, after: str, expected: int
) -> None:
    """Rule 17: after Last-Event-ID, the missed state events in order."""
    (ident,) = await ask.admitted()
    for state in ("running", "capturing"):
        await _move(ask, ident, state)
    await ask.end(ident)

    found = await _rest(feed.watch(ident, after=after))

    assert [event.id for event in found] == ["1", "2", "3", "4"][4 - expected :]


@pytest.mark.parametrize("after", ["99", "nonsense", ""])
async def test_an_unknown_id_begins_anew_with_the_whole_state(
    ask: Asking, feed: events.Feed, after: str
) -> None:
    """Rule 17: `reset`, and then what comes next."""
    (ident,) = await ask.admitted()
    await _move(ask, ident, "running", prediction_id="p")
    await events.report(ask.db, ident, prediction_id="p", logs="30%", output=None)
    stream = feed.watch(ident, after=after)

    first, second = await _take(stream, 2)
    await ask.end(ident)
    rest = await _rest(stream)

    assert (first.kind, first.id, first.state) == (Kind.RESET, "2", "running")
    assert first.body["percent"] == 30.0
    assert first.body["progress"]["logs"] == "30%"
    assert second.kind is Kind.PROGRESS
    assert _seen(rest) == [("3", "succeeded")]


async def test_after_missed_states_comes_the_latest_progress(ask: Asking, feed: events.Feed) -> None:
    """Rule 17: missed states come in order, then the latest progress."""
    (ident,) = await ask.admitted()
    await _move(ask, ident, "running", prediction_id="p")
    for percent in (10, 20, 30):
        await events.report(
            ask.db, ident, prediction_id="p", logs=f"step\n {percent}%", output=["Once ", "upon"]
        )
    stream = feed.watch(ident, after="1")

    state, progress = await _take(stream, 2)

    assert state.state == "running"
    assert progress.kind is Kind.PROGRESS
    assert (progress.body["percent"], progress.body["output"]) == (30.0, "Once upon")
    assert progress.id == "2"
    await stream.aclose()


async def test_progress_comes_at_most_twice_a_second_and_the_last_one_always(
    ask: Asking, feed: events.Feed
) -> None:
    (ident,) = await ask.admitted()
    await _move(ask, ident, "running", prediction_id="p")
    stream = feed.watch(ident)
    await _take(stream, 1)
    found: list[tuple[float, float]] = []

    async def read() -> None:
        async for event in stream:
            found.append((time.monotonic(), event.body["percent"]))
            if event.body["percent"] == 60.0:
                return

    reading = asyncio.create_task(read())
    for percent in range(61):
        await events.report(
            ask.db, ident, prediction_id="p", logs="#" * percent + f" {percent}%", output=None
        )
        await asyncio.sleep(0.02)
    async with asyncio.timeout(10):
        await reading
    await stream.aclose()

    gaps_s = [later[0] - before[0] for before, later in itertools.pairwise(found)]
    assert 2 <= len(found) <= 8
    assert min(gaps_s) > 0.4


async def test_late_progress_changes_nothing(ask: Asking, feed: events.Feed) -> None:
    """Webhooks come twice, late and out of order."""
    (ident,) = await ask.admitted()
    await _move(ask, ident, "running", prediction_id="p")

    async def report(logs: str, *, prediction_id: str = "p") -> bool:
        return await events.report(ask.db, ident, prediction_id=prediction_id, logs=logs, output=None)

    assert await report("10%\n20%")
    assert not await report("10%\n20%")
    assert not await report("10%")
    assert not await report("10%\n20%\n30%", prediction_id="another")
    assert await report("10%\n20%\n30%")
    await ask.end(ident)
    assert not await report("10%\n20%\n30%\n40%")


async def test_many_follow_over_one_connection(ask: Asking, feed: events.Feed) -> None:
    """Rule 17: one connection for each process, whoever follows."""
    idents = await ask.admitted() + await ask.admitted()
    streams = [feed.watch(idents[number % 2]) for number in range(40)]
    await asyncio.gather(*(_take(stream, 1) for stream in streams))

    async def listening() -> int:
        (found,) = await ask.row(
            "SELECT count(*) FROM pg_stat_activity WHERE query = 'LISTEN tintype_events'"
            " AND datname = current_database()"
        )
        return int(found)

    # A busy machine may not have begun to listen yet, or be listening anew.
    heard = await until(listening)
    for ident in idents:
        await ask.end(ident)

    found = await asyncio.gather(*(_rest(stream) for stream in streams))

    assert heard == 1
    assert all(_seen(one) == [("2", "succeeded")] for one in found)


async def test_nothing_is_missed_when_the_connection_breaks(ask: Asking, feed: events.Feed) -> None:
    """The rows are read again once it listens again."""
    (ident,) = await ask.admitted()
    stream = feed.watch(ident)
    await _take(stream, 1)
    await ask.row(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'LISTEN tintype_events'"
        " AND datname = current_database()"
    )
    await _move(ask, ident, "running")
    await ask.end(ident)

    assert _seen(await _rest(stream)) == [("2", "running"), ("3", "succeeded")]


async def test_an_unknown_generation_is_an_error(feed: events.Feed) -> None:
    with pytest.raises(UnknownGeneration):
        await anext(feed.watch(new_id()))


async def test_all_events_come_as_they_are_committed(ask: Asking, url: str, feed: events.Feed) -> None:
    """Rule 17: a transaction that began first and commits last is not passed over, and order stays that of the feed."""
    (early,) = await ask.admitted()
    (late,) = await ask.admitted()
    stream = feed.watch_all()
    waiting = asyncio.create_task(_take(stream, 2))
    async with await psycopg.AsyncConnection.connect(url) as slow:
        await slow.execute(
            "INSERT INTO events (generation_id, number, state) VALUES (%s, 100, 'running')", (early,)
        )
        await _move(ask, late, "running")
        done, _ = await asyncio.wait({waiting}, timeout=0.3)
        assert not done
        await slow.commit()
    first, second = await waiting

    assert [first.generation_id, second.generation_id] == [early, late]
    await stream.aclose()
    again = feed.watch_all(after=first.id)
    assert await _take(again, 1) == [second]
    await again.aclose()


async def test_an_unrelated_transaction_only_delays(ask: Asking, url: str, feed: events.Feed) -> None:
    """Nobody tells when a transaction without events ends; what it held back comes all the same."""
    (ident,) = await ask.admitted()
    stream = feed.watch_all()
    waiting = asyncio.create_task(_take(stream, 1))
    async with await psycopg.AsyncConnection.connect(url) as other:
        await other.execute("SELECT pg_current_xact_id()")
        await _move(ask, ident, "running")
        await asyncio.wait({waiting}, timeout=0.2)
        await other.rollback()
    (event,) = await waiting

    assert event.state == "running"
    await stream.aclose()


async def test_what_was_held_back_until_just_after_the_look_is_read_again(
    ask: Asking, url: str, feed: events.Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The transaction ends after the events were read and before anything else is asked: nobody tells of that."""
    (ident,) = await ask.admitted()
    stream = feed.watch_all()
    waiting = asyncio.create_task(_take(stream, 1))
    behind = entries.behind
    is_held = False
    async with await psycopg.AsyncConnection.connect(url) as other:

        async def read(on: Database, place: Cursor, *, at_most: int) -> list[Entry]:
            found = await behind(on, place, at_most=at_most)
            if is_held:
                await other.rollback()
            return found

        await other.execute("SELECT pg_current_xact_id()")
        monkeypatch.setattr(entries, "behind", read)
        await _move(ask, ident, "running")
        # Whoever begins to follow causes a look or two of their own.
        await asyncio.wait({waiting}, timeout=0.3)
        is_held = True
        (event,) = await waiting

    assert event.state == "running"
    await stream.aclose()


async def test_all_can_be_followed_for_one_key(ask: Asking, feed: events.Feed) -> None:
    stream = feed.watch_all(key_id="local", after="anew")
    await _take(stream, 1)
    await ask.admitted(actor=Actor(key="other", user=None, project=None))
    (mine,) = await ask.admitted()

    (event,) = await _take(stream, 1)

    assert event.generation_id == mine
    await stream.aclose()


@pytest.mark.parametrize("after", ["nonsense", "1-a-1", "99999999-a-1"])
async def test_all_begin_anew_with_an_unknown_id(ask: Asking, feed: events.Feed, after: str) -> None:
    """Rule 17: an id that is unknown or too old gets a reset."""
    (done,) = await ask.admitted()
    await ask.end(done)
    (ident,) = await ask.admitted()
    stream = feed.watch_all(after=after)

    (reset,) = await _take(stream, 1)
    await stream.aclose()
    again = feed.watch_all(after=reset.id)
    waiting = asyncio.create_task(_take(again, 1))
    await _move(ask, ident, "running")

    assert reset.kind is Kind.RESET
    assert [one["id"] for one in reset.body["open"]] == [ident]
    assert (await waiting)[0].generation_id == ident
    await again.aclose()


async def test_a_slow_reader_is_dropped_with_a_reset(ask: Asking, db: Database) -> None:
    """Rule 17: it costs nobody else anything, and begins anew."""
    (ident,) = await ask.admitted()
    async with events.Feed(db, waiting_max=5) as feed:
        stream = feed.watch_all(after="anew")
        await _take(stream, 1)
        await _move(ask, ident, "submitting")
        await _take(stream, 1)
        for _ in range(10):
            await ask.admitted()
        reader = next(iter(feed._all))
        async with asyncio.timeout(10):
            while not reader.line.is_full:  # noqa: ASYNC110 - nobody is told that a line is full
                await asyncio.sleep(0.01)

        rest = await _rest(stream)

    assert [event.kind for event in rest] == [Kind.RESET]
    assert len(rest[0].body["open"]) == 11
