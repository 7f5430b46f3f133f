"""Batches: rows that are bought in pieces within one budget, and what became of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from psycopg.types.json import Jsonb

from tintype.store import admission

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Iterable, Mapping, Sequence
    from datetime import datetime

    from tintype.domain.access import Actor
    from tintype.store.database import Database, Session

Stand = Literal["open", "stopped", "canceled", "ended"]
"""open: more is bought. stopped: its budget or its key lets nothing more be bought. ended: all of it has ended."""
RowState = Literal["broken", "waiting", "running", "succeeded", "failed", "canceled", "undone"]


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as its row has it. `asked` is what is the same for all rows, `plan` what its maker wrote down.

    `waits_for` says in words why nothing is bought at the moment. `finished_at` is set while nothing goes on.
    """

    id: str
    key_id: str
    end_user: str | None
    project: str | None
    name: str
    state: Stand
    budget_nano_usd: int | None
    asked: dict[str, Any] = field(repr=False)
    plan: dict[str, Any] = field(repr=False)
    warnings: list[str]
    row_count: int
    broken_count: int
    call_count: int
    waits_for: str | None
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Row:
    """A row as it stands. Its outputs are `count` of what its generations made.

    Generation i made `counts[i]` of them, the first being the row's output number `skips[i]`: below zero where others
    come before. `same_as` is the first row that is equal, which paid. `place` is the column of what is wrong.
    `reasons` say why its model was chosen, where that was left open.
    """

    number: int
    line: int
    model: str | None
    input: dict[str, Any] | None = field(repr=False)
    problem: str | None
    place: str | None
    count: int
    state: RowState
    same_as: int | None
    generation_ids: list[str]
    skips: list[int]
    counts: list[int]
    failure_code: str | None
    failure_message: str | None
    cost_nano_usd: int
    reasons: list[str]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a row, where."""

    number: int
    line: int
    place: str | None
    problem: str


@dataclass(frozen=True, slots=True)
class Money:
    """What was booked for a batch and what is held, in nano-dollars, and how many of its calls have ended."""

    cost_nano_usd: int
    held_nano_usd: int
    ended: int


@dataclass(frozen=True, slots=True)
class Outline:
    """How far a batch is: rows that wait for nothing any more, calls that have ended, and what was booked."""

    id: str
    state: Stand
    budget_nano_usd: int | None
    row_count: int
    call_count: int
    waits_for: str | None
    created_at: datetime
    finished_at: datetime | None
    rows_ended: int
    cost_nano_usd: int
    calls_ended: int


@dataclass(frozen=True, slots=True)
class Due:
    """A batch that is to be looked at."""

    id: str
    key_id: str
    end_user: str | None
    project: str | None
    state: Stand
    asked: dict[str, Any] = field(repr=False)
    budget_nano_usd: int | None
    request_id: str | None
    is_key_gone: bool


@dataclass(frozen=True, slots=True)
class Call:
    """A call that is to be bought: `count` outputs of an input, after `skip` that other calls make."""

    number: int
    skip: int
    count: int
    model: str
    input: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Closed:
    """The batch takes nothing more, or not these calls; nothing was done."""


@dataclass(frozen=True, slots=True)
class OverBudget:
    """The batch's budget has no room for the piece; nothing was done."""


@dataclass(frozen=True, slots=True)
class _Counted:
    state: RowState
    rows: int


@dataclass(frozen=True, slots=True)
class Named:
    """What is under an Idempotency-Key: a batch of this id where the fingerprint is a batch's."""

    id: str | None
    fingerprint: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class New:
    """A batch that is to be written."""

    id: str
    actor: Actor
    upstream_id: int
    name: str
    budget_nano_usd: int | None
    asked: Mapping[str, Any] = field(repr=False)
    plan: Mapping[str, Any] = field(repr=False)


async def put(work: Session, new: New) -> None:
    """Write a batch without its rows."""
    actor = new.actor
    await work.run(
        "put_batch",
        id=new.id,
        key=actor.key,
        user=actor.user,
        project=actor.project,
        upstream_id=new.upstream_id,
        name=new.name,
        budget=new.budget_nano_usd,
        asked=Jsonb(dict(new.asked)),
        plan=Jsonb(dict(new.plan)),
        request_id=actor.request_id,
    )


async def take(work: Session, rows: AsyncIterable[Sequence[Any]]) -> None:
    """Write rows as they come; each has the columns of `copy_batch_rows`."""
    await work.copy("copy_batch_rows", rows)


async def give(work: Session, ident: str, hashes: Iterable[str]) -> None:
    """Keep files for a batch, whose rows name them."""
    await work.run("give_batch_files", id=ident, hashes=sorted(hashes))


async def plan(work: Session, ident: str, *, rows: int, broken: int, warnings: Sequence[str]) -> int:
    """Make the calls that the rows take; returns how many."""
    calls: int = await work.value("plan_batch", id=ident, rows=rows, broken=broken, warnings=list(warnings))
    return calls


async def adopt(work: Session, ident: str, *, earlier: str, actor: Actor) -> None:
    """Let a batch have what an earlier one of the actor's has made or is making of equal rows; that one stops.

    What that one leaves is all that the batch buys, also where there are more of a row by now, or fewer.
    """
    await work.value("lock_batch", id=earlier)
    await work.run("hand_over_batch", id=earlier, key=actor.key)
    await work.run("forget_batch_calls", id=ident)
    await work.run("adopt_batch_calls", id=ident, earlier=earlier, key=actor.key)


async def name(work: Session, ident: str, idempotency: admission.Idempotency, *, key: str) -> bool:
    """Take an Idempotency-Key for a batch; False where it names something already, whatever it is (rule 8).

    Whoever asks for the same name waits until this transaction ends.
    """
    taken = await work.run(
        "name_batch",
        id=ident,
        key=key,
        name=idempotency.name,
        fingerprint=idempotency.fingerprint,
        keep_s=idempotency.keep_s,
    )
    return taken == 1


async def named(on: Database | Session, key: str, idempotency: str) -> Named | None:
    """Return what a key has under an Idempotency-Key."""
    return await on.one("batch_by_name", Named, key=key, name=idempotency)


async def of_digest(on: Database | Session, key: str, digest: str) -> str | None:
    """Return the id of the newest batch of a key's with this digest in its plan."""
    ident: str | None = await on.value("batch_by_digest", key=key, digest=digest)
    return ident


async def of_place(on: Database | Session, key: str, place: str) -> str | None:
    """Return the id of the newest batch of a key's with this place in its plan."""
    ident: str | None = await on.value("batch_by_place", key=key, place=place)
    return ident


async def note(on: Database | Session, ident: str, also: Mapping[str, Any]) -> None:
    """Add to a batch's plan."""
    await on.run("note_batch_plan", id=ident, also=Jsonb(dict(also)))


async def get(on: Database | Session, ident: str, actor: Actor) -> Batch | None:
    """Return a batch of the actor's."""
    return await on.one("batch_of_owner", Batch, id=ident, key=actor.key, user=actor.user)


async def outline(on: Database, ident: str, actor: Actor) -> Outline | None:
    """Return how far a batch of the actor's is, without what became of each row."""
    return await on.one("batch_outline", Outline, id=ident, key=actor.key, user=actor.user)


async def page(on: Database, actor: Actor, *, before: str | None, at_most: int) -> list[Batch]:
    """Return a page of the actor's batches, newest first."""
    return await on.all(
        "batches_of_owner", Batch, key=actor.key, user=actor.user, before=before, at_most=at_most
    )


async def counts(on: Database, ident: str) -> dict[RowState, int]:
    """Return how many rows are how far."""
    return {one.state: one.rows for one in await on.all("batch_counts", _Counted, id=ident)}


async def money(on: Database, ident: str) -> Money:
    """Return what a batch cost and holds."""
    found = await on.one("batch_money", Money, id=ident)
    assert found is not None  # noqa: S101 - a sum is always there
    return found


async def rows(
    on: Database, ident: str, *, after: int = 0, state: RowState | None = None, at_most: int
) -> list[Row]:
    """Return rows behind the one of a number, in their order."""
    return await on.all("batch_rows_page", Row, id=ident, after=after, state=state, at_most=at_most)


async def problems(on: Database, ident: str, *, at_most: int) -> list[Problem]:
    """Return the first broken rows."""
    return await on.all("batch_problems", Problem, id=ident, at_most=at_most)


async def admit(
    on: Database, ident: str, calls: Sequence[int], request: admission.Request
) -> admission.Answer | Closed | OverBudget:
    """Admit calls as one piece within the batch's budget: all become generations, or none does."""
    said = await on.value(
        "admit_batch_piece", id=ident, calls=list(calls), request=Jsonb(admission.document(request))
    )
    match said["outcome"]:
        case "closed":
            return Closed()
        case "over_budget":
            return OverBudget()
    return admission.answer(said)
