"""Sign webhooks and deliver them: bounded, in order for each prediction, never following a redirect."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx2
from standardwebhooks import Webhook

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

    from tintype.simulator.clock import Clock
    from tintype.simulator.faults import Faults
    from tintype.simulator.journal import Journal

KIND = "webhook"
TIMEOUT_S = 10.0
RETRY_AT_S = (2.0, 6.0, 14.0, 30.0, 60.0)
"""When a terminal webhook that failed is sent again, in seconds after the completion."""
AT_ONCE_PER_ORIGIN = 16
ANSWER_BYTES_MAX = 65_536
USER_AGENT = "tintype-simulator"
# Signs what a fault rule wants wrongly signed.
_WRONG_SECRET = "whsec_" + "A" * 32


@dataclass(frozen=True, slots=True)
class Event:
    """One webhook: what happened to the prediction `key`, and the body that tells of it."""

    key: str
    name: str
    """start, output, logs or completed."""
    url: str
    body: bytes
    secret: str
    id: str
    is_terminal: bool = False
    ended_s: float = 0.0
    attempts: int = 0
    is_missigned: bool = False


@dataclass(slots=True)
class _Lane:
    """What goes to one origin. A receiver that never answers fills its own lane only."""

    ready: deque[Event] = field(default_factory=deque)
    later: dict[str, deque[Event]] = field(default_factory=dict)
    """By prediction: what waits until the one before has been sent."""
    busy: int = 0


def sign(secret: str, *, id: str, timestamp_s: int, body: bytes) -> str:  # noqa: A002 - the header's own word
    """Return the `webhook-signature` of a body: `v1,` and the base64 of its HMAC-SHA256."""
    return Webhook(secret).sign(id, datetime.fromtimestamp(timestamp_s, UTC), body.decode())


class Deliveries:
    """All webhooks of a simulator.

    Terminal ones are tried again with growing pauses until a minute after the completion, and are in the
    journal until they arrive; others are sent once.
    """

    def __init__(self, *, clock: Clock, faults: Faults, journal: Journal, random: Random) -> None:
        self._clock = clock
        self._faults = faults
        self._journal = journal
        self._random = random
        self._lanes: dict[str, _Lane] = {}
        self._held: dict[str, list[Event]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._client: httpx2.AsyncClient | None = None

    def new_id(self) -> str:
        """Return an id for an event; all attempts carry the same."""
        return f"msg_{self._random.getrandbits(130):033x}"

    def send(self, event: Event) -> None:
        """Deliver an event as soon as its turn comes, or do to it what a fault rule says."""
        if event.is_terminal and self._journal.is_kept:
            self._journal.put(KIND, event.id, _to_json(event))
        rule = self._faults.for_webhook(url=event.url, event=event.name)
        act = "" if rule is None else rule.do
        if act == "drop":
            self._done(event)
        elif rule is not None and act == "delay":
            self._clock.at(self._clock.now() + rule.delay_s, self._queue, event)
        elif rule is not None and act == "reorder":
            self._held.setdefault(event.key, []).append(event)
            self._clock.at(self._clock.now() + rule.delay_s, self._let_go, event.key)
        else:
            event = replace(event, is_missigned=act == "missign")
            self._queue(event)
            if act == "double":
                self._queue(event)
            self._let_go(event.key)

    def resume(self) -> None:
        """Send again what was on its way when the simulator last stopped."""
        for _, text in list(self._journal.load(KIND)):
            self._queue(Event(**(values := json.loads(text)) | {"body": values["body"].encode()}))

    def clear(self) -> None:
        """Forget all that is waiting, and stop what is being sent: nothing of it is tried again."""
        for task in self._tasks:
            task.cancel()
        self._lanes.clear()
        self._held.clear()

    async def idle(self) -> None:
        """Return when nothing is being sent; what is to be tried again later does not count."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def close(self) -> None:
        """Stop sending; what is terminal stays in the journal."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def _let_go(self, key: str) -> None:
        for event in self._held.pop(key, ()):
            self._queue(event)

    def _queue(self, event: Event) -> None:
        origin = _origin(event.url)
        lane = self._lanes.setdefault(origin, _Lane())
        if event.key in lane.later:
            lane.later[event.key].append(event)
            return
        lane.later[event.key] = deque()
        lane.ready.append(event)
        if lane.busy < AT_ONCE_PER_ORIGIN:
            lane.busy += 1
            task = asyncio.get_running_loop().create_task(self._work(origin, lane))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _work(self, origin: str, lane: _Lane) -> None:
        try:
            while lane.ready:
                event = lane.ready.popleft()
                await self._attempt(event)
                waiting = lane.later.get(event.key)
                if waiting:
                    lane.ready.append(waiting.popleft())
                else:
                    lane.later.pop(event.key, None)
        finally:
            lane.busy -= 1
            if not lane.busy and not lane.ready and self._lanes.get(origin) is lane:
                del self._lanes[origin]

    async def _attempt(self, event: Event) -> None:
        # Receivers compare this with their own clock, so what was skipped here does not count.
        timestamp_s = int(self._clock.now() - self._clock.advanced_s)
        secret = _WRONG_SECRET if event.is_missigned else event.secret
        headers = {
            "content-type": "application/json",
            "user-agent": USER_AGENT,
            "webhook-id": event.id,
            "webhook-timestamp": str(timestamp_s),
            "webhook-signature": sign(secret, id=event.id, timestamp_s=timestamp_s, body=event.body),
        }
        try:
            async with asyncio.timeout(TIMEOUT_S):
                has_failed = await self._post(event, headers) >= 400
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, TimeoutError):
            has_failed = True
        if has_failed and event.is_terminal and event.attempts < len(RETRY_AT_S):
            when_s = max(event.ended_s + RETRY_AT_S[event.attempts], self._clock.now() + 1.0)
            self._clock.at(when_s, self._queue, replace(event, attempts=event.attempts + 1))
        else:
            self._done(event)

    async def _post(self, event: Event, headers: Mapping[str, str]) -> int:
        """Return the status of the answer. A short body is read, so that its connection can be used again."""
        async with self._http().stream("POST", event.url, content=event.body, headers=headers) as answer:
            size = 0
            async for chunk in answer.aiter_raw():
                size += len(chunk)
                if size > ANSWER_BYTES_MAX:
                    break
            return answer.status_code

    def _done(self, event: Event) -> None:
        if event.is_terminal:
            self._journal.delete(KIND, event.id)

    def _http(self) -> httpx2.AsyncClient:
        if self._client is None:
            self._client = httpx2.AsyncClient(
                follow_redirects=False,
                trust_env=False,
                # No proxy of the environment, but its certificate authorities.
                verify=httpx2.create_ssl_context(trust_env=True),
                timeout=httpx2.Timeout(TIMEOUT_S, pool=None),
                limits=httpx2.Limits(max_connections=None, max_keepalive_connections=AT_ONCE_PER_ORIGIN),
            )
        return self._client


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _to_json(event: Event) -> bytes:
    values: dict[str, Any] = {name: getattr(event, name) for name in Event.__slots__}
    return json.dumps(values | {"body": event.body.decode()}, ensure_ascii=False).encode()
