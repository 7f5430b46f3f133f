"""Options that several commands have: each has one name, one meaning and one sentence of help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV, amounts in dollars.")]
Since = Annotated[str | None, typer.Option(metavar="WHEN", help="From this day on, or the last 7d, 12h.")]
Until = Annotated[str | None, typer.Option(metavar="DAY", help="Up to the beginning of this day.")]
Model = Annotated[
    str | None, typer.Option("--model", "-m", metavar="NAME", help="A model: see tintype models.")
]
Inputs = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Another input of the model; may be repeated."),
]
Out = Annotated[Path, typer.Option(metavar="DIR", help="Where to save; made if need be.")]
Direct = Annotated[
    bool, typer.Option("--direct", help="Without database and budgets; a kill leaves nothing to take up.")
]

__all__ = ["AsCsv", "AsJson", "Direct", "Inputs", "Model", "Out", "Since", "Until"]
