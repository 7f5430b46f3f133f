"""How far a prediction is, read from its logs: the last `NN%`, also inside tqdm's bars."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tintype.replicate.results import Prediction

_PERCENT = re.compile(r"(?<![\d.])(\d{1,3})(?:\.\d+)?%")
_STEPS = re.compile(r"\|\s*(\d+)/(\d+)\s*\[")
_TAIL = 4_000
"""Characters of the logs' end that are searched, so that long logs cost no more than short ones."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What is known at one look.

    `fraction` is from 0 to 1, None while the logs name none. `new_lines` are the log lines that came since the
    last look. `elapsed_s` counts from the start of the wait.
    """

    prediction: Prediction = field(repr=False)
    status: str
    fraction: float | None
    new_lines: tuple[str, ...] = field(repr=False)
    elapsed_s: float


def fraction(logs: str | None) -> float | None:
    """The last progress that the logs name: steps done of a tqdm line, else a percentage up to 100."""
    if not logs:
        return None
    for line in reversed(re.split(r"[\r\n]+", logs[-_TAIL:])):
        steps = _STEPS.findall(line)
        if steps and int(steps[-1][1]) > 0:
            return min(1.0, int(steps[-1][0]) / int(steps[-1][1]))
        percents = [int(text) for text in _PERCENT.findall(line) if int(text) <= 100]
        if percents:
            return percents[-1] / 100
    return None


def new_lines(before: str | None, after: str | None) -> tuple[str, ...]:
    """The lines that `after` has beyond `before`; all of them when the logs were replaced."""
    old, new = before or "", after or ""
    fresh = new.removeprefix(old)
    return tuple(line for line in re.split(r"[\r\n]+", fresh) if line.strip())
