"""Ids of predictions and trainings: 26 characters that sort by the time they were made."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

# Crockford's base 32 in lower case: digits and letters without i, l, o and u.
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
LENGTH = 26
TIME_LENGTH = 10


class Ids:
    """Makes ids: 48 bits of milliseconds, then 80 bits of chance, never smaller than the one before."""

    def __init__(self, now: Callable[[], float], random: Random) -> None:
        self._now = now
        self._random = random
        self._last = 0

    def new(self) -> str:
        """Return an id greater than all before."""
        number = (int(self._now() * 1000) << 80) | self._random.getrandbits(80)
        if number <= self._last:
            # Within one millisecond the order is kept by counting on, by a step that cannot be guessed.
            number = self._last + 1 + self._random.getrandbits(40)
        self._last = number
        return _write(number, LENGTH)


def floor(when_s: float) -> str:
    """Return the text that ids made before that time sort below, to the millisecond."""
    return _write(max(0, int(when_s * 1000)), TIME_LENGTH)


def _write(number: int, length: int) -> str:
    return "".join([ALPHABET[(number >> shift) & 31] for shift in range(5 * (length - 1), -1, -5)])
