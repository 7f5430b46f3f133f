"""Choose the model of a command in mode `auto`, with what was rated in the database where there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tintype.cli import durable, exits, screen, studio
from tintype.domain import catalogue, errors, inputs, money

if TYPE_CHECKING:
    from tintype.cli.orders import Order, Wish
    from tintype.domain.catalogue import Catalogue
    from tintype.domain.choosing import Choice
    from tintype.local.studio import Studio
    from tintype.settings import Settings


def choose(
    known: Catalogue, wish: Wish, settings: Settings, *, most_nano_usd: int | None, is_direct: bool
) -> Choice:
    """Choose the model of a wish. Raises Refusal where none will do.

    The same command chooses the same until something else is rated, so that an interrupted one is taken up.
    """
    from tintype.service import choices, wishes  # noqa: PLC0415 - not needed for --help

    asked = wishes.Wish(
        model="",
        prompt=wish.prompt,
        n=wish.count or 1,
        aspect_ratio=wish.aspect,
        seed=wish.seed,
        profile=wish.profile,
        input=dict(_stated(text) for text in wish.settings),
        hold_max_nano_usd=most_nano_usd,
    )

    async def act(open_studio: Studio) -> Choice:
        core = open_studio.core
        chooser = choices.Chooser.of(core.settings, known=known, db=core.database)
        draw = choices.draw((wish.prompt or "").encode(errors="surrogatepass"))
        return await choices.made(asked, chooser=chooser, actor=open_studio.actor, draw=draw)

    try:
        if is_direct or not durable.is_installed():
            return choices.chosen(asked, known=known, pool=settings.models_auto)
        return studio.run(act, works=False)
    except catalogue.UnknownModel as fault:
        raise exits.Refusal(f"TINTYPE_MODELS_AUTO: {fault}") from None
    except errors.InputError as fault:
        raise exits.Refusal(str(fault)) from None


def check_price(order: Order, most_nano_usd: int | None) -> None:
    """Raise Refusal where a run may cost more than was stated, or nobody knows what it costs."""
    if most_nano_usd is None:
        return
    for run in order.runs:
        if run.estimate is None:
            raise exits.Refusal(f"the price of {order.slug} is not known, so --max-usd cannot be kept")
        if run.estimate.bound_nano_usd > most_nano_usd:
            raise exits.Refusal(
                f"{order.slug} may cost up to {screen.usd(run.estimate.bound_nano_usd)} a run, more than the "
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


__all__ = ["check_price", "choose", "document", "nano"]
