"""`/api/generations`: ask for generations, look at them, cancel, repeat and delete them."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header, Path, Query, Request, Response

from tintype.api import auth, gateway, present, routing, waiting
from tintype.api.gateway import Gateway
from tintype.api.problems import Problem
from tintype.api.schemas.generations import GenerationAsked, GenerationPage, GenerationTold
from tintype.domain import errors, ids, money
from tintype.domain.access import Actor
from tintype.service import wishes
from tintype.store import outputs
from tintype.store.generations import Generation

router = routing.router("/api/generations", tags=["generations"])

Ident = Annotated[str, Path(description="The generation's id.", examples=["01k9w3t8m2q7r5v6x0y4z1a2b3"])]
IdempotencyKey = Annotated[
    str | None,
    Header(description="The same key with the same body within 24 hours gives the first generation again."),
]
Prefer = Annotated[
    str | None,
    Header(description="`wait=30` answers when it has ended, or as it stands after so many seconds."),
]


@router.post(
    "", status_code=202, response_model=GenerationTold, responses=routing.refuses(402, 404, 409, 413, 415)
)
async def submit(
    body: GenerationAsked,
    request: Request,
    response: Response,
    caller: auth.Generates,
    idempotency_key: IdempotencyKey = None,
    prefer: Prefer = None,
) -> GenerationTold:
    """Ask for a generation. Its price is held, and it is durable, when this answers."""
    here = gateway.of(request)
    actor = caller.actor(user=body.user, project=body.project)
    planned = wishes.plan(here.core.catalogue, wish_of(body, here))
    if len(planned.requests) > 1:
        raise Problem("bad_input", "n: the model makes fewer at once; ask for several at /api/orders")
    asked = await here.core.generations.submit(
        planned.requests[0],
        actor=actor,
        idempotency_key=idempotency_key,
        own_key=auth.own_key(request),
    )
    wait_s = waiting.preferred_s(prefer)
    if wait_s is not None:
        response.headers["Preference-Applied"] = f"wait={wait_s}"
        if await waiting.until_final(here, asked.ids[0], timeout_s=wait_s):
            response.status_code = 200
    elif asked.queued:
        # It is as it was just written: nothing of it has to be read.
        return present.generation(
            asked.queued[0], (), links=here.links, origin=here.origin_of(request), warnings=planned.warnings
        )
    return await told(request, asked.ids[0], actor=actor, warnings=planned.warnings)


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
    return await told(request, id, actor=caller.actor())


@router.post("/{id}/cancel", response_model=GenerationTold, responses=routing.refuses(404))
async def cancel(request: Request, caller: auth.Generates, id: Ident) -> GenerationTold:
    """Wish that a generation ends: at once and free while it is not bought. One that has ended stays as it is."""
    await gateway.of(request).core.generations.cancel(id, actor=caller.actor())
    return await told(request, id, actor=caller.actor())


def wish_of(body: GenerationAsked, here: Gateway) -> wishes.Wish:
    """Return what a body asks for. Raises InputError for a contradiction."""
    if body.model is not None and body.mode is not None:
        raise errors.InputError("give a model or a mode, not both")
    return wishes.Wish(
        model=body.model or here.settings.model_of(body.mode and body.mode.value),
        prompt=body.prompt,
        n=body.n,
        aspect_ratio=body.aspect_ratio,
        seed=body.seed,
        negative_prompt=body.negative_prompt,
        input=body.input,
        is_strict=body.strict,
        deadline_s=body.deadline,
        cache=body.cache,
        metadata=body.metadata,
        tags=tuple(body.tags),
        callback_url=body.callback_url,
        hold_max_nano_usd=None if body.max_usd is None else money.from_usd(str(body.max_usd)),
    )


async def told(
    request: Request, ident: str, *, actor: Actor, warnings: tuple[str, ...] = ()
) -> GenerationTold:
    """Tell of a generation of the actor's. Raises UnknownGeneration."""
    here = gateway.of(request)
    row: Generation = await here.core.generations.get(ident, actor=actor)
    kept = await outputs.of(here.core.database, ident) if row.finished_at is not None else []
    return present.generation(row, kept, links=here.links, origin=here.origin_of(request), warnings=warnings)
