"""`tintype show`: all about one generation, and its files out of the store; or how a batch stands."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tintype.cli import batch_facts, exits, files, options, screen, studio
from tintype.replicate import outputs as names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tintype.local.generation import Generation
    from tintype.local.studio import Studio
    from tintype.service.batches import Standing
    from tintype.store.ledger import Line
    from tintype.store.outputs import OrphanOutput

EXAMPLES = """\b
Examples:
  tintype show 01k9w3t8m2q7r5v6x0y4z1a2b3
  tintype show 01k9w3t8m2q7r5v6x0y4z1a2b3 --out pictures
  tintype show 01k9w3t8m2q7r5v6x0y4z1a2b3 --json
"""

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@dataclass(frozen=True, slots=True)
class _Found:
    """A generation, its book, what predictions made that it did not wait for, and what was saved."""

    one: Generation
    lines: Sequence[Line]
    orphans: Sequence[OrphanOutput]
    saved: Sequence[Path]


@app.command(epilog=EXAMPLES)
def show(
    ident: Annotated[str, typer.Argument(metavar="ID", help="A generation, or a batch: see tintype list.")],
    *,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Save its outputs here, out of the store.")
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """Show one generation, its book and its outputs; or a batch, and how many of its rows are how far."""

    async def act(open_studio: Studio) -> _Found | Standing:
        from tintype.store import ledger, outputs  # noqa: PLC0415 - not needed to answer --help

        batch = await batch_facts.found(open_studio, ident)
        if batch is not None:
            if out is not None:
                raise exits.Refusal("the same tintype batch command brings a batch's files into its folder")
            return batch
        one = await studio.found(open_studio, ident)
        lines = await ledger.lines(open_studio.core.database, one.id)
        orphans = await outputs.of_orphans(open_studio.core.database, one.id)
        saved = [] if out is None else await _saved(open_studio, one, orphans, files.folder(out))
        return _Found(one, lines, orphans, saved)

    found = studio.run(act, works=False)
    if not isinstance(found, _Found):
        if as_json:
            screen.put_json(batch_facts.document(found))
        else:
            batch_facts.put(found)
        return
    if as_json:
        screen.put_json(_document(found))
        return
    _put(found)


def _put(found: _Found) -> None:
    one, lines = found.one, found.lines
    for name, value in _facts(one):
        screen.put(f"{name:<11} {value}")
    for pair in one.approvals:
        other = (
            f"picture {pair.pick} of {pair.proof_id}"
            if pair.final_id == one.id
            else f"{pair.final_id}  of picture {pair.pick}"
        )
        screen.put(f"{'final of' if pair.final_id == one.id else 'final':<11} {other}")
    for line in lines:
        amount = screen.usd(line.amount_nano_usd)
        screen.put(f"{'booked':<11} {line.kind:<10} {amount:>10}  {line.debit} -> {line.credit}")
    for output in one.outputs:
        size = f"{output.width}x{output.height}" if output.width else ""
        what = f"{output.content_type}  {size}  {screen.size(output.size_bytes)}"
        screen.put(f"{'output':<11} {what}  sha256 {output.sha256}")
    for orphan in found.orphans:
        what = f"{orphan.content_type}  {screen.size(orphan.size_bytes)}  prediction {orphan.prediction_id}"
        screen.put(f"{'orphan':<11} {what}  sha256 {orphan.sha256}")
    for path in found.saved:
        screen.put(f"{'saved':<11} {path}")


async def _saved(
    open_studio: Studio, one: Generation, orphans: Sequence[OrphanOutput], folder: Path
) -> list[Path]:
    name = files.stem(str(one.input.get("prompt", "")), model=one.model, seed=one.input.get("seed"))
    wanted = [(name, output.sha256, output.extension) for output in one.outputs]
    for orphan in orphans:
        extension = names.extension("", orphan.content_type, b"")
        wanted.append((f"{name}-orphan", orphan.sha256, extension))
    saved = []
    for stem, sha256, extension in wanted:
        reading = await open_studio.core.files.open(sha256)
        with files.new_file(folder, stem, extension) as (path, file):
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


def _document(found: _Found) -> dict[str, Any]:
    one = found.one
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
                "amount_usd": screen.dollars(line.amount_nano_usd),
                "at": line.at.isoformat(),
            }
            for line in found.lines
        ],
        "orphans": [
            {
                "prediction_id": orphan.prediction_id,
                "sha256": orphan.sha256,
                "content_type": orphan.content_type,
                "bytes": orphan.size_bytes,
            }
            for orphan in found.orphans
        ],
        "saved": [str(path) for path in found.saved],
    }
