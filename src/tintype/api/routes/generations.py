"""`/api/generations`: ask for generations, look at them, cancel, repeat and delete them."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import Header, Path, Query, Request, Response
from pydantic import ValidationError

from tintype.api import asking, auth, callbacks, choices, gateway, present, routing
from tintype.api.bodies import StrictRequest
from tintype.api.problems import Problem
from tintype.api.schemas.generations import (
    ApprovalAsked,
    GenerationAsked,
    GenerationOrOrder,
    GenerationPage,
    GenerationsWanted,
    GenerationTold,
    OrderTold,
    RatingAsked,
    RatingTold,
)
from tintype.domain import money
from tintype.domain.access import Scope
from tintype.domain.catalogue import Catalogue
from tintype.domain.choosing import Mode
from tintype.service import approving, notices, ratings, removal
from tintype.service.generations import Submitted
from tintype.service.listing import Filters
from tintype.service.requests import IDEMPOTENCY_KEY_MAX
from tintype.store import outputs

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


_LIST = "generations"


@router.post(
    "",
    status_code=202,
    response_model=GenerationOrOrder,
    responses={200: {"model": GenerationOrOrder}, **routing.refuses(402, 404, 409, 410, 413, 415, 502)},
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
    asked, planned, chosen = await choices.submitted(
        request, body, actor=actor, idempotency_key=idempotency_key
    )
    has_waited = await asking.waited(request, response, asked, prefer)
    if asked.queued and not (has_waited or planned.is_order):
        # It is as it was just written: nothing of it has to be read.
        told = present.generation(
            asked.queued[0], (), links=here.links, origin=here.origin_of(request), warnings=planned.warnings
        )
        return choices.told_with(told, chosen)
    with asking.still_there(asked):
        if asked.order_id is not None:
            whole = await asking.order(request, asked.order_id, actor=actor, warnings=planned.warnings)
            return choices.told_with(whole, chosen, is_repeated=asked.is_repeated)
        told = await asking.generation(request, asked.ids[0], actor=actor, warnings=planned.warnings)
        return choices.told_with(told, chosen, is_repeated=asked.is_repeated)


async def submit_shortly(request: StrictRequest) -> Response | None:
    """Ask as nearly all ask. None, before anything is done, for one who waits or whose body does not fit."""
    key = request.headers.get("idempotency-key")
    if request.scope["query_string"] or "prefer" in request.headers:
        return None
    if key is not None and not (1 <= len(key) <= IDEMPOTENCY_KEY_MAX and key.isascii() and key.isprintable()):
        return None
    caller = await auth.caller(request, None, Scope.GENERATE)
    try:
        body = GenerationAsked.model_validate(await request.json())
    except (Problem, ValidationError):
        return None
    told = await submit(body, request, Response(), caller, key)
    return Response(told.model_dump_json(), status_code=202, media_type="application/json")


@router.get("", response_model=GenerationPage, responses=routing.refuses())
async def index(
    request: Request, caller: auth.Reads, wanted: Annotated[GenerationsWanted, Query()]
) -> GenerationPage:
    """List the key's generations that all filters fit, newest first."""
    here = gateway.of(request)
    rows = await here.core.generations.list(
        actor=caller.actor(user=wanted.user),
        filters=Filters(
            states=tuple(wanted.state),
            model=None if wanted.model is None else _slug(here.core.catalogue, wanted.model),
            project=wanted.project,
            tags=tuple(wanted.tag),
            order_id=wanted.order,
            since=wanted.created_after,
            until=wanted.created_before,
            text=wanted.search,
        ),
        before=here.cursors.read(_LIST, caller.key, wanted.cursor),
        at_most=wanted.limit,
    )
    kept = await outputs.of_several(here.core.database, [row.id for row in rows if row.finished_at])
    origin = here.origin_of(request)
    return GenerationPage(
        data=[present.generation(row, kept.get(row.id, ()), links=here.links, origin=origin) for row in rows],
        next=here.cursors.write(_LIST, caller.key, rows[-1].id) if len(rows) == wanted.limit else None,
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


@router.post(
    "/{id}/retry",
    status_code=202,
    response_model=GenerationTold,
    responses=routing.refuses(402, 404, 409, 410, 413, 415, 502),
)
async def retry(
    request: Request,
    response: Response,
    caller: auth.Generates,
    id: Ident,
    idempotency_key: IdempotencyKey = None,
    prefer: Prefer = None,
) -> GenerationTold:
    """Ask anew for a generation that ended without success; the answer is the new one, at its place in its order.

    409 for one that has not ended, that succeeded, or that was repeated before.
    """
    actor = caller.actor()
    here = gateway.of(request)
    asked = await here.core.generations.retry(
        id, actor=actor, idempotency_key=idempotency_key, told=notices.asked_at(here.origin_of(request))
    )
    # The answer is the new one alone, whatever order it is of.
    asking.tell(request, replace(asked, order_id=None))
    await asking.waited(request, response, asked, prefer)
    with asking.still_there(asked):
        return await asking.generation(request, asked.ids[0], actor=actor)


@router.post(
    "/{id}/approve",
    status_code=202,
    response_model=GenerationTold,
    responses={200: {"model": GenerationTold}, **routing.refuses(402, 404, 409, 410, 413, 415, 502)},
)
async def approve(
    body: ApprovalAsked,
    request: Request,
    response: Response,
    caller: auth.Generates,
    id: Ident,
    idempotency_key: IdempotencyKey = None,
    prefer: Prefer = None,
) -> GenerationTold:
    """Approve a picture of a proof, or of an order of proofs: its final is made, and its price is held now.

    Once for each picture: asked again, this answers with the first final and 200, and holds nothing.
    """
    here = gateway.of(request)
    if body.callback_url is not None:
        callbacks.address(request, body.callback_url)
    approved = await approving.approve(
        id,
        approving.Asked(
            pick=body.pick,
            model=body.model or here.settings.model_of(Mode.FINAL),
            input=body.input,
            callback_url=body.callback_url,
            hold_max_nano_usd=None if body.max_usd is None else money.from_usd(str(body.max_usd)),
        ),
        actor=caller.actor(),
        work=approving.Work(here.core.database, here.core.generations, here.core.orders, here.core.catalogue),
        idempotency_key=idempotency_key,
        own_key=auth.own_key(request),
        told=notices.asked_at(here.origin_of(request)),
    )
    asked = Submitted((approved.final_id,), None, is_repeated=approved.is_repeated, pace=approved.pace)
    asking.tell(request, asked)
    await asking.waited(request, response, asked, prefer)
    if approved.is_repeated:
        response.status_code = 200
    with asking.still_there(asked):
        return await asking.generation(
            request, approved.final_id, actor=caller.actor(), warnings=approved.warnings
        )


@router.delete("/{id}", status_code=204, response_class=Response, responses=routing.refuses(404, 409))
async def delete(request: Request, caller: auth.Generates, id: Ident) -> Response:
    """Delete a generation that has ended, its outputs with it. What it cost stays in the book."""
    core = gateway.of(request).core
    row = await core.generations.get(id, actor=caller.actor())
    await removal.delete(row.id, db=core.database, files=core.files)
    return Response(status_code=204)


@router.post("/{id}/rate", response_model=RatingTold, responses=routing.refuses(404, 409, 413, 415))
async def rate(body: RatingAsked, request: Request, caller: auth.Generates, id: Ident) -> RatingTold:
    """Say what is thought of a generation that succeeded."""
    core = gateway.of(request).core
    row = await core.generations.get(id, actor=caller.actor())
    rated_at = await ratings.rate(core.database, row, rating=body.number)
    return RatingTold(generation_id=row.id, rating=body.number, rated_at=rated_at)


def _slug(known: Catalogue, name: str) -> str:
    """Return the slug that generations are kept under for a name of a model; other names as they are."""
    found = known.get(name)
    return name if found is None else found.slug
