"""`tintype list`: what was asked for, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tintype.cli import batch_facts, exits, options, screen, studio

if TYPE_CHECKING:
    from tintype.local.generation import Generation
    from tintype.local.studio import Studio
    from tintype.service.batches import Standing

EXAMPLES = """\b
Examples:
  tintype list
  tintype list --search boat
  tintype list --search failed -n 5
  tintype list --batches
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
    are_batches: Annotated[bool, typer.Option("--batches", help="Batches in place of generations.")] = False,
    as_json: options.AsJson = False,
) -> None:
    """List generations with their state, cost and what is held, newest first; or batches."""
    if are_batches:
        _put_batches(search, count, as_json=as_json)
        return

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


def _put_batches(search: str, count: int, *, as_json: bool) -> None:
    if search:
        raise exits.Refusal("--search is for generations; leave it out beside --batches")

    async def act(open_studio: Studio) -> list[Standing]:
        batches = open_studio.core.batches
        newest = await batches.list(actor=open_studio.actor, at_most=count)
        return [await batches.get(one.id, actor=open_studio.actor) for one in newest]

    found = studio.run(act, works=False)
    if as_json:
        screen.put_json({"batches": [batch_facts.document(one) for one in found]})
    elif not found:
        screen.say("no batch was asked for yet")
    else:
        screen.put_table(("id", "state", "cost", "budget", "asked", "name", "rows"), map(_batch, found))


def _batch(one: Standing) -> tuple[str, ...]:
    batch = one.batch
    asked = batch.created_at.astimezone().strftime("%m-%d %H:%M")
    budget = "" if batch.budget_nano_usd is None else screen.usd(batch.budget_nano_usd)
    cost = screen.usd(one.money.cost_nano_usd)
    return batch.id, batch.state, cost, budget, asked, batch.name, batch_facts.rows(one)


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
