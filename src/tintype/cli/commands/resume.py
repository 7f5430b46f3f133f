"""`tintype resume`: deliver what interrupted commands left behind; nothing is bought again."""

from __future__ import annotations

import platform
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import typer

from tintype.cli import durable, exits, filmed, options, progress, runs, screen, studio

if TYPE_CHECKING:
    from tintype.cli.durable import Delivered
    from tintype.cli.runs import Broken
    from tintype.local.studio import Studio
    from tintype.service.errands import Errand

EXAMPLES = """\b
Examples:
  tintype resume
  tintype resume --json
"""

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(epilog=EXAMPLES)
def resume(
    *,
    as_json: options.AsJson = False,
) -> None:
    """Take up what was paid for and not delivered: wait for it, and save it where it was wanted."""
    taken = _Taken()

    async def act(open_studio: Studio) -> int:
        await _take_up(open_studio, taken, is_quiet=as_json)
        return len(await open_studio.resume())

    others = studio.run(act, works=True)
    if as_json:
        failures = [
            {"code": getattr(one.error, "failure_code", None), "message": exits.one_line(one.line)}
            for one in taken.broken
        ]
        screen.put_json({"files": taken.files, "failures": failures, "others_ended": others})
    else:
        _tell(taken, others)
    if taken.left:
        raise taken.left[0]
    if taken.broken:
        raise runs.failure(taken.broken, count=len(taken.broken) + len(taken.files))


@dataclass(slots=True)
class _Taken:
    """What became of what commands left behind: `left` it is, where it could not be saved, or belongs `elsewhere`."""

    files: list[dict[str, Any]] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)
    left: list[exits.Refusal] = field(default_factory=list)
    elsewhere: set[str] = field(default_factory=set)


async def _take_up(open_studio: Studio, taken: _Taken, *, is_quiet: bool) -> None:
    from tintype.service import errands  # noqa: PLC0415 - not needed to answer --help

    database = open_studio.core.database
    for found in await errands.undelivered(database, open_studio.actor, kinds=durable.KINDS):
        host = str(found.plan.get("host"))
        if host != platform.node():
            taken.elsewhere.add(host)
            continue
        async with AsyncExitStack() as stack:
            # Another process that still looks after it delivers it itself.
            if not await stack.enter_async_context(errands.held(database, found.id)):
                continue
            try:
                made = await _delivered(open_studio, found, is_quiet=is_quiet)
            except exits.Refusal as fault:
                # What one folder cannot take stands in nobody else's way; it is there the next time.
                taken.left.append(fault)
                continue
            await errands.delivered(database, found.id)
        taken.broken.extend(one for one in made.ended if isinstance(one, runs.Broken))
        taken.files.extend(filmed.files_of(made.film, made.ended))


def _tell(taken: _Taken, others: int) -> None:
    for file in taken.files:
        screen.put(f"{file['path']}  {screen.size(file['bytes'])}")
    if taken.elsewhere:
        names = ", ".join(sorted(taken.elsewhere))
        screen.say(f"what was asked for on another machine is delivered there: {names}; see: tintype list")
    elif not taken.files and not taken.broken and not taken.left and not others:
        screen.say("nothing was left behind")
    if others:
        screen.put(f"{others} that no command waits for ended too; see: tintype list")


async def _delivered(open_studio: Studio, found: Errand, *, is_quiet: bool) -> Delivered:
    delivery = await durable.delivery_of(open_studio, found)
    if delivery is None:
        return durable.Delivered([])
    with progress.Board(found.kind, len(delivery.generations), is_wanted=not is_quiet) as board:
        return await durable.deliver(open_studio, delivery, board)
