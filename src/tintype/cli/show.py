"""`tintype show`: all about one generation, and its files out of the store."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tintype.cli import files, screen, studio

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tintype.local.generation import Generation
    from tintype.local.studio import Studio
    from tintype.store.ledger import Line

EXAMPLES = """\b
Examples:
  tintype show 01k9w3t8m2q7r5v6x0y4z1a2b3
  tintype show 01k9w3t8m2q7r5v6x0y4z1a2b3 --out pictures
  tintype show 01k9w3t8m2q7r5v6x0y4z1a2b3 --json
"""

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(epilog=EXAMPLES)
def show(
    ident: Annotated[str, typer.Argument(metavar="ID", help="A generation: see tintype list.")],
    *,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Save its outputs here, out of the store.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document and nothing else.")
    ] = False,
) -> None:
    """Show one generation, its book and its outputs."""

    async def act(open_studio: Studio) -> tuple[Generation, Sequence[Line], list[Path]]:
        from tintype.store import ledger  # noqa: PLC0415 - not needed to answer --help

        one = await studio.found(open_studio, ident)
        lines = await ledger.lines(open_studio.core.database, one.id)
        return one, lines, [] if out is None else await _saved(open_studio, one, files.folder(out))

    one, lines, saved = studio.run(act, works=False)
    if as_json:
        screen.put_json(_document(one, lines, saved))
        return
    for name, value in _facts(one):
        screen.put(f"{name:<11} {value}")
    for line in lines:
        amount = screen.usd(line.amount_nano_usd)
        screen.put(f"{'booked':<11} {line.kind:<10} {amount:>10}  {line.debit} -> {line.credit}")
    for output in one.outputs:
        size = f"{output.width}x{output.height}" if output.width else ""
        what = f"{output.content_type}  {size}  {screen.size(output.size_bytes)}"
        screen.put(f"{'output':<11} {what}  sha256 {output.sha256}")
    for path in saved:
        screen.put(f"{'saved':<11} {path}")


async def _saved(open_studio: Studio, one: Generation, folder: Path) -> list[Path]:
    name = files.stem(str(one.input.get("prompt", "")), model=one.model, seed=one.input.get("seed"))
    saved = []
    for output in one.outputs:
        reading = await open_studio.core.files.open(output.sha256)
        with files.new_file(folder, name, output.extension) as (path, file):
            async for piece in reading.pieces:
                file.write(piece)
        saved.append(path)
    return saved


def _facts(one: Generation) -> list[tuple[str, str]]:
    inputs = ", ".join(f"{name}={value!r}" for name, value in one.input.items())
    facts = [
        ("id", one.id),
        ("state", f"{one.state} ({one.failure_code})" if one.failure_code else one.state.value),
        ("why", one.failure_message or ""),
        ("model", one.model),
        ("input", inputs),
        ("prediction", one.prediction_id or ""),
        ("order", one.order_id or ""),
        ("simulated", "yes: nothing was bought" if one.is_simulated else ""),
        ("estimate", screen.usd(one.estimate_nano_usd)),
        ("held", screen.usd(one.held_nano_usd) if one.held_nano_usd else ""),
        ("cost", studio.cost(one)),
        ("asked", one.created_at.astimezone().isoformat(" ", "seconds")),
        ("ended", one.finished_at.astimezone().isoformat(" ", "seconds") if one.finished_at else ""),
    ]
    return [(name, value) for name, value in facts if value]


def _document(one: Generation, lines: Sequence[Line], saved: Sequence[Path]) -> dict[str, Any]:
    return {
        **studio.document(one),
        "outputs": [
            {
                "sha256": output.sha256,
                "content_type": output.content_type,
                "bytes": output.size_bytes,
                "width": output.width,
                "height": output.height,
                "seconds": output.seconds,
            }
            for output in one.outputs
        ],
        "book": [
            {
                "kind": line.kind,
                "ref": line.ref,
                "debit": line.debit,
                "credit": line.credit,
                "amount_usd": screen.usd(line.amount_nano_usd).removeprefix("$"),
                "at": line.at.isoformat(),
            }
            for line in lines
        ],
        "saved": [str(path) for path in saved],
    }
