"""`/api/generations`: ask for generations, look at them, cancel, repeat and delete them."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header, Path, Query, Request, Response
from pydantic import ValidationError

from tintype.api import asking, auth, gateway, present, routing
from tintype.api.bodies import StrictRequest
from tintype.api.problems import Problem
from tintype.api.schemas.generations import GenerationAsked, GenerationPage, GenerationTold, OrderTold
from tintype.domain import ids
from tintype.domain.access import Scope

router = routing.router("/api/generations", tags=["generations"])

Ident = Annotated[str, Path(description="The generation's id.", examples=["01k9w3t8m2q7r5v6x0y4z1a2b3"])]
IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=255,
        pattern=r"^[ -~]+$",
        description="The same key with the same body within 24 hours gives the first generation again.",
    ),
]
Prefer = Annotated[
    str | None,
    Header(description="`wait=30` answers when it has ended, or as it stands after so many seconds."),
]


@router.post(
    "",
    status_code=202,
    response_model=GenerationTold | OrderTold,
    responses={200: {"model": GenerationTold | OrderTold}, **routing.refuses(402, 404, 409, 413, 415)},
)
async def submit(
    body: GenerationAsked,
    request: Request,
    response: Response,
    caller: auth.Generates,
    idempotency_key: IdempotencyKey = None,
    prefer: Prefer = None,
) -> GenerationTold | OrderTold:
    """Ask for a generation: its price is held, and it is durable, when this answers with 202.

    What takes more than one (`n` beyond what the model makes at once, steps of `finish`) is answered as an order. With
    `Prefer: wait` the answer is 200 when all has ended in that time.
    """
    here = gateway.of(request)
    actor = caller.actor(user=body.user, project=body.project)
    planned = asking.plan([body], here)
    asked = await asking.submit(
        request, planned, actor=actor, idempotency_key=idempotency_key, as_order=False
    )
    wait_s, is_over = await asking.waited(request, asked, prefer)
    if wait_s is not None:
        response.headers["Preference-Applied"] = f"wait={wait_s}"
        if is_over:
            response.status_code = 200
    elif asked.queued and not planned.is_order:
        # It is as it was just written: nothing of it has to be read.
        return present.generation(
            asked.queued[0], (), links=here.links, origin=here.origin_of(request), warnings=planned.warnings
        )
    if asked.order_id is not None:
        return await asking.order(request, asked.order_id, actor=actor, warnings=planned.warnings)
    return await asking.generation(request, asked.ids[0], actor=actor, warnings=planned.warnings)


async def submit_shortly(request: StrictRequest) -> Response | None:
    """Ask as nearly all ask. None, before anything is done, for one who waits or whose body does not fit."""
    if "prefer" in request.headers:
        return None
    try:
        body = GenerationAsked.model_validate(await request.json())
    except (Problem, ValidationError):
        return None
    caller = await auth.caller(request, None, Scope.GENERATE)
    told = await submit(body, request, Response(), caller, request.headers.get("idempotency-key"))
    return Response(told.model_dump_json(), status_code=202, media_type="application/json")


@router.get("", response_model=GenerationPage, responses=routing.refuses())
async def index(
    request: Request,
    caller: auth.Reads,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    cursor: Annotated[str | None, Query(description="`next` of the page before.")] = None,
    user: Annotated[str | None, Query(max_length=255)] = None,
) -> GenerationPage:
    """List the key's generations, newest first."""
    here = gateway.of(request)
    if cursor is not None and not ids.is_ulid(cursor):
        raise Problem("bad_cursor", "cursor: give the `next` of a page as it is, or leave it out")
    rows = await here.core.generations.list(actor=caller.actor(user=user), before=cursor, at_most=limit)
    origin = here.origin_of(request)
    return GenerationPage(
        data=[present.generation(row, (), links=here.links, origin=origin) for row in rows],
        next=rows[-1].id if len(rows) == limit else None,
    )


@router.get("/{id}", response_model=GenerationTold, responses=routing.refuses(404))
async def show(request: Request, caller: auth.Reads, id: Ident) -> GenerationTold:
    """Show a generation with its stored outputs."""
    return await asking.generation(request, id, actor=caller.actor())


@router.post("/{id}/cancel", response_model=GenerationTold, responses=routing.refuses(404))
async def cancel(request: Request, caller: auth.Generates, id: Ident) -> GenerationTold:
    """Wish that a generation ends: at once and free while it is not bought. One that has ended stays as it is."""
    await gateway.of(request).core.generations.cancel(id, actor=caller.actor())
    return await asking.generation(request, id, actor=caller.actor())
