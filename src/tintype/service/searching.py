"""Look for what creates of unknown outcome bought: all of them in one reading of upstream's list (rule 5)."""

from __future__ import annotations

import json
import logging
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tintype.domain import errors, events, matching
from tintype.replicate import finding
from tintype.service import givens, progress, singly
from tintype.service.buying import HOOKS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tintype.observing import Observer
    from tintype.replicate.results import Prediction
    from tintype.service.progress import Progress
    from tintype.service.upstream import Upstream
    from tintype.store.database import Database

PAGES_MAX = 200
"""How far a reading goes; a list that is longer could not be read to its end."""
AGAIN_S = 2.0
_AMBIGUOUS_AGAIN_S = 15.0
_AFTER_S = 30.0
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,255}")

_log = logging.getLogger("tintype.service")


@dataclass(frozen=True, slots=True)
class Unknown:
    """An attempt without an outcome, as its row and its generation's say."""

    token: str
    generation_id: str
    key_id: str
    request_id: str | None
    number: int
    prediction_id: str | None
    model: str
    version: str | None
    deployment: str | None
    input: dict[str, Any] = field(repr=False)
    is_dead: bool
    age_s: float
    dead_for_s: float
    absent_for_s: float | None

    @property
    def group(self) -> str:
        """What is the same for equal attempts."""
        plain = givens.comparable(self.input)
        return json.dumps([self.model, self.version, self.deployment, plain], sort_keys=True)

    @property
    def judged(self) -> matching.Attempt:
        """What the decision is about."""
        return matching.Attempt(self.token, self.group, self.is_dead, self.dead_for_s, self.absent_for_s)


@dataclass(frozen=True, slots=True)
class _Known:
    token: str
    generation_id: str


@dataclass(frozen=True, slots=True)
class _Claimed:
    id: str


@dataclass(frozen=True, slots=True)
class _Reading:
    """What was read of the list, and whether to its end."""

    listed: Sequence[Prediction]
    is_complete: bool


class Searching:
    """Looks for lost purchases of one account. `has_webhooks` says whether creates carry a token."""

    def __init__(
        self,
        database: Database,
        upstream: Upstream,
        progress: Progress,
        *,
        has_webhooks: bool,
        observer: Observer,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = database
        self._upstream = upstream
        self._progress = progress
        self._has_webhooks = has_webhooks
        self._observer = observer
        self._now = now

    async def search(self) -> int:
        """Read the list once for all attempts without an outcome, and take what it says.

        Returns how many are still open. An upstream that does not answer leaves everything as it is.
        """
        open_ones = await self._open()
        dead = [one for one in open_ones if one.is_dead]
        if not dead:
            return 0
        try:
            named = [one for one in dead if one.prediction_id is not None]
            for one in named:
                await self._look_at_named(one)
            searched = [one for one in dead if one.prediction_id is None]
            if not searched:
                return len(dead)
            reading = await self._read(max(one.age_s for one in searched))
            await self._judge(open_ones, reading)
        except errors.UpstreamError as error:
            _log.info("the list could not be read yet: %s", error)
            await self._again([one.generation_id for one in dead], AGAIN_S)
        return len(dead)

    async def _open(self) -> list[Unknown]:
        return await self._database.all("unknown_attempts", Unknown, upstream_id=self._upstream.ident)

    async def _look_at_named(self, one: Unknown) -> None:
        with self._observer.about(one.generation_id, one.key_id, one.request_id):
            try:
                await singly.tried(self._take_named(one), of=one.generation_id, but=errors.UpstreamError)
            except errors.UpstreamError as error:
                _log.info("prediction %s could not be looked at yet: %s", one.prediction_id, error)
                await self._again([one.generation_id], AGAIN_S)

    async def _take_named(self, one: Unknown) -> None:
        """An unreadable answer named its prediction: look at that."""
        assert one.prediction_id is not None  # noqa: S101 - the caller chose those that have one
        record = await self._upstream.look(one.prediction_id)
        if record is None:
            await self._again([one.generation_id], AGAIN_S)
            return
        await self._progress.apply(
            one.generation_id,
            events.FoundUpstream(progress.seen(record), one.number),
            record=record,
            attempt=progress.Attempt(one.token, "accepted", prediction_id=record.id),
        )

    async def _read(self, oldest_s: float) -> _Reading:
        """Read the list back to two minutes before the oldest intent, by upstream's clock."""
        # The first page tells upstream's clock by its Date, which may not have been seen before.
        page = await self._upstream.page()
        begin = self._now() + timedelta(seconds=self._upstream.clock_ahead_s - oldest_s - finding.BEFORE_S)
        listed: list[Prediction] = []
        for _ in range(PAGES_MAX):
            listed.extend(page.results)
            oldest = page.results[-1].created_at if page.results else None
            if page.next is None or (oldest is not None and oldest < begin):
                return _Reading(listed, is_complete=True)
            page = await self._upstream.page(cursor=page.next)
        return _Reading(listed, is_complete=False)

    async def _judge(self, open_ones: list[Unknown], reading: _Reading) -> None:
        tokens = {one.token for one in open_ones}
        told = {token: record for record in reading.listed if (token := token_of(record.webhook)) is not None}
        known = await self._database.all("tokens_known", _Known, tokens=list(told))
        records = {record.id: record for record in reading.listed}
        claimed = {
            one.id
            for one in await self._database.all(
                "claimed_predictions", _Claimed, upstream_id=self._upstream.ident, ids=list(records)
            )
        }
        free = [record for record in reading.listed if record.id not in claimed]
        by_token = {token: record.id for token, record in told.items() if token in tokens}
        belongs = {told[one.token].id for one in known}
        # Where upstream echoes webhooks, a prediction without ours is not ours.
        echoes = self._has_webhooks and bool(known)
        candidates: dict[str, list[str]] = {}
        for one in open_ones:
            if one.group not in candidates:
                equal = [other for other in open_ones if other.group == one.group]
                candidates[one.group] = [
                    record.id
                    for record in reversed(free)
                    if record.id not in belongs
                    and any(self._fits(other, record, echoes=echoes) for other in equal)
                ]
        verdicts = matching.judge(
            [one.judged for one in open_ones],
            by_token=by_token,
            candidates=candidates,
            is_complete=reading.is_complete,
            readings_after_s=self._upstream.timing.readings_after_s,
        )
        for one in open_ones:
            if one.is_dead or one.token in verdicts.found:
                with self._observer.about(one.generation_id, one.key_id, one.request_id):
                    await singly.tried(self._take(one, verdicts, records), of=one.generation_id)

    async def _take(self, one: Unknown, verdicts: matching.Verdicts, records: dict[str, Prediction]) -> None:
        found = verdicts.found.get(one.token)
        if found is not None:
            record = records[found]
            await self._progress.apply(
                one.generation_id,
                events.FoundUpstream(progress.seen(record), one.number),
                record=record,
                attempt=progress.Attempt(one.token, "accepted", prediction_id=record.id),
            )
        elif one.token in verdicts.absent:
            await self._progress.apply(
                one.generation_id,
                events.ProvenAbsent(one.number),
                attempt=progress.Attempt(one.token, "absent"),
            )
        elif one.token in verdicts.ambiguous:
            await self._progress.apply(one.generation_id, events.FoundAmbiguous(one.number))
            await self._again([one.generation_id], _AMBIGUOUS_AGAIN_S)
        else:
            if one.token in verdicts.first_absence:
                await self._database.run("note_absence", token=one.token)
            wait_s = next(
                (after for after in self._upstream.timing.readings_after_s if after > one.dead_for_s), None
            )
            await self._again([one.generation_id], 0.2 if wait_s is None else wait_s - one.dead_for_s + 0.05)

    def _fits(self, one: Unknown, record: Prediction, *, echoes: bool) -> bool:
        """Whether a prediction without a token of ours may be what this attempt bought."""
        if record.webhook is not None or (echoes and "webhook" in record.model_fields_set):
            return False
        ahead_s = self._upstream.clock_ahead_s
        intent_at = self._now() + timedelta(seconds=ahead_s - one.age_s)
        ended_at = self._now() + timedelta(seconds=ahead_s - max(one.dead_for_s, 0.0))
        sent = errors.SentCreate(
            path="/predictions",
            model=one.model if "/" in one.model else None,
            version=one.version,
            deployment=one.deployment,
            input=givens.comparable(one.input),
            webhook=None,
            sent_at=intent_at,
            ended_at=ended_at + timedelta(seconds=_AFTER_S),
        )
        return bool(finding.candidates(sent, [record]))

    async def _again(self, idents: list[str], after_s: float) -> None:
        await self._database.run("due_in", ids=idents, after_s=[after_s] * len(idents))


def token_of(webhook: str | None) -> str | None:
    """Return the token in a webhook's address, None when it is not one of ours."""
    if webhook is None or HOOKS not in webhook:
        return None
    token = webhook.rpartition(HOOKS)[2]
    return token if _TOKEN.fullmatch(token) else None
