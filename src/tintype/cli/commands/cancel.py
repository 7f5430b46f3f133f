"""`tintype cancel`: end a generation or a batch, for nothing where it was not bought yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tintype.cli import batch_facts, exits, options, screen, studio
from tintype.domain.errors import TimedOut

if TYPE_CHECKING:
    from tintype.local.generation import Generation
    from tintype.local.studio import Studio
    from tintype.service.batches import Standing

EXAMPLES = """\b
Example:
  tintype cancel 01k9w3t8m2q7r5v6x0y4z1a2b3
"""
END_S = 30.0

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(epilog=EXAMPLES)
def cancel(
    ident: Annotated[str, typer.Argument(metavar="ID", help="A generation, or a batch: see tintype list.")],
    *,
    as_json: options.AsJson = False,
) -> None:
    """Cancel a generation or a batch: for nothing what is queued, upstream what runs."""

    async def act(open_studio: Studio) -> tuple[Generation, Generation] | Standing:
        if await batch_facts.found(open_studio, ident) is not None:
            return await batch_facts.canceled(open_studio, ident)
        before = await studio.found(open_studio, ident)
        await open_studio.cancel(ident)
        try:
            return before, await open_studio.wait(ident, timeout_s=END_S)
        except TimedOut:
            return before, await open_studio.get(ident)

    done = studio.run(act, works=True)
    if not isinstance(done, tuple):
        _put(done, as_json=as_json)
        return
    before, after = done
    if as_json:
        screen.put_json(studio.document(after))
    elif after.is_final:
        ended = "had ended before" if before.is_final else "ended"
        screen.put(f"{after.id} {ended}: {after.state}, {studio.cost(after)}")
    if not after.is_final:
        raise exits.Failure(
            f"{after.id} is {after.state} and will be cancelled as soon as upstream answers; see: tintype list"
        )


def _put(standing: Standing, *, as_json: bool) -> None:
    if as_json:
        screen.put_json(batch_facts.document(standing))
        return
    batch = standing.batch
    ended = "ended" if batch.state == "canceled" else "had ended before"
    cost = screen.usd(standing.money.cost_nano_usd)
    screen.put(f"batch {batch.id} {ended}: {batch.state}, rows {batch_facts.rows(standing)}, {cost}")
