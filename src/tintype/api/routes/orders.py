"""`/api/orders`: several generations that are admitted together or not at all, and looked at as one."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query, Request, Response

from tintype.api import asking, auth, choices, gateway, present, routing
from tintype.api.routes.generations import IdempotencyKey, Prefer
from tintype.api.schemas.generations import OrderAsked, OrderPage, OrderTold, RatingAsked, RatingTold
from tintype.domain import errors
from tintype.domain.generation import State
from tintype.service import notices, ratings, removal, repeating

router = routing.router("/api/orders", tags=["orders"])

Ident = Annotated[str, Path(description="The order's id.", examples=["01k9w3t8m2q7r5v6x0y4z1a2b3"])]
_LIST = "orders"


@router.post(
    "",
    status_code=202,
    response_model=OrderTold,
    responses={200: {"model": OrderTold}, **routing.refuses(402, 404, 409, 410, 413, 415, 502)},
)
async def submit(
    body: OrderAsked,
    request: Request,
    response: Response,
    caller: auth.Generates,
    idempotency_key: IdempotencyKey = None,
    prefer: Prefer = None,
) -> OrderTold:
    """Ask for several generations: all are admitted and held when this answers, or none is."""
    actor = caller.actor(user=body.user, project=body.project)
    asked, planned, chosen = await choices.submitted(
        request, body, actor=actor, idempotency_key=idempotency_key
    )
    film_of = None if body.film is None else asked.order_id
    await asking.waited(request, response, asked, prefer, film_of=film_of)
    if asked.order_id is None:
        raise errors.IdempotencyConflict("this Idempotency-Key was used for a generation that is no order")
    with asking.still_there(asked):
        told = await asking.order(request, asked.order_id, actor=actor, warnings=planned.warnings)
    return choices.told_with(told, chosen, is_repeated=asked.is_repeated)


@router.get("", response_model=OrderPage, responses=routing.refuses())
async def index(
    request: Request,
    caller: auth.Reads,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    cursor: Annotated[str | None, Query(description="`next` of the page before.")] = None,
    kind: Annotated[str | None, Query(max_length=40, examples=["batch"])] = None,
    user: Annotated[str | None, Query(max_length=255, min_length=1)] = None,
) -> OrderPage:
    """List the key's orders, newest first."""
    here = gateway.of(request)
    rows = await here.core.orders.list(
        actor=caller.actor(user=user),
        kind=kind,
        before=here.cursors.read(_LIST, caller.key, cursor),
        at_most=limit,
    )
    return OrderPage(
        data=[present.outline(row) for row in rows],
        next=here.cursors.write(_LIST, caller.key, rows[-1].id) if len(rows) == limit else None,
    )


@router.get("/{id}", response_model=OrderTold, responses=routing.refuses(404))
async def show(request: Request, caller: auth.Reads, id: Ident) -> OrderTold:
    """Show an order with its generations and their outputs."""
    return await asking.order(request, id, actor=caller.actor())


@router.post("/{id}/cancel", response_model=OrderTold, responses=routing.refuses(404))
async def cancel(request: Request, caller: auth.Generates, id: Ident) -> OrderTold:
    """Wish that all of an order ends; what has ended stays as it is."""
    await gateway.of(request).core.orders.cancel(id, actor=caller.actor())
    return await asking.order(request, id, actor=caller.actor())


@router.post(
    "/{id}/retry", status_code=202, response_model=OrderTold, responses=routing.refuses(402, 404, 409, 502)
)
async def retry(request: Request, caller: auth.Generates, id: Ident) -> OrderTold:
    """Repeat the generations of an order that ended without success, each at its place and for itself.

    A finishing step whose picture is not there yet is left for the next time. 409 where nothing is to be repeated.
    """
    here = gateway.of(request)
    found = await here.core.orders.get(id, actor=caller.actor())
    told = notices.asked_at(here.origin_of(request))
    await repeating.order(found, here.core.generations, actor=caller.actor(), told=told)
    return await asking.order(request, id, actor=caller.actor())


@router.delete("/{id}", status_code=204, response_class=Response, responses=routing.refuses(404, 409))
async def delete(request: Request, caller: auth.Generates, id: Ident) -> Response:
    """Delete the generations of an order that has ended, their outputs with them. What they cost stays in the book."""
    core = gateway.of(request).core
    found = await core.orders.get(id, actor=caller.actor())
    if any(row.finished_at is None for row in found.generations):
        raise errors.NotPossibleNow(f"order {id} is {found.state}; cancel it, or wait for its end")
    for row in found.generations:
        await removal.delete(row.id, db=core.database, files=core.files)
    return Response(status_code=204)


@router.post("/{id}/rate", response_model=list[RatingTold], responses=routing.refuses(404, 409, 413, 415))
async def rate(body: RatingAsked, request: Request, caller: auth.Generates, id: Ident) -> list[RatingTold]:
    """Say what is thought of an order: of each of its generations that succeeded, alike."""
    core = gateway.of(request).core
    found = await core.orders.get(id, actor=caller.actor())
    made = [row for row in found.generations if row.state == State.SUCCEEDED]
    if not made:
        raise errors.NotPossibleNow(f"order {id} is {found.state}; only what succeeded is rated")
    return [
        RatingTold(
            generation_id=row.id,
            rating=body.number,
            rated_at=await ratings.rate(core.database, row, rating=body.number),
        )
        for row in made
    ]
