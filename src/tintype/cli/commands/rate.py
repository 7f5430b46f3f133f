"""`tintype rate`: say what is thought of a generation, for `--mode auto` to learn of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tintype.cli import exits, options, screen, studio

if TYPE_CHECKING:
    from tintype.local.studio import Studio

EXAMPLES = """\b
Examples:
  tintype rate 01k9w3t8m2q7r5v6x0y4z1a2b3 up
  tintype rate 01k9w3t8m2q7r5v6x0y4z1a2b3 4
"""

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(epilog=EXAMPLES)
def rate(
    ident: Annotated[
        str, typer.Argument(metavar="ID", help="A generation that succeeded: see tintype list.")
    ],
    rating: Annotated[
        str, typer.Argument(metavar="RATING", help="1 (not at all) to 5 (just so), up or down.")
    ],
    *,
    as_json: options.AsJson = False,
) -> None:
    """Say what is thought of a generation: --mode auto chooses by it; it replaces what was said before."""
    from tintype.domain.errors import InputError  # noqa: PLC0415 - not needed to answer --help

    async def act(open_studio: Studio) -> tuple[str, int]:
        row = await studio.found(open_studio, ident)
        return row.model, await open_studio.rate(ident, int(rating) if rating.isdecimal() else rating)

    try:
        model, number = studio.run(act, works=False)
    except InputError as error:
        raise exits.Refusal(str(error)) from None
    if as_json:
        screen.put_json({"generation_id": ident, "model": model, "rating": number})
        return
    screen.put(f"{ident} by {model} is rated {number} of 5")
