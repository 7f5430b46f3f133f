"""Films: one row for each order whose clips are joined into one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from psycopg.types.json import Jsonb

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tintype.store.database import Database, Session


@dataclass(frozen=True, slots=True)
class Film:
    """A film. `state` is waiting, succeeded, failed or canceled; `plan` is what was asked for along with it."""

    order_id: str
    key_id: str
    plan: dict[str, Any] = field(repr=False)
    state: Literal["waiting", "succeeded", "failed", "canceled"]
    failure_code: str | None
    failure_message: str | None
    sha256: str | None
    content_type: str | None
    size_bytes: int | None
    width: int | None
    height: int | None
    duration_ms: int | None
    poster_sha256: str | None
    created_at: datetime
    finished_at: datetime | None

    @property
    def is_final(self) -> bool:
        """Whether it has ended."""
        return self.finished_at is not None


@dataclass(frozen=True, slots=True)
class Ending:
    """How a film ended: made, with its file, or not, and why."""

    state: str
    failure_code: str | None = None
    failure_message: str | None = None
    sha256: str | None = None
    content_type: str | None = None
    size_bytes: int | None = None
    width: int | None = None
    height: int | None = None
    duration_ms: int | None = None
    poster_sha256: str | None = None


async def get(on: Database | Session, order_id: str) -> Film | None:
    """Return the film of an order; None for an order that is to be none."""
    return await on.one("film", Film, order_id=order_id)


async def end(
    work: Session, order_id: str, ending: Ending, *, generation_id: str, told: Mapping[str, Any]
) -> None:
    """End a film that was not made yet; `told` is what its callback says, sent as a delivery of the generation."""
    await work.run(
        "end_film",
        order_id=order_id,
        generation_id=generation_id,
        told=Jsonb(dict(told)),
        state=ending.state,
        failure_code=ending.failure_code,
        failure_message=ending.failure_message,
        sha256=ending.sha256,
        content_type=ending.content_type,
        size_bytes=ending.size_bytes,
        width=ending.width,
        height=ending.height,
        duration_ms=ending.duration_ms,
        poster_sha256=ending.poster_sha256,
    )
