"""What the core tells whoever watches it: logs, metrics, traces. Nobody has to, and the core knows none of them.

    class Counting(Observer):
        def ended(self, end): ...

    async with bootstrap.core(settings, place, observers=(Counting(),)) as core: ...

An observer is quick and touches no database: it is called where generations move.
"""

from __future__ import annotations

import contextlib
import logging
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

IMAGE, VIDEO, OTHER = "image", "video", "other"

_log = logging.getLogger("tintype.observing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A generation was admitted. `joined_to` and `cached_from` say that nothing is bought for it."""

    id: str
    model: str
    kind: str
    key_id: str
    estimate_nano_usd: int
    hold_nano_usd: int
    prompt: str | None = field(repr=False)
    request_id: str | None = None
    joined_to: str | None = None
    cached_from: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A generation came into a final state; `seconds` since it was admitted, by this machine's clock.

    `cached_from` names the one whose outputs it got.
    """

    id: str
    model: str
    kind: str
    key_id: str
    state: str
    cost_nano_usd: int
    created_at: datetime
    seconds: float
    failure_code: str | None = None
    cached_from: str | None = None

    @property
    def is_success(self) -> bool:
        """Whether it made what was asked for."""
        return self.state == "succeeded"


class Observer:
    """Hears what happens. Each method does nothing, so that one overrides what one wants to hear."""

    def begun(self, begin: Begun) -> None:
        """A generation was admitted."""

    def refused(self, reason: str) -> None:
        """A request was refused as a whole: a limit's measure, `paused` or `conflict`."""

    def ended(self, end: Ended) -> None:
        """A generation ended."""

    def unsure(self, model: str) -> None:
        """Nobody knows whether an attempt bought something."""

    def found(self, by: str, lag_s: float) -> None:
        """The end of a prediction was heard of, so long after it: by `webhook` or `tracker`."""

    def webhook(self, result: str) -> None:
        """A webhook came in: `new`, `repeated` or `refused`."""

    def captured(self, model: str, seconds: float) -> None:
        """Every output of a generation was stored; it took so long."""

    def called_back(self, result: str, seconds: float) -> None:
        """A callback was sent: `delivered`, `waiting` for another try, or `given_up`."""

    def taken_over(self, queue: str) -> None:
        """A dead worker's job went back into its queue."""

    def about(self, ident: str, key_id: str | None, request_id: str | None) -> AbstractContextManager[Any]:
        """Stand around what is done about a generation; `request_id` is the HTTP request that asked for it."""
        del ident, key_id, request_id
        return contextlib.nullcontext()

    def job(self, queue: str, ident: str) -> AbstractContextManager[Any]:
        """Stand around a job about the generation `ident`; `about` stands around that."""
        del queue, ident
        return contextlib.nullcontext()

    def call(self, route: str) -> AbstractContextManager[Any]:
        """Stand around a call of upstream, such as `predictions.get`; what it raises passes through."""
        del route
        return contextlib.nullcontext()


class Observers(Observer):
    """Tells several. One that fails is logged and stands in nobody's way."""

    def __init__(self, several: Sequence[Observer]) -> None:
        self._several = tuple(several)

    def begun(self, begin: Begun) -> None:
        """Tell all."""
        self._tell("begun", begin)

    def refused(self, reason: str) -> None:
        """Tell all."""
        self._tell("refused", reason)

    def ended(self, end: Ended) -> None:
        """Tell all."""
        self._tell("ended", end)

    def unsure(self, model: str) -> None:
        """Tell all."""
        self._tell("unsure", model)

    def found(self, by: str, lag_s: float) -> None:
        """Tell all."""
        self._tell("found", by, lag_s)

    def webhook(self, result: str) -> None:
        """Tell all."""
        self._tell("webhook", result)

    def captured(self, model: str, seconds: float) -> None:
        """Tell all."""
        self._tell("captured", model, seconds)

    def called_back(self, result: str, seconds: float) -> None:
        """Tell all."""
        self._tell("called_back", result, seconds)

    def taken_over(self, queue: str) -> None:
        """Tell all."""
        self._tell("taken_over", queue)

    @contextmanager
    def about(self, ident: str, key_id: str | None, request_id: str | None) -> Iterator[None]:
        """Stand around it with all."""
        with ExitStack() as stack:
            for one in self._several:
                stack.enter_context(one.about(ident, key_id, request_id))
            yield

    @contextmanager
    def job(self, queue: str, ident: str) -> Iterator[None]:
        """Stand around it with all."""
        with ExitStack() as stack:
            for one in self._several:
                stack.enter_context(one.job(queue, ident))
            yield

    @contextmanager
    def call(self, route: str) -> Iterator[None]:
        """Stand around it with all."""
        with ExitStack() as stack:
            for one in self._several:
                stack.enter_context(one.call(route))
            yield

    def _tell(self, what: str, *facts: Any) -> None:
        for one in self._several:
            try:
                getattr(one, what)(*facts)
            except Exception:  # noqa: BLE001 - who only watches must not stop what is watched
                _log.exception("%s could not be told that a generation was %s", type(one).__name__, what)


def kind_of(*, images: int, video_ms: int) -> str:
    """Return what a generation makes, by what it may make at most."""
    if video_ms:
        return VIDEO
    return IMAGE if images else OTHER


__all__ = ["IMAGE", "OTHER", "VIDEO", "Begun", "Ended", "Observer", "Observers", "kind_of"]
