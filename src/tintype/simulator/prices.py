"""Say what a prediction costs, in nano-dollars (1 USD = 1,000,000,000). Pure, and in decimals throughout."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from tintype.simulator.making import Making
    from tintype.simulator.models import Hardware, Model


def charge(  # noqa: PLR0913, PLR0917 - what a bill depends on, in the order in which it comes to be known
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
    raise NotImplementedError(model, input, making, status, delivered, predict_time_s, deployed_on)
