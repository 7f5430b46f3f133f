"""`tintype alerts`: what a person should see, until it is over or was seen to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tintype.cli import options, screen, studio

if TYPE_CHECKING:
    from tintype.local.studio import Studio
    from tintype.store.alerts import Alert

EXAMPLES = """\b
Examples:
  tintype alerts
  tintype alerts --clear 12 --clear 13
  tintype alerts --json
"""

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(epilog=EXAMPLES)
def alerts(
    *,
    clear: Annotated[
        list[int] | None,
        typer.Option(metavar="NUMBER", min=1, max=2**63 - 1, help="It was seen to; may be repeated."),
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """List what a person should see, newest first; what is over by itself is gone."""

    async def act(open_studio: Studio) -> tuple[list[str], list[Alert]]:
        from tintype.service import alerting  # noqa: PLC0415 - not needed to answer --help

        database = open_studio.core.database
        cleared = await alerting.clear(clear or (), by=open_studio.actor.key, db=database)
        return cleared, await alerting.every(database)

    cleared, found = studio.run(act, works=False)
    if as_json:
        screen.put_json({"cleared": cleared, "alerts": [_document(one) for one in found]})
        return
    for about in cleared:
        screen.say(f"cleared {about}")
    if not found:
        screen.say("nothing is open")
        return
    screen.put_table(("number", "since", "kind", "about", "times", "what"), map(_row, found))


def _document(one: Alert) -> dict[str, Any]:
    return {
        "number": one.id,
        "kind": one.kind,
        "subject": one.subject,
        "message": one.message,
        "facts": one.facts,
        "times": one.times,
        "created_at": one.created_at.isoformat(),
        "seen_at": one.seen_at.isoformat(),
    }


def _row(one: Alert) -> tuple[str, ...]:
    since = one.created_at.astimezone().strftime("%m-%d %H:%M")
    return str(one.id), since, one.kind, one.subject, str(one.times), one.message
