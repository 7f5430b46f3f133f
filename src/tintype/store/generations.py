"""Generations as rows: read, locked, moved from state to state, each with its events and its money.

    async with db.transaction() as work:
        now = await generations.lock(work, id)
        decision = generation.apply(now.facts, event)
        await generations.write(work, now, decision)

One change to a final state per transaction: it locks counters, whose order holds within one call.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.types.json import Jsonb

from tintype.domain import generation, ids, texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tintype.store.database import Database, Session

_CLOCKS = timedelta(hours=1)
_MESSAGE_MAX = 2_000


@dataclass(frozen=True, slots=True)
class Generation:
    """A generation's row. Times are aware; what may hold a prompt or a secret stays out of the `repr`.

    `request_id` is the HTTP request that asked for it, None where none did. `seen` is the row's version where it was
    read by itself, for `advance`; it is no part of what the row says. `approved` is for `store.approvals`, where it
    was read to be shown.
    """

    id: str
    order_id: str | None
    position: int
    key_id: str
    end_user: str | None
    project: str | None
    upstream_id: int
    simulated: bool
    model: str
    version: str | None
    deployment: str | None
    input: dict[str, Any] = field(repr=False)
    secrets: bytes | None = field(repr=False)
    estimate_nano_usd: int
    hold_nano_usd: int
    cost_nano_usd: int | None
    price_rule: str
    images: int
    video_ms: int
    state: str
    failure_code: str | None
    failure_message: str | None
    prediction_id: str | None
    prediction: dict[str, Any] | None = field(repr=False)
    attempts: int
    attempts_absent: int
    attempts_failed: int
    predictions_past: list[str]
    intent_token: str | None = field(repr=False)
    intent_at: datetime | None
    dead_at: datetime | None
    cancel_wished_at: datetime | None
    deadline_at: datetime
    due_at: datetime | None
    progress_percent: float | None
    progress: dict[str, Any] | None = field(repr=False)
    cache_key: str | None
    joined_to: str | None
    cached_from: str | None
    metadata: dict[str, Any]
    tags: list[str]
    callback_url: str | None = field(repr=False)
    virtual_start: int
    events_last: int
    created_at: datetime
    submitted_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    finished_at: datetime | None
    settled_at: datetime | None
    deleted_at: datetime | None
    follows: str | None = None
    request_id: str | None = None
    seen: str = field(default="", repr=False, compare=False)
    approved: list[dict[str, Any]] = field(default_factory=list, repr=False, compare=False)

    @property
    def facts(self) -> generation.Facts:
        """What a decision about it depends on."""
        return generation.Facts(
            state=generation.State(self.state),
            attempts=self.attempts,
            attempts_absent=self.attempts_absent,
            attempts_failed=self.attempts_failed,
            predictions_past=tuple(self.predictions_past),
            prediction_id=self.prediction_id,
            cancel_wished=self.cancel_wished_at is not None,
            failure_code=self.failure_code,
        )


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a generation cost and made: nano-dollars, pictures, milliseconds of film."""

    cost_nano_usd: int
    images: int = 0
    video_ms: int = 0


@dataclass(frozen=True, slots=True)
class Moved:
    """What a move did: the number of its last event, who was finished along with it, who buys instead."""

    event: int
    shared_with: tuple[str, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Intent:
    """A committed intent: the attempt's number, and when it is dead at the latest, by the database's clock."""

    number: int
    dead_at: datetime


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a generation came from: its key, and the HTTP request that asked for it, None where none did."""

    id: str
    key_id: str
    request_id: str | None


class PredictionClaimed(Exception):
    """Another generation holds this prediction already; nothing was changed."""


async def get(on: Database | Session, ident: str) -> Generation | None:
    """Return a generation, or None."""
    return await on.one("generation", Generation, id=ident)


async def shown(on: Database | Session, ident: str) -> Generation | None:
    """Return a generation with the approvals that it had a part in, or None."""
    return await on.one("generation_shown", Generation, id=ident)


async def origins(on: Database | Session, idents: Sequence[str]) -> list[Origin]:
    """Return where generations came from."""
    return await on.all("origins", Origin, ids=list(idents)) if idents else []


async def page(
    on: Database | Session,
    *,
    key: str,
    older_than: str | None,
    newer_than: str | None,
    created_after: datetime | None,
    created_before: datetime | None,
    at_most: int,
) -> list[Generation]:
    """Return a page of a key's generations, newest first: those next to an id, on the one side or the other.

    `created_after` counts itself, `created_before` does not.
    """
    # Ids grow by the clocks of those who make them, so that they bound the search with an hour to spare.
    least = newer_than or (created_after and _id_at(created_after, -_CLOCKS))
    most = older_than or (created_before and _id_at(created_before, _CLOCKS))
    rows = await on.all(
        "generations_older" if newer_than is None else "generations_newer",
        Generation,
        key=key,
        least=least,
        most=most,
        created_after=created_after,
        created_before=created_before,
        at_most=at_most,
    )
    return rows if newer_than is None else rows[::-1]


async def of_order(on: Database | Session, order_id: str) -> list[Generation]:
    """Return the generations of an order by their position; one that was repeated is replaced by its repetition."""
    return await on.all("generations_of_order", Generation, order_id=order_id)


async def by_token(on: Database | Session, token: str) -> Generation | None:
    """Return the generation that an attempt's token belongs to now: a flight may have handed it on."""
    return await on.one("generation_by_token", Generation, token=token)


async def by_prediction(on: Database | Session, *, upstream_id: int, prediction_id: str) -> Generation | None:
    """Return the generation that holds a prediction."""
    return await on.one(
        "generation_by_prediction", Generation, upstream_id=upstream_id, prediction_id=prediction_id
    )


async def lock(work: Session, ident: str) -> Generation | None:
    """Return a generation locked until the transaction ends; flights are locked before their members."""
    return await work.one("lock_generation", Generation, id=ident)


async def move(
    work: Session,
    ident: str,
    changes: Mapping[str, Any],
    *,
    event: Mapping[str, Any] | None = None,
    settle: Settlement | None = None,
) -> Moved | None:
    """Change columns; a new `state` writes an event with the body `event` and tells listeners.

    `changes` names columns of the row; `due_in_s` sets `due_at`, and `cancel_wished` (True)
    `cancel_wished_at`, by the database's clock. A final state needs
    `settle`: the hold is released and the cost booked, those who waited for it end too, or the next of them
    buys. None when it was final before: nothing was done. Raises PredictionClaimed.
    """
    with _claiming(ident):
        said = await work.value(
            "move_generation",
            id=ident,
            changes=_written(changes),
            event=Jsonb(dict(event or {})),
            settle=_amounts(settle),
        )
    return _moved(said) if said else None


async def write(
    work: Session,
    now: Generation,
    decision: generation.Decision,
    *,
    made: Settlement | None = None,
    changes: Mapping[str, Any] | None = None,
    event: Mapping[str, Any] | None = None,
) -> Moved | None:
    """Write what was decided about a locked generation, with further `changes` of its columns; see `move`.

    `made` is what it cost and made by the price rule; it is needed where the decision charges that. The job
    that a decision asks for, upstream's cancel, orphans and alerts are left to the caller.
    """
    changed = _changed(now, decision, changes)
    if not changed:
        return None
    return await move(work, now.id, changed, event=event, settle=_settlement(now, decision.charge, made))


async def advance(
    on: Database | Session,
    now: Generation,
    decision: generation.Decision,
    *,
    made: Settlement | None = None,
    changes: Mapping[str, Any] | None = None,
    event: Mapping[str, Any] | None = None,
    attempt: Mapping[str, Any] | None = None,
    again_s: float = 0.0,
) -> Moved | None:
    """Write in one round trip what was decided about a generation as it was read: `write`, and more.

    `attempt` is how an attempt ended (token, outcome, status, prediction_id); the job that the decision asks for is
    deferred too, by `again_s`. None when the row is not as it was read any more: nothing was done. Orphans, corrections
    and alerts need a transaction. Raises PredictionClaimed.
    """
    changed = _changed(now, decision, changes)
    if not changed and attempt is None and decision.work is None:
        return Moved(now.events_last, (), None)
    with _claiming(now.id):
        said = await on.value(
            "advance",
            id=now.id,
            seen=now.seen,
            changes=_written(changed),
            event=Jsonb(dict(event or {})),
            settle=_amounts(_settlement(now, decision.charge, made)),
            attempt=attempt and Jsonb(dict(attempt)),
            work=decision.work and decision.work.value,
            again_s=again_s,
        )
    if said is None:
        return None
    return _moved(said["moved"]) if said["moved"] else Moved(now.events_last, (), None)


async def intend(on: Database | Session, ident: str, *, token: str, dead_after_s: float) -> Intent | None:
    """Commit the intent to POST; None when it must not be sent now (not queued, joined, to be cancelled)."""
    said = await on.value("intend", id=ident, token=token, dead_after_s=dead_after_s)
    return Intent(said["number"], datetime.fromisoformat(said["dead_at"])) if said else None


async def enqueue(on: Database | Session, ident: str, *, after_s: float = 0.0) -> None:
    """Defer the job that submits a generation, at the place in the queue it was admitted to."""
    await on.run("enqueue", id=ident, after_s=after_s)


async def hand_over(work: Session, ident: str) -> str | None:
    """Let the next of a flight carry what this one bought, before it is cancelled.

    Returns who carries it now, or None when nobody else waits for it.
    """
    carrier: str | None = await work.value("hand_over", id=ident)
    return carrier


async def rebase(on: Database | Session) -> int:
    """Make the queue's priorities small again when they have grown far; returns the new base or 0."""
    base: int = await on.value("rebase")
    return base


def _id_at(moment: datetime, later: timedelta) -> str:
    """Return the least id of so much later than a moment."""
    time_ms = min(max(int((moment.timestamp() + later.total_seconds()) * 1000), 0), 2**48 - 1)
    return ids.ulid(time_ms=time_ms, randomness=bytes(ids.RANDOM_BYTES))


def _changed(
    now: Generation, decision: generation.Decision, changes: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Name the columns that a decision changes."""
    facts = decision.facts
    columns = {
        "state": facts.state.value,
        "attempts": facts.attempts,
        "attempts_absent": facts.attempts_absent,
        "attempts_failed": facts.attempts_failed,
        "predictions_past": list(facts.predictions_past),
        "prediction_id": facts.prediction_id,
        "failure_code": facts.failure_code,
    }
    changed = {name: value for name, value in columns.items() if getattr(now, name) != value}
    if facts.cancel_wished and now.cancel_wished_at is None:
        changed["cancel_wished"] = True
    if decision.failure_message:
        changed["failure_message"] = texts.keepable(decision.failure_message)[:_MESSAGE_MAX]
    return changed | dict(changes or {})


@contextlib.contextmanager
def _claiming(ident: str) -> Iterator[None]:
    """Tell when the prediction is another's."""
    try:
        yield
    except psycopg.errors.UniqueViolation as error:
        if error.diag.constraint_name == "generations_prediction":
            raise PredictionClaimed(f"another generation holds the prediction of {ident}") from error
        raise


def _moved(said: Mapping[str, Any]) -> Moved:
    return Moved(said["event"], tuple(said["shared_with"]), said["next"])


def _written(changes: Mapping[str, Any]) -> Jsonb:
    return Jsonb({name: _plain(value) for name, value in changes.items()})


def _amounts(settle: Settlement | None) -> Jsonb | None:
    if settle is None:
        return None
    return Jsonb(
        {"cost_nano_usd": settle.cost_nano_usd, "images": settle.images, "video_ms": settle.video_ms}
    )


def _settlement(
    now: Generation, charge: generation.Charge | None, made: Settlement | None
) -> Settlement | None:
    match charge:
        case generation.Charge.NOTHING:
            return Settlement(0)
        case generation.Charge.HOLD:
            return Settlement(now.hold_nano_usd, images=now.images, video_ms=now.video_ms)
        case generation.Charge.MADE:
            if made is None:
                raise ValueError(f"generation {now.id} ends by what was made, and nobody says what that is")
            return made
    return None


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return f"\\x{value.hex()}" if isinstance(value, bytes) else value
