"""Decide what becomes of a callback to a user's URL, and write what it says. Pure.

A callback is a Standard Webhook: `webhook-id` is the same at every attempt, so that a receiver can tell a repeat.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from random import Random

WINDOW_S = 24 * 3600.0
"""How long a callback is tried."""
BODY_MAX_BYTES = 64 * 1024
"""The largest body; what is longer says so and leaves outputs out."""
_PAUSE_MIN_S = 5.0
_PAUSE_MAX_S = 4 * 3600.0
_GONE = 410


@dataclass(frozen=True, slots=True)
class Delivered:
    """The receiver has it."""


@dataclass(frozen=True, slots=True)
class Again:
    """It is sent again after a while."""

    after_s: float


@dataclass(frozen=True, slots=True)
class GivenUp:
    """It is not sent again, unless somebody asks for it."""


def judge(
    *, status: int | None, is_refused: bool, retry_after_s: float | None, left_s: float, random: Random
) -> Delivered | Again | GivenUp:
    """Decide by an attempt's answer; `status` is None when there was none.

    2xx is done. 410 says that nobody wants it, and a URL that our rules refuse stays refused. Anything else, also
    a redirect, is tried again: after as long as it has been tried already, at least 5 s, at most 4 h, give or
    take a fifth, and a last time at the end of `left_s`. A receiver may ask for more patience.
    """
    if status is not None and 200 <= status < 300:
        return Delivered()
    if status == _GONE or is_refused or left_s < 1.0:
        return GivenUp()
    elapsed_s = max(WINDOW_S - left_s, 0.0)
    pause_s = min(max(elapsed_s, _PAUSE_MIN_S), _PAUSE_MAX_S) * random.uniform(0.8, 1.2)
    return Again(min(max(pause_s, retry_after_s or 0.0), left_s))


def body(*, kind: str, at: str, data: Mapping[str, Any], outputs: Sequence[Mapping[str, Any]]) -> bytes:
    """Return the JSON of a callback: `type`, `timestamp` and `data`, with as many outputs as fit."""
    kept = list(outputs)
    while True:
        told = {**data, "outputs": kept, "outputs_total": len(outputs)}
        text = json.dumps({"type": kind, "timestamp": at, "data": told}, ensure_ascii=False).encode()
        if len(text) <= BODY_MAX_BYTES or not kept:
            return text
        kept = kept[: len(kept) // 2]
