"""`tintype batch`: make every row of a file, within one budget."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tintype.cli import batch_facts, batches, choosing, durable, exits, files, options, screen, studio
from tintype.domain import money, tables
from tintype.domain.choosing import Mode  # noqa: TC001 - typer reads the annotation

if TYPE_CHECKING:
    from tintype.local.studio import Studio
    from tintype.service.batches import Standing

EXAMPLES = """\b
Examples:
  tintype batch rows.csv --template "a {color} boat" --budget 5
  tintype batch rows.csv --template "a {color} boat" --resume --budget 8
  tintype batch rows.jsonl --model flux-schnell --out pictures
  tintype batch rows.csv --mode auto --max-usd 0.05
  tintype batch rows.csv --mode final --set output_format=png --json

\b
The first row of CSV names the columns. prompt, model, mode, n and the words
of --set mean what they are called; others fill the template, or are inputs of
the model. Words are aspect_ratio, size, seed, negative_prompt, format,
quality and transparent: each model gets its own inputs for them.

\b
Interrupted or killed and started again, it goes on, and buys nothing twice.
Exit codes: 0 all made, 1 a row failed, is broken or was left undone, 2 wrong
input or configuration, 130 interrupted.
"""

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(epilog=EXAMPLES)
def batch(  # noqa: PLR0913 - each is an option of the command
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The rows: .csv or .jsonl.")],
    *,
    template: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="The prompt, with columns in braces: 'a {color} boat'."),
    ] = None,
    model: options.Model = None,
    mode: Annotated[
        Mode | None, typer.Option(help="In place of a model: what it is for.  [default: standard]")
    ] = None,
    count: Annotated[
        int, typer.Option("-n", "--count", min=1, max=100, help="How many of each row.", show_default=False)
    ] = 1,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="A common word, or an input of the model; may be repeated."
        ),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse what a model cannot do, in place of a note.")
    ] = False,
    each: Annotated[
        bool, typer.Option("--each", help="Equal rows get pictures of their own; else they share one.")
    ] = False,
    max_usd: Annotated[
        str | None, typer.Option("--max-usd", metavar="USD", help="The most that one call may cost.")
    ] = None,
    budget: Annotated[
        str | None, typer.Option(metavar="USD", help="The most that all rows cost together.")
    ] = None,
    files_from: Annotated[
        list[Path] | None,
        typer.Option(
            "--files-from", metavar="DIR", help="A folder that paths in rows may lead to; may be repeated."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where to save.  [default: named as the file]")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on: buy what was left undone, and again what failed.")
    ] = False,
    anew: Annotated[
        bool, typer.Option("--new", help="Buy all rows anew, though some were made before.")
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """Make every row of a file within one budget, and save pictures, reports and a contact sheet."""
    if resume and anew:
        raise exits.Refusal("give --resume or --new, not both")
    if model is not None and mode is not None:
        raise exits.Refusal("give --model or --mode, not both")
    if not file.is_file():
        raise exits.Refusal(f"there is no file {str(file)!r}; give a .csv or .jsonl file")
    tables.kind(file.name)
    order = batches.Order(
        file=file,
        folder=files.folder(out or Path(file.stem)).absolute(),
        prompt=template,
        model=model,
        mode=mode,
        count=count,
        is_strict=strict,
        inputs=_inputs(settings or []),
        max_nano_usd=choosing.nano(max_usd),
        duplicates="each" if each else "once",
        files_from=tuple(one.absolute() for one in files_from or ()),
        budget_nano_usd=_budget(budget),
    )
    way = batches.Way.RESUME if resume else batches.Way.ANEW if anew else batches.Way.ONCE
    work = batches.Work(order, way=way, is_quiet=as_json)

    async def act(open_studio: Studio) -> Standing:
        if open_studio.is_built_in:
            screen.say(durable.SIMULATED)
        return await work.run(open_studio)

    try:
        standing = studio.run(act, works=True)
    except KeyboardInterrupt:
        raise exits.Interrupted(work.told) from None
    _put(standing, order, as_json=as_json)
    left = standing.batch.row_count - standing.rows.get("succeeded", 0)
    if left:
        raise exits.Failure(_left(standing, order))


def _budget(text: str | None) -> int | None:
    try:
        amount = None if text is None else money.from_usd(text.removeprefix("$"))
    except ValueError:
        raise exits.Refusal(f"--budget {text} is no amount in dollars; write it like 5 or 0.25") from None
    if amount is not None and amount < 0:
        raise exits.Refusal(f"--budget {text} is below zero; write it like 5 or 0.25")
    return amount


def _inputs(texts: list[str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise exits.Refusal(f"--set {text!r} is not key=value; write it like --set output_format=png")
        # Filled with each row's values, and read by the type of the model's input, where the rows are planned.
        values[name.strip()] = value
    return values


def _put(standing: Standing, order: batches.Order, *, as_json: bool) -> None:
    found, money_ = standing.batch, standing.money
    if as_json:
        screen.put_json({**batch_facts.document(standing), "folder": str(order.folder)})
        return
    for warning in found.warnings:
        screen.say(warning)
    for one in standing.problems[: batch_facts.PROBLEMS_SHOWN]:
        screen.say(f"line {one.line}, column {one.place}: {one.problem}")
    made = standing.rows.get("succeeded", 0)
    screen.put(
        f"{made} of {found.row_count} rows in {screen.shown(order.folder)}, {screen.usd(money_.cost_nano_usd)}; "
        f"report.csv, report.json and contact-sheet.png are beside them"
    )


def _left(standing: Standing, order: batches.Order) -> str:
    words = {"failed": "failed", "canceled": "canceled", "undone": "left undone", "broken": "broken"}
    parts = [f"{count} {words[state]}" for state, count in standing.rows.items() if state in words]
    why = f" ({standing.batch.waits_for})" if standing.batch.waits_for else ""
    told = f"of the rows {', '.join(parts)}{why}"
    if set(standing.rows) & {"failed", "canceled", "undone"}:
        return (
            f"{told}; the same command goes on with --resume, and with a larger --budget where that ended it"
        )
    if any(_is_said_for_all(one.place, order) for one in standing.problems):
        return (
            f"{told}; where an option is wrong, give the command with another: that is a batch of its own, which buys "
            f"all of its rows. What is wrong in {order.file.name} is mended there, and made with --resume"
        )
    return f"{told}; mend them in {order.file.name}, and the same command with --resume makes them"


def _is_said_for_all(place: str | None, order: batches.Order) -> bool:
    """Whether what is wrong at a place of a row may be an option's fault, such as a model that nobody knows."""
    options = {
        "model": order.model is not None or order.max_nano_usd is not None,
        "mode": order.mode is not None or order.max_nano_usd is not None,
        "n": order.count > 1,
    }
    return options.get(place or "", False) or place in order.inputs
