"""How much may come from an address: counted in the database, so that several processes count together."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tintype.domain import errors

if TYPE_CHECKING:
    from tintype.domain.rates import Rate
    from tintype.store.database import Database

_FAILED = "failed keys"


@dataclass(frozen=True, slots=True)
class Room:
    """What is left to an address in its window: `limit` and `left` in requests, `ends_in_s` until it begins anew."""

    limit: int
    left: int
    ends_in_s: float

    @property
    def is_over(self) -> bool:
        """Whether this request was one too many."""
        return self.left < 0


@dataclass(frozen=True, slots=True)
class _Counted:
    count: int
    ends_in_s: float


async def take(db: Database, address: str, what: str, rate: Rate) -> Room:
    """Count one more request of a kind from an address, and say what is left to it."""
    counted = await db.one(
        "count_address", _Counted, address=group(address), what=what, per_s=float(rate.per_s)
    )
    assert counted is not None  # noqa: S101 - the statement always gives its row
    return Room(rate.count, rate.count - counted.count, max(counted.ends_in_s, 0.0))


async def attempt_failed(db: Database, address: str, rate: Rate) -> None:
    """Count a wrong key. Raises TooManyAttempts for an address that has shown too many."""
    room = await take(db, address, _FAILED, rate)
    if room.is_over:
        raise errors.TooManyAttempts(
            "too many wrong API keys came from this address; wait a little",
            can_retry=True,
            retry_after_s=max(room.ends_in_s, 1.0),
        )


async def forget(db: Database) -> int:
    """Forget what came a day ago."""
    return await db.run("forget_addresses")


def group(address: str) -> str:
    """Return what counts as one address: of IPv6 the first 64 bits, which one household has."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, 64), strict=False).network_address)
    return str(found)


__all__ = ["Room", "attempt_failed", "forget", "group", "take"]
