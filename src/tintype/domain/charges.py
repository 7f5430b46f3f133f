"""What a run cost, from what was really made. Pure and exact.

Succeeded: by the price rule. Cancelled: running time where it is billed by time, else what was delivered. Failed,
aborted, refused for its content: nothing. A deployment is billed by time, whatever the model. Rounded once, half up.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from tintype.domain import pricing
from tintype.domain.catalogue import Output, Unit
from tintype.domain.money import NANO_PER_USD

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tintype.domain.catalogue import Model

RULE_VERSION = "1"
"""Which edition of these rules a booking was made by."""
UNKNOWN_RULE = "unknown"
"""What stands in place of a rule where no price is known."""


@dataclass(frozen=True, slots=True)
class Made:
    """What came of a run, as far as it is known: None where nobody measured it.

    `delivered` counts files, `seconds` is film, `megapixels` the area of all pictures together in units of
    1024 by 1024, `megapixels_in` that of all pictures given.
    """

    status: str
    delivered: int = 0
    predict_time_s: Fraction | None = None
    seconds: Fraction | None = None
    megapixels: Fraction | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    megapixels_in: Fraction | None = None

    def measured(
        self,
        *,
        megapixels: Fraction | None,
        seconds: Fraction | None,
        megapixels_in: Fraction | None = None,
    ) -> Made:
        """Return it with what was measured on the stored files; what upstream counted stays."""
        return replace(
            self,
            megapixels=megapixels,
            megapixels_in=megapixels_in,
            seconds=seconds if self.seconds is None else self.seconds,
        )


def made(prediction: Mapping[str, Any]) -> Made:
    """Read what came of a run from upstream's record of it.

    A JSON number that was read as a float is the decimal that it was written as: upstream writes the shortest that
    means its own float, and so does Python.
    """
    metrics = prediction.get("metrics")
    numbers = metrics if isinstance(metrics, dict) else {}
    return Made(
        status=str(prediction.get("status")),
        delivered=_delivered(prediction.get("output")),
        predict_time_s=_number(numbers.get("predict_time")),
        seconds=_number(numbers.get("video_output_duration_seconds")),
        tokens_in=_count(numbers.get("input_token_count")),
        tokens_out=_count(numbers.get("output_token_count")),
    )


def charge(model: Model, prediction: Mapping[str, Any]) -> int:
    """Return what upstream's record of a run says that it cost, in nano-dollars; whatever it holds, never below 0."""
    values = prediction.get("input")
    return cost_nano_usd(model, values if isinstance(values, dict) else {}, made(prediction))


def cost_nano_usd(model: Model, values: Mapping[str, Any], what: Made) -> int:
    """Return what a run of a model cost, in nano-dollars; what nobody measured counts as it was asked for."""
    price = model.price
    if what.status not in {"succeeded", "canceled"}:
        return 0
    if price.unit is Unit.HARDWARE_SECOND:
        if is_untimed(model, what):
            return pricing.estimate(model, values).bound_nano_usd
        return _nano((what.predict_time_s or Fraction(0)) * pricing.rate_usd(model, values))
    delivered = what.delivered
    if what.tokens_out is None and model.output is Output.TEXT and delivered:
        return pricing.estimate(model, values).bound_nano_usd
    if delivered <= 0 and not what.tokens_out:
        return 0
    if price.unit is Unit.VIDEO_SECOND and what.seconds is None and not model.inputs:
        return pricing.estimate(model, values).bound_nano_usd
    units = _units(model, values, what)
    return _nano(
        Fraction(price.run_usd)
        + pricing.rate_usd(model, values) * units
        + Fraction(price.given_usd) * _given(model, values, what)
    )


def is_untimed(model: Model, what: Made) -> bool:
    """Whether a success is billed by a time that nobody measured."""
    return (
        model.price.unit is Unit.HARDWARE_SECOND
        and what.status == "succeeded"
        and what.predict_time_s is None
    )


def _units(model: Model, values: Mapping[str, Any], what: Made) -> Fraction:
    match model.price.unit:
        case Unit.RUN:
            return Fraction(1)
        case Unit.IMAGE:
            return Fraction(what.delivered)
        case Unit.MEGAPIXEL:
            # An area that was asked for is what is billed, though the sides come out a little otherwise.
            asked = pricing.megapixels(model, values)
            if asked is None and what.megapixels is not None:
                return what.megapixels
            return (Fraction(1) if asked is None else asked) * what.delivered
        case Unit.VIDEO_SECOND:
            return pricing.seconds(model, values) * what.delivered if what.seconds is None else what.seconds
        case Unit.TOKEN:
            return Fraction(what.tokens_out or 0)
        case Unit.HARDWARE_SECOND:
            return what.predict_time_s or Fraction(0)


def _given(model: Model, values: Mapping[str, Any], what: Made) -> Fraction:
    if not model.price.given_usd:
        return Fraction(0)
    if model.price.unit is Unit.TOKEN:
        return Fraction(what.tokens_in or 0)
    # A picture that nobody measured here counts as one of the usual size.
    return pricing.given_files(model, values) if what.megapixels_in is None else what.megapixels_in


def _delivered(output: Any) -> int:
    if output is None or output == "":
        return 0
    return len(output) if isinstance(output, list) else 1


def _number(value: Any) -> Fraction | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        return None
    text = str(value)
    return Fraction(text) if re.fullmatch(r"\d{1,12}(\.\d+)?([eE]-\d{1,2})?", text) else None


def _count(value: Any) -> int | None:
    number = _number(value)
    return None if number is None else int(number)


def _nano(usd: Fraction) -> int:
    return (2 * usd.numerator * NANO_PER_USD + usd.denominator) // (2 * usd.denominator)


__all__ = ["RULE_VERSION", "UNKNOWN_RULE", "Made", "charge", "cost_nano_usd", "made"]
