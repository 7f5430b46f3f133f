"""Batches: rows × a template, within one budget, bought in pieces as room is there.

    accepted = await batches.accept(tables.read(file, Kind.CSV), Template(prompt="a {color} boat"), actor=actor)
    standing = await batches.get(accepted.id, actor=actor)

Rows are planned as they are read, and put aside in a file; then all are taken in one short transaction. A broken one is
kept with what is wrong with it. From then on the batch goes on whenever anybody works on the database
(`service.pieces`), and nothing of it is bought twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
import json
import tempfile
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Any

from tintype.domain import choosing, errors, ids
from tintype.domain.money import to_usd
from tintype.service import choices, guarding, requests, sameness
from tintype.service.requests import Cache
from tintype.service.row_choices import RowChoices
from tintype.service.row_files import RowFiles
from tintype.service.rows import Broken, Duplicates, Planner, Template
from tintype.store import batches
from tintype.store.admission import Idempotency

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from tintype.domain import prompts
    from tintype.domain.access import Actor
    from tintype.domain.tables import Row as Read
    from tintype.service.choices import Chooser
    from tintype.service.givens import Givens
    from tintype.service.progress import Progress
    from tintype.service.upstream import Upstream
    from tintype.store.batches import Batch, Money, Outline, Problem, Row, RowState
    from tintype.store.database import Database

ROWS_MAX = 100_000
OUTPUTS_MAX = 100_000
"""The most rows of a batch, and the most outputs that they may want together."""
NAME_MAX = 200
PAGE_MAX = 1_000
PROBLEMS_TOLD = 100
_TOGETHER = 200
"""How many rows are planned at a stretch, while others have their turn."""
_MEMORY_BYTES = 4 * 1024 * 1024
"""How much of what was planned is kept in memory until it is written; more goes to a file."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A batch that was taken, or had been before under the same Idempotency-Key."""

    id: str
    is_repeated: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """A batch as it stands: how many rows are how far, what it cost and holds, the first that are broken."""

    batch: Batch
    rows: Mapping[RowState, int]
    money: Money
    problems: Sequence[Problem] = field(default=())

    @property
    def seconds_left(self) -> float | None:
        """How long the rest will take at the pace up to now; None while that cannot be told."""
        return seconds_left(self.batch, self.money.ended)

    @property
    def left_nano_usd(self) -> int | None:
        """What is left of its budget."""
        if self.batch.budget_nano_usd is None:
            return None
        return self.batch.budget_nano_usd - self.money.cost_nano_usd - self.money.held_nano_usd


class Batches:
    """Takes batches, looks at them, cancels them and lets them go on. `planner` makes the planner of a template."""

    def __init__(  # noqa: PLR0913 - its parts, each handed in once
        self,
        database: Database,
        upstream: Upstream,
        progress: Progress,
        givens: Givens,
        *,
        chooser: Chooser,
        planner: Callable[..., Planner],
        blocked: prompts.Blocked,
        secret: guarding.Check,
        randomness: Callable[[int], bytes],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = database
        self._upstream = upstream
        self._progress = progress
        self._givens = givens
        self._chooser, self._planner_of = chooser, planner
        self._blocked = blocked
        self._secret = secret
        self._randomness = randomness
        self._now = now

    async def accept(  # noqa: PLR0913 - what is asked for, and by whom
        self,
        read: Iterable[Read],
        template: Template,
        *,
        actor: Actor,
        name: str = "",
        budget_nano_usd: int | None = None,
        plan: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
        own_key: guarding.Check = guarding.nothing,
        folder: Path | None = None,
        files_from: Sequence[Path] = (),
        adopts: str | None = None,
    ) -> Accepted:
        """Take a batch: all of its rows are written when this returns, or none is.

        `plan` is for whoever makes it to find again. From `folder` on paths of files in rows are meant, and they lead
        nowhere but there and to `files_from`; without it there are none. What the batch `adopts` has made, or is
        making, of equal calls is not bought again; nothing more of that one is. Raises InputError for a template or a
        file that no row can come of, IdempotencyConflict for another batch under the same key.
        """
        _check(name, budget_nano_usd, idempotency_key)
        secret = guarding.either(self._secret, own_key)
        for what in (
            template.prompt,
            template.negative_prompt,
            template.input,
            template.metadata,
            template.tags,
        ):
            guarding.refuse("the template", what, secret)
        guarding.refuse("the user, project or name", (actor.user, actor.project, name), secret)
        ident = self._new_id()
        choose = RowChoices(
            self._chooser,
            await choices.votes_of(actor, db=self._database),
            actor=actor,
            lot=(idempotency_key or ident).encode(),
        )
        files = RowFiles(folder=folder, also=files_from, check=secret)
        planner = self._planner(template, actor, secret, choose=choose, files=files)
        reading = _Reading(batch_id=ident, rows=read, planner=planner, files=files, givens=self._givens)
        asked = asdict(template)
        new = batches.New(
            id=reading.batch_id,
            actor=actor,
            upstream_id=self._upstream.ident,
            name=name,
            budget_nano_usd=budget_nano_usd,
            asked=asked,
            plan=plan or {},
        )
        same = [sameness.stated(template), name, budget_nano_usd, actor.user, actor.project]
        reading.seen.update(json.dumps(same, sort_keys=True).encode(errors="surrogatepass"))
        with tempfile.SpooledTemporaryFile(_MEMORY_BYTES) as planned:
            await reading.read(planned)
            named = Idempotency(idempotency_key, reading.seen.digest()) if idempotency_key else None
            while (before := await self._before(named, actor)) is None:
                # Taken by somebody else meanwhile, all that was written is taken back, and that is looked at.
                with contextlib.suppress(_NameTaken):
                    async with self._database.transaction() as work:
                        await batches.put(work, new)
                        await batches.take(work, _planned(planned))
                        await batches.give(work, new.id, files.hashes)
                        told = reading.planner.warnings
                        await batches.plan(
                            work, new.id, rows=reading.count, broken=reading.broken, warnings=told
                        )
                        if adopts is not None:
                            await batches.adopt(work, new.id, earlier=adopts, actor=actor)
                        # Last, so that nobody waits for long who asks under the same name.
                        if named and not await batches.name(work, new.id, named, key=actor.key):
                            raise _NameTaken
                    return Accepted(new.id)
        return before

    async def get(self, ident: str, *, actor: Actor) -> Standing:
        """Return a batch of the actor's as it stands. Raises NotThere."""
        batch = await self._found(ident, actor)
        return Standing(
            batch,
            await batches.counts(self._database, ident),
            await batches.money(self._database, ident),
            await batches.problems(self._database, ident, at_most=PROBLEMS_TOLD),
        )

    async def outline(self, ident: str, *, actor: Actor) -> Outline:
        """Return how far a batch of the actor's is, at a fraction of the work of `get`. Raises NotThere."""
        found = await batches.outline(self._database, ident, actor) if ids.is_ulid(ident) else None
        if found is None:
            raise _unknown(ident)
        return found

    async def list(self, *, actor: Actor, before: str | None = None, at_most: int = 100) -> list[Batch]:
        """Return a page of the actor's batches, newest first; `before` is the last id of the page before."""
        return await batches.page(
            self._database, actor, before=before, at_most=min(max(at_most, 1), PAGE_MAX)
        )

    async def rows(
        self, ident: str, *, actor: Actor, after: int = 0, state: RowState | None = None, at_most: int = 100
    ) -> Sequence[Row]:
        """Return rows behind the one of a number, in the order of the file. Raises NotThere."""
        await self._found(ident, actor)
        return await batches.rows(
            self._database, ident, after=after, state=state, at_most=min(max(at_most, 1), PAGE_MAX)
        )

    async def cancel(self, ident: str, *, actor: Actor) -> Standing:
        """Buy nothing more of a batch, and end what runs; free where it was not bought yet. Raises NotThere."""
        await self._found(ident, actor)
        await self._database.run("cancel_batch", id=ident)
        for one in await self._database.all("batch_open_calls", _Call, id=ident):
            await self._progress.cancel(one.id)
        return await self.get(ident, actor=actor)

    async def resume(self, ident: str, *, actor: Actor, budget_nano_usd: int | None = None) -> Standing:
        """Buy what was left undone, and again what failed; with another budget where one is given.

        Nothing that succeeded is bought again. Raises NotThere, InputError for a budget that is used up already,
        NotPossibleNow while what was cancelled of it ends.
        """
        await self._found(ident, actor)
        _check("", budget_nano_usd, None)
        async with self._database.transaction() as work:
            if await work.value("lock_batch", id=ident):
                raise errors.NotPossibleNow(
                    f"batch {ident} was cancelled, and something of it still ends; resume it in a moment"
                )
            used: int = await work.value("batch_used", id=ident)
            if budget_nano_usd is not None and budget_nano_usd < used:
                raise errors.InputError(
                    f"${to_usd(used)} of this batch are spent or held, more than the ${to_usd(budget_nano_usd)} stated"
                )
            await work.run("again_batch_calls", id=ident)
            await work.run("reopen_batch", id=ident, budget=budget_nano_usd)
        return await self.get(ident, actor=actor)

    async def _before(self, named: Idempotency | None, actor: Actor) -> Accepted | None:
        """Return the batch that was taken under the same name. Raises IdempotencyConflict for anything else."""
        if named is None or not (before := await batches.named(self._database, actor.key, named.name)):
            return None
        if before.id is None or before.fingerprint != named.fingerprint:
            raise errors.IdempotencyConflict(
                "this Idempotency-Key was used for another body in the last 24 hours; take a new one"
            )
        return Accepted(before.id, is_repeated=True)

    async def _found(self, ident: str, actor: Actor) -> Batch:
        batch = await batches.get(self._database, ident, actor) if ids.is_ulid(ident) else None
        if batch is None:
            raise _unknown(ident)
        return batch

    def _planner(
        self, template: Template, actor: Actor, secret: guarding.Check, **along: RowChoices | RowFiles
    ) -> Planner:
        def check(request: requests.Request) -> None:
            requests.check_given(request, secret)
            self._blocked.check(request.input)
            requests.check_allowed(request.model, actor)

        return self._planner_of(template, check=check, **along)

    def _new_id(self) -> str:
        time_ms = int(self._now().timestamp() * 1000)
        return ids.ulid(time_ms=time_ms, randomness=self._randomness(ids.RANDOM_BYTES))


@dataclass(slots=True)
class _Reading:
    """The rows of a batch on their way from the file to the database, a few at a time."""

    batch_id: str
    rows: Iterable[Read]
    planner: Planner
    files: RowFiles
    givens: Givens
    count: int = 0
    broken: int = 0
    outputs: int = 0
    seen: Any = field(default_factory=hashlib.sha256)

    async def read(self, into: IO[bytes]) -> None:
        """Plan each row, and put it into a file as the database keeps it. Raises InputError where there are none."""
        coming = iter(self.rows)
        while await asyncio.to_thread(self._planned, coming, into):
            for content in self.files.taken().values():
                await self.givens.kept(content)
        if not self.count:
            raise errors.InputError("there are no rows, so that there is nothing to make")
        if self.outputs > OUTPUTS_MAX:
            raise errors.InputError(
                f"the rows want {self.outputs:,} outputs together; up to {OUTPUTS_MAX:,} are one batch"
            )

    def _planned(self, coming: Iterator[Read], into: IO[bytes]) -> bool:
        piece: list[tuple[Any, ...]] = []
        for row in itertools.islice(coming, _TOGETHER):
            piece.append(self._one(row))
            if self.files.size_bytes > _MEMORY_BYTES:
                break
        into.write(b"".join(json.dumps(row).encode() + b"\n" for row in piece))
        return bool(piece)

    def _one(self, row: Read) -> tuple[Any, ...]:
        self.count += 1
        if self.count > ROWS_MAX:
            raise errors.InputError(f"a batch has up to {ROWS_MAX:,} rows; divide this one")
        told = json.dumps([row.line, row.values, row.problem], sort_keys=True, default=str)
        self.seen.update(told.encode(errors="surrogatepass"))
        head = (self.batch_id, self.count, row.line)
        problem, place = row.problem, row.place
        if problem is None:
            try:
                planned = self.planner.plan(row.values)
            except Broken as fault:
                problem, place = str(fault), fault.place
        if problem is not None:
            self.broken += 1
            return (*head, None, None, _kept(problem), _kept(place or "1"), None, 1, 1, False, [])
        self.outputs += planned.count
        made = json.dumps(dict(planned.input))
        return (
            *head, planned.model, made, None, None, planned.digest, planned.count, planned.per_call, planned.is_own,
            planned.reasons,
        )  # fmt: skip


class _NameTaken(Exception):
    """Somebody took the Idempotency-Key in the meantime."""


@dataclass(frozen=True, slots=True)
class _Call:
    id: str


def _check(name: str, budget_nano_usd: int | None, idempotency_key: str | None) -> None:
    if len(name) > NAME_MAX or not (name or " ").isprintable():
        raise errors.InputError(f"the name of a batch has at most {NAME_MAX} printable characters")
    if budget_nano_usd is not None and not 0 <= budget_nano_usd <= requests.HOLD_MOST_NANO_USD:
        raise errors.InputError(f"a budget is 0 to ${to_usd(requests.HOLD_MOST_NANO_USD)}")
    requests.check_idempotency_key(idempotency_key)


async def _planned(file: IO[bytes]) -> AsyncIterator[Sequence[Any]]:
    """Give the rows that were put aside, a stretch at a time."""
    file.seek(0)
    while piece := await asyncio.to_thread(lambda: list(itertools.islice(file, _TOGETHER))):
        for line in piece:
            yield json.loads(line)


def _kept(text: str) -> str:
    """Return text as the database can keep it."""
    return text.encode(errors="replace").decode().replace("\0", "?")[:1_000]


def seconds_left(batch: Batch | Outline, ended: int) -> float | None:
    """Say how long the rest of a batch will take at the pace of the calls that have ended; None for nobody knows."""
    if batch.state != "open" or not ended:
        return None
    passed_s = (datetime.now(UTC) - batch.created_at).total_seconds()
    return passed_s / ended * (batch.call_count - ended)


def _unknown(ident: str) -> errors.NotThere:
    return errors.NotThere(f"there is no batch {ident[:64]!r}")


def template_of(asked: Mapping[str, Any]) -> Template:
    """Return the template that a batch was made with."""
    read = {
        "mode": None if asked["mode"] is None else choosing.mode(asked["mode"]),
        "duplicates": Duplicates(asked["duplicates"]),
        "cache": Cache(asked["cache"]),
        "tags": tuple(asked["tags"]),
    }
    return Template(**{**asked, **read})


__all__ = ["Accepted", "Batches", "Standing", "seconds_left", "template_of"]
