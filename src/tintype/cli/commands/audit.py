"""`tintype audit`: who did what of the administration, newest first."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tintype.cli import options, screen, studio

if TYPE_CHECKING:
    from tintype.local.studio import Studio
    from tintype.service.audit import Act

EXAMPLES = """\b
Examples:
  tintype audit
  tintype audit -n 500 --json >acts.json
"""

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(epilog=EXAMPLES)
def audit(
    *,
    count: Annotated[int, typer.Option("-n", "--count", min=1, max=1000, help="How many.")] = 50,
    as_json: options.AsJson = False,
) -> None:
    """List administrative acts: keys, budgets, pauses; `local` is the command line."""

    async def act(open_studio: Studio) -> tuple[list[Act], dict[str, str]]:
        from tintype.service import audit as service  # noqa: PLC0415 - not needed to answer --help

        acts = await service.acts(open_studio.core.database, at_most=count)
        return acts, {one.id: one.name for one in await open_studio.core.keys.every()}

    acts, names = studio.run(act, works=False)
    if as_json:
        screen.put_json([_document(one) for one in acts])
        return
    if not acts:
        screen.say("nothing was done yet")
        return
    screen.put_table(("at (UTC)", "by", "act", "on", "facts"), [_row(one, names) for one in acts])


def _document(one: Act) -> dict[str, Any]:
    return {
        "id": one.id,
        "at": one.at.isoformat(),
        "by": one.key_id,
        "action": one.action,
        "subject": one.subject,
        "facts": one.facts,
    }


def _row(one: Act, names: dict[str, str]) -> tuple[str, ...]:
    facts = ", ".join(f"{name} {_said(value)}" for name, value in one.facts.items() if value is not None)
    at = f"{one.at:%Y-%m-%d %H:%M:%S}"
    return at, names.get(one.key_id, one.key_id), one.action, one.subject, facts


def _said(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
