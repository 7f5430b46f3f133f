"""What may be repeated, and when: a pure function of the attempt, the error and the kind of call.

A call that buys nothing is repeated after any failure that may pass. A create is repeated only where it is
certain that nothing was bought: the connection did not come about, or upstream said 429.
"""

from __future__ import annotations

from dataclasses import dataclass

from tintype.domain import errors
from tintype.replicate.wire import Kind


@dataclass(frozen=True, slots=True)
class Policy:
    """How patient a client is.

    `pauses_s` are the pauses before each repeat, changed by up to ± `jitter` of themselves. A create that is
    throttled is repeated up to `throttled_max` times. A wait that upstream asks for is obeyed up to
    `retry_after_max_s`; a longer one is told to the caller.
    """

    pauses_s: tuple[float, ...] = (1.0, 2.0, 4.0)
    jitter: float = 0.25
    throttled_max: int = 8
    retry_after_max_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Again:
    """Repeat the call after some seconds."""

    after_s: float


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Tell the caller."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Tell the caller that the create may have bought something."""


def decide(
    policy: Policy,
    *,
    kind: Kind,
    attempt: int,
    error: errors.UpstreamError,
    chance: float,
    remaining_s: float | None = None,
) -> Again | GiveUp | Unknown:
    """Decide what follows the failure of an attempt, counted from 1.

    `chance` is a random number from 0 to 1 and spreads the pauses; `remaining_s` is what is left until the
    caller's deadline, and no repeat starts after it.
    """
    if kind is Kind.CREATE and not _bought_nothing(error):
        return Unknown()
    if not error.can_retry:
        return GiveUp()
    throttled = isinstance(error, errors.RateLimited)
    repeats_max = policy.throttled_max if kind is Kind.CREATE and throttled else len(policy.pauses_s)
    if attempt > repeats_max:
        return GiveUp()
    pause = policy.pauses_s[min(attempt, len(policy.pauses_s)) - 1] if policy.pauses_s else 0.0
    pause *= 1 + policy.jitter * (2 * chance - 1)
    asked = error.retry_after_s
    if asked is not None:
        if asked > policy.retry_after_max_s:
            return GiveUp()
        # What upstream asks for is the least; a little is added so that many callers do not come at once.
        pause = max(asked + policy.jitter * chance, pause if asked == 0 else 0.0)
    if remaining_s is not None and pause >= remaining_s:
        return GiveUp()
    return Again(after_s=pause)


def _bought_nothing(error: errors.UpstreamError) -> bool:
    """Whether it is certain that a create which ended with this error bought nothing.

    A status from 400 to 499 is a refusal, but for 408, which a proxy may send for a request that went on.
    """
    if isinstance(error, errors.ConnectFailed):
        return True
    return error.status is not None and 400 <= error.status < 500 and error.status != 408
