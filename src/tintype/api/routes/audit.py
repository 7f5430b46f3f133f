"""`/api/audit`: every administrative act, by whom, on what."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request

from tintype.api import auth, gateway, routing
from tintype.api.schemas.operating import ActPage, ActTold
from tintype.service import audit

router = routing.router("/api/audit", tags=["operating"])

_LIST = "acts"


@router.get("", response_model=ActPage, responses=routing.refuses())
async def index(
    request: Request,
    caller: auth.Administers,
    limit: Annotated[int, Query(ge=1, le=audit.PAGE_MAX)] = 100,
    cursor: Annotated[str | None, Query(description="`next` of the page before.")] = None,
) -> ActPage:
    """List administrative acts, newest first, of the command line and of this API."""
    here = gateway.of(request)
    before = here.cursors.read(_LIST, caller.key, cursor)
    rows = await audit.acts(here.core.database, before=None if before is None else int(before), at_most=limit)
    return ActPage(
        data=[
            ActTold(
                id=one.id, at=one.at, by=one.key_id, action=one.action, subject=one.subject, facts=one.facts
            )
            for one in rows
        ],
        next=here.cursors.write(_LIST, caller.key, str(rows[-1].id)) if len(rows) == limit else None,
    )
