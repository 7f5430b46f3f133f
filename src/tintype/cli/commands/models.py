"""`tintype models`: the models with their prices, and one with its inputs."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack
from dataclasses import asdict, replace
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tintype.cli import book, exits, screen, studio
from tintype.domain import catalogue, inputs, money, pricing
from tintype.domain.catalogue import (
    OWN,
    Ability,
    Catalogue,
    Field,
    Kind,
    Model,
    Price,
    Quality,
    Unit,
)
from tintype.domain.errors import InputError, UnknownModel, UpstreamError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from decimal import Decimal

    from tintype.domain.pricing import Estimate
    from tintype.local.studio import Studio
    from tintype.service.syncing import Synced

PER = {
    Unit.RUN: "run",
    Unit.IMAGE: "image",
    Unit.MEGAPIXEL: "megapixel",
    Unit.VIDEO_SECOND: "second of film",
    Unit.HARDWARE_SECOND: "second of run time",
}

SYNC_EXAMPLES = """\b
Examples:
  tintype models sync
  tintype models sync stability-ai/sdxl acme/our-model
"""
SHOW_EXAMPLES = """\b
Examples:
  tintype models show flux-schnell
  tintype models show Imagen4Ultra --json
"""

app = typer.Typer(
    rich_markup_mode=None,
    add_completion=False,
    help="List the models with their prices, or show one.",
    epilog="""\b
Examples:
  tintype models
  tintype models --kind video --can audio --under 0.50
  tintype models --tier final --search imagen
  tintype models --json
  tintype models show flux-schnell
  tintype models show imagen4_ultra --json
  tintype models sync
""",
)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]


@app.callback(invoke_without_command=True)
def models(
    context: typer.Context,
    *,
    as_json: AsJson = False,
    kind: Annotated[Kind | None, typer.Option("--kind", help="Only models that do this.")] = None,
    tier: Annotated[Quality | None, typer.Option("--tier", help="Only models of this tier.")] = None,
    can: Annotated[
        list[Ability] | None, typer.Option("--can", help="Only models that can this; may be repeated.")
    ] = None,
    under: Annotated[
        str | None,
        typer.Option("--under", metavar="USD", help="Only models whose usual run costs at most this."),
    ] = None,
    search: Annotated[
        str, typer.Option("--search", metavar="TEXT", help="Only models with this in a name.")
    ] = "",
) -> None:
    """List the models with their prices, or show one."""
    if context.invoked_subcommand is not None:
        return
    most = None if under is None else _amount(under)
    wanted = catalogue.key(search)
    chosen = [
        model
        for model in _every(book.load())
        if kind in {None, model.kind}
        and tier in {None, model.quality}
        and set(can or ()) <= set(model.abilities)
        and (most is None or _usual(model).expected_nano_usd <= most)
        and any(wanted in name for name in (*catalogue.names(model), catalogue.key(model.name)))
    ]
    if as_json:
        screen.put_json([as_document(model) for model in chosen])
        return
    screen.put_table(
        ("name", "makes", "tier", "usual", "price"),
        (
            (model.slug, model.kind.value, model.quality.value, f"{model.usual_s} s", priced(model.price))
            for model in chosen
        ),
    )


@app.command("show", epilog=SHOW_EXAMPLES)
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A slug or an alias, in any spelling.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show the inputs, price and speed of one model."""
    try:
        model = _named(book.load(), name)
    except UnknownModel as error:
        raise exits.Refusal(f"{error} See: tintype models") from None
    if as_json:
        screen.put_json(as_document(model))
        return
    screen.put(f"{model.slug}  {model.name}")
    for label, words in _facts(model):
        screen.put(f"  {label:<9}{words}")
    screen.put()
    if not model.inputs:
        screen.put("its inputs are not known here, and go as given")
        return
    screen.put_table(("input", "type", "default", "takes"), (_row(field) for field in model.inputs.values()))


@app.command("sync", epilog=SYNC_EXAMPLES)
def sync(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME…", help="Models as owner/name; all of the catalogue without any."),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Read models upstream: their newest version, all others, and what changed; prices stay the book's."""
    known = book.load()
    slugs = [_slug(known, name) for name in names or ()] or [model.slug for model in known.models]

    async def act(open_studio: Studio) -> dict[str, Synced | None]:
        from tintype.local import simulated  # noqa: PLC0415 - not needed to list models
        from tintype.service import syncing  # noqa: PLC0415 - as above

        core = open_studio.core
        async with AsyncExitStack() as stack:
            if open_studio.is_built_in:
                # A studio that only looks does not start it.
                await stack.enter_async_context(simulated.Upstream(core.settings.data / "upstream"))
            sync = partial(
                syncing.sync,
                browsing=core.browsing,
                db=core.database,
                upstream_id=core.upstream.ident,
                known=known,
            )
            return {slug: await sync(slug) for slug in slugs}

    try:
        found = studio.run(act, works=False)
    except (InputError, UpstreamError) as error:
        raise exits.Failure(str(error)) from None
    if as_json:
        screen.put_json({slug: None if one is None else asdict(one) for slug, one in found.items()})
    else:
        for slug, one in found.items():
            for line in _told(slug, one):
                screen.put(line)
        if any(one is not None and one.changes for one in found.values()):
            screen.put("prices stay as the book has them: tintype models show NAME")
    unknown = [slug for slug, one in found.items() if one is None]
    if names and unknown:
        raise exits.Refusal(f"upstream knows no model {unknown[0]}; models are named owner/name")


def _slug(known: Catalogue, name: str) -> str:
    found = known.get(name)
    return name if found is None else found.slug


def _told(slug: str, one: Synced | None) -> Iterator[str]:
    if one is None:
        yield f"{slug}: unknown upstream"
        return
    newest = "no version is told" if one.version is None else f"newest {one.version[:12]}"
    if one.version_before not in {None, one.version}:
        newest += f", was {str(one.version_before)[:12]}"
    state = "" if one.changes is None else f", {_count(one.changes)} beside the {one.beside}"
    yield f"{slug}: {one.versions} known, {newest}{state}"
    for change in one.changes or ():
        yield f"  {change}"


def _count(changes: Sequence[str]) -> str:
    return "nothing changed" if not changes else f"{len(changes)} change{'s' * (len(changes) > 1)}"


def priced(price: Price) -> str:
    """Say a price rule in words, as `$0.003 per image` or `$0.018 to $0.072 per second of film`."""
    scale = 1_000_000 if price.unit is Unit.TOKEN else 1
    amounts = sorted({rate.usd * scale for rate in price.rates})
    words = " to ".join(_usd(amount) for amount in (amounts[:1] + amounts[1:][-1:]))
    if price.unit is Unit.TOKEN:
        return f"{words} per million tokens written, {_usd(price.given_usd * scale)} read"
    words = f"{words} per {PER[price.unit]}"
    if price.given_usd:
        words += " given and made"
    words = f"{_usd(price.run_usd)} per run and {words}" if price.run_usd else words
    return words if price.run_max_usd is None else f"{words}, at most {_usd(price.run_max_usd)}"


def as_document(model: Model) -> dict[str, Any]:
    """Return everything the catalogue says of a model, for JSON; money as decimal strings in dollars."""
    price = model.price
    estimate = _usual(model)
    return {
        "slug": model.slug,
        "name": model.name,
        "aliases": list(model.aliases),
        "kind": model.kind.value,
        "quality": model.quality.value,
        "official": model.is_official,
        "output": model.output.value,
        "usual_s": float(model.usual_s),
        "capabilities": {
            "seed": model.has_seed,
            "negative_prompt": model.has_negative_prompt,
            "transparency": model.makes_transparent,
            "aspect_ratios": list(model.aspect_ratios),
            "outputs_per_run_max": model.per_run_max,
            "abilities": [ability.value for ability in model.abilities],
            "sizes": {field.name: list(field.choices) for field in model.sizing},
        },
        "price": {
            "unit": price.unit.value,
            "rates": [{"usd": str(rate.usd), "when": dict(rate.when)} for rate in price.rates],
            "run_usd": str(price.run_usd),
            "given_usd": str(price.given_usd),
            "usual_run_usd": money.to_usd(estimate.expected_nano_usd),
            "dated": price.dated,
            "source": price.source,
        },
        "inputs": {field.name: _described(field) for field in model.inputs.values()},
    }


def _facts(model: Model) -> list[tuple[str, str]]:
    usual = _usual(model).expected_nano_usd
    can = [
        f"up to {model.per_run_max} per run"
        if ability is Ability.SEVERAL and model.per_run_max > 1
        else ability.value.replace("_", " ")
        for ability in model.abilities
    ]
    return [
        *([("also", ", ".join(model.aliases))] if model.aliases else []),
        ("makes", f"{model.kind.value}, {model.quality.value} tier"),
        ("speed", f"usually {model.usual_s} s"),
        ("price", f"{priced(model.price)}; a usual run {screen.usd(usual)} (estimate)"),
        ("", f"{'' if model.price.dated == OWN else f'as seen {model.price.dated}, '}{model.price.source}"),
        *([("can", ", ".join(can))] if can else []),
    ]


def _every(known: Catalogue) -> list[Model]:
    """Return all models, with those of which one's own price is all that is known, and versions with one."""
    versions = [replace(model, slug=name) for name, model in known.own.items()]
    return [*known.models, *versions]


def _named(known: Catalogue, name: str) -> Model:
    own = next((model for model in _every(known) if model.slug == name), None)
    return own or known.find(name)


def _usual(model: Model) -> Estimate:
    """Return the price of a run with nothing but a prompt."""
    return pricing.estimate(model, {"prompt": ""})


def _row(field: Field) -> tuple[str, str, str, str]:
    default = (
        "required"
        if field.required
        else ""
        if field.default in (None, [])
        else json.dumps(field.default).strip('"')
    )
    kind = (
        f"{field.type} of files"
        if field.items and field.takes_file
        else "file"
        if field.takes_file
        else field.type
    )
    takes = inputs.allowed(field).removeprefix("allowed: ")
    bounded = field.choices or field.minimum is not None or field.maximum is not None
    return (field.name, kind, default, takes if bounded else "")


def _described(field: Field) -> dict[str, Any]:
    facts: dict[str, Any] = {"type": field.type, "required": field.required, "default": field.default}
    if field.minimum is not None:
        facts["minimum"] = _plain(field.minimum)
    if field.maximum is not None:
        facts["maximum"] = _plain(field.maximum)
    if field.choices:
        facts["choices"] = list(field.choices)
    if field.format:
        facts["format"] = field.format
    return facts


def _plain(number: Decimal) -> int | float:
    return int(number) if number == number.to_integral_value() else float(number)


def _amount(text: str) -> int:
    try:
        return money.from_usd(text.removeprefix("$"))
    except ValueError as error:
        raise exits.Refusal(f"--under: {error}") from None


def _usd(amount: Decimal) -> str:
    return screen.usd(money.from_usd(amount))
