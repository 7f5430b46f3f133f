"""`tintype cancel`: end a generation, for nothing where it was not bought yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tintype.cli import exits, screen, studio
from tintype.domain.errors import TimedOut

if TYPE_CHECKING:
    from tintype.local.generation import Generation
    from tintype.local.studio import Studio

EXAMPLES = """\b
Example:
  tintype cancel 01k9w3t8m2q7r5v6x0y4z1a2b3
"""
END_S = 30.0

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(epilog=EXAMPLES)
def cancel(
    ident: Annotated[str, typer.Argument(metavar="ID", help="A generation: see tintype list.")],
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document and nothing else.")
    ] = False,
) -> None:
    """Cancel a generation: for nothing while it is queued, upstream when it runs."""

    async def act(open_studio: Studio) -> tuple[Generation, Generation]:
        before = await studio.found(open_studio, ident)
        await open_studio.cancel(ident)
        try:
            return before, await open_studio.wait(ident, timeout_s=END_S)
        except TimedOut:
            return before, await open_studio.get(ident)

    before, after = studio.run(act, works=True)
    if as_json:
        screen.put_json(studio.document(after))
    elif after.is_final:
        ended = "had ended before" if before.is_final else "ended"
        screen.put(f"{after.id} {ended}: {after.state}, {studio.cost(after)}")
    if not after.is_final:
        raise exits.Failure(
            f"{after.id} is {after.state} and will be cancelled as soon as upstream answers; see: tintype list"
        )
