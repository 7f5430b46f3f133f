"""What is known of a create that was sent and not answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class SentCreate:
    """What is known of a create whose outcome is unknown: enough to look for what it may have bought.

    Times are UTC. `upstream_date` is the `Date` of an answer, if one came; `clock_ahead_s` is how far the
    upstream's clock was seen ahead of ours before. The input is what was sent, so it may hold a prompt:
    it stays out of the `repr`.
    """

    path: str
    model: str | None
    version: str | None
    deployment: str | None
    input: Mapping[str, Any] = field(repr=False)
    webhook: str | None = field(repr=False)
    sent_at: datetime
    ended_at: datetime
    deadline_at: datetime | None = None
    upstream_date: datetime | None = None
    clock_ahead_s: float | None = None
