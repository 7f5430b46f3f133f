"""`tintype resolve`: a person's word about an outcome that nobody could tell (rule 7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tintype.cli import exits, options, screen, studio
from tintype.domain.errors import TimedOut

if TYPE_CHECKING:
    from tintype.local.generation import Generation
    from tintype.local.studio import Studio

EXAMPLES = """\b
Examples:
  tintype resolve 01k9w3t8m2q7r5v6x0y4z1a2b3 --bought q8h2j5w0nsrm80cq3f9t7d1x4e
  tintype resolve 01k9w3t8m2q7r5v6x0y4z1a2b3 --absent

\b
replicate.com/predictions shows what the account bought.
"""
END_S = 60.0

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(epilog=EXAMPLES)
def resolve(
    ident: Annotated[str, typer.Argument(metavar="ID", help="A generation: see tintype list.")],
    *,
    bought: Annotated[
        str | None, typer.Option(metavar="UPSTREAM_ID", help="It bought this prediction.")
    ] = None,
    absent: Annotated[bool, typer.Option("--absent", help="It bought nothing.")] = False,
    as_json: options.AsJson = False,
) -> None:
    """Say what became of an outcome that nobody could tell; the book is corrected accordingly."""
    if (bought is None) == (not absent):
        raise exits.Refusal("say what is true: --bought UPSTREAM_ID, or --absent")

    async def act(open_studio: Studio) -> Generation:
        await studio.found(open_studio, ident)
        await open_studio.resolve(ident, bought=bought)
        try:
            return await open_studio.wait(ident, timeout_s=END_S)
        except TimedOut:
            return await open_studio.get(ident)

    after = studio.run(act, works=True)
    if as_json:
        screen.put_json(studio.document(after))
    else:
        screen.put(f"{after.id} is {after.state}, {studio.cost(after) or 'not settled yet'}")
