"""`tintype budget`: limits of money, pictures, film, work at once and pace; for all, projects, keys, end users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tintype.cli import exits, options, screen, studio, times

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tintype.local.studio import Studio
    from tintype.service.budgets import Cap, Limit

EXAMPLES = """\b
Examples:
  tintype budget set all --usd 100 --per month
  tintype budget set key:shop --usd 5 --per day --concurrent 4
  tintype budget set "user:*" --images 20 --per day
  tintype budget show
  tintype budget override 3 --usd 50 --until 12h
"""
BY = "local"
BAR_WIDTH = 20
NUMBER_MAX = 2**63 - 1

app = typer.Typer(rich_markup_mode=None, add_completion=False, epilog=EXAMPLES, no_args_is_help=True)


@app.callback()
def budget() -> None:
    """Set and show budgets and quotas: for all, project:NAME, key:NAME, user:KEY/NAME, or each with a star (user:*)."""


@app.command("set")
def put(  # noqa: PLR0913 - options, all by name
    subject: Annotated[str, typer.Argument(help="all, project:NAME, key:NAME, user:KEY/NAME, user:*, …")],
    *,
    usd: Annotated[str | None, typer.Option(help="Dollars, with up to nine decimals; 0 is a budget.")] = None,
    images: Annotated[int | None, typer.Option(min=0, help="Pictures.")] = None,
    video_seconds: Annotated[str | None, typer.Option(help="Seconds of film.")] = None,
    concurrent: Annotated[int | None, typer.Option(min=0, help="Generations at once.")] = None,
    rate: Annotated[str | None, typer.Option(help="Creates in a time, like 10/minute.")] = None,
    per: Annotated[str, typer.Option(help="In which time: hour, day, week, month or total.")] = "total",
    zone: Annotated[str, typer.Option(help="Where days begin, like Europe/Berlin.")] = "UTC",
    as_json: options.AsJson = False,
) -> None:
    """Set limits of a subject, or change those there are. They count from now on."""

    async def act(open_studio: Studio) -> list[Limit]:
        from tintype.service import budgets  # noqa: PLC0415 - not needed to answer --help

        db = open_studio.core.database
        whom = await budgets.subject(db, subject)
        caps = _caps(usd, images, video_seconds, concurrent, rate, per=per, zone=zone)
        if not caps:
            raise exits.Refusal("say what to limit: --usd, --images, --video-seconds, --concurrent or --rate")
        async with db.transaction() as work:
            for cap in caps:
                await budgets.put_in(work, whom, cap, by=BY)
        return await budgets.every(db, whom)

    _show(studio.run(act, works=False), as_json=as_json)


@app.command()
def show(
    subject: Annotated[str | None, typer.Argument(help="Whose; all limits when it is left out.")] = None,
    *,
    as_json: options.AsJson = False,
) -> None:
    """Show limits, what is held and spent in them now, and when they begin anew."""

    async def act(open_studio: Studio) -> list[Limit]:
        from tintype.service import budgets  # noqa: PLC0415 - not needed to answer --help

        db = open_studio.core.database
        return await budgets.every(db, None if subject is None else await budgets.subject(db, subject))

    _show(studio.run(act, works=False), as_json=as_json)


@app.command()
def override(
    limit: Annotated[
        int, typer.Argument(min=1, max=NUMBER_MAX, help="The limit's number, as `show` has it.")
    ],
    *,
    usd: Annotated[str | None, typer.Option(help="Dollars that count in its place.")] = None,
    amount: Annotated[
        str | None, typer.Option(help="For others: the number, or the seconds of film, that count.")
    ] = None,
    until: Annotated[str, typer.Option(metavar="WHEN", help="Until when: a span such as 12h, or a day.")],
    as_json: options.AsJson = False,
) -> None:
    """Let another amount count for a while; afterwards the limit's own counts again."""
    if (usd is None) == (amount is None):
        raise exits.Refusal("give --usd for money, or --amount for anything else")
    ends = times.ahead(until)

    async def act(open_studio: Studio) -> Limit:
        from tintype.domain.budget import Measure  # noqa: PLC0415 - not needed to answer --help
        from tintype.service import budgets  # noqa: PLC0415 - as above

        db = open_studio.core.database
        before = await budgets.get(db, limit)
        if (before.measure == Measure.MONEY) is (usd is None):
            raise exits.Refusal(f"limit {limit} is of {before.measure.replace('_', ' ')}; give it as such")
        return await budgets.override(db, limit, amount=usd or amount or "", until=ends, by=BY)

    found = studio.run(act, works=False)
    if as_json:
        screen.put_json(document(found))
    else:
        screen.put(f"limit {found.id} of {found.of} is overridden until {ends:%Y-%m-%d %H:%M} UTC")


@app.command()
def remove(
    limit: Annotated[
        int, typer.Argument(min=1, max=NUMBER_MAX, help="The limit's number, as `show` has it.")
    ],
) -> None:
    """Remove a limit. What is held in it settles without it."""

    async def act(open_studio: Studio) -> None:
        from tintype.service import budgets  # noqa: PLC0415 - not needed to answer --help

        await budgets.remove(open_studio.core.database, limit, by=BY)

    studio.run(act, works=False)
    screen.put(f"removed limit {limit}")


def document(one: Limit) -> dict[str, Any]:
    """Return a limit for JSON; money as decimal text."""
    from tintype.service import budgets  # noqa: PLC0415 - not needed to answer --help

    def written(amount: int | None) -> str | None:
        return None if amount is None else budgets.shown(one.measure, amount)

    return {
        "id": one.id,
        "subject": str(one.of),
        "measure": one.measure,
        "period": budgets.period_shown(one.period),
        "zone": one.zone,
        "amount": written(one.amount),
        "override_amount": written(one.override_amount),
        "override_until": one.override_until and one.override_until.isoformat(),
        "held": written(one.held),
        "spent": written(one.spent),
        "left": written(max(one.amount_now - one.held - one.spent, 0)),
        "begins_anew_at": one.window_end and one.window_end.isoformat(),
    }


def _caps(
    usd: str | None,
    images: int | None,
    video_seconds: str | None,
    concurrent: int | None,
    rate: str | None,
    *,
    per: str,
    zone: str,
) -> list[Cap]:
    from tintype.domain.budget import Measure  # noqa: PLC0415 - not needed to answer --help
    from tintype.service import budgets  # noqa: PLC0415 - as above

    caps = [
        budgets.cap(measure, str(amount), period=per, zone=zone)
        for measure, amount in (
            (Measure.MONEY, usd),
            (Measure.IMAGES, images),
            (Measure.VIDEO_SECONDS, video_seconds),
            (Measure.CONCURRENT, concurrent),
        )
        if amount is not None
    ]
    if rate is not None:
        caps.append(budgets.pace(rate))
    return caps


def _show(limits: Sequence[Limit], *, as_json: bool) -> None:
    if as_json:
        screen.put_json([document(one) for one in limits])
        return
    if not limits:
        screen.say("no limits; set one with: tintype budget set all --usd 100 --per month")
        return
    from tintype.domain.budget import DEFAULT  # noqa: PLC0415 - not needed to answer --help

    rows = []
    for one in limits:
        told = document(one)
        # Each has a count of its own, and there is none of all of them.
        is_default = one.subject.rpartition("/")[2] == DEFAULT
        rows.append(
            (
                str(one.id),
                told["subject"],
                one.measure.replace("_", " "),
                f"{told['period']} s" if told["period"].isdigit() else told["period"],
                told["override_amount"] or told["amount"],
                "" if is_default else told["spent"],
                "" if is_default else told["held"],
                "each by itself" if is_default else _bar(one.spent + one.held, one.amount_now),
            )
        )
    screen.put_table(("NO", "SUBJECT", "MEASURE", "PER", "AMOUNT", "SPENT", "HELD", "USED"), rows)


def _bar(used: int, amount: int) -> str:
    share = 1.0 if amount <= 0 else min(used / amount, 1.0)
    filled = round(share * BAR_WIDTH)
    return f"{'█' * filled}{'░' * (BAR_WIDTH - filled)} {share:4.0%}"
