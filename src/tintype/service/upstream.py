"""The upstream as the services see it: one origin and account, called at the fleet's pace.

Nothing is repeated here: whoever asks decides what a failure means, from the row of the generation.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tintype.domain import errors, matching
from tintype.replicate import wire
from tintype.replicate.aio import AsyncClient
from tintype.replicate.limits import Limits
from tintype.replicate.policy import Policy

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping

    from tintype.engine.throttle import Lane, Lanes
    from tintype.observing import Observer
    from tintype.replicate import streaming
    from tintype.replicate.results import Page, Prediction
    from tintype.replicate.settings import Upstream as Place

INLINE_MAX_BYTES = 256 * 1024
_CALL_S = 30.0
# Upstream's refusals of the account, which are no caller's.
_OURS = frozenset({401, 402, 403, 408, 429})
_KNOWN_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Timing:
    """How long a purchase may hang in the air, in seconds (rules 3 and 5).

    `intent_good_s` is how long after its intent a POST may still leave, `answer_s` how long its answer may take, and
    with `slack_s` on top nobody sends that attempt any more. The two `readings_after_s` after that prove it absent.
    `gone_after_s` apart are two looks that prove that upstream knows a prediction no more.
    """

    intent_good_s: float = 5.0
    answer_s: float = 15.0
    slack_s: float = 10.0
    readings_after_s: tuple[float, float] = matching.READINGS_AFTER_S
    gone_after_s: float = 5.0

    @property
    def dead_after_s(self) -> float:
        """After so long an attempt is dead, whatever became of its sender."""
        return self.intent_good_s + self.answer_s + self.slack_s


def fingerprint(token: str) -> str:
    """Return what stands for an account without giving its token away."""
    return hashlib.sha256(b"tintype account " + token.encode()).hexdigest()[:32]


def document(reply: wire.Reply) -> Any:
    """Read an answer's JSON as it is. Raises ServerError when it is none."""
    try:
        return json.loads(reply.body)
    except (ValueError, RecursionError):
        raise wire.unreadable(reply, "document") from None


def client_for(place: Place, timing: Timing) -> AsyncClient:
    """Make the client through which an upstream is called: it repeats nothing and holds no answer back."""
    return AsyncClient(
        place.token.reveal(),
        base_url=place.origin,
        limits=Limits.none(),
        policy=Policy(pauses_s=(), throttled_max=0),
        read_s=timing.answer_s,
        wait_s=0,
    )


@dataclass(frozen=True, slots=True)
class Create:
    """One create: what to run with which plain input, where to tell of it, when to give up on it."""

    model: str
    version: str | None
    deployment: str | None
    input: Mapping[str, Any] = field(repr=False)
    webhook: str | None = field(repr=False)
    cancel_after_s: float | None
    events: tuple[str, ...] = ("start", "output", "logs", "completed")


class Upstream:
    """One origin and account; `ident` is its number in the database."""

    def __init__(
        self,
        *,
        ident: int,
        origin: str,
        simulated: bool,
        client: AsyncClient,
        lanes: Lanes,
        timing: Timing,
        observer: Observer,
    ) -> None:
        self.ident = ident
        self.origin = origin
        self.simulated = simulated
        self.lanes = lanes
        self.timing = timing
        self._client = client
        self._observer = observer
        self._known: set[str] = set()
        self._versions: dict[str, str | None] = {}

    def since_s(self, moment: datetime | None, now: float) -> float:
        """Return how long ago a moment of upstream's clock was, at `now` in this machine's; 0 where unknown."""
        return 0.0 if moment is None else max(now + self.clock_ahead_s - moment.timestamp(), 0.0)

    @property
    def clock_ahead_s(self) -> float:
        """How far upstream's clock is ahead of this machine's, as far as it is known."""
        return self._client.clock_ahead_s or 0.0

    def now(self) -> datetime:
        """Return the time by upstream's clock, as far as that is known."""
        return datetime.now(UTC) + timedelta(seconds=self.clock_ahead_s)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def create(self, create: Create, *, is_still_good: Callable[[], bool]) -> Prediction:
        """Send a create once. The permit for it was taken before.

        Raises what the client raises; OutcomeUnknown when it may have bought something, ConnectFailed and
        RateLimited when it surely did not.
        """
        try:
            with self._observer.call("predictions.create"):
                return await self._create(create, is_still_good)
        except errors.RateLimited as error:
            await self.lanes.creates.slow(error)
            raise

    async def answers(self) -> None:
        """Ask upstream who we are. Raises what its silence or refusal means."""
        await self._call("account.get", self._client.account.get)

    async def look(self, prediction_id: str) -> Prediction | None:
        """Look at a prediction; None when upstream does not know it."""
        try:
            found: Prediction = await self._call(
                "predictions.get", lambda: self._client.predictions.get(prediction_id)
            )
        except errors.NotFound:
            return None
        return found

    async def page(
        self, *, after: datetime | None = None, before: datetime | None = None, cursor: str | None = None
    ) -> Page[Prediction]:
        """Read a page of the list, newest first."""
        found: Page[Prediction] = await self._call(
            "predictions.list",
            lambda: self._client.predictions.list(created_after=after, created_before=before, cursor=cursor),
        )
        return found

    async def cancel(self, prediction_id: str) -> Prediction | None:
        """Cancel a prediction of ours; gives it as it stands, None when upstream does not know it."""
        try:
            found: Prediction = await self._call(
                "predictions.cancel", lambda: self._client.predictions.cancel(prediction_id)
            )
        except errors.NotFound:
            return None
        return found

    async def knows(self, model: str) -> bool:
        """Whether upstream has a model of this name; asked once in a while."""
        if model in self._known:
            return True
        owner, _, name = model.partition("/")
        try:
            await self._call("models.get", lambda: self._client.models.get(f"{owner}/{name}"))
        except (errors.NotFound, errors.InputError):
            return False
        if len(self._known) >= _KNOWN_MAX:
            self._known.clear()
        self._known.add(model)
        return True

    async def exchange(self, route: str, call: wire.Call) -> wire.Reply:
        """Make a call and give its answer as it came, a refusal of what was asked for too.

        `route` names it for those who watch. Raises what the answer means where upstream refuses us, or cannot answer.
        """
        reply: wire.Reply = await self._call(route, lambda: self._exchange(call))
        return reply

    def follow(self, prediction: Prediction) -> AsyncGenerator[streaming.Event]:
        """Follow what a prediction writes, from its first piece. Raises what the client raises."""
        found: Any = self._client.predictions.stream(prediction)
        events: AsyncGenerator[streaming.Event] = found
        return events

    async def version_of(self, model: str) -> str | None:
        """Return the version to run of a model that is not official; None for one that runs by its name."""
        if model not in self._versions:
            owner, _, name = model.partition("/")
            found = await self._call("models.get", lambda: self._client.models.get(f"{owner}/{name}"))
            is_named = found.is_official or found.latest_version is None
            if len(self._versions) >= _KNOWN_MAX:
                self._versions.clear()
            self._versions[model] = None if is_named else str(found.latest_version.id)
        return self._versions[model]

    async def webhook_secret(self) -> str:
        """Ask for the secret that webhooks are signed with."""
        found = await self._call("webhooks.secret", self._client.webhooks.secret)
        return str(found.key)

    async def place(self, content: bytes, *, content_type: str, name: str) -> str:
        """Put a file where a prediction can read it: into its address when it is small, else uploaded."""
        if len(content) <= INLINE_MAX_BYTES:
            return f"data:{content_type};base64,{base64.b64encode(content).decode()}"
        made = await self._call(
            "files.create", lambda: self._client.files.create(content, name=name, content_type=content_type)
        )
        if made.url is None:
            raise errors.ServerError("upstream took a file without saying where it is", can_retry=True)
        return str(made.url)

    async def _create(self, create: Create, is_still_good: Callable[[], bool]) -> Prediction:
        names: dict[str, Any] = self._names(create)
        try:
            async with asyncio.timeout(self.timing.intent_good_s + self.timing.answer_s):
                made: Prediction = await self._client.predictions.create(
                    **names,
                    input=create.input,
                    webhook=create.webhook,
                    webhook_events=create.events if create.webhook else None,
                    cancel_after_s=create.cancel_after_s,
                    is_still_good=is_still_good,
                )
        except TimeoutError:
            # The connection was closed with it, so nothing more will leave.
            raise errors.OutcomeUnknown("the create was not answered in time") from None
        return made

    async def _exchange(self, call: wire.Call) -> wire.Reply:
        reply: wire.Reply = await self._client.exchange(call)
        if reply.status in _OURS or reply.status >= 500:
            raise wire.problem(reply, call)
        return reply

    async def _call(self, route: str, ask: Callable[[], Any]) -> Any:
        lane: Lane = self.lanes.calls
        await lane.permit()
        try:
            with self._observer.call(route):
                return await _in_time(ask)
        except errors.RateLimited as error:
            await lane.slow(error)
            raise

    def _names(self, create: Create) -> dict[str, str]:
        if create.deployment is not None:
            return {"deployment": create.deployment}
        if create.version is not None:
            return {"ref": f"{create.model}:{create.version}" if "/" in create.model else create.version}
        return {"model": create.model}


async def _in_time(ask: Callable[[], Any]) -> Any:
    try:
        async with asyncio.timeout(_CALL_S):
            return await ask()
    except TimeoutError:
        raise errors.TimedOut("upstream did not answer in time", can_retry=True) from None
