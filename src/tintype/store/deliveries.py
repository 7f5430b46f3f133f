"""Callbacks that are owed, the log of their attempts, and the secrets that sign them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from tintype.store.database import Database, Session


@dataclass(frozen=True, slots=True)
class Delivery:
    """A callback. `state` is waiting, delivered or given_up; `left_s` how long it is tried yet.

    With a `body` it says that, in place of the event of its number.
    `kind` is completed, or what it tells of before that: start, logs, output. Those are sent once.
    """

    id: str
    generation_id: str
    event_number: int
    kind: str
    url: str = field(repr=False)
    state: str
    attempts: int
    created_at: datetime
    next_at: datetime
    ends_at: datetime
    delivered_at: datetime | None
    left_s: float
    body: dict[str, Any] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of deliveries ends."""

    generation_id: str | None
    event_number: int | None
    id: str | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of a delivery: the answer's status, or the error when there was none."""

    number: int
    at: datetime
    status: int | None
    error: str | None
    elapsed_ms: int


@dataclass(frozen=True, slots=True)
class Told:
    """The event that a callback tells of."""

    state: str
    body: dict[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True)
class _Secret:
    secret: bytes = field(repr=False)


async def claim(on: Database | Session, generation_id: str, *, for_s: float) -> Delivery | None:
    """Take a generation's first due delivery; for so long nobody else gets it."""
    return await on.one("claim_delivery", Delivery, generation_id=generation_id, for_s=for_s)


async def of(on: Database | Session, generation_id: str) -> list[Delivery]:
    """Return a generation's deliveries by their event."""
    return await on.all("deliveries_of", Delivery, generation_id=generation_id)


async def page(
    on: Database | Session,
    *,
    key_id: str,
    generation_id: str | None = None,
    state: str | None = None,
    before: Place | None = None,
    at_most: int = 100,
) -> list[Delivery]:
    """Return a page of the callbacks of a key's generations, those of the newest first."""
    place = before or Place(None, None, None)
    return await on.all(
        "deliveries_all",
        Delivery,
        key=key_id,
        id=None,
        generation_id=generation_id,
        state=state,
        before=place.generation_id,
        before_number=place.event_number,
        before_id=place.id,
        at_most=at_most,
    )


async def get(on: Database | Session, delivery_id: str, *, key_id: str) -> Delivery | None:
    """Return a callback of a key's."""
    return await on.one(
        "deliveries_all",
        Delivery,
        key=key_id,
        id=delivery_id,
        generation_id=None,
        state=None,
        before=None,
        before_number=None,
        before_id=None,
        at_most=1,
    )


async def attempts(on: Database | Session, delivery_id: str) -> list[Attempt]:
    """Return the log of a delivery, oldest first."""
    return await on.all("delivery_attempts_of", Attempt, delivery_id=delivery_id)


async def told(on: Database | Session, delivery: Delivery) -> Told | None:
    """Return the event that a delivery is about."""
    return await on.one(
        "told_event", Told, generation_id=delivery.generation_id, number=delivery.event_number
    )


async def record(
    work: Session,
    delivery_id: str,
    *,
    state: str,
    after_s: float = 0.0,
    status: int | None,
    error: str | None,
    elapsed_ms: int,
) -> None:
    """Write an attempt down, and the state of its delivery after it."""
    await work.run(
        "record_delivery",
        id=delivery_id,
        state=state,
        after_s=after_s,
        status=status,
        error=error,
        elapsed_ms=elapsed_ms,
    )


async def next_after_s(on: Database | Session, generation_id: str) -> float | None:
    """Return when a generation's next delivery is due, in seconds from now; None when none waits."""
    after_s: float | None = await on.value("next_delivery", generation_id=generation_id)
    return after_s


async def enqueue(on: Database | Session, generation_id: str, *, after_s: float = 0.0) -> None:
    """Defer the job that delivers."""
    await on.value("enqueue_callback", id=generation_id, after_s=after_s)


async def again(on: Database | Session, delivery_id: str) -> bool:
    """Let a delivery begin anew, whatever became of it; False when there is none of this id."""
    return await on.run("redeliver", id=delivery_id) == 1


async def secrets(on: Database | Session, key_id: str) -> list[bytes]:
    """Return the sealed secrets that sign a key's callbacks now, the newest first."""
    return [one.secret for one in await on.all("callback_secrets", _Secret, key_id=key_id)]


async def lock_secrets(work: Session, key_id: str) -> bool:
    """Let nobody else change a key's secrets until the transaction ends; False when there is no such key."""
    return await work.value("lock_key", key_id=key_id) is not None


async def put_secret(work: Session, key_id: str, sealed: bytes, *, overlap_s: float) -> None:
    """Give a key a new secret; those before sign along for `overlap_s`."""
    await work.run("put_callback_secret", key_id=key_id, secret=sealed, overlap_s=overlap_s)
