"""Origins and accounts that generations are pinned to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tintype.store.database import Database, Session


@dataclass(frozen=True, slots=True)
class Upstream:
    """An origin and an account of it; `account` is a fingerprint of the token."""

    id: int
    origin: str
    account: str
    simulated: bool


async def pin(on: Database | Session, *, origin: str, account: str, simulated: bool) -> int:
    """Return the number of an origin and account, the same at every call."""
    ident: int = await on.value("pin_upstream", origin=origin, account=account, simulated=simulated)
    return ident


async def every(on: Database | Session) -> list[Upstream]:
    """List what generations were ever pinned to."""
    return await on.all("upstreams", Upstream)
