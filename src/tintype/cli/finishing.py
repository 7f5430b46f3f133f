"""Add finishing steps to the runs of a command: which further runs there are, and what their files are called."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tintype.cli import exits
from tintype.cli.orders import RUN_S_MAX, Run
from tintype.domain import steps
from tintype.domain.catalogue import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tintype.cli.orders import Order
    from tintype.domain.catalogue import Catalogue
    from tintype.settings import Settings

_LABELS = {Kind.UPSCALE: "larger", Kind.BACKGROUND: "cut-out"}


def expanded(
    order: Order, names: Sequence[str], texts: Sequence[str], *, known: Catalogue, chosen: Settings
) -> tuple[Order, list[str]]:
    """Return an order with the runs of its finishing steps, and the names of all their files.

    Raises Refusal where the model's pictures cannot be finished, InputError for a step that is none.
    """
    from tintype.domain import pricing  # noqa: PLC0415 - not needed for --help
    from tintype.service import finishing  # noqa: PLC0415 - as above
    from tintype.service.requests import Request  # noqa: PLC0415 - as above

    if order.model is None:
        raise exits.Refusal(f"{order.slug} is not in the catalogue, so what it makes cannot be finished")
    models = finishing.Models(upscale=chosen.model_upscale, background=chosen.model_background)
    first = [Request(order.slug, run.values) for run in order.runs]
    asked = finishing.chain(known, first, list(texts), models)
    runs, named = list(order.runs), list(names)
    for request in asked[len(runs) :]:
        model = known.find(request.model)
        price = pricing.estimate(model, request.input, run_s_max=RUN_S_MAX)
        runs.append(Run(dict(request.input), None, price))
        before = 0 if request.follows is None else request.follows.request
        named.append(f"{named[before]}-{_LABELS.get(model.kind, model.kind.value)}")
    return replace(order, runs=tuple(runs), requests=tuple(asked)), named


def name(stem: str, made_by: str | None) -> str:
    """Return what the file of an output is called, without its ending: what steps made here is named by the last."""
    if made_by is None:
        return stem
    step = steps.read(made_by.rpartition(steps.JOINED)[2])
    return f"{stem}-{step.product.name if isinstance(step, steps.Print) else 'trimmed'}"


__all__ = ["expanded", "name"]
