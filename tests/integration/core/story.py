"""Steps of generations' lives, each taken alone: asked for, sent, looked at, told of, stored, unwanted, given up.

A `Stage` is a whole core of which nothing works by itself, with the simulator upstream and a letter box for its
webhooks, which come only when they are taken out.
"""

from __future__ import annotations

import contextlib
import threading
import time
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from tintype import bootstrap, settings
from tintype.domain import charges, errors, events, money
from tintype.domain.access import Actor
from tintype.domain.generation import State
from tintype.media import fetch, pool
from tintype.replicate import settings as replicate_settings
from tintype.service import capture, searching
from tintype.service.upstream import Timing
from tintype.store import generations

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping
    from pathlib import Path

    from tintype.service.requests import Request
    from tintype.store.database import Database
    from tintype.store.generations import Generation
    from tintype.testing import Simulator

TIMING = Timing(
    intent_good_s=2.0, answer_s=0.5, slack_s=0.1, readings_after_s=(0.01, 0.02), gone_after_s=0.01
)
END_S = 20.0
_CREATES = {"on": "request", "method": "POST", "path": "*/predictions", "count": 1}
_NOTHING_THERE = {
    "on": "request",
    "method": "GET",
    "path": "/predictions",
    "do": "answer",
    "status": 200,
    "body": {"results": [], "previous": None, "next": None},
}
_FORGET = (
    "DO $$ BEGIN DELETE FROM procrastinate_jobs; DELETE FROM inbox; DELETE FROM ledger; DELETE FROM holds;"
    " DELETE FROM events; DELETE FROM idempotency; DELETE FROM flights; DELETE FROM generations; DELETE FROM orders;"
    " DELETE FROM limits; DELETE FROM alerts; END $$"
)


@dataclass(frozen=True, slots=True)
class Letter:
    """A webhook as it came."""

    token: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class LetterBox:
    """Takes webhooks and keeps them."""

    url: str = ""
    letters: list[Letter] = field(default_factory=list)


@contextmanager
def letter_box() -> Iterator[LetterBox]:
    """Listen on a free port of this machine."""
    box = LetterBox()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            box.letters.append(Letter(self.path.rpartition("/")[2], headers, body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_said: Any) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        box.url = f"http://127.0.0.1:{listening.server_address[1]}"
        thread = threading.Thread(target=listening.serve_forever, daemon=True)
        thread.start()
        try:
            yield box
        finally:
            listening.shutdown()
            thread.join()


class Stage:
    """A core, its upstream, and the steps."""

    def __init__(self, core: bootstrap.Core, sim: Simulator, box: LetterBox, tools: capture.Tools) -> None:
        self.core = core
        self.sim = sim
        self.box = box
        self._tools = tools
        self._billed_before = 0

    async def begin(self) -> None:
        """Forget what was; upstream's bills are counted from now on."""
        await self.execute(_FORGET)
        self.box.letters.clear()
        self._billed_before = self._bills()

    def billed_nano_usd(self) -> int:
        """What upstream billed since the beginning."""
        return self._bills() - self._billed_before

    def _bills(self) -> int:
        return sum(money.from_usd(str(item["usd"])) for item in self.sim.bills(self.sim.token)["items"])

    async def execute(self, statement: str, *values: Any) -> list[Any]:
        """Run a statement of the test's own and return its rows."""
        async with self.core.database.connection() as session:
            cursor = await session.connection.execute(statement.encode(), values)
            return await cursor.fetchall() if cursor.description else []

    async def row(self, ident: str) -> Generation:
        """Return a generation as it stands."""
        found = await generations.get(self.core.database, ident)
        assert found is not None
        return found

    async def states(self) -> list[tuple[str, str]]:
        """Return every generation's id and state, oldest first."""
        return await self.execute("SELECT id, state FROM generations ORDER BY created_at, id")

    async def ask(self, *several: Request, actor: Actor, idempotency_key: str | None) -> list[str]:
        """Ask for one, or several as an order; none where a limit has no room."""
        what = several[0] if len(several) == 1 else several
        with contextlib.suppress(errors.LimitReached, errors.IdempotencyConflict):
            made = await self.core.generations.submit(what, actor=actor, idempotency_key=idempotency_key)
            return list(made.ids)
        return []

    async def send(self, ident: str, *faults: Mapping[str, Any]) -> None:
        """Send one that is queued, while upstream misbehaves."""
        if faults:
            self.sim.faults([{**_CREATES, **fault} for fault in faults])
        await self.core.buying.send(ident)
        if faults:
            self.sim.clear_faults()

    async def intend(self, ident: str) -> None:
        """Commit an intent whose sender dies at once."""
        await generations.intend(
            self.core.database, ident, token=f"dead-{time.monotonic_ns()}", dead_after_s=0.0
        )

    async def look(self, ident: str) -> None:
        """Look at one upstream."""
        await self.core.progress.advance(ident)

    async def hear(self, letter: Letter, *, is_forged: bool = False) -> None:
        """Take a letter out of the box, as often as one likes. A forged one is refused."""
        headers = dict(letter.headers)
        if is_forged:
            headers["webhook-signature"] = "v1,AAAA"
        try:
            await self.core.inbox.receive(letter.token, headers, letter.body)
        except errors.WebhookRefused:
            assert is_forged
        else:
            assert not is_forged
        await self.core.inbox.close()

    async def store(self, ident: str) -> None:
        """Store what one has made, if it is time for that."""
        outcome = await capture.capture(ident, self._tools)
        match outcome:
            case events.Captured():
                row = await self.row(ident)
                await self.core.progress.captured(row, charges.made(row.prediction or {}))
            case events.CaptureLost():
                await self.core.progress.apply(ident, outcome)

    async def retry(self, ident: str) -> list[str]:
        """Ask anew for one that failed, where that is possible."""
        row = await self.row(ident)
        actor = Actor(row.key_id, user=row.end_user, project=row.project)
        try:
            made = await self.core.generations.retry(ident, actor=actor)
        except (errors.NotPossibleNow, errors.LimitReached):
            return []
        return list(made.ids)

    async def pass_time(self, ident: str, over_s: float) -> None:
        """Let the deadline of one be over, since so many seconds."""
        await self.execute(
            "UPDATE generations SET deadline_at = now() - make_interval(secs => %s), due_at = now()"
            " WHERE id = %s AND finished_at IS NULL",
            over_s,
            ident,
        )
        await self.core.upkeep.deadlines()

    async def search(self, *, is_blind: bool = False) -> None:
        """Look for what attempts without an answer bought: their senders are dead by now."""
        if is_blind:
            self.sim.faults([_NOTHING_THERE])
        await self.execute(
            "UPDATE generations SET dead_at = now(), due_at = now() WHERE state IN ('submitting', 'unknown')"
        )
        await self.core.upkeep.silences()
        for _ in range(2):
            await self.execute("UPDATE generations SET due_at = now() WHERE state = 'unknown'")
            await self.core.upkeep.searches()
        if is_blind:
            self.sim.clear_faults()

    async def end_orphans(self) -> None:
        """See to what belongs to nobody."""
        await self.core.orphans.end()
        await self.core.orphans.store()

    async def resolve(self, ident: str, *, ends_it: bool = False) -> None:
        """Say of one what upstream's own list says: which prediction was bought for it, or that none was.

        With `ends_it` that prediction is cancelled first, where it still runs.
        """
        tokens = {
            token
            for (token,) in await self.execute("SELECT token FROM attempts WHERE generation_id = %s", ident)
        }
        others = await self.execute("SELECT prediction_id FROM generations WHERE id <> %s", ident)
        claimed = {found for (found,) in others}
        lost = {found for (found,) in await self.execute("SELECT ref FROM ledger WHERE kind = 'loss'")}
        bought = [
            one["id"]
            for one in self.sim.predictions()
            if searching.token_of(one.get("webhook")) in tokens and one["id"] not in claimed | lost
        ]
        record = await self.core.upstream.look(bought[0]) if bought else None
        if record is not None and ends_it and not record.is_final:
            record = await self.core.upstream.cancel(record.id)
        await self.core.progress.resolve(ident, record)

    async def end_all(self) -> None:
        """Take every step that is left, until nothing is open."""
        end = time.monotonic() + END_S
        for (ident,) in await self.execute(
            "SELECT id FROM generations WHERE input ->> 'prompt' LIKE '%%stuck%%'"
        ):
            await self.core.progress.cancel(ident)
        while left := await self.open_ones():
            assert time.monotonic() < end, f"there is no end to {left}"
            for ident, state, joined_to in left:
                if state == State.QUEUED and joined_to is None:
                    await self.send(ident)
                elif state == State.RUNNING:
                    await self.look(ident)
                elif state == State.CAPTURING:
                    await self.store(ident)
            await self.search()
            await self.end_orphans()
            self.sim.advance(0.3)

    async def open_ones(self) -> list[tuple[str, str, str | None]]:
        """Return what is not final: generations, and predictions that belong to nobody and are not in the book."""
        return await self.execute(
            "SELECT id, state, joined_to FROM generations WHERE finished_at IS NULL"
            " UNION ALL SELECT generation_id, outcome, NULL FROM attempts WHERE outcome IN ('orphan', 'storing')"
        )


@asynccontextmanager
async def staged(database: Database, data: Path, sim: Simulator, box: LetterBox) -> AsyncIterator[Stage]:
    """Build a core that does nothing by itself."""
    made = settings.load(
        dotenv=data / "none.env",
        data=data,
        public_url=box.url,
        creates_per_minute=100_000,
        calls_per_minute=100_000,
    )
    place = replicate_settings.resolve(sim.token, base_url=sim.url)
    rules = fetch.Rules(origins=frozenset({sim.url}))
    async with (
        bootstrap.core_on(database, made, place, timing=TIMING) as core,
        fetch.Fetcher(rules) as fetcher,
        pool.Pool() as workers,
    ):
        yield Stage(
            core, sim, box, capture.Tools(db=database, files=core.files, fetcher=fetcher, pool=workers)
        )
