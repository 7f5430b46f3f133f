"""How often something may happen, as people write it: `10/minute`. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tintype.domain import errors

SECONDS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400}
COUNT_MAX = 1_000_000


@dataclass(frozen=True, slots=True)
class Rate:
    """So many within so many seconds. As text it is `10/minute`."""

    count: int
    per_s: int

    def __str__(self) -> str:
        unit = next((name for name, seconds in SECONDS.items() if seconds == self.per_s), f"{self.per_s} s")
        return f"{self.count}/{unit}"


def parse(text: str) -> Rate:
    """Read `N/second`, `N/minute`, `N/hour` or `N/day`. Raises InputError."""
    found = re.fullmatch(r"\s*([0-9]{1,7})\s*/\s*(second|minute|hour|day)\s*", text)
    count = int(found[1]) if found else 0
    if found is None or not 1 <= count <= COUNT_MAX:
        raise errors.InputError(
            f"a rate is written like 10/minute: 1 to {COUNT_MAX:,} per second, minute, hour or day"
        )
    return Rate(count, SECONDS[found[2]])


__all__ = ["COUNT_MAX", "SECONDS", "Rate", "parse"]
