"""How much an address may ask for while it shows no key: counted in the database, told in headers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tintype.api import auth, gateway
from tintype.api.problems import Problem, pace
from tintype.domain import access
from tintype.service import addresses

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from tintype.domain.access import Caller

_PICTURES = "pictures"


async def take_picture(request: Request, response: Response, caller: Caller) -> None:
    """Count a picture that is asked for without a key; sets `X-RateLimit-…`. Raises Problem for one too many.

    A key has limits of its own, in the core.
    """
    here = gateway.of(request)
    rate = here.settings.address_rate
    if rate is None or caller.key != access.LOCAL:
        return
    room = await addresses.take(here.core.database, auth.address_of(request), _PICTURES, rate)
    told = pace(room.limit, max(room.left, 0), resets_at_s=time.time() + room.ends_in_s)
    if room.is_over:
        raise Problem(
            "too_many_requests",
            f"without a key an address may ask for {rate} of pictures (TINTYPE_ADDRESS_RATE); wait a little, "
            f"or {auth.MAKE_A_KEY}",
            facts={"limit": room.limit, "free": 0},
            retry_after_s=max(room.ends_in_s, 1.0),
            headers=told,
        )
    response.headers.update(told)
