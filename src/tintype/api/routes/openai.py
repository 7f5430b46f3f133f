"""`/openai/v1`: pictures as the SDKs for OpenAI ask for them, with every model that makes some."""

from __future__ import annotations

import base64
import dataclasses
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import Path, Request, Response
from pydantic import ValidationError

from tintype.api import answering, auth, gateway, limits, openai_errors, present, problems, routing, waiting
from tintype.api.bodies import StrictRequest
from tintype.api.gateway import Gateway
from tintype.api.problems import Problem
from tintype.api.schemas.openai import (
    ErrorTold,
    ImagesAsked,
    ImagesTold,
    ImageTold,
    ModelsTold,
    ModelTold,
)
from tintype.domain import catalogue, pictures
from tintype.domain.access import Actor, Caller, Scope
from tintype.domain.catalogue import Kind, Model
from tintype.domain.choosing import Mode
from tintype.domain.generation import State
from tintype.media.kinds import Kind as Format
from tintype.service import requests, wishes
from tintype.service.answers import Hand
from tintype.service.requests import DEADLINE_LEAST_S, DEADLINE_MOST_S, Cache
from tintype.service.wishes import Wish
from tintype.store import outputs
from tintype.store.generations import Generation
from tintype.store.outputs import Output

PREFIX = "/openai"
BASE64_MAX_BYTES = 64 * 1024 * 1024
"""How many bytes of files an answer holds at most in base64."""
_GRACE_S = 15.0
_MODES = {
    "low": Mode.PROOF,
    **dict.fromkeys(("high", "hd", "xhigh", "max"), Mode.FINAL),
}
_MAKERS = frozenset({Kind.IMAGE, Kind.VECTOR, Kind.EDIT})
_ORDER = "images"
ROUTE = "/openai/v1/images/generations"
_Format = Literal["png", "webp", "jpeg", "gif", "svg"]
_FORMATS: dict[str, _Format] = {
    Format.PNG: "png",
    Format.WEBP: "webp",
    Format.JPEG: "jpeg",
    Format.GIF: "gif",
    Format.SVG: "svg",
}

router = routing.router(f"{PREFIX}/v1", tags=["openai"])


def _refuses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Document errors in the shape of this part of the API."""
    stated = sorted({400, 401, 403, 422, 429, 500, 503, 504, *statuses})
    return {status: routing.shaped(ErrorTold, status) for status in stated}


@router.post(
    "/images/generations", response_model=ImagesTold, responses=_refuses(402, 404, 409, 413, 415, 502)
)
async def generate(body: ImagesAsked, request: Request, caller: auth.Generates) -> Response:
    """Make pictures and wait for them. Once they are asked for, no answer invites to buy them again.

    Who hung up, or says that it repeats a request, is given what was bought the first time.
    """
    here = gateway.of(request)
    actor = caller.actor(user=body.safety_identifier or body.user or None)
    deadline_s = min(max(here.settings.request_timeout_s, DEADLINE_LEAST_S), DEADLINE_MOST_S)
    several, warnings = _planned(body, here, deadline_s=deadline_s)
    waiting.allow(request, deadline_s + _GRACE_S)

    async def act(hand: Hand) -> Response:
        asked = await here.core.generations.submit(
            several if len(several) > 1 else several[0],
            actor=actor,
            kind=_ORDER,
            answering=hand.answering,
            own_key=auth.own_key(request),
        )
        hand.admitted()
        limits.tell(request, asked.pace)
        try:
            rows = await _ended(request, asked.ids, actor=actor, deadline_s=deadline_s)
            told = await _made(request, rows, body, warnings)
        except Problem as problem:
            # An answer like any other: who has it is not given it again.
            return problems.answer(request, problem)
        return Response(told.model_dump_json(), media_type="application/json")

    return await answering.once(request, route=ROUTE, act=act)


async def generate_shortly(request: StrictRequest) -> Response | None:
    """Make pictures with less around each request that waits. None, before it does anything, for what does not fit."""
    if request.scope["query_string"]:
        return None
    caller = await auth.caller(request, None, Scope.GENERATE)
    try:
        body = ImagesAsked.model_validate(await request.json())
    except (Problem, ValidationError):
        return None
    return await generate(body, request, caller)


@router.get("/models", response_model=ModelsTold, responses=_refuses())
async def models(request: Request, caller: auth.Reads) -> ModelsTold:
    """List the models that make pictures and that the key may use, then the names of `TINTYPE_OPENAI_MODELS`."""
    here = gateway.of(request)
    known = here.core.catalogue
    named = [(one.slug, one) for one in known.models]
    named += [
        (name, found)
        for name, meant in here.settings.openai_models.items()
        if (found := known.get(meant)) is not None
    ]
    return ModelsTold(
        data=[
            _model_told(one).model_copy(update={"id": name})
            for name, one in named
            if _makes_pictures(one) and _may_use(caller, one)
        ]
    )


@router.get("/models/{id:path}", response_model=ModelTold, responses=_refuses(404))
async def model(
    request: Request,
    caller: auth.Reads,
    id: Annotated[str, Path(examples=["black-forest-labs/flux-schnell"])],
) -> ModelTold:
    """Show a model, by any of its names."""
    here = gateway.of(request)
    found = here.core.catalogue.find(here.settings.openai_models.get(id, id))
    if not _makes_pictures(found) or not _may_use(caller, found):
        raise catalogue.unknown(id[:255])
    return _model_told(found).model_copy(update={"id": id} if id in here.settings.openai_models else {})


def _planned(
    body: ImagesAsked, here: Gateway, *, deadline_s: float
) -> tuple[list[requests.Request], list[str]]:
    """Plan the requests. Raises InputError, UnknownModel, and Problem for a model that makes no pictures."""
    words = pictures.Words(
        size=pictures.pixels(body.size) if body.size not in {None, "auto"} else None,
        quality=_said(body.quality),
        output_format=body.output_format,
        output_compression=body.output_compression,
        background=_said(body.background),
        style=body.style,
    )
    name = None if body.model is None else here.settings.openai_models.get(body.model, body.model)
    if name is None:
        # The model is what the quality chooses.
        name = here.settings.model_of(_MODES.get(words.quality or ""))
        words = dataclasses.replace(words, quality=None)
    fitted = _fitted(here.core.catalogue, name, words)
    planned = wishes.plan(
        here.core.catalogue,
        Wish(
            model=name,
            prompt=body.prompt,
            n=body.n or 1,
            input={**fitted.inputs, **body.input},
            deadline_s=deadline_s,
            # Equal requests of these SDKs are meant to give other pictures.
            cache=Cache.OFF,
        ),
    )
    renamed = [f"{body.model} stands for {name} here"] if body.model in here.settings.openai_models else []
    return list(planned.requests), [*renamed, *fitted.warnings, *planned.warnings]


def _said(word: str | None) -> str | None:
    return None if word == "auto" else word


def _fitted(known: catalogue.Catalogue, name: str, words: pictures.Words) -> pictures.Fitted:
    found = known.get(name)
    if found is None:
        # With an owner it may be one that only upstream knows; its words are its own.
        return pictures.Fitted()
    if found.kind not in _MAKERS:
        raise Problem(
            "bad_input",
            f"{found.slug} makes no pictures; GET {PREFIX}/v1/models lists those that do",
            facts={"fields": [{"field": "model", "detail": "makes no pictures"}]},
        )
    fitted = pictures.fitted(found, words)
    if fitted.too_far is not None:
        # As these SDKs know it: a size that cannot be made costs nothing.
        raise Problem(
            "bad_input", fitted.too_far, facts={"fields": [{"field": "size", "detail": "is not made"}]}
        )
    return fitted


async def _ended(
    request: Request, idents: tuple[str, ...], *, actor: Actor, deadline_s: float
) -> list[Generation]:
    """Wait until all have ended. Raises Problem when the gateway stops, or one outlives its deadline for long.

    What was not sent by its deadline ends then, whether anybody works on the queue or not; the rest is given a moment.
    """
    here = gateway.of(request)
    is_over = await waiting.until_all_final(here, idents, timeout_s=deadline_s, request=request)
    if not is_over and not here.stopping.is_set():
        for ident in idents:
            await here.core.progress.overdue(ident, 0.0)
        await waiting.until_all_final(here, idents, timeout_s=_GRACE_S, request=request)
    rows = [await here.core.generations.get(ident, actor=actor) for ident in idents]
    goes_on = [row for row in rows if not State(row.state).is_final]
    if not goes_on:
        return rows
    if here.stopping.is_set():
        raise Problem(
            "not_possible_now",
            f"the gateway is stopping; {goes_on[0].id} goes on, and an equal request is given what it makes",
            headers={"x-should-retry": "true"},
        )
    raise Problem(
        "not_made",
        f"{goes_on[0].id} is {goes_on[0].state} still, {_GRACE_S:g} s after its deadline of {deadline_s:g} s; "
        f"ask for its end at /api/generations/{goes_on[0].id}",
        facts={"failure_code": "timeout"},
        headers={"x-should-retry": "false"},
    )


def _not_made(rows: list[Generation]) -> Problem:
    """Return the problem of a request of which nothing was made: never one that SDKs repeat by themselves."""
    first = rows[0]
    return Problem(
        "not_made",
        f"{first.id} was not made: {_why(first)}",
        facts={"failure_code": first.failure_code},
        headers={"x-should-retry": "false"},
    )


def _why(row: Generation) -> str:
    return row.failure_message or row.failure_code or f"it was {row.state}"


async def _made(
    request: Request,
    rows: list[Generation],
    body: ImagesAsked,
    warnings: list[str],
) -> ImagesTold:
    """Tell of what was made, and of what was not beside it. Raises Problem when nothing was."""
    database = gateway.of(request).core.database
    made = [one for row in rows for one in await outputs.of(database, row.id)]
    if not made:
        raise _not_made(rows)
    first = made[0]
    data = []
    if body.response_format == "b64_json":
        if sum(one.size_bytes for one in made) > BASE64_MAX_BYTES:
            raise Problem(
                "not_made",
                f"the pictures have more than {BASE64_MAX_BYTES:,} bytes; they are at /api/generations/{rows[0].id}",
                headers={"x-should-retry": "false"},
            )
        data = [ImageTold(b64_json=await _content(request, one)) for one in made]
    else:
        here = gateway.of(request)
        origin = here.origin_of(request)
        data = [ImageTold(url=present.output(one, links=here.links, origin=origin).url) for one in made]
    size = f"{first.width}x{first.height}" if first.width and first.height else None
    return ImagesTold(
        created=int(rows[0].created_at.timestamp()),
        data=data,
        output_format=_FORMATS.get(first.content_type),
        size=size,
        ids=[row.id for row in rows],
        warnings=[
            *warnings,
            *_other_size(body.size, size, warnings),
            *(f"{row.id} was not made: {_why(row)}" for row in rows if row.state != State.SUCCEEDED),
        ],
    )


def _other_size(asked: str | None, made: str | None, warnings: list[str]) -> list[str]:
    """Tell that what was made has another size than was asked for, where that was not told before."""
    is_told = asked in {None, "auto", made} or made is None or any(f" {asked}" in one for one in warnings)
    return [] if is_told else [f"{asked} was asked for, and {made} was made: the model's size of that shape"]


async def _content(request: Request, one: Output) -> str:
    reading = await gateway.of(request).core.files.open(one.sha256)
    return base64.b64encode(b"".join([piece async for piece in reading.pieces])).decode()


def _makes_pictures(found: Model) -> bool:
    needs_file = any(one.takes_file and one.required for one in found.inputs.values())
    return found.kind in _MAKERS and not needs_file


def _may_use(caller: Caller, found: Model) -> bool:
    return caller.models is None or found.slug in caller.models


def _model_told(found: Model) -> ModelTold:
    day = datetime.fromisoformat(found.price.dated).replace(tzinfo=UTC)
    return ModelTold(id=found.slug, created=int(day.timestamp()), owned_by=found.slug.partition("/")[0])


problems.speak(PREFIX, openai_errors.written)
