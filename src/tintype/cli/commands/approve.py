"""`tintype approve`: the final of a proof that is liked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tintype.cli import files, options, progress, screen, studio

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tintype.local.generation import Generation
    from tintype.local.studio import Studio
    from tintype.service.approving import Approved

EXAMPLES = """\b
Examples:
  tintype generate "a red sports car" --mode proof -n 4
  tintype approve 01k9w3t8m2q7r5v6x0y4z1a2b3 --pick 2
  tintype approve 01k9w3t8m2q7r5v6x0y4z1a2b3 --model imagen-4-ultra --out finals
  tintype approve 01k9w3t8m2q7r5v6x0y4z1a2b3 --set aspect_ratio=16:9

\b
Each picture is approved once: asked again, the first final is saved again and
nothing is bought. Exit codes: 0 made, 1 it failed upstream, 2 wrong input or
configuration, 130 interrupted; the final goes on, ask again for it.
"""

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(epilog=EXAMPLES)
def approve(
    ident: Annotated[
        str, typer.Argument(metavar="ID", help="A proof, or an order of proofs: see tintype list.")
    ],
    *,
    pick: Annotated[int, typer.Option(metavar="N", min=1, help="Which of its pictures, counted from 1.")] = 1,
    model: Annotated[
        str | None,
        typer.Option("--model", "-m", metavar="NAME", help="The final's model.  [default: that of final]"),
    ] = None,
    settings: options.Inputs = None,
    out: options.Out = Path(),
    as_json: options.AsJson = False,
) -> None:
    """Make the final of a proof that is liked: the same prompt, shape and seed, by a better model."""
    folder = files.folder(out)

    async def act(open_studio: Studio) -> tuple[Approved, Generation, Generation, list[Path]]:
        approved = await _approved(open_studio, ident, pick, model, settings or ())
        for warning in approved.warnings:
            screen.say(warning)
        with progress.Board("final", 1, is_wanted=not as_json) as board:
            async for moment in open_studio.watch(approved.final_id):
                fraction = None if moment.percent is None else moment.percent / 100
                board.moved(0, moment.state.value, fraction)
        final = (await open_studio.get(approved.final_id)).raise_for_failure()
        saved = await studio.saved(open_studio, final, folder)
        return approved, await open_studio.get(approved.proof_id), final, saved

    approved, proof, final, saved = studio.run(act, works=True)
    if as_json:
        screen.put_json(_document(approved, proof, final, saved))
        return
    for path, output in zip(saved, final.outputs, strict=True):
        pixels = f"{output.width}x{output.height}" if output.width else "size unknown"
        screen.put(f"{path}  {pixels}  {screen.size(output.size_bytes)}")
    before = ", approved before" if approved.is_repeated else ""
    screen.put(f"final {final.id} by {final.model}, {studio.cost(final)}{before}")
    screen.put(f"of picture {approved.pick} of {proof.id} by {proof.model}, {studio.cost(proof)}")


async def _approved(
    open_studio: Studio, ident: str, pick: int, model: str | None, settings: Sequence[str]
) -> Approved:
    from tintype.cli import orders  # noqa: PLC0415 - not needed to answer --help
    from tintype.domain.errors import UnknownGeneration  # noqa: PLC0415 - as above
    from tintype.local import proofing  # noqa: PLC0415 - as above

    core = open_studio.core
    final = orders.find(core.catalogue, model or core.settings.model_final)
    try:
        return await proofing.approve(
            open_studio, ident, pick=pick, model=model, inputs=orders.settings_of(final, settings)
        )
    except UnknownGeneration as error:
        raise await studio.unknown(
            open_studio, ident, error, of_batch="give one of its generations, which its report.csv names"
        ) from None


def _document(
    approved: Approved, proof: Generation, final: Generation, saved: Sequence[Path]
) -> dict[str, Any]:
    return {
        "final": studio.document(final),
        "proof": studio.document(proof),
        "pick": approved.pick,
        "approved_before": approved.is_repeated,
        "warnings": list(approved.warnings),
        "files": [str(path) for path in saved],
    }
