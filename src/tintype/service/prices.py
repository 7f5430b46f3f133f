"""What a request is expected to cost and what is held for it, by the book or for want of a known price. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from tintype.domain import charges, errors, pricing
from tintype.domain.money import to_usd
from tintype.service.requests import HOLD_MOST_NANO_USD, Price

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

    from tintype.domain.catalogue import Model
    from tintype.service.requests import Request


def of(
    model: Model | None, request: Request, *, areas: Mapping[Any, Fraction], unknown_nano_usd: int
) -> Price:
    """Return the price of a request; `model` is what it is priced as, None where nobody knows its price.

    `areas` are those of given pictures, as `pricing.estimate` takes them. `unknown_nano_usd` is held where no price is
    known; 0 refuses that. Raises InputError where it does, for more than was stated as the most, and for more than one
    generation may cost at all.
    """
    if model is None or request.deployment is not None:
        return _unknown(request, unknown_nano_usd)
    stated = pricing.estimate(model, request.input, run_s_max=math.ceil(request.deadline_s), areas=areas)
    held = stated.bound_nano_usd
    if held > HOLD_MOST_NANO_USD:
        raise errors.InputError(
            f"{model.slug} would cost up to ${to_usd(held)} with this input; more than ${to_usd(HOLD_MOST_NANO_USD)} "
            "is held for nothing, so ask for less"
        )
    if request.hold_max_nano_usd is not None and request.hold_max_nano_usd < held:
        raise errors.InputError(
            f"{model.slug} may cost up to ${to_usd(held)} with this input, more than the "
            f"${to_usd(request.hold_max_nano_usd)} that were stated"
        )
    return Price(stated.expected_nano_usd, held, f"{charges.RULE_VERSION} {model.price.dated}")


def _unknown(request: Request, held: int) -> Price:
    unpriced = f"the price of {request.deployment or request.model} is not known"
    if held <= 0:
        raise errors.InputError(f"{unpriced}, and TINTYPE_UNKNOWN_PRICE_HOLD is 0, which refuses it")
    # Whoever asks may not say what it costs: that would be a budget for whoever says a nano-dollar.
    if request.hold_max_nano_usd is not None and request.hold_max_nano_usd < held:
        raise errors.InputError(
            f"{unpriced}, so that ${to_usd(held)} are held for it, more than the "
            f"${to_usd(request.hold_max_nano_usd)} that were stated"
        )
    return Price(held, held, charges.UNKNOWN_RULE)


__all__ = ["of"]
