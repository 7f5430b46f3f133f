"""`/api/throttle`: how fast upstream is called, and creates paused and resumed by hand."""

from __future__ import annotations

from fastapi import Request

from tintype.api import auth, gateway, routing
from tintype.api.schemas.operating import Lane, LaneTold, PauseAsked, ThrottleTold
from tintype.service import throttle

router = routing.router("/api/throttle", tags=["operating"])


@router.get("", response_model=ThrottleTold, responses=routing.refuses())
async def show(request: Request, caller: auth.Administers) -> ThrottleTold:  # noqa: ARG001 - it has to be one
    """Show how fast the upstream account is called now, and whether creates are paused."""
    return await _told(request)


@router.post("/pause", response_model=ThrottleTold, responses=routing.refuses(413, 415))
async def pause(request: Request, caller: auth.Administers, body: PauseAsked | None = None) -> ThrottleTold:
    """Buy nothing for a while, on all machines: new requests are refused with 503, what was accepted waits."""
    core = gateway.of(request).core
    for_s = (body or PauseAsked()).for_s
    await throttle.pause(core.database, upstream_id=core.upstream.ident, for_s=for_s, by=caller.key)
    return await _told(request)


@router.post("/resume", response_model=ThrottleTold, responses=routing.refuses())
async def resume(request: Request, caller: auth.Administers) -> ThrottleTold:
    """Buy again: ends the operator's own pause, and one after upstream refused the account."""
    core = gateway.of(request).core
    await throttle.resume(core.database, upstream_id=core.upstream.ident, by=caller.key)
    return await _told(request)


async def _told(request: Request) -> ThrottleTold:
    core = gateway.of(request).core
    lanes = await throttle.lanes(core.database, upstream_id=core.upstream.ident)
    return ThrottleTold(
        upstream=core.upstream.origin,
        simulated=core.upstream.simulated,
        lanes=[
            LaneTold(
                lane=Lane(one.lane),
                ceiling_per_minute=one.ceiling_per_minute,
                pace_per_minute=round(one.pace_per_minute, 1),
                paused_until=one.paused_until,
                pause_reason=one.pause_code,
            )
            for one in lanes
        ],
    )
