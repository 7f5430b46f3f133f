"""`/api/budgets`: limits of money, pictures, film, work at once and pace; and what is left of those one meets."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query, Request, Response

from tintype.api import auth, gateway, routing
from tintype.api import present_administration as present
from tintype.api.schemas.budgets import BudgetAsked, BudgetList, BudgetTold, OverrideAsked
from tintype.api.schemas.estimates import LimitTold
from tintype.service import budgets
from tintype.store import limits

# A number alone is one: `standing` is no limit that could be removed.
router = routing.router("/api/budgets", tags=["budgets"])

Ident = Annotated[int, Path(description="The limit's number.", ge=1, le=2**63 - 1, examples=[1])]


@router.put("", response_model=BudgetTold, responses=routing.refuses(404, 413, 415))
async def put(body: BudgetAsked, request: Request, caller: auth.Administers) -> BudgetTold:
    """Set a limit, or change the one of the same subject, measure and period. It counts from now on."""
    db = gateway.of(request).core.database
    whom = await budgets.subject(db, body.subject)
    cap = budgets.cap(body.measure, str(body.amount), period=body.period, zone=body.zone)
    ident = await budgets.put(db, whom, cap, by=caller.key)
    return present.limit(await budgets.get(db, ident))


@router.get("", response_model=BudgetList, responses=routing.refuses(404))
async def index(
    request: Request,
    caller: auth.Administers,  # noqa: ARG001 - it has to be one
    subject: Annotated[str | None, Query(min_length=1, max_length=640, examples=["key:shop"])] = None,
) -> BudgetList:
    """List all limits, or a subject's, with how they stand now."""
    db = gateway.of(request).core.database
    whom = None if subject is None else await budgets.subject(db, subject)
    return BudgetList(data=[present.limit(one) for one in await budgets.every(db, whom)])


@router.get("/standing", response_model=list[LimitTold], responses=routing.refuses())
async def standing(
    request: Request,
    caller: auth.Reads,
    user: Annotated[str | None, Query(min_length=1, max_length=255)] = None,
    project: Annotated[str | None, Query(min_length=1, max_length=255)] = None,
) -> list[LimitTold]:
    """Say what is left of each limit that a request of this key would meet, with this end user and project."""
    actor = caller.actor(user=user, project=project)
    return [present.left(one) for one in await limits.standing(gateway.of(request).core.database, actor)]


@router.get("/{id:int}", response_model=BudgetTold, responses=routing.refuses(404))
async def show(request: Request, caller: auth.Administers, id: Ident) -> BudgetTold:  # noqa: ARG001 - as above
    """Show a limit with how it stands now."""
    return present.limit(await budgets.get(gateway.of(request).core.database, id))


@router.delete("/{id:int}", status_code=204, response_class=Response, responses=routing.refuses(404))
async def remove(request: Request, caller: auth.Administers, id: Ident) -> None:
    """Remove a limit. What is held in it settles without it."""
    await budgets.remove(gateway.of(request).core.database, id, by=caller.key)


@router.put("/{id:int}/override", response_model=BudgetTold, responses=routing.refuses(404, 413, 415))
async def override(body: OverrideAsked, request: Request, caller: auth.Administers, id: Ident) -> BudgetTold:
    """Let another amount count until a time; afterwards the limit's own counts again."""
    db = gateway.of(request).core.database
    return present.limit(
        await budgets.override(db, id, amount=str(body.amount), until=body.until, by=caller.key)
    )


@router.delete("/{id:int}/override", response_model=BudgetTold, responses=routing.refuses(404))
async def end_override(request: Request, caller: auth.Administers, id: Ident) -> BudgetTold:
    """Let the limit's own amount count again from now on."""
    return present.limit(await budgets.end_override(gateway.of(request).core.database, id, by=caller.key))
