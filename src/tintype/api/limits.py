"""How much a caller may ask for, told in headers; and without a key, by address, counted in the database."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tintype.api import auth, gateway
from tintype.api.problems import Problem, pace
from tintype.domain import access
from tintype.service import addresses

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from tintype.domain.access import Caller
    from tintype.store.admission import Pace

HEADERS = {
    "X-RateLimit-Limit": "How much the rate lets through in its window, where a rate counted the request.",
    "X-RateLimit-Remaining": "How much of that is left.",
    "X-RateLimit-Reset": "When the window ends, in seconds of Unix time.",
}
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


def described() -> dict[str, Any]:
    """Return the headers as an OpenAPI document describes them."""
    return {name: {"description": text, "schema": {"type": "string"}} for name, text in HEADERS.items()}


REPLAYED = "Idempotency-Replayed"


def tell_place(request: Request, path: str, *, is_repeated: bool) -> None:
    """Set `Location` on a success, and `Idempotency-Replayed` where it tells of what was asked for before."""
    place = f"{gateway.of(request).origin_of(request)}{path}"
    request.state.told = [(b"location", place.encode("latin-1", "replace"))]
    if is_repeated:
        request.state.told.append((REPLAYED.lower().encode(), b"true"))


def tell(request: Request, counted: Pace | None) -> None:
    """Set `X-RateLimit-…` on whatever is answered, from the rate that the caller was just counted by, if by one."""
    if counted is not None:
        told = pace(counted.limit, counted.left, resets_at_s=counted.resets_at.timestamp())
        request.state.pace = [(name.lower().encode(), value.encode()) for name, value in told.items()]
