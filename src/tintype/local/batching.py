"""Batches as those see them who work in their own process: rows, what became of each, and their files."""

from __future__ import annotations

import abc
import asyncio
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tintype.domain import choosing, errors, money, tables
from tintype.domain.money import from_usd
from tintype.local import generation
from tintype.service.requests import Cache
from tintype.service.rows import Duplicates, Template
from tintype.store.patience import patiently

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from tintype.bootstrap import Core
    from tintype.domain.access import Actor
    from tintype.domain.choosing import Mode
    from tintype.local.generation import StoredOutput
    from tintype.service import reports
    from tintype.store.batches import Outline

LOOK_S = 0.5
"""How often it is looked how far a batch is."""


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A row, what became of it, and its outputs.

    `state` is succeeded, failed, canceled, broken (nothing could be bought: `column` says where, `message` why) or
    undone (the budget had no room). Of equal rows the first one has the cost, and the others name it in `same_as`.
    `reasons` say why the model was chosen, where the mode is auto.
    """

    number: int
    line: int
    state: str
    model: str | None
    input: Mapping[str, Any] | None = field(repr=False)
    outputs: tuple[StoredOutput, ...]
    generation_ids: tuple[str, ...]
    same_as: int | None
    cost_nano_usd: int
    code: str | None
    message: str | None
    column: str | None
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as it stands: `state` is open, stopped (by its budget or its key), canceled or ended."""

    id: str
    state: str
    counts: Mapping[str, int]
    cost_nano_usd: int
    budget_nano_usd: int | None
    waits_for: str | None
    warnings: tuple[str, ...]
    rows: tuple[BatchRow, ...] = field(repr=False)

    @property
    def cost_usd(self) -> Decimal:
        """What was booked, in dollars."""
        return Decimal(self.cost_nano_usd) / money.NANO_PER_USD

    @property
    def is_whole(self) -> bool:
        """Whether every row succeeded."""
        return set(self.counts) == {"succeeded"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What is the same for all rows, in the words of `Studio.batch`."""

    prompt: str | None = None
    model: str | None = None
    mode: str | None = None
    n: int = 1
    cache: str = Cache.SEEDED
    is_strict: bool = False
    max_usd: str | Decimal | None = None
    budget_usd: str | Decimal | None = None
    duplicates: str = Duplicates.ONCE
    name: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def template(self) -> Template:
        """The template that these are. Raises InputError."""
        if self.duplicates not in set(Duplicates):
            raise errors.InputError(
                f"duplicates are bought {' or '.join(Duplicates)}, not {self.duplicates!r}"
            )
        try:
            cache = Cache(self.cache)
        except ValueError:
            raise errors.InputError(f"the cache is one of {', '.join(Cache)}, not {self.cache!r}") from None
        return Template(
            prompt=self.prompt,
            model=self.model,
            mode=None if self.mode is None else choosing.mode(self.mode),
            n=self.n,
            input=dict(self.inputs),
            has_words=True,
            cache=cache,
            is_strict=self.is_strict,
            duplicates=Duplicates(self.duplicates),
            hold_max_nano_usd=None if self.max_usd is None else from_usd(self.max_usd),
        )

    @property
    def budget_nano_usd(self) -> int | None:
        """The budget in nano-dollars."""
        return None if self.budget_usd is None else from_usd(self.budget_usd)


class Batching(abc.ABC):
    """What a studio does with batches."""

    actor: Actor

    @property
    @abc.abstractmethod
    def core(self) -> Core:
        """The core itself."""

    @abc.abstractmethod
    async def beside(self, act: Coroutine[Any, Any, Any]) -> Any:
        """Await it, or fail with the worker when that one fails first."""

    async def batch(  # noqa: PLR0913 - each is an option of a batch
        self,
        rows: Iterable[Mapping[str, Any]] | Path | str,
        *,
        prompt: str | None = None,
        model: str | None = None,
        mode: Mode | str | None = None,
        n: int = 1,
        strict: bool = False,
        cache: Cache | str = Cache.SEEDED,
        max_usd: str | Decimal | None = None,
        budget_usd: str | Decimal | None = None,
        duplicates: str = "once",
        idempotency_key: str | None = None,
        files_from: Sequence[Path | str] = (),
        timeout_s: float | None = None,
        **inputs: Any,
    ) -> Batch:
        """Make rows × a template within one budget, and wait; `prompt` names their values in braces: `a {color} boat`.

        `rows` are mappings, or the path of a .csv or .jsonl file, from whose folder on it names files, which lie there
        or in one of `files_from`. With the mode auto a model is chosen for each; `max_usd` is the most that one call
        may cost. `inputs` are common words and inputs of the model, as for `generate`, and what it cannot do of them is
        in `warnings`, or makes a row broken where `strict`. Equal rows are bought once, unless `duplicates` is "each".
        Under the same `idempotency_key` the same batch goes on, and nothing is bought twice. A row that is broken, or
        failed, stops no other: look at each one's state. Raises InputError, IdempotencyConflict, TimedOut.
        """
        options = Options(
            prompt=prompt,
            model=model,
            mode=mode,
            n=n,
            is_strict=strict,
            cache=cache,
            max_usd=max_usd,
            budget_usd=budget_usd,
            duplicates=duplicates,
            inputs=inputs,
        )
        source = Path(rows) if isinstance(rows, str) else rows
        ident = await begin(
            self, source, options, idempotency_key=idempotency_key, files_from=tuple(map(Path, files_from))
        )
        return await _waited(self, ident, timeout_s=timeout_s)

    async def resume_batch(
        self, ident: str, *, budget_usd: str | Decimal | None = None, timeout_s: float | None = None
    ) -> Batch:
        """Buy what a batch left undone, and again what failed, with another budget where one is given; and wait.

        Nothing that succeeded is bought again. Raises NotThere, InputError for a budget that is used up already.
        """
        budget = None if budget_usd is None else from_usd(budget_usd)
        await self.core.batches.resume(ident, actor=self.actor, budget_nano_usd=budget)
        return await _waited(self, ident, timeout_s=timeout_s)

    async def rest(self, seconds: float) -> None:
        """Let so much time pass, or fail with the worker when that one fails first."""
        await self.beside(asyncio.sleep(seconds))


async def _waited(studio: Batching, ident: str, *, timeout_s: float | None) -> Batch:
    try:
        async with asyncio.timeout(timeout_s):
            async for _ in outlines(studio, ident):
                pass
    except TimeoutError:
        raise errors.TimedOut(
            f"batch {ident} did not end within {timeout_s:g} s; it goes on: wait for it with resume_batch",
            can_retry=True,
        ) from None
    return await get(studio, ident)


async def begin(
    studio: Batching,
    rows: Iterable[Mapping[str, Any]] | Path,
    options: Options,
    *,
    plan: Mapping[str, Any] | None = None,
    idempotency_key: str | None = None,
    files_from: Sequence[Path] = (),
    adopts: str | None = None,
) -> str:
    """Take a batch without waiting for it; returns its id. What the one that it adopts has made is not bought again."""
    with _read(rows) as read:
        accepted = await studio.core.batches.accept(
            read,
            options.template,
            actor=studio.actor,
            name=options.name,
            budget_nano_usd=options.budget_nano_usd,
            plan=plan,
            idempotency_key=idempotency_key,
            folder=rows.parent if isinstance(rows, Path) else None,
            files_from=files_from,
            adopts=adopts,
        )
    return accepted.id


async def outlines(studio: Batching, ident: str) -> AsyncIterator[Outline]:
    """Tell how far a batch is, time and again, until nothing of it goes on any more. Raises NotThere."""
    while True:
        found = await patiently(lambda: studio.core.batches.outline(ident, actor=studio.actor))
        yield found
        if found.finished_at is not None:
            return
        await studio.rest(LOOK_S)


async def get(studio: Batching, ident: str) -> Batch:
    """Return a batch with its rows and their outputs. Raises NotThere."""
    found = await studio.core.batches.get(ident, actor=studio.actor)
    lines = [line async for line in studio.core.reports.lines(ident, actor=studio.actor)]
    return Batch(
        id=ident,
        state=found.batch.state,
        counts={str(state): count for state, count in found.rows.items()},
        cost_nano_usd=found.money.cost_nano_usd,
        budget_nano_usd=found.batch.budget_nano_usd,
        waits_for=found.batch.waits_for,
        warnings=tuple(found.batch.warnings),
        rows=tuple(map(row, lines)),
    )


def row(line: reports.Line) -> BatchRow:
    """Return a row as it is shown."""
    one = line.row
    return BatchRow(
        number=one.number,
        line=one.line,
        state=one.state,
        model=one.model,
        input=one.input,
        outputs=tuple(map(generation.stored, line.outputs)),
        generation_ids=tuple(one.generation_ids),
        same_as=one.same_as,
        cost_nano_usd=one.cost_nano_usd,
        code=one.failure_code,
        message=one.problem or one.failure_message,
        column=one.place,
        reasons=tuple(one.reasons),
    )


class _Given:
    """Rows that are there already, as a context."""

    def __init__(self, rows: Iterable[Mapping[str, Any]]) -> None:
        self._rows: Sequence[Any] = [dict(one) for one in rows]

    def __enter__(self) -> Iterator[tables.Row]:
        return tables.given(self._rows)

    def __exit__(self, *_: object) -> None:
        return None


class _File:
    """The rows of a file, as long as it is open."""

    def __init__(self, path: Path) -> None:
        self._kind, self._file = tables.kind(path.name), path.open("rb")

    def __enter__(self) -> Iterator[tables.Row]:
        return tables.read(self._file, self._kind)

    def __exit__(self, *_: object) -> None:
        self._file.close()


def _read(rows: Iterable[Mapping[str, Any]] | Path) -> AbstractContextManager[Iterator[tables.Row]]:
    return _File(rows) if isinstance(rows, Path) else _Given(rows)


__all__ = ["Batch", "BatchRow", "Batching", "Options", "begin", "get", "outlines", "row"]
