"""Make the runs of an order as durable generations, and bring their files into a folder.

What was bought is not lost by an interruption: the same command started again, or `tintype resume`, takes it up.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import importlib.util
import platform
import secrets
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tintype.cli import (
    exits,
    files,
    filmed,
    finishing,
    orders,
    planned,
    progress,
    runs,
    screen,
    studio,
    upstream,
)
from tintype.cli.orders import Run
from tintype.cli.planned import Open, Planned
from tintype.domain.errors import GenerationFailed, TintypeError
from tintype.store.patience import patiently

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tintype.cli.runs import Broken, Done, Saved
    from tintype.cli.upstream import Place
    from tintype.local.generation import Generation
    from tintype.local.studio import Studio
    from tintype.service.errands import Errand

KINDS = ("generate", "film")
# How long an interrupted command waits for upstream to end what it cancelled; past that, whoever works next goes on.
CANCEL_S = 10.0
CANCEL_LOOK_S = 0.1
SIMULATED = "No token is set: a simulator on this machine does the work, nothing is bought."
_LATER = "tintype list shows what became of it, tintype resume takes it up"
_PACKAGES = ("procrastinate", "psycopg", "psycopg_pool", "alembic", "obstore")


def is_installed() -> bool:
    """Whether what durable generations need is there: the extra `server`, on a system with its locks."""
    return sys.platform != "win32" and all(importlib.util.find_spec(name) for name in _PACKAGES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """An order under way: its generations by run, and where their files go under which names.

    `saved` are the generations whose files are there already. Where their clips are joined, `film` names its file.
    """

    id: str
    generations: Sequence[str]
    runs: Sequence[Run]
    folder: Path
    names: Sequence[str]
    model: str = ""
    saved: frozenset[str] = frozenset()
    film: str | None = None


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of each run, and the film that was joined of their clips, where one was asked for."""

    ended: list[Done | Broken]
    film: filmed.Saved | None = None


def make(
    asked: Planned | Open, *, kind: str, folder: Path, is_quiet: bool
) -> tuple[Delivered, Planned, Place]:
    """Make all runs of an order; returns what was planned too, which may have been before, by the same command.

    Raises Interrupted after Ctrl-C, when what had not ended was cancelled. Where upstream does not answer, or
    refuses the token, this fails before anything is asked for.
    """
    from tintype.store.errors import DataFolderUnusable, ServerNotStarted  # noqa: PLC0415 - not needed for --help

    studio.hush()
    folder = folder.absolute()
    if not str(folder).isprintable():
        raise exits.Refusal(
            f"cannot keep {str(folder)!r} for later: it is not plain text; choose another folder with --out"
        )
    with (
        upstream.terminated_like_interrupted(),
        progress.Board(is_wanted=not is_quiet) as board,
    ):
        work = _Command(asked, kind=kind, folder=folder, board=board)
        try:
            return asyncio.run(work.run())
        except KeyboardInterrupt:
            raise exits.Interrupted(work.told) from None
        except (DataFolderUnusable, ServerNotStarted) as error:
            raise exits.Refusal(f"{error} Or do without a database: add --direct.") from None


class _Command:
    """One command inside an event loop, remembered for when it is interrupted."""

    def __init__(self, asked: Planned | Open, *, kind: str, folder: Path, board: progress.Board) -> None:
        self._asked, self._kind, self._folder, self._board = asked, kind, folder, board
        self._digest = planned.digest(asked, folder)
        if isinstance(asked, Planned):
            board.show(asked.order.slug, len(asked.order.runs))
        self.told = "interrupted; nothing was asked for"

    async def run(self) -> tuple[Delivered, Planned, Place]:
        from tintype.local.studio import Studio  # noqa: PLC0415 - not needed to refuse wrong input

        async with Studio() as open_studio:
            place = upstream.Place(
                open_studio.core.upstream.origin, None, is_simulated=open_studio.is_built_in
            )
            if open_studio.is_built_in:
                screen.say(SIMULATED)
                studio.note(open_studio.left_alone)
            else:
                # Later an upstream that is away is waited for; at the start a person wants to know.
                await open_studio.core.upstream.answers()
            errand, plan = await self._taken_up(open_studio) or await self._begun(open_studio)
            self._board.show(plan.order.slug, len(errand.generations))
            return await self._delivered(open_studio, errand), plan, place

    async def _delivered(self, open_studio: Studio, errand: Delivery) -> Delivered:
        from tintype.service import errands  # noqa: PLC0415 - as above

        async with errands.held(open_studio.core.database, errand.id):
            self.told = f"interrupted; {', '.join(errand.generations)} may go on; {_LATER}"
            try:
                made = await deliver(open_studio, errand, self._board)
            except (OSError, exits.Refusal) as error:
                raise kept(error, errand.id) from error
            except asyncio.CancelledError:
                self.told, is_left = await _given_up(open_studio, errand.generations)
                if not is_left:
                    await errands.delivered(open_studio.core.database, errand.id)
                raise
            await patiently(lambda: errands.delivered(open_studio.core.database, errand.id))
            return made

    async def _begun(self, open_studio: Studio) -> tuple[Delivery, Planned]:
        """Ask for all runs at once: all are admitted, or none is."""
        from tintype.domain.errors import UnknownModel  # noqa: PLC0415 - as above
        from tintype.local import proofing  # noqa: PLC0415 - as above
        from tintype.service.requests import Request  # noqa: PLC0415 - as above

        asked = self._asked if isinstance(self._asked, Planned) else await self._asked.plan(open_studio)
        slug, _, version = asked.order.slug.partition(":")
        requests = list(asked.order.requests) or [
            Request(slug, run.values, version=version or None) for run in asked.order.runs
        ]
        plan = {
            "digest": self._digest,
            "host": platform.node(),
            "folder": str(self._folder),
            "names": list(asked.names),
            **asked.also,
        }
        self.told = f"interrupted while it was asked for; {_LATER}"
        try:
            # Under a name of its own, so that asking again after a break in the middle is no second order.
            name = secrets.token_hex(16)
            if asked.also.get("is_proof"):
                requests = proofing.made(open_studio.core, requests, idempotency_key=name)
            begun = await patiently(
                lambda: open_studio.submit_all(requests, idempotency_key=name, kind=self._kind, plan=plan)
            )
        except UnknownModel as error:
            raise exits.Refusal(f"{error} Upstream knows none of that name either (404).") from None
        made = Delivery(
            id=begun[0].order_id or "",
            generations=[one.id for one in begun],
            runs=asked.order.runs,
            folder=self._folder,
            names=asked.names,
            film=asked.also.get("film"),
        )
        return made, asked

    async def _taken_up(self, open_studio: Studio) -> tuple[Delivery, Planned] | None:
        """Find what the very same command left behind when it was interrupted."""
        from tintype.service import errands  # noqa: PLC0415 - as above

        for found in await errands.undelivered(
            open_studio.core.database, open_studio.actor, kinds=[self._kind]
        ):
            if found.plan.get("digest") != self._digest:
                continue
            if found.plan.get("host") != platform.node():
                # A container that is started again has another name. What was saved there may not be here.
                found = dataclasses.replace(found, saved=[])  # noqa: PLW2901 - the same errand
            async with errands.held(open_studio.core.database, found.id) as is_ours:
                errand = await delivery_of(open_studio, found) if is_ours else None
            if errand is None or not await _was_bought(open_studio, errand):
                continue
            began = found.created_at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
            screen.say(f"Taking up what was interrupted after {began}: nothing is bought again.")
            return self._as_planned(open_studio, dataclasses.replace(errand, folder=self._folder))
        return None

    def _as_planned(self, open_studio: Studio, errand: Delivery) -> tuple[Delivery, Planned]:
        """Return what was taken up as it is planned now, or as it was then, where another model was taken."""
        asked = self._asked
        is_alike = (
            isinstance(asked, Planned)
            and asked.order.slug.partition(":")[0] == errand.model
            and len(asked.order.runs) == len(errand.generations)
        )
        if isinstance(asked, Planned) and is_alike:
            return dataclasses.replace(errand, runs=asked.order.runs, names=asked.names), asked
        model = orders.find(open_studio.core.catalogue, errand.model)
        before = orders.Order(errand.model, model, tuple(errand.runs))
        return errand, Planned(before, errand.names)


async def _was_bought(open_studio: Studio, delivery: Delivery) -> bool:
    """Whether anything of it goes on or succeeded; what ended without success is asked for anew."""
    rows = [await open_studio.get(ident) for ident in delivery.generations]
    return any(not row.is_final or row.state == "succeeded" for row in rows)


async def delivery_of(open_studio: Studio, found: Errand) -> Delivery | None:
    """Return what is to be delivered of an errand; None where there is nothing left of it."""
    from tintype.store import generations  # noqa: PLC0415 - as above

    rows = await generations.of_order(open_studio.core.database, found.id)
    names = [str(name) for name in found.plan.get("names", [])]
    if not rows or len(names) != len(rows) or not isinstance(found.plan.get("folder"), str):
        return None
    return Delivery(
        id=found.id,
        generations=[row.id for row in rows],
        runs=[Run(dict(row.input), row.input.get("seed"), None) for row in rows],
        folder=Path(found.plan["folder"]),
        names=names,
        model=rows[0].model,
        saved=frozenset(found.saved),
        film=found.plan.get("film"),
    )


async def deliver(open_studio: Studio, delivery: Delivery, board: progress.Board) -> Delivered:
    """Wait for an order's generations and save their files, or the film that is joined of them.

    One that fails leaves the others alone; where there can be no film, the clips that were made are saved.
    """
    if delivery.film is None:
        return Delivered(await _each(open_studio, delivery, board))
    waited = dataclasses.replace(delivery, saved=frozenset(delivery.generations))
    ended = await _each(open_studio, waited, board)
    if any(isinstance(one, runs.Broken) for one in ended):
        return Delivered(await _each(open_studio, delivery, board))
    return Delivered(
        ended, await filmed.save(open_studio, delivery.id, folder=delivery.folder, name=delivery.film)
    )


async def _each(open_studio: Studio, delivery: Delivery, board: progress.Board) -> list[Done | Broken]:
    count = len(delivery.generations)
    tasks = [asyncio.create_task(_one(open_studio, delivery, number, board)) for number in range(count)]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _one(open_studio: Studio, delivery: Delivery, number: int, board: progress.Board) -> Done | Broken:
    from tintype.service import errands  # noqa: PLC0415 - as above

    run, ident = delivery.runs[number], delivery.generations[number]
    started = time.monotonic()
    made: Generation | None = None
    try:
        async with contextlib.aclosing(open_studio.watch(ident)) as moments:
            async for moment in moments:
                fraction = None if moment.percent is None else moment.percent / 100
                board.moved(number, moment.state.value, fraction)
        made = await patiently(lambda: open_studio.get(ident))
        made.raise_for_failure()
        saved: tuple[Saved, ...] = ()
        if ident not in delivery.saved:
            saved = tuple(
                [
                    await _saved(open_studio, made, place, delivery, number)
                    for place in range(len(made.outputs))
                ]
            )
            # Said twice it would be told twice, which harms nothing.
            await patiently(
                lambda: errands.saved(open_studio.core.database, delivery.id, generation_id=ident)
            )
    except (TintypeError, exits.Exit, OSError) as error:
        board.moved(number, "failed", None)
        if not isinstance(error, GenerationFailed):
            # It was made, but could not be saved: the errand stays open, and `resume` delivers it.
            raise
        return runs.Broken(run=run, error=error, prediction_id=made.prediction_id if made else None)
    board.moved(number, "saved", 1.0)
    return runs.Done(
        run=run,
        prediction_id=made.prediction_id,
        saved=saved,
        seconds=_seconds(made, time.monotonic() - started),
        generation_id=made.id,
        cost_nano_usd=made.cost_nano_usd,
    )


def kept(error: OSError | exits.Refusal, order_id: str) -> exits.Failure:
    """Return the end of a command that made what it was told, and could not save it."""
    return exits.Failure(
        f"{exits.of(error)}; what order {order_id} made is kept, save it with: tintype resume"
    )


def _seconds(made: Generation, waited_s: float) -> float:
    """Return how long it took from the request to the stored file."""
    if made.finished_at is None:
        return waited_s
    return max((made.finished_at - made.created_at).total_seconds(), 0.0)


async def _saved(
    open_studio: Studio, made: Generation, position: int, delivery: Delivery, number: int
) -> Saved:
    output = made.outputs[position]
    reading = await open_studio.core.files.open(output.sha256)
    folder = files.folder(delivery.folder)
    name = finishing.name(delivery.names[number], output.made_by)
    with files.new_file(folder, name, output.extension) as (path, file):
        async for piece in reading.pieces:
            await asyncio.to_thread(file.write, piece)
    return runs.Saved(
        path=screen.shown(path),
        size=output.size_bytes,
        width=output.width,
        height=output.height,
        dpi=output.dpi,
    )


async def _given_up(open_studio: Studio, idents: Sequence[str]) -> tuple[str, bool]:
    """After Ctrl-C: end what has not ended. Says what became of all, and whether anything is left to take up."""
    rows = [await open_studio.get(ident) for ident in idents]
    # All at once: one that upstream is slow to end keeps no other from being cancelled.
    ended = await asyncio.gather(*(_ended(open_studio, row.id) for row in rows if not row.is_final))
    free = [row.id for row in ended if row.is_final and row.prediction_id is None]
    canceled = [
        row.prediction_id for row in ended if row.state == "canceled" and row.prediction_id is not None
    ]
    going = [row.id for row in ended if not row.is_final]
    done = [row.id for row in (*rows, *ended) if row.state == "succeeded"]
    words = ["interrupted"]
    if canceled:
        words.append(f"canceled upstream: {', '.join(canceled)}")
    if free:
        words.append(f"{len(free)} not bought and given up")
    if going:
        words.append(f"still ending: {', '.join(going)}; see: tintype show ID")
    if done:
        words.append(f"made and kept: {', '.join(done)}; save what is made with: tintype resume")
    return "; ".join(words), bool(going or done)


async def _ended(open_studio: Studio, ident: str) -> Generation:
    """Cancel a generation and wait a while for its end; what was not bought yet ends at once and free."""
    row = await open_studio.cancel(ident)
    end = time.monotonic() + CANCEL_S
    while not row.is_final and time.monotonic() < end:
        await asyncio.sleep(CANCEL_LOOK_S)
        row = await open_studio.get(ident)
    return row


__all__ = [
    "KINDS", "SIMULATED", "Delivered", "Delivery", "deliver", "delivery_of", "is_installed", "kept", "make",
]  # fmt: skip
