"""`tintype usage`: what was asked for and what became of it, as `/api/usage` tells it."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tintype.cli import exits, options, screen, studio, times

if TYPE_CHECKING:
    from tintype.local.studio import Studio
    from tintype.service.usage import Line

EXAMPLES = """\b
Examples:
  tintype usage
  tintype usage --by project --since 30d
  tintype usage --by tag --key shop --csv >tags.csv
  tintype usage --by user --json
"""

app = typer.Typer(rich_markup_mode=None, add_completion=False)


class By(StrEnum):
    """What a report is grouped by."""

    KEY = "key"
    USER = "user"
    PROJECT = "project"
    MODEL = "model"
    TAG = "tag"
    DAY = "day"


@app.command(epilog=EXAMPLES)
def usage(
    *,
    by: Annotated[By, typer.Option(help="What to group by; days are those of UTC.")] = By.DAY,
    key: Annotated[str | None, typer.Option(help="Of one key alone, by its id or name.")] = None,
    since: options.Since = None,
    until: options.Until = None,
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
) -> None:
    """Show what was asked for and what became of it, by key, user, project, model, tag or day."""
    if as_json and as_csv:
        raise exits.Refusal("--json and --csv are two forms of the same; give one of them")
    first, last = times.between(since, until)

    async def act(open_studio: Studio) -> list[Line]:
        from tintype.service import usage as service  # noqa: PLC0415 - not needed to answer --help

        core = open_studio.core
        return await service.report(
            core.database,
            by=service.By(by),
            simulated=open_studio.is_simulated,
            key=None if key is None else (await core.keys.get(key)).id,
            since=first,
            until=last,
        )

    lines = studio.run(act, works=False)
    if as_json:
        screen.put_json({"by": by.value, "data": [_document(line) for line in lines]})
    elif as_csv:
        screen.put_csv([_document(line) for line in lines], of=("name", "cost_usd"))
    elif not lines:
        screen.say("nothing was asked for in that time")
    else:
        headings = (by.value, "asked", "made", "failed", "cached", "cost", "held", "saved")
        screen.put_table(headings, [_row(line) for line in lines])


def _row(line: Line) -> tuple[str, ...]:
    counts = (line.generations, line.succeeded, line.failed, line.cached)
    amounts = (line.cost_nano_usd, line.held_nano_usd, line.saved_nano_usd)
    return line.key_name or line.name or "-", *map(str, counts), *map(screen.usd, amounts)


def _document(line: Line) -> dict[str, Any]:
    """Return a line with seconds of film and dollars, where it has milliseconds and nano-dollars."""
    told: dict[str, Any] = {}
    for name, value in asdict(line).items():
        if name == "video_ms":
            told["video_seconds"] = value / 1000
        elif name.endswith("_nano_usd"):
            told[name.replace("_nano_usd", "_usd")] = screen.dollars(value)
        else:
            told[name] = value
    return told
