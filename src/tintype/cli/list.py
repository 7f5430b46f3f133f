"""`tintype list`: what was asked for, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tintype.cli import screen, studio

if TYPE_CHECKING:
    from tintype.local.generation import Generation
    from tintype.local.studio import Studio

EXAMPLES = """\b
Examples:
  tintype list
  tintype list --search boat
  tintype list --search failed -n 5
  tintype list --json >generations.json
"""
PROMPT_LENGTH_MAX = 48

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(epilog=EXAMPLES)
def list_(
    *,
    search: Annotated[
        str, typer.Option(metavar="TEXT", help="Only those with this in prompt, model, state or tags.")
    ] = "",
    count: Annotated[int, typer.Option("-n", "--count", min=1, max=1000, help="How many.")] = 20,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document and nothing else.")
    ] = False,
) -> None:
    """List generations with their state, cost and what is held, newest first."""

    async def act(open_studio: Studio) -> list[Generation]:
        return await open_studio.list(search=search, at_most=count)

    found = studio.run(act, works=False)
    if as_json:
        screen.put_json({"generations": [studio.document(one) for one in found]})
        return
    if not found:
        screen.say("nothing was asked for yet" if not search else f"nothing holds {search!r}")
        return
    screen.put_table(("id", "state", "cost", "held", "model", "asked", "prompt"), map(_row, found))


def _row(one: Generation) -> tuple[str, ...]:
    prompt = " ".join(str(one.input.get("prompt", "")).split())
    short = prompt if len(prompt) <= PROMPT_LENGTH_MAX else f"{prompt[: PROMPT_LENGTH_MAX - 3]}..."
    asked = one.created_at.astimezone().strftime("%m-%d %H:%M")
    held = screen.usd(one.held_nano_usd) if one.held_nano_usd else ""
    return one.id, _state(one), studio.cost(one), held, one.model.rpartition("/")[2], asked, short


def _state(one: Generation) -> str:
    """Tell the state, with percent while it runs and the code of what failed."""
    if one.failure_code is not None:
        return f"{one.state} ({one.failure_code})"
    return f"{one.state} {one.percent:.0f}%" if one.percent is not None and not one.is_final else one.state
