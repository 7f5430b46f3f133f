"""The conversation of one call: admitted by the limit, sent, repeated as the policy allows, read."""

from __future__ import annotations

import logging
import math
import random
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from tintype.domain import errors
from tintype.replicate import policy, steps, wire
from tintype.replicate.clock import UpstreamClock
from tintype.replicate.foresight import Foresight
from tintype.replicate.pace import Usual
from tintype.replicate.results import Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from tintype.replicate.limits import Limits, Window

T = TypeVar("T")

HELD_S = 1.0
"""An answer to a create that took longer was held, whatever its headers say."""

_DEADLINE_MAX_S = 31_536_000.0

_log = logging.getLogger("tintype.replicate")


@dataclass(slots=True)
class Context:
    """What all conversations of one client share. Times come from `monotonic`, dates from `now`.

    `is_holding` says whether upstream, when it was last asked to wait with its answer, did so.
    """

    policy: policy.Policy
    limits: Limits
    read_s: float
    monotonic: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    chance: Callable[[], float] = random.random
    clock: UpstreamClock = field(default_factory=UpstreamClock)
    is_holding: bool = True
    usual: Usual = field(init=False)
    foresight: Foresight = field(default_factory=Foresight)

    def __post_init__(self) -> None:
        """Let what is learned of usual times use the same clock and chance."""
        self.usual = Usual(monotonic=self.monotonic, chance=self.chance)

    def until(self, deadline_s: float) -> float:
        """The moment of `monotonic` at which a deadline is over; infinity is a year. Raises InputError for NaN."""
        if math.isnan(deadline_s):
            raise errors.InputError("deadline_s is no number of seconds")
        return self.monotonic() + min(deadline_s, _DEADLINE_MAX_S)

    def remaining_s(self, until: float | None) -> float | None:
        """The seconds left until a moment of `monotonic`, or None without one."""
        return None if until is None else until - self.monotonic()


def call(
    context: Context, what: wire.Call, parse: Callable[[wire.Reply], T], *, until: float | None = None
) -> steps.Op[T]:
    """Make a call and read its answer.

    `until` is a moment of the monotonic clock after which nothing is sent any more. Raises the typed error of
    the last failure; OutcomeUnknown for a create that may have bought something.
    """
    window = context.limits.creates if what.kind is wire.Kind.CREATE else context.limits.others
    attempt = 0
    while True:
        attempt += 1
        yield from admit(context, window, until)
        step = _send(context, what, until)
        sent_at, started = context.now(), context.monotonic()
        reply: wire.Reply | None = None
        try:
            reply = yield step
            note(context, what, reply.status, started, attempt)
            result = _read(what, reply, parse, attempt)
        except errors.UpstreamError as fault:
            error = fault
        except BaseException as left:
            if what.kind is wire.Kind.CREATE:
                left.add_note(
                    f"POST {what.path} was under way: it may have bought something. Look at client.predictions.list() "
                    "before you send it anew"
                )
            raise
        else:
            _see(context, what, reply, result, sent_at)
            _see_hold(context, what, reply, started)
            return result
        if reply is None:
            note(context, what, error.code, started, attempt)
        verdict = policy.decide(
            context.policy,
            kind=what.kind,
            attempt=attempt,
            error=error,
            chance=context.chance(),
            remaining_s=context.remaining_s(until),
        )
        if isinstance(verdict, policy.Unknown):
            raise _unknown(context, what, error, reply, sent_at, until) from error
        if isinstance(verdict, policy.GiveUp):
            raise error
        yield steps.Sleep(verdict.after_s)


def exchange(context: Context, what: wire.Call) -> steps.Op[wire.Reply]:
    """Make a call once and give its answer as it came, whatever its status. Raises NetworkError and its like."""
    window = context.limits.creates if what.kind is wire.Kind.CREATE else context.limits.others
    yield from admit(context, window)
    started = context.monotonic()
    reply: wire.Reply = yield steps.Send(what, what.read_s or context.read_s)
    note(context, what, reply.status, started, 1)
    return reply


def admit(context: Context, window: Window | None, until: float | None = None) -> steps.Op[None]:
    """Wait for a place in the client's own limit. Raises TimedOut when it would begin after `until`."""
    if window is None:
        return
    wait_s = window.reserve(context.remaining_s(until))
    if wait_s is None:
        raise errors.TimedOut(
            f"the client's own limit of {window.max_requests} calls in {window.window_s:g} s has no place before the "
            "deadline; nothing was sent. Give more time or other limits",
            can_retry=True,
        )
    if wait_s > 0:
        yield steps.Sleep(wait_s)


def _send(context: Context, what: wire.Call, until: float | None) -> steps.Send:
    read_s = what.read_s or context.read_s
    remaining_s = context.remaining_s(until)
    if remaining_s is None:
        return steps.Send(what, read_s)
    if remaining_s <= 0:
        raise errors.TimedOut(
            "the deadline passed before the call could be sent; nothing was sent", can_retry=True
        )
    if what.kind is wire.Kind.CREATE:
        # Cutting the answer of a create short would leave its outcome unknown: only the queue is cut.
        return steps.Send(what, read_s, remaining_s)
    return steps.Send(what, min(read_s, remaining_s), remaining_s)


def _read(what: wire.Call, reply: wire.Reply, parse: Callable[[wire.Reply], T], attempt: int) -> T:
    gone_by_now = what.method == "DELETE" and attempt > 1 and reply.status == 404
    if 200 <= reply.status < 300 or gone_by_now:
        return parse(reply)
    raise wire.problem(reply, what)


def _unknown(
    context: Context,
    what: wire.Call,
    error: errors.UpstreamError,
    reply: wire.Reply | None,
    sent_at: datetime,
    until: float | None,
) -> errors.OutcomeUnknown:
    target = what.target or wire.Target(path=what.path)
    remaining_s = context.remaining_s(until)
    ended_at = context.now()
    unknown = errors.OutcomeUnknown(
        f"the outcome of POST {what.path} is unknown ({error.code}): it may have bought something and was not sent "
        "again. Look with client.predictions.find(error) before you send it anew",
        status=error.status,
        prediction_id=wire.prediction_id(reply.body) if reply is not None else None,
    )
    unknown.sent = errors.SentCreate(
        path=what.path,
        model=target.model,
        version=target.version,
        deployment=target.deployment,
        input=dict(what.input or {}),
        webhook=what.webhook,
        sent_at=sent_at,
        ended_at=ended_at,
        deadline_at=None
        if remaining_s is None
        else datetime.fromtimestamp(ended_at.timestamp() + remaining_s, UTC),
        upstream_date=reply.date if reply is not None else None,
        clock_ahead_s=context.clock.ahead_s,
    )
    return unknown


def _see(context: Context, what: wire.Call, reply: wire.Reply, result: object, sent_at: datetime) -> None:
    """Learn the upstream's clock from the answer's `Date`, and finer from when it says it created something."""
    received_at = context.now()
    date = reply.date
    if date is not None:
        context.clock.see(date, sent_at=sent_at, received_at=received_at, precision_s=1.0)
    if what.kind is wire.Kind.CREATE and isinstance(result, Work) and result.created_at is not None:
        context.clock.see(result.created_at, sent_at=sent_at, received_at=received_at, precision_s=0.001)


def _see_hold(context: Context, what: wire.Call, reply: wire.Reply, started: float) -> None:
    """Learn whether upstream holds the answers to creates that ask for it; proxies in between may not."""
    if what.kind is wire.Kind.CREATE and what.asks_to_wait:
        is_late = context.monotonic() - started > HELD_S
        context.is_holding = is_late or "preference-applied" in reply.headers


def note(context: Context, what: wire.Call, status: int | str, started: float, attempt: int) -> None:
    """Log the call: method, path, status, ms, attempt, and nothing else."""
    if _log.isEnabledFor(logging.DEBUG):
        ms = round((context.monotonic() - started) * 1000)
        _log.debug("%s %s %s in %d ms, attempt %d", what.method, what.path, status, ms, attempt)
