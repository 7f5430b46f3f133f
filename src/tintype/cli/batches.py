"""Begin a batch or take it up, follow it, and bring its files and reports into a folder."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import json
import os
import sys
import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

from tintype.cli import exits, files, screen
from tintype.domain import money
from tintype.store.patience import patiently

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rich.progress import Progress, TaskID

    from tintype.local.studio import Studio
    from tintype.service.batches import Standing
    from tintype.service.reports import Line
    from tintype.store.batches import Outline
    from tintype.store.outputs import Output

SAVE_S = 3.0
"""How often what was made up to then is saved."""
WAITING_MAX = 1_000
"""Behind so many rows that wait, none is looked at for something to save."""
_FINISHED = ("succeeded", "failed", "canceled", "broken", "undone")


class Way(StrEnum):
    """What becomes of an earlier batch of the same file: gone on with, set aside, or told of where not all was made."""

    ONCE = "once"
    RESUME = "resume"
    ANEW = "anew"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a command asks for. The same file, options and folder are the same batch."""

    file: Path
    folder: Path
    prompt: str | None
    model: str | None
    mode: str | None
    count: int
    is_strict: bool
    inputs: Mapping[str, Any]
    max_nano_usd: int | None
    duplicates: str
    files_from: tuple[Path, ...]
    budget_nano_usd: int | None = field(compare=False)

    @property
    def digest(self) -> str:
        """What makes two commands the same, but for their budgets."""
        with self.file.open("rb") as file:
            return self._named(hashlib.file_digest(file, "sha256").hexdigest())

    @property
    def place(self) -> str:
        """What makes two commands the same, whatever is in the file by now, and wherever its paths may lead."""
        return self._named(str(self.file.absolute()), files_from=None)

    def _named(self, file: str, **more: Any) -> str:
        # Not by the host: a container that is started again has another name, and the same rows.
        said = dataclasses.asdict(self) | {"file": file, "budget_nano_usd": None} | more
        return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()


class Work:
    """One command inside an event loop, remembered for when it is interrupted."""

    def __init__(self, order: Order, *, way: Way, is_quiet: bool) -> None:
        self._order, self._way, self._is_quiet = order, way, is_quiet
        self._saved: set[int] = set()
        # The rows up to this one have ended, and are saved.
        self._done = 0
        self.told = "interrupted; nothing was asked for"

    async def run(self, studio: Studio) -> Standing:
        """Begin or take up, wait for the end, save all; returns how the batch stands then."""
        if not studio.is_built_in:
            await studio.core.upstream.answers()
        ident = await self._begun(studio)
        self.told = f"interrupted; batch {ident} is kept with what was bought of it; the same command goes on"
        with _Bar(is_wanted=not self._is_quiet) as bar:
            await self._followed(studio, ident, bar)
            bar.saving()
            await self._save(studio, ident, is_last=True)
            await _report(studio, ident, self._order.folder, self._path)
        await _note(studio, ident, {"delivered": True})
        return await studio.core.batches.get(ident, actor=studio.actor)

    async def _begun(self, studio: Studio) -> str:
        from tintype.store import batches  # noqa: PLC0415 - not needed for --help

        digest = await asyncio.to_thread(lambda: self._order.digest)
        before = await batches.of_digest(studio.core.database, studio.actor.key, digest)
        found = None if before is None else await studio.core.batches.get(before, actor=studio.actor)
        if before is not None and found is not None and (self._way is not Way.ANEW or _is_interrupted(found)):
            is_over = bool(found.batch.plan.get("delivered")) and self._way is not Way.RESUME
            if is_over and found.rows.get("succeeded", 0) == found.batch.row_count:
                # Whoever asks may not know that it came to its end, such as after a kill.
                screen.say(
                    f"Batch {before} of this file was made whole: nothing is bought; --new buys all rows anew."
                )
                return before
            if is_over:
                raise exits.Refusal(
                    f"batch {before} of this file was not made whole: go on with --resume, which buys nothing twice, "
                    "or buy all rows anew with --new"
                )
            await self._taken_up(studio, found)
            return before
        earlier = None if before is not None or self._way is Way.ANEW else await self._with_other_rows(studio)
        return await self._new(studio, digest, before, adopts=earlier)

    async def _with_other_rows(self, studio: Studio) -> str | None:
        """Return the batch of the same command that had other rows. Raises Refusal where it is not to go on."""
        from tintype.store import batches  # noqa: PLC0415 - as above

        order = self._order
        earlier = await batches.of_place(studio.core.database, studio.actor.key, order.place)
        if earlier is not None and self._way is not Way.RESUME:
            raise exits.Refusal(
                f"{order.file.name} has changed since batch {earlier}: --resume makes what is new in it, and --new "
                "buys all rows anew"
            )
        if earlier is not None:
            screen.say(
                f"{order.file.name} has changed since batch {earlier}: what was made before is not bought again."
            )
        return earlier

    async def _taken_up(self, studio: Studio, found: Standing) -> None:
        budget = self._order.budget_nano_usd
        if self._way is not Way.RESUME and budget != found.batch.budget_nano_usd:
            raise exits.Refusal(
                f"batch {found.batch.id} of this file was begun with another budget; say --resume to give it this one"
            )
        began = found.batch.created_at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        screen.say(f"Taking up the batch that was begun at {began}: nothing is bought twice.")
        if self._way is Way.RESUME:
            await studio.core.batches.resume(found.batch.id, actor=studio.actor, budget_nano_usd=budget)
            await _note(studio, found.batch.id, {"delivered": False})

    async def _new(self, studio: Studio, digest: str, before: str | None, *, adopts: str | None) -> str:
        from tintype.local import batching  # noqa: PLC0415 - as above

        order = self._order
        options = batching.Options(
            prompt=order.prompt,
            model=order.model,
            mode=order.mode,
            n=order.count,
            is_strict=order.is_strict,
            inputs=order.inputs,
            duplicates=order.duplicates,
            max_usd=_usd(order.max_nano_usd),
            budget_usd=_usd(order.budget_nano_usd),
            name=order.file.name[:200] if order.file.name.isprintable() else "",
        )
        self.told = "interrupted while it was asked for; the same command goes on"
        return await patiently(
            lambda: batching.begin(
                studio,
                order.file,
                options,
                plan={
                    "digest": digest,
                    "place": order.place,
                    "folder": str(order.folder),
                    "anew": self._way is Way.ANEW,
                },
                # Asked for again after a break in the middle, or by two at once, it is the same one.
                idempotency_key=f"{digest}-{before or 'first'}",
                files_from=order.files_from,
                adopts=adopts,
            )
        )

    async def _followed(self, studio: Studio, ident: str, bar: _Bar) -> None:
        from tintype.local import batching  # noqa: PLC0415 - as above

        saved_at = time.monotonic()
        async for outline in batching.outlines(studio, ident):
            bar.moved(outline)
            if outline.finished_at is None and time.monotonic() - saved_at > SAVE_S:
                await self._save(studio, ident, is_last=False)
                saved_at = time.monotonic()

    async def _save(self, studio: Studio, ident: str, *, is_last: bool) -> None:
        """Save what is made and not there yet; a file is whole as soon as it has its name.

        Until the last time, no more rows are looked at than may have something new.
        """
        waiting = 0
        async for line in studio.core.reports.lines(
            ident, actor=studio.actor, after=0 if is_last else self._done
        ):
            if line.row.number == self._done + 1 and line.row.state in _FINISHED:
                self._done += 1
            waiting += line.row.state == "waiting"
            if waiting > WAITING_MAX and not is_last:
                return
            if line.row.state != "succeeded" or line.row.number in self._saved:
                continue
            for one in line.outputs:
                path = self._path(line, one)
                if not path.exists() or path.stat().st_size != one.size_bytes:
                    await _written(studio, one, path)
            self._saved.add(line.row.number)

    def _path(self, line: Line, one: Output) -> Path:
        from tintype.local import generation  # noqa: PLC0415 - as above

        words = str((line.row.input or {}).get("prompt") or self._order.file.stem)
        stem = files.stem(words, model=line.row.model or "")
        ending = generation.stored(one).extension
        return self._order.folder / f"{line.row.number:05}-{stem}-{one.sha256[:8]}{ending}"


class _Bar:
    """How far a batch is: rows, cost, time left; on standard error, and only where that is a terminal."""

    def __init__(self, *, is_wanted: bool) -> None:
        self._progress = _progress() if is_wanted and sys.stderr.isatty() else None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        if self._progress is not None:
            self._progress.start()
            self._task = self._progress.add_task("rows", total=None, cost="", left="")
        return self

    def __exit__(self, *_: object) -> None:
        if self._progress is not None:
            self._progress.stop()

    def moved(self, outline: Outline) -> None:
        """Show how far it is."""
        if self._progress is None or self._task is None:
            return
        from tintype.service import batches  # noqa: PLC0415 - not needed for --help

        cost = screen.usd(outline.cost_nano_usd)
        if outline.budget_nano_usd is not None:
            cost = f"{cost} of {screen.usd(outline.budget_nano_usd)}"
        left_s = batches.seconds_left(outline, outline.calls_ended)
        left = "" if left_s is None else f"{_clock(left_s)} left"
        if outline.waits_for is not None:
            left = f"waits: {outline.waits_for}"
        self._progress.update(
            self._task, completed=outline.rows_ended, total=outline.row_count, cost=cost, left=left
        )

    def saving(self) -> None:
        """Show that all has ended, and is being saved."""
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, left="saving, and drawing the contact sheet")


def _is_interrupted(found: Standing) -> bool:
    """Whether a batch was begun with --new and not brought to its end, so that the same command goes on with it."""
    plan = found.batch.plan
    return bool(plan.get("anew")) and not plan.get("delivered") and found.batch.state != "canceled"


def _usd(amount: int | None) -> str | None:
    return None if amount is None else money.to_usd(amount)


def _progress() -> Progress:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn  # noqa: PLC0415 - slow to import

    return Progress(
        MofNCompleteColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[cost]}", markup=False),
        TextColumn("{task.fields[left]}", markup=False),
        console=screen.console(sys.stderr),
        refresh_per_second=4,
    )


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


async def _written(studio: Studio, one: Output, path: Path) -> None:
    reading = await studio.core.files.open(one.sha256)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            async for piece in reading.pieces:
                await asyncio.to_thread(file.write, piece)
        await asyncio.to_thread(part.replace, path)
    finally:
        part.unlink(missing_ok=True)


async def _report(studio: Studio, ident: str, folder: Path, path_of: Any) -> None:
    """Write report.csv, report.json and the contact sheet, in place of those before."""
    from tintype.service import reports  # noqa: PLC0415 - not needed for --help

    with (
        (folder / "report.csv").open("w", encoding="utf-8", newline="") as as_csv,
        (folder / "report.json").open("w", encoding="utf-8") as as_json,
    ):
        as_csv.write(reports.head())
        divider = '{"batch": ' + json.dumps(ident) + ', "rows": [\n'
        async for line in studio.core.reports.lines(ident, actor=studio.actor):
            told = reports.document(line, lambda one, line=line: path_of(line, one).name)  # type: ignore[misc] # the lambda's default
            as_csv.write(reports.written(told))
            as_json.write(divider + json.dumps(told, ensure_ascii=False))
            divider = ",\n"
        as_json.write("\n]}\n")
    count = (await studio.core.batches.get(ident, actor=studio.actor)).batch.row_count
    for page in range(1, -(-count // reports.SHEET_MAX) + 1):
        drawn = await studio.core.reports.sheet(ident, actor=studio.actor, page=page)
        name = "contact-sheet.png" if page == 1 else f"contact-sheet-{page}.png"
        await asyncio.to_thread((folder / name).write_bytes, drawn)


async def _note(studio: Studio, ident: str, also: Mapping[str, Any]) -> None:
    from tintype.store import batches  # noqa: PLC0415 - as above

    await patiently(lambda: batches.note(studio.core.database, ident, also))


__all__ = ["Order", "Way", "Work"]
