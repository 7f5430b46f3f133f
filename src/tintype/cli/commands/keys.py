"""`tintype keys`: make, list, exchange and revoke API keys of the gateway, whether or not it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tintype.cli import exits, options, screen, studio, times

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tintype.local.studio import Studio
    from tintype.service.budgets import Cap
    from tintype.service.keys import Made
    from tintype.store.keys import Key

EXAMPLES = """\b
Examples:
  tintype keys create --name shop --budget-usd 5 --per day --rate 10/minute --concurrent 4
  tintype keys create --name reports --scopes read --expires 30d --json
  tintype keys rotate shop --overlap 1h
  tintype keys revoke shop
"""
BY = "local"

app = typer.Typer(rich_markup_mode=None, add_completion=False, epilog=EXAMPLES, no_args_is_help=True)


@app.callback()
def keys() -> None:
    """Make, list, rotate and revoke API keys. The first one ends the time when this machine needs none."""


@app.command()
def create(  # noqa: PLR0913 - options, all by name
    *,
    name: Annotated[str, typer.Option(help="What it is called, such as the app that uses it.")],
    scopes: Annotated[
        str, typer.Option(help="What it may do, with commas: generate, read, admin.")
    ] = "generate,read",
    budget_usd: Annotated[str | None, typer.Option(help="Dollars that it may spend; 0 is a budget.")] = None,
    per: Annotated[
        str | None, typer.Option(help="In which time: hour, day, week, month or total, which is the default.")
    ] = None,
    rate: Annotated[
        str | None, typer.Option(help="Creates in a time: N/second, N/minute, N/hour, N/day.")
    ] = None,
    concurrent: Annotated[int | None, typer.Option(min=0, help="Generations at once.")] = None,
    images_per_day: Annotated[int | None, typer.Option(min=0, help="Pictures a day.")] = None,
    video_seconds_per_day: Annotated[str | None, typer.Option(help="Seconds of film a day.")] = None,
    models: Annotated[str | None, typer.Option(help="The only models it may use, with commas.")] = None,
    expires: Annotated[
        str | None, typer.Option(metavar="WHEN", help="When it ends: a span such as 30d or 12h, or a day.")
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """Make a key. Its secret is shown this once."""
    if per is not None and budget_usd is None:
        raise exits.Refusal(
            f"--per {per} says for how long a budget is; say how much it is, with --budget-usd"
        )
    ends = None if expires is None else times.ahead(expires)
    wanted = None if models is None else [one.strip() for one in models.split(",") if one.strip()]

    async def act(open_studio: Studio) -> tuple[Made, list[str]]:
        from tintype.domain.budget import Measure  # noqa: PLC0415 - not needed to answer --help
        from tintype.service import budgets  # noqa: PLC0415 - as above

        only, warnings = _models(open_studio, wanted or ())

        caps: list[Cap] = [
            budgets.cap(measure, str(amount), period=period)
            for measure, amount, period in (
                (Measure.MONEY, budget_usd, per or "total"),
                (Measure.CONCURRENT, concurrent, "total"),
                (Measure.IMAGES, images_per_day, "day"),
                (Measure.VIDEO_SECONDS, video_seconds_per_day, "day"),
            )
            if amount is not None
        ]
        if rate is not None:
            caps.append(budgets.pace(rate))
        made = await open_studio.core.keys.create(
            name,
            by=BY,
            scopes=_scopes(scopes),
            models=None if wanted is None else only,
            expires_at=ends,
            caps=caps,
        )
        return made, warnings

    made, warnings = studio.run(act, works=False)
    _show(made, as_json=as_json, warnings=warnings)


@app.command("list")
def list_keys(
    *,
    as_json: options.AsJson = False,
) -> None:
    """List the keys, the newest first; of their secrets the last four characters."""

    async def act(open_studio: Studio) -> list[Key]:
        return await open_studio.core.keys.every()

    found = studio.run(act, works=False)
    if as_json:
        screen.put_json([document(one) for one in found])
        return
    if not found:
        screen.say("no keys yet; make one with: tintype keys create --name NAME")
        return
    screen.put_table(
        ("ID", "NAME", "SECRET", "SCOPES", "MODELS", "LAST USED", "STATE"),
        [
            (
                one.id,
                one.name,
                ", ".join(f"…{hint}" for hint in one.hints),
                ",".join(one.scopes),
                "all" if one.models is None else ",".join(one.models),
                "never" if one.last_used_at is None else f"{one.last_used_at:%Y-%m-%d %H:%M}",
                one.state,
            )
            for one in found
        ],
    )


@app.command()
def rotate(
    key: Annotated[str, typer.Argument(help="Its id or name.")],
    *,
    overlap: Annotated[
        str, typer.Option(help="How long the old secret counts yet: 0s, 30m, 24h, 7d.")
    ] = "24h",
    as_json: options.AsJson = False,
) -> None:
    """Give a key a new secret, which is shown this once. The old one counts for a while yet."""
    span = times.span(overlap)

    async def act(open_studio: Studio) -> Made:
        return await open_studio.core.keys.rotate(key, by=BY, overlap_s=span.total_seconds())

    _show(studio.run(act, works=False), as_json=as_json)


@app.command()
def revoke(
    key: Annotated[str, typer.Argument(help="Its id or name.")],
    *,
    as_json: options.AsJson = False,
) -> None:
    """Refuse a key from now on. What it asked for goes on and is settled."""

    async def act(open_studio: Studio) -> Key:
        return await open_studio.core.keys.revoke(key, by=BY)

    found = studio.run(act, works=False)
    if as_json:
        screen.put_json(document(found))
    else:
        screen.put(f"revoked {found.name} ({found.id})")


def document(one: Key) -> dict[str, Any]:
    """Return a key for JSON."""
    return {
        "id": one.id,
        "name": one.name,
        "scopes": one.scopes,
        "models": one.models,
        "hints": one.hints,
        "state": one.state,
        "created_at": one.created_at.isoformat(),
        "expires_at": one.expires_at and one.expires_at.isoformat(),
        "revoked_at": one.revoked_at and one.revoked_at.isoformat(),
        "last_used_at": one.last_used_at and one.last_used_at.isoformat(),
    }


def _show(made: Made, *, as_json: bool, warnings: Sequence[str] = ()) -> None:
    for warning in warnings:
        screen.say(warning)
    if as_json:
        screen.put_json({"key": made.secret, **document(made.key), "warnings": list(warnings)})
        return
    screen.put(made.secret)
    screen.say(f"key {made.key.name} ({made.key.id}): keep it now, it is not shown again")


def _scopes(text: str) -> Sequence[Any]:
    from tintype.domain.access import Scope  # noqa: PLC0415 - not needed to answer --help

    names = [one.strip() for one in text.split(",") if one.strip()]
    for one in names:
        if one not in set(Scope):
            raise exits.Refusal(f"{one!r} is no scope; there are {', '.join(Scope)}")
    return [Scope(one) for one in names]


def _models(open_studio: Studio, names: Sequence[str]) -> tuple[list[str], list[str]]:
    from tintype.domain.errors import UnknownModel  # noqa: PLC0415 - not needed to answer --help
    from tintype.service import keys as keys_  # noqa: PLC0415 - as above

    try:
        return keys_.models_meant(open_studio.core.catalogue, names)
    except UnknownModel as error:
        raise exits.Refusal(f"{error} See: tintype models") from None
