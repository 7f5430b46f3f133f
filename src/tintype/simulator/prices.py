"""Say what a prediction costs, in nano-dollars (1 USD = 1,000,000,000). Pure, and in decimals throughout."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import TYPE_CHECKING, Any

from tintype.simulator.making import filled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tintype.simulator.making import Making
    from tintype.simulator.models import Hardware, Model, Price


def charge(
    model: Model,
    input: Mapping[str, Any],  # noqa: A002 - the API's own word
    making: Making,
    status: str,
    delivered: int,
    predict_time_s: Decimal,
    *,
    deployed_on: Hardware | None = None,
) -> int:
    """Return the cost of an ended prediction in nano-dollars, rounded half up once.

    `delivered` counts finished files, for texts the tokens written. `deployed_on` is the machine where a
    deployment ran it, which is billed by time whatever the model. Succeeded: by the rule. Canceled: running
    time for what is billed by time, else what was delivered. Failed, aborted or anything else: 0.
    """
    if status not in {"succeeded", "canceled"}:
        return 0
    if deployed_on is not None:
        return _nano(predict_time_s * deployed_on.usd_per_second)
    price = model.price
    # What a price's conditions may speak of: the inputs, and what is made of them.
    facts = {
        **filled(model, input),
        "made_fps": making.fps,
        "made_megapixels": making.megapixels,
        "made_lines": f"{min(making.width, making.height)}p",
    }
    rate = _rate(price, facts)
    if price.per == "time":
        return _nano(predict_time_s * rate)
    if delivered <= 0:
        return 0
    return _nano(price.run_usd + _usd_of(price, rate, making, delivered))


def _usd_of(price: Price, rate: Decimal, making: Making, delivered: int) -> Decimal:
    """Return what was delivered times its unit times the rate."""
    if price.per == "token":
        return making.tokens_in * price.usd_in + delivered * rate
    if price.per == "second":
        return delivered * making.seconds * rate
    if price.per == "megapixel":
        return (making.megapixels_in + delivered * making.megapixels) * rate
    if price.per == "run":
        return rate
    # What is left is counted by the piece: pictures and films.
    return delivered * rate


def _rate(price: Price, facts: Mapping[str, Any]) -> Decimal:
    for rate in price.rates:
        if all(_holds(name, wanted, facts) for name, wanted in rate.when.items()):
            return rate.usd
    return price.rates[-1].usd


def _holds(name: str, wanted: Any, facts: Mapping[str, Any]) -> bool:
    if name.endswith("_max"):
        return bool(facts[name.removesuffix("_max")] <= Decimal(wanted))
    found = facts.get(name)
    if isinstance(wanted, str):
        return isinstance(found, str) and found.lower() == wanted.lower()
    return bool(found == wanted)


def _nano(usd: Decimal) -> int:
    with localcontext(prec=60):
        return int((usd * 1_000_000_000).quantize(Decimal(1), rounding=ROUND_HALF_UP))
