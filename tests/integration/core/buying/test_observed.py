"""What an observer hears of a real core: each beginning and each end once, however it came about."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.core import outlet as outlets
from tests.integration.core.asking import ALICE
from tests.integration.core.buying.conftest import CREATE, FLUX, Shop, opened, until
from tests.integration.core.buying.doorstep import doorstep
from tests.integration.core.outlet import Says
from tintype.domain.budget import Measure, Scope
from tintype.domain.errors import LimitReached, UpstreamError, WebhookRefused
from tintype.observing import Observer
from tintype.service.requests import Cache
from tintype.store import limits

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from tintype.observing import Begun, Ended
    from tintype.store.database import Database
    from tintype.testing import Simulator


class Hearing(Observer):
    """Writes down what it hears."""

    def __init__(self) -> None:
        self.begins: list[Begun] = []
        self.ends: list[Ended] = []
        self.counts: Counter[tuple[str, ...]] = Counter()

    def begun(self, begin: Begun) -> None:
        self.begins.append(begin)

    def ended(self, end: Ended) -> None:
        self.ends.append(end)

    def refused(self, reason: str) -> None:
        self.counts["refused", reason] += 1

    def unsure(self, model: str) -> None:
        self.counts["unsure", model] += 1

    def found(self, by: str, lag_s: float) -> None:
        assert 0 <= lag_s < 60
        self.counts["found", by] += 1

    def webhook(self, result: str) -> None:
        self.counts["webhook", result] += 1

    def captured(self, model: str, seconds: float) -> None:
        assert seconds > 0
        self.counts["captured", model] += 1

    def called_back(self, result: str, seconds: float) -> None:
        assert seconds >= 0
        self.counts["called back", result] += 1

    def taken_over(self, queue: str) -> None:
        self.counts["taken over", queue] += 1

    @contextmanager
    def call(self, route: str) -> Iterator[None]:
        result = "ok"
        try:
            yield
        except UpstreamError as error:
            result = error.code
            raise
        finally:
            self.counts["call", route, result] += 1

    async def end_of(self, ident: str) -> Ended:
        """Wait for the end of a generation, which is told once the row has it, and return the one that was told."""
        ends: list[Ended] = await until(lambda: self._told(ident), within_s=30)
        (end,) = ends
        return end

    async def _told(self, ident: str) -> list[Ended]:
        return [one for one in self.ends if one.id == ident]


@pytest.fixture
def heard() -> Hearing:
    return Hearing()


@pytest.fixture
async def watched(db: Database, data: Path, simulator: Simulator, heard: Hearing) -> AsyncIterator[Shop]:
    """A core at work with somebody who listens."""
    async with opened(db, data, simulator, observers=[heard], allow_loopback_urls=True) as made:
        yield made


async def test_a_generation_is_heard_from_admission_to_end(watched: Shop, heard: Hearing) -> None:
    ident = await watched.ask("a lighthouse at night")
    row = await watched.until(ident)

    (begin,) = heard.begins
    end = await heard.end_of(ident)
    assert (begin.id, begin.model, begin.kind, begin.key_id) == (ident, FLUX, "image", "local")
    assert (begin.prompt, begin.hold_nano_usd) == ("a lighthouse at night", row.hold_nano_usd)
    assert (end.state, end.cost_nano_usd, end.is_success) == ("succeeded", row.cost_nano_usd, True)
    assert 0 < end.seconds < 30
    assert heard.counts["found", "tracker"] == 1
    assert heard.counts["captured", FLUX] == 1
    assert heard.counts["call", "predictions.create", "ok"] == 1


async def test_every_beginning_has_one_end_however_it_comes(watched: Shop, heard: Hearing) -> None:
    """Made, failed, refused by upstream, cancelled in the queue and under way, past its deadline."""
    watched.script({"do": "answer", **CREATE, "status": 422, "skip": 1, "count": 1})
    idents = [
        await watched.ask("a boat"),
        await watched.ask("refused by upstream, perhaps another one"),
        await watched.ask("[[fail=no]] a boat"),
        await watched.ask("[[nsfw]] a boat"),
        await watched.ask("[[delay=60]] cancelled"),
        await watched.ask("[[stuck]] a boat", deadline_s=5),
    ]
    await watched.until(idents[4], "running", "failed")
    await asyncio.gather(*[watched.core.generations.cancel(idents[4], actor=ALICE) for _ in range(3)])

    rows = [await watched.until(ident) for ident in idents]

    for row in rows:
        end = await heard.end_of(row.id)
        assert (end.state, end.cost_nano_usd, end.failure_code) == (
            row.state,
            row.cost_nano_usd,
            row.failure_code,
        )
    assert (
        sorted(end.id for end in heard.ends) == sorted(begin.id for begin in heard.begins) == sorted(idents)
    )


async def test_those_who_share_a_purchase_end_with_it(watched: Shop, heard: Hearing) -> None:
    """One buys, one waits for it, one comes later and is answered from the store; one of a second flight gives up."""
    seeded: dict[str, Any] = {"input": {"prompt": "[[delay=1]] a boat", "seed": 7}, "cache": Cache.SEEDED}
    first, second = await watched.ask(**seeded), await watched.ask(**seeded)
    await watched.until(first)
    await watched.until(second)
    third = await watched.ask(**seeded)
    other: dict[str, Any] = {"input": {"prompt": "[[delay=2]] a ship", "seed": 7}, "cache": Cache.SEEDED}
    giver, carrier = await watched.ask(**other), await watched.ask(**other)
    await watched.until(giver, "running")
    await watched.core.generations.cancel(giver, actor=ALICE)
    for ident in (first, second, third, giver, carrier):
        await heard.end_of(ident)

    joined = {begin.id: (begin.joined_to, begin.cached_from) for begin in heard.begins}
    ends = {end.id: (end.state, end.cached_from, end.cost_nano_usd > 0) for end in heard.ends}
    assert joined[second] == (first, None)
    assert joined[third] == (None, first)
    assert len(heard.ends) == len(ends)
    assert ends == {
        first: ("succeeded", None, True),
        second: ("succeeded", first, False),
        third: ("succeeded", first, False),
        giver: ("canceled", None, False),
        carrier: ("succeeded", None, True),
    }


async def test_what_is_refused_is_heard_with_the_measure(watched: Shop, heard: Hearing) -> None:
    await limits.put(
        watched.core.database, scope=Scope.ALL, subject="", measure=Measure.IMAGES, period="day", amount=0
    )

    with pytest.raises(LimitReached):
        await watched.ask()

    assert heard.counts["refused", "images"] == 1
    assert (heard.begins, heard.ends) == ([], [])


async def test_an_unknown_outcome_is_heard_once_and_ends_once(watched: Shop, heard: Hearing) -> None:
    watched.script({"do": "reset", "when": "after", **CREATE, "count": 1})
    ident = await watched.ask()
    await watched.until(ident)

    assert heard.counts["unsure", FLUX] == 1
    assert heard.counts["call", "predictions.create", "outcome_unknown"] == 1
    assert (await heard.end_of(ident)).is_success
    assert watched.bought() == 1


async def test_webhooks_are_heard_and_who_was_first(
    db: Database, data: Path, simulator: Simulator, heard: Hearing
) -> None:
    """Doubled webhooks find an end once; one without a signature is refused."""
    async with (
        doorstep() as door,
        opened(db, data, simulator, observers=[heard], public_url=door.url) as shop,
    ):
        door.inbox = shop.core.inbox
        shop.script({"on": "webhook", "do": "double"})
        ident = await shop.ask()
        await heard.end_of(ident)
        with pytest.raises(WebhookRefused):
            await shop.core.inbox.receive("token", {}, b"{}")

    assert heard.counts["found", "webhook"] == 1
    assert heard.counts["webhook", "new"] >= 1
    assert heard.counts["webhook", "refused"] == 1
    assert len(heard.ends) == 1


async def test_callbacks_are_heard(watched: Shop, heard: Hearing) -> None:
    async with outlets.running() as outlet:
        outlet.says("/told", Says(status=500), Says())
        ident = await watched.ask(callback_url=f"{outlet.url}/told")
        await watched.until(ident)
        await until(lambda: _is_told(heard), within_s=30)

    assert heard.counts["called back", "waiting"] == 1


async def _is_told(heard: Hearing) -> bool:
    return heard.counts["called back", "delivered"] == 1
