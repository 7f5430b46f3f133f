"""`tintype retry`: ask anew for what ended without success, and for nothing else."""

from __future__ import annotations

import platform
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tintype.cli import durable, exits, files, filmed, options, progress, runs, screen, studio

if TYPE_CHECKING:
    from tintype.cli.durable import Delivered
    from tintype.local.generation import Generation
    from tintype.local.studio import Studio
    from tintype.service.orders import Order

EXAMPLES = """\b
Examples:
  tintype retry 01k9w3t8m2q7r5v6x0y4z1a2b3
  tintype retry 01k9w3t8m2q7r5v6x0y4z1a2b3 --out again --json

\b
Exit codes: 0 made, 1 it failed again, 2 there is nothing to repeat.
"""

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(epilog=EXAMPLES)
def retry(
    ident: Annotated[str, typer.Argument(metavar="ID", help="A generation, or an order: see tintype list.")],
    *,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where to save.  [default: where its command did, else here]"),
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """Repeat what failed: a generation, or all that failed of an order; a film is joined when its clips are there."""
    given = None if out is None else files.folder(out).absolute()

    async def act(open_studio: Studio) -> tuple[list[Generation], Delivered | None, list[Path]]:
        return await _repeated(open_studio, ident, given, is_quiet=as_json)

    made, delivered, saved = studio.run(act, works=True)
    written: list[dict[str, Any]] = [
        {"path": str(screen.shown(path)), "bytes": path.stat().st_size} for path in saved
    ]
    if delivered is not None:
        written = filmed.files_of(delivered.film, delivered.ended)
    if as_json:
        screen.put_json({"generations": [studio.document(one) for one in made], "files": written})
    else:
        for one in made:
            screen.put(f"{one.id} {one.state}, {studio.cost(one)}")
        for file in written:
            screen.put(f"{file['path']}  {screen.size(file['bytes'])}")
    for one in made:
        one.raise_for_failure()
    broken = [one for one in delivered.ended if isinstance(one, runs.Broken)] if delivered else []
    if broken and delivered:
        raise runs.failure(broken, count=len(delivered.ended))


async def _repeated(
    open_studio: Studio, ident: str, folder: Path | None, *, is_quiet: bool
) -> tuple[list[Generation], Delivered | None, list[Path]]:
    """Repeat it and wait; returns what was made, what its command's delivery came to, and what was saved otherwise."""
    from tintype.service import errands  # noqa: PLC0415 - not needed to answer --help

    again, order = await _asked(open_studio, ident)
    delivered, is_brought = None, False
    if order is not None and order.outline.plan.get("host") == platform.node():
        async with errands.held(open_studio.core.database, order.id) as is_ours:
            # Another process that looks after it delivers it itself.
            is_brought = not is_ours
            if is_ours:
                delivered = await _delivered(open_studio, order, folder, is_quiet=is_quiet)
    made = [await open_studio.wait(one) for one in again]
    if delivered is not None or is_brought:
        return made, delivered, []
    # It was asked for otherwise than by a command of this machine: nobody else brings it.
    here = folder or files.folder(Path())
    saved = [path for one in made for path in await studio.saved(open_studio, one, here)]
    return made, None, saved


async def _asked(open_studio: Studio, ident: str) -> tuple[list[str], Order | None]:
    """Repeat it; returns the ids of the repetitions, and the order that they belong to."""
    from tintype.domain.errors import UnknownGeneration, UnknownOrder  # noqa: PLC0415 - as above
    from tintype.service import errands, repeating  # noqa: PLC0415 - as above

    core, actor = open_studio.core, open_studio.actor
    try:
        order = await core.orders.get(ident, actor=actor)
    except UnknownOrder:
        try:
            row = await core.generations.get(ident, actor=actor)
        except UnknownGeneration as error:
            of_batch = "the same tintype batch command with --resume buys anew what failed of it"
            raise await studio.unknown(open_studio, ident, error, of_batch=of_batch) from None
        # Before anything is bought, so that whoever dies in the middle leaves it to be resumed.
        if row.order_id is not None:
            await errands.reopened(core.database, row.order_id)
        asked = await core.generations.retry(ident, actor=actor)
        return list(asked.ids), await core.orders.get(row.order_id, actor=actor) if row.order_id else None
    await errands.reopened(core.database, ident)
    before = {row.id for row in order.generations}
    await repeating.order(order, core.generations, actor=actor)
    order = await core.orders.get(ident, actor=actor)
    return [row.id for row in order.generations if row.id not in before], order


async def _delivered(
    open_studio: Studio, order: Order, folder: Path | None, *, is_quiet: bool
) -> Delivered | None:
    """Bring what a command wanted into a folder, by default that of the command, when it is there."""
    from tintype.service.errands import Errand, delivered  # noqa: PLC0415 - as above

    told = order.outline
    saved = [str(one) for one in told.metadata.get("saved", [])]
    found = Errand(order.id, told.kind, told.plan, saved, told.created_at)
    delivery = await durable.delivery_of(open_studio, found)
    if delivery is None:
        return None
    if folder is not None:
        delivery = replace(delivery, folder=folder)
    with progress.Board(told.kind, len(delivery.generations), is_wanted=not is_quiet) as board:
        try:
            made = await durable.deliver(open_studio, delivery, board)
        except (OSError, exits.Refusal) as error:
            raise durable.kept(error, order.id) from error
    await delivered(open_studio.core.database, order.id)
    return made
