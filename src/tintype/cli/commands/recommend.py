"""`tintype recommend`: which model to take for a budget."""

from __future__ import annotations

from typing import Annotated

import typer

from tintype import recommending
from tintype.cli import exits, options, screen
from tintype.domain import errors, money
from tintype.domain.errors import UnknownModel

EXAMPLES = """\b
Examples:
  tintype recommend --budget 5 --iterations 100
  tintype recommend --budget 5 --iterations 50 --high-quality
  tintype recommend --budget 2 --iterations 10 --text --transparent
  tintype recommend --budget 1 --iterations 10 --json
"""

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(epilog=EXAMPLES)
def recommend(  # noqa: PLR0913 - each is an option of the command
    *,
    budget: Annotated[str, typer.Option(metavar="USD", help="Dollars in all.")],
    iterations: Annotated[int, typer.Option(min=1, metavar="N", help="How many pictures that is for.")] = 1,
    high_quality: Annotated[bool, typer.Option("--high-quality", help="Only the best tier will do.")] = False,
    transparent: Annotated[bool, typer.Option("--transparent", help="Without a background.")] = False,
    text: Annotated[bool, typer.Option("--text", help="With text that can be read.")] = False,
    edit: Annotated[bool, typer.Option("--edit", help="Of a picture that is given.")] = False,
    aspect: Annotated[str | None, typer.Option(metavar="W:H", help="Width to height, as 4:3.")] = None,
    size: Annotated[str | None, typer.Option(metavar="WxH", help="In pixels, as 1024x1024.")] = None,
    models: Annotated[
        list[str] | None,
        typer.Option("--model", "-m", metavar="NAME", help="Among these only; may be repeated."),
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """Recommend the best model that a budget affords."""
    try:
        found = recommending.recommend(
            budget,
            iterations,
            high_quality,
            transparent=transparent,
            lettering=text,
            edit=edit,
            aspect_ratio=aspect,
            size=size,
            models=models,
        )
    except UnknownModel as error:
        raise exits.Refusal(f"{error} See: tintype models") from None
    except errors.InputError as error:
        raise exits.Refusal(str(error)) from None
    if as_json:
        screen.put_json(
            {
                "model": found.model,
                "name": found.name,
                "quality": found.quality,
                "price_usd": _usd(found.price_usd),
                "total_usd": _usd(found.total_usd),
                "fits": found.fits,
                "iterations_possible": found.iterations_possible,
                "input": dict(found.input),
                "finish": list(found.finish),
                "reasons": list(found.reasons),
            }
        )
        return
    screen.put(f"{found.model}  {found.name}, ${_usd(found.price_usd)} each, ${_usd(found.total_usd)} in all")
    if found.input:
        screen.put("  " + " ".join(f"--set {name}={value}" for name, value in found.input.items()))
    for reason in found.reasons:
        screen.put(f"  {reason}")


def _usd(amount: object) -> str:
    return money.to_usd(money.from_usd(str(amount)))
