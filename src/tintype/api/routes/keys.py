"""`/api/keys`: make API keys, exchange their secrets, revoke them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Path, Query, Request

from tintype.api import auth, gateway, routing
from tintype.api import present_administration as present
from tintype.api.schemas.keys import KeyAsked, KeyMade, KeyPage, KeyTold, KeyWithLimits, RotationAsked
from tintype.domain import budget
from tintype.domain.budget import Measure
from tintype.service import budgets, keys
from tintype.service.budgets import Cap, Subject

if TYPE_CHECKING:
    from tintype.api.gateway import Gateway
    from tintype.store.keys import Key

router = routing.router("/api/keys", tags=["keys"])

_LIST = "keys"
Named = Annotated[str, Path(description="The key's id or name.", max_length=100, examples=["shop"])]


@router.post("", status_code=201, response_model=KeyMade, responses=routing.refuses(404, 409, 413, 415))
async def create(body: KeyAsked, request: Request, caller: auth.Administers) -> KeyMade:
    """Make a key with its limits, all or nothing. Its secret is in this answer and in no other.

    The first key ends the time when requests of the machine itself need none.
    """
    here = gateway.of(request)
    models, warnings = keys.models_meant(here.core.catalogue, body.models or ())
    made = await here.keys.create(
        body.name,
        by=caller.key,
        scopes=body.scopes,
        models=None if body.models is None else models,
        expires_at=body.expires_at,
        caps=_caps(body),
    )
    return KeyMade(key=made.secret, warnings=warnings, **await _with_limits(here, made.key))


@router.get("", response_model=KeyPage, responses=routing.refuses())
async def index(
    request: Request,
    caller: auth.Administers,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    cursor: Annotated[str | None, Query(description="`next` of the page before.")] = None,
) -> KeyPage:
    """List all keys, newest first, expired and revoked ones too."""
    here = gateway.of(request)
    rows = await here.keys.every(before=here.cursors.read(_LIST, caller.key, cursor), at_most=limit)
    following = here.cursors.write(_LIST, caller.key, rows[-1].id) if len(rows) == limit else None
    return KeyPage(data=[present.key(one) for one in rows], next=following)


@router.get("/{id}", response_model=KeyWithLimits, responses=routing.refuses(404))
async def show(request: Request, caller: auth.Administers, id: Named) -> KeyWithLimits:  # noqa: ARG001 - it has to be one
    """Show a key with its own limits."""
    here = gateway.of(request)
    return KeyWithLimits(**await _with_limits(here, await here.keys.get(id)))


@router.post("/{id}/rotate", response_model=KeyMade, responses=routing.refuses(404, 409, 413, 415))
async def rotate(
    request: Request, caller: auth.Administers, id: Named, body: RotationAsked | None = None
) -> KeyMade:
    """Give a key a new secret, told this once. The old one counts for `overlap_s` yet."""
    here = gateway.of(request)
    overlap_s = (body or RotationAsked()).overlap_s
    made = await here.keys.rotate(id, by=caller.key, overlap_s=overlap_s)
    return KeyMade(key=made.secret, **await _with_limits(here, made.key))


@router.post("/{id}/revoke", response_model=KeyTold, responses=routing.refuses(404, 409))
async def revoke(request: Request, caller: auth.Administers, id: Named) -> KeyTold:
    """Refuse a key from now on. What it asked for goes on and is settled."""
    return present.key(await gateway.of(request).keys.revoke(id, by=caller.key))


async def _with_limits(here: Gateway, row: Key) -> dict[str, Any]:
    limits = await budgets.every(here.core.database, Subject(budget.Scope.KEY, row.id))
    return {**present.key(row).model_dump(), "limits": [present.limit(one) for one in limits]}


def _caps(body: KeyAsked) -> list[Cap]:
    """Return the limits that a key is made with."""
    several = (
        (Measure.MONEY, body.budget_usd, body.per.value),
        (Measure.CONCURRENT, body.concurrent, budget.TOTAL),
        (Measure.IMAGES, body.images_per_day, "day"),
        (Measure.VIDEO_SECONDS, body.video_seconds_per_day, "day"),
    )
    caps = [
        budgets.cap(measure, str(amount), period=period)
        for measure, amount, period in several
        if amount is not None
    ]
    return caps if body.rate is None else [*caps, budgets.pace(body.rate)]
