"""How fast an account is called: the state of its lanes, and the operator's hand on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from tintype.store.database import Database, Session


@dataclass(frozen=True, slots=True)
class Lane:
    """Creates, or all other calls. `pause_code` says why it is paused: operator, or upstream's refusal."""

    lane: str
    ceiling_per_minute: int
    pace_per_minute: float
    paused_until: datetime | None
    pause_code: str | None


async def lanes(on: Database | Session, *, upstream_id: int) -> list[Lane]:
    """Return an account's lanes as they are now."""
    return await on.all("throttle_state", Lane, upstream_id=upstream_id)


async def hold(on: Database | Session, *, upstream_id: int, for_s: float) -> None:
    """Stop creates for so long, or until somebody lets them go on."""
    await on.run("throttle_hold", upstream_id=upstream_id, for_s=for_s)


async def let_go(on: Database | Session, *, upstream_id: int) -> bool:
    """End any pause of creates; False when there is none."""
    return await on.run("throttle_let_go", upstream_id=upstream_id) == 1
