"""Choose the model of a command in mode `auto`, with what was rated in the database where there is one."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tintype.cli import exits, screen
from tintype.domain import errors, inputs, money, wording

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tintype.cli.orders import Order, Wish
    from tintype.domain.catalogue import Catalogue
    from tintype.domain.choosing import Choice
    from tintype.local.studio import Studio
    from tintype.service import finishing, wishes
    from tintype.settings import Settings


@dataclass(frozen=True, slots=True)
class Asked:
    """A wish whose model is to be chosen, its finishing steps, and the most that all may cost, in nano-dollars."""

    wish: Wish
    most_nano_usd: int | None
    steps: Sequence[str]


async def choose(open_studio: Studio, known: Catalogue, asked: Asked) -> Choice:
    """Choose the model of a wish by what was rated too. Raises Refusal where none will do.

    The same command chooses the same until something else is rated.
    """
    from tintype.service import choices  # noqa: PLC0415 - not needed for --help

    core = open_studio.core
    chooser = choices.Chooser.of(core.settings, known=known, db=core.database)
    draw = choices.draw((asked.wish.prompt or "").encode(errors="surrogatepass"))
    with _refusals():
        return await choices.made(
            _wish(asked),
            chooser=chooser,
            actor=open_studio.actor,
            draw=draw,
            steps=_steps(asked, core.settings),
        )


def choose_unrated(known: Catalogue, asked: Asked, settings: Settings) -> Choice:
    """Choose the model of a wish where there is no database. Raises Refusal where none will do."""
    from tintype.service import choices  # noqa: PLC0415 - not needed for --help

    with _refusals():
        return choices.chosen(_wish(asked), known=known, pool=settings.models_auto)


def _steps(asked: Asked, settings: Settings) -> finishing.Steps | None:
    from tintype.service import finishing  # noqa: PLC0415 - not needed for --help

    models = finishing.Models(upscale=settings.model_upscale, background=settings.model_background)
    return finishing.Steps(tuple(asked.steps), models) if asked.steps else None


def _wish(asked: Asked) -> wishes.Wish:
    from tintype.service import wishes  # noqa: PLC0415 - not needed for --help

    wish = asked.wish
    common, own = wording.parted(None, dict(_stated(text) for text in wish.settings))
    return wishes.Wish(
        model="",
        n=wish.count or 1,
        hold_max_nano_usd=asked.most_nano_usd,
        **wish.said(own, common),
    )


@contextlib.contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except errors.UnknownModel as fault:
        raise exits.Refusal(f"TINTYPE_MODELS_AUTO: {fault}") from None
    except errors.InputError as fault:
        raise exits.Refusal(str(fault)) from None


def check_price(order: Order, most_nano_usd: int | None, *, is_measured: bool) -> None:
    """Raise Refusal where all runs together may cost more than was stated, or nobody knows what they cost.

    `is_measured` says that pictures elsewhere are measured before anything is bought.
    """
    from tintype.domain import pricing  # noqa: PLC0415 - not needed for --help

    if most_nano_usd is None:
        return
    price, model = order.estimate, order.model
    if not is_measured and model is not None and pricing.counts_given(model):
        given = [part for run in order.runs for _, part in pricing.given(model, run.values)]
        if any(isinstance(part, str) for part in given):
            raise exits.Refusal(
                f"{order.slug} is billed by the size of the pictures given, and --direct measures none at an address, "
                "so --max-usd cannot be kept; give the file"
            )
    if price is None:
        raise exits.Refusal(f"the price of {order.slug} is not known, so --max-usd cannot be kept")
    if price.bound_nano_usd > most_nano_usd:
        runs = f" in {len(order.runs)} runs" if len(order.runs) > 1 else ""
        raise exits.Refusal(
            f"{order.slug} may cost up to {screen.usd(price.bound_nano_usd)}{runs}, more than the "
            f"{screen.usd(most_nano_usd)} of --max-usd"
        )


def nano(usd: str | None) -> int | None:
    """Read the amount of an option. Raises Refusal."""
    if usd is None:
        return None
    try:
        found = money.from_usd(usd)
    except ValueError as fault:
        raise exits.Refusal(f"--max-usd: {fault}") from None
    if found <= 0:
        raise exits.Refusal("--max-usd is above 0")
    return found


def document(choice: Choice) -> dict[str, Any]:
    """Return a choice for JSON."""
    return {
        "model": choice.model.slug,
        "complexity": round(choice.complexity.score, 3),
        "subject": choice.subject.value,
        "explores": choice.is_exploring,
        "reasons": list(choice.reasons),
    }


def _stated(text: str) -> tuple[str, Any]:
    name, _, value = text.partition("=")
    return name.strip(), inputs.read_freely(value)


__all__ = ["Asked", "check_price", "choose", "choose_unrated", "document", "nano"]
