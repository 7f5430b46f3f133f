"""What the log says of every generation, and the facts that stand on each line: request, key, generation.

    journal.bind(request_id="01k…")              # for the rest of this task
    with journal.bound(generation_id="01k…"): …

It speaks through the standard library's `logging`; `tintype.telemetry.logs` writes the lines, or the logging of whoever
embeds Tintype.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from tintype.domain.money import to_usd
from tintype.observing import Observer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

    from tintype.observing import Begun, Ended

PROMPT_LENGTH_MAX = 50
Prompts = Literal["cut", "full", "off"]

_bound: ContextVar[Mapping[str, str]] = ContextVar("tintype_log_facts", default=MappingProxyType({}))
_log = logging.getLogger("tintype.generations")


class Journal(Observer):
    """Writes `generation_started` and `generation_completed`; `prompts` says how much is shown of them."""

    def __init__(self, *, prompts: Prompts = "cut") -> None:
        self._prompts = prompts

    def begun(self, begin: Begun) -> None:
        """Write that a generation was admitted."""
        if not _log.isEnabledFor(logging.INFO):
            return
        facts = {
            "generation_id": begin.id,
            "key_id": begin.key_id,
            "request_id": begin.request_id,
            "model": begin.model,
            "estimate_usd": to_usd(begin.estimate_nano_usd),
            "hold_usd": to_usd(begin.hold_nano_usd),
            "prompt": self._shown(begin.prompt),
            "joined_to": begin.joined_to,
            "cached_from": begin.cached_from,
        }
        _log.info("generation_started", extra={name: value for name, value in facts.items() if value})

    def ended(self, end: Ended) -> None:
        """Write how a generation ended."""
        if not _log.isEnabledFor(logging.INFO):
            return
        facts = {
            "generation_id": end.id,
            "key_id": end.key_id,
            "model": end.model,
            "state": end.state,
            "code": end.failure_code,
            "seconds": round(end.seconds, 3),
            "cost_usd": to_usd(end.cost_nano_usd),
            "success": end.is_success,
            "cached_from": end.cached_from,
        }
        _log.info(
            "generation_completed", extra={name: value for name, value in facts.items() if value is not None}
        )

    def about(self, ident: str, key_id: str | None, request_id: str | None) -> AbstractContextManager[None]:
        """Put a generation on every line, with its key and the request that asked for it.

        Where another request is at it, such as one that cancels it, that one stands there as `acting_request_id`.
        """
        here = _bound.get()
        acting = here.get("acting_request_id" if "generation_id" in here else "request_id")
        told = {"generation_id": ident, "key_id": key_id, "request_id": request_id}
        if acting is not None and acting != request_id:
            told["acting_request_id"] = acting
        return bound(**told)

    def job(self, queue: str, ident: str) -> AbstractContextManager[None]:
        """Put queue and generation on every line that a job writes."""
        return bound(queue=queue, generation_id=ident)

    def _shown(self, prompt: str | None) -> str | None:
        if prompt is None or self._prompts == "off":
            return None
        if self._prompts == "full" or len(prompt) <= PROMPT_LENGTH_MAX:
            return prompt
        return f"{prompt[:PROMPT_LENGTH_MAX]}…"


def bind(**facts: str) -> None:
    """Put facts on every line that is written in this context from now on."""
    _bound.set({**_bound.get(), **facts})


@contextmanager
def bound(**facts: str | None) -> Iterator[None]:
    """Put facts on every line that is written meanwhile; with None one stands there no more."""
    meanwhile = {name: value for name, value in {**_bound.get(), **facts}.items() if value is not None}
    before = _bound.set(meanwhile)
    try:
        yield
    finally:
        _bound.reset(before)


def facts() -> Mapping[str, str]:
    """Return the facts that stand on a line written here."""
    return _bound.get()


__all__ = ["PROMPT_LENGTH_MAX", "Journal", "Prompts", "bind", "bound", "facts"]
