"""Say what a run will cost before it is made: the expected price, and the most it can be. Pure and exact.

Everything is computed in fractions and rounded once, half up, to the nano-dollar.
"""

from __future__ import annotations

import functools
import math
import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from tintype.domain.catalogue import Unit
from tintype.domain.money import NANO_PER_USD

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tintype.domain.catalogue import Model

# Upstream ends every run after half an hour.
RUN_S_MAX = 1800
# Replicate counts areas in units of 1024 by 1024 pixels.
PIXELS_PER_MEGAPIXEL = 1024 * 1024
GIVEN_MEGAPIXELS_MAX = 20
"""What a given picture counts as at most while nobody has measured it; none is bought before it is."""
MADE_MEGAPIXELS_MAX = 4
"""The largest picture of a model whose inputs do not say how large it makes them."""
# Sides are rounded up to a multiple of some pixels.
_ROUNDED = Fraction(17, 16)
# A model's template puts tokens of its own around a prompt; chat models add far fewer than this.
TEMPLATE_TOKENS_MAX = 100
_STATED = re.compile(r"(\d+(?:\.\d+)?) MP")
_NUMBER = re.compile(r"\d{1,9}(?:\.\d{1,9})?")
# More than any model makes in a run.
_COUNT_MAX = 1_000
BY_AMOUNT = (Unit.MEGAPIXEL, Unit.VIDEO_SECOND, Unit.TOKEN)
"""What is made of these, nobody can say without knowing the inputs."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """The price of one run: what it usually is, and the most that it can be, in nano-dollars."""

    expected_nano_usd: int
    bound_nano_usd: int

    def __mul__(self, runs: int) -> Estimate:
        """Return the price of this many equal runs."""
        return Estimate(self.expected_nano_usd * runs, self.bound_nano_usd * runs)

    def __add__(self, other: Estimate) -> Estimate:
        """Return the price of both."""
        return Estimate(
            self.expected_nano_usd + other.expected_nano_usd, self.bound_nano_usd + other.bound_nano_usd
        )


class _Amount(NamedTuple):
    expected: Fraction
    bound: Fraction


def estimate(
    model: Model,
    values: Mapping[str, Any],
    *,
    run_s_max: int = RUN_S_MAX,
    areas: Mapping[Any, Fraction] = MappingProxyType({}),
) -> Estimate:
    """Estimate one run of a model with inputs that suit it; defaults count where an input is left out.

    `run_s_max` is the time after which the run is cancelled; it bounds what is billed by hardware time. `areas` are the
    megapixels of given pictures, each by what names it among the inputs; one that is not there was not measured.
    """
    most_usd = model.price.run_max_usd
    if most_usd is not None and not model.inputs and model.price.unit in BY_AMOUNT:
        return Estimate(_nano(_exact(most_usd)), _nano(_exact(most_usd)))
    filled = model.filled(values)
    rate = _rate(model, filled)
    made = _made(model, filled, run_s_max, areas)
    given = _given(model, filled, areas)
    run = _exact(model.price.run_usd)
    given_rate = _exact(model.price.given_usd)
    expected = run + rate.expected * made.expected + given_rate * given.expected
    bound = run + rate.bound * made.bound + given_rate * given.bound
    if most_usd is not None:
        # What is asked for is never held at less than it is expected to cost, whatever was stated as the most.
        is_open = model.price.unit is Unit.MEGAPIXEL and made.bound > made.expected
        bound = max(expected, _exact(most_usd) if is_open else min(bound, _exact(most_usd)))
    return Estimate(_nano(min(expected, bound)), _nano(bound))


def outputs(model: Model, values: Mapping[str, Any]) -> int:
    """Say how many outputs one run is asked for."""
    filled = model.filled(values)
    if model.count is None or not _holds(model.count.when, filled):
        return 1
    count = filled.get(model.count.input, 1)
    # Only a model whose inputs are not known is asked for what is no number.
    return max(1, min(count, _COUNT_MAX)) if isinstance(count, int) else 1


def seconds(model: Model, values: Mapping[str, Any]) -> Fraction:
    """Say how many seconds of film one run makes, at most where the model chooses; 0 for what makes no film."""
    return _seconds(model, model.filled(values)).bound


def megapixels(model: Model, values: Mapping[str, Any]) -> Fraction | None:
    """Say how many megapixels each output is asked to have; None where only upstream knows."""
    if not model.inputs:
        return None
    area = _megapixels(model, model.filled(values), {})
    return area.bound if area.bound == area.expected else None


def area(width: int, height: int) -> Fraction:
    """Return an area in megapixels as it is counted: to the hundredth, half up."""
    hundredths = Fraction(width * height * 100, PIXELS_PER_MEGAPIXEL)
    return Fraction((2 * hundredths.numerator + hundredths.denominator) // (2 * hundredths.denominator), 100)


def rate_usd(model: Model, values: Mapping[str, Any]) -> Fraction:
    """Say what one unit costs, in dollars; the dearest rate where the inputs do not say which counts."""
    return _rate(model, model.filled(values)).bound


def given_files(model: Model, values: Mapping[str, Any]) -> Fraction:
    """Say how many files a run was given."""
    return Fraction(sum(1 for _ in given(model, values)))


def given(model: Model, values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Go through the files that a run is given: the input of each, and what names it there."""
    for field in model.inputs.values():
        if field.takes_file and (value := values.get(field.name)):
            yield from (
                (field.name, part) for part in (value if isinstance(value, list | tuple) else [value])
            )


def counts_given(model: Model) -> bool:
    """Whether the price counts the area of the pictures that are given."""
    return bool(model.price.given_usd) and model.price.unit is Unit.MEGAPIXEL


def states_area(model: Model) -> bool:
    """Whether the inputs of a model name the largest area that it makes."""
    resolution = model.inputs.get("resolution")
    return resolution is not None and any(_STATED.fullmatch(str(choice)) for choice in resolution.choices)


def _rate(model: Model, filled: Mapping[str, Any]) -> _Amount:
    for rate in model.price.rates:
        if _holds(rate.when, filled):
            return _same(_exact(rate.usd))
    every = [_exact(rate.usd) for rate in model.price.rates]
    return _Amount(every[0], max(every))


def _made(model: Model, filled: Mapping[str, Any], run_s_max: int, areas: Mapping[Any, Fraction]) -> _Amount:
    match model.price.unit:
        case Unit.RUN:
            return _same(Fraction(1))
        case Unit.IMAGE:
            return _same(Fraction(outputs(model, filled)))
        case Unit.MEGAPIXEL:
            each = _megapixels(model, filled, areas)
            count = outputs(model, filled)
            return _Amount(each.expected * count, each.bound * count)
        case Unit.VIDEO_SECOND:
            return _seconds(model, filled)
        case Unit.TOKEN:
            most = _counted(model, filled, "max_tokens") or Fraction(0)
            # Texts rarely use all they may; half is what is shown, all is what is held.
            return _Amount(most / 2, most)
        case Unit.HARDWARE_SECOND:
            return _Amount(min(Fraction(model.usual_s), Fraction(run_s_max)), Fraction(run_s_max))


def _seconds(model: Model, filled: Mapping[str, Any]) -> _Amount:
    """Return the length of a film. A length below zero lets the model choose: usually its default, at most its most."""
    stated = [_counted(model, filled, name) for name in model.seconds]
    if not stated or stated[0] is None:
        return _same(Fraction(0))
    if len(stated) == 2:
        return _same(stated[0] / (stated[1] or 1))
    field = model.inputs[model.seconds[0]]
    is_chosen = number(filled.get(field.name)) is None and field.maximum is not None
    return _Amount(stated[0], max(stated[0], Fraction(field.maximum or 0))) if is_chosen else _same(stated[0])


def number(value: Any) -> Fraction | None:
    """Return a number above zero, which may be written as text; None for all else."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return Fraction(value) or None
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    is_finite = is_whole or (isinstance(value, float | Decimal) and math.isfinite(value))
    if not is_finite or value <= 0:
        return None
    return Fraction(value) if is_whole else Fraction(str(value))


def _counted(model: Model, filled: Mapping[str, Any], name: str) -> Fraction | None:
    """Return how much an input asks for; its default where that is not above zero, None where there is neither."""
    field = model.inputs.get(name)
    return number(filled.get(name)) or (None if field is None else number(field.default))


def _given(model: Model, filled: Mapping[str, Any], areas: Mapping[Any, Fraction]) -> _Amount:
    if not model.price.given_usd:
        return _same(Fraction(0))
    if model.price.unit is Unit.TOKEN:
        texts = [value for value in filled.values() if isinstance(value, str)]
        # A token is four characters of English, and never less than one byte.
        usual = sum(len(text) for text in texts)
        most = sum(len(text.encode(errors="surrogatepass")) for text in texts)
        return _Amount(Fraction(usual, 4), Fraction(most + TEMPLATE_TOKENS_MAX))
    if model.price.unit is not Unit.MEGAPIXEL:
        return _same(given_files(model, filled))
    each = [_area(part, areas) for _, part in given(model, filled)]
    return _Amount(
        sum((one.expected for one in each), Fraction(0)), sum((one.bound for one in each), Fraction(0))
    )


def _area(part: Any, areas: Mapping[Any, Fraction]) -> _Amount:
    """Return the area of a given picture; one that nobody measured is usually one megapixel."""
    measured = areas.get(part) if areas else None
    return _Amount(Fraction(1), Fraction(GIVEN_MEGAPIXELS_MAX)) if measured is None else _same(measured)


def _megapixels(model: Model, filled: Mapping[str, Any], areas: Mapping[Any, Fraction]) -> _Amount:
    if filled.get("aspect_ratio") == "custom":
        width, height = number(filled.get("width")), number(filled.get("height"))
        if width is not None and height is not None:
            return _same(area(math.ceil(width), math.ceil(height)))
    stated = _STATED.fullmatch(str(filled.get("resolution", "")))
    if stated:
        return _same(Fraction(stated[1]))
    # The size of a given picture, as far as the model makes it, in sides that suit the model.
    return _Amount(Fraction(1), max(_largest(model), *areas.values(), Fraction(1)) * _ROUNDED)


def _largest(model: Model) -> Fraction:
    """Return the area of the largest picture that can be asked of a model, by its inputs."""
    resolution, width, height = (model.inputs.get(name) for name in ("resolution", "width", "height"))
    stated = [_STATED.fullmatch(str(choice)) for choice in (resolution.choices if resolution else ())]
    found = [Fraction(one[1]) for one in stated if one]
    if width is not None and height is not None and width.maximum and height.maximum:
        found.append(area(int(width.maximum), int(height.maximum)))
    return max(found, default=Fraction(MADE_MEGAPIXELS_MAX))


def _holds(when: Mapping[str, Any], filled: Mapping[str, Any]) -> bool:
    return all(filled.get(name) == value for name, value in when.items())


def _same(amount: Fraction) -> _Amount:
    return _Amount(amount, amount)


@functools.cache
def _exact(usd: Decimal) -> Fraction:
    """Return an amount of the catalogue as a fraction; each of the few is read once."""
    return Fraction(usd)


def _nano(usd: Fraction) -> int:
    # Half up, once: the amounts are never negative.
    return (2 * usd.numerator * NANO_PER_USD + usd.denominator) // (2 * usd.denominator)
