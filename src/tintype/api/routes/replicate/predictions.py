"""`/replicate/v1/predictions`: create by version, official model and deployment; get, list and cancel."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Header, Path, Query, Request, Response
from pydantic import BeforeValidator
from starlette.requests import ClientDisconnect

from tintype.api import answering, auth, callbacks, gateway, limits, waiting
from tintype.api.routes.replicate import creates, words
from tintype.api.schemas.replicate import (
    PredictionAsked,
    PredictionPage,
    PredictionTold,
    VersionedAsked,
)
from tintype.domain import faults
from tintype.domain.access import Caller
from tintype.domain.feed import Kind
from tintype.domain.generation import State
from tintype.service import predictions
from tintype.service.predictions import Facts, Moment
from tintype.service.requests import Cache
from tintype.service.requests import Request as Wanted
from tintype.service.versions import Runnable, UnknownVersion
from tintype.store import generations
from tintype.store.admission import Asked

if TYPE_CHECKING:
    from tintype.api.gateway import Gateway
    from tintype.service.answers import Hand
    from tintype.store.generations import Generation

PAGE = 100
CANCEL_S = 5.0
"""How long a cancel waits for upstream's word."""

own = words.own_router("predictions")

Owner = Annotated[str, Path(examples=["black-forest-labs"])]
Name = Annotated[str, Path(examples=["flux-schnell"])]
Ident = Annotated[str, Path(description="The prediction's id.", examples=["01k9w3t8m2q7r5v6x0y4z1a2b3"])]
Prefer = Annotated[
    str | None, Header(description="`wait` or `wait=n`: the answer comes when it has ended, n up to 60 s.")
]
CancelAfter = Annotated[
    str | None, Header(description="Cancelled after so long, from its creation: `90`, `5m`, `1h30m`.")
]


_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def _no_number(value: Any) -> Any:
    """Refuse numbers, which the reader of times would take for seconds."""
    if isinstance(value, str) and _DAY.match(value) is None:
        raise ValueError("it is no time like 2026-03-01T12:00:00Z")
    return value


Moment_ = Annotated[datetime | None, BeforeValidator(_no_number), Query(description="An ISO 8601 time.")]

log = logging.getLogger("tintype.api")


@dataclass(frozen=True, slots=True)
class _Create:
    """A create that was read: what to run, with which input, told of how."""

    what: Runnable
    body: dict[str, Any]
    facts: Facts
    input: dict[str, Any]
    deadline_s: float


@own.post(
    "/predictions",
    status_code=201,
    response_model=PredictionTold,
    responses=words.refuses(402, 404, 413, 415),
    openapi_extra=words.takes(VersionedAsked),
)
async def create(
    request: Request, caller: auth.Generates, prefer: Prefer = None, cancel_after: CancelAfter = None
) -> Response:
    """Run a version, or an official model by its name."""
    body = await words.an_object(request)
    creates.check(body, has_version=True)
    try:
        what = await gateway.of(request).core.versions.of_version(body["version"])
    except UnknownVersion:
        raise words.invalid_version() from None
    return await _create(request, caller, what, body, prefer=prefer, cancel_after=cancel_after)


@own.post(
    "/models/{owner}/{name}/predictions",
    status_code=201,
    response_model=PredictionTold,
    responses=words.refuses(402, 404, 413, 415),
    openapi_extra=words.takes(PredictionAsked),
)
async def create_of_model(
    request: Request,
    caller: auth.Generates,
    owner: Owner,
    name: Name,
    prefer: Prefer = None,
    cancel_after: CancelAfter = None,
) -> Response:
    """Run an official model."""
    body = await words.an_object(request)
    what = await gateway.of(request).core.versions.of_model(f"{owner}/{name}")
    creates.check(body, has_version=False)
    return await _create(request, caller, what, body, prefer=prefer, cancel_after=cancel_after)


@own.post(
    "/deployments/{owner}/{name}/predictions",
    status_code=201,
    response_model=PredictionTold,
    responses=words.refuses(402, 404, 413, 415),
    openapi_extra=words.takes(PredictionAsked),
)
async def create_of_deployment(
    request: Request,
    caller: auth.Generates,
    owner: Owner,
    name: Name,
    prefer: Prefer = None,
    cancel_after: CancelAfter = None,
) -> Response:
    """Run a deployment of the operator's account."""
    body = await words.an_object(request)
    what = await gateway.of(request).core.versions.of_deployment(f"{owner}/{name}")
    creates.check(body, has_version=False)
    return await _create(request, caller, what, body, prefer=prefer, cancel_after=cancel_after)


@own.get("/predictions", response_model=PredictionPage, responses=words.refuses())
async def index(
    request: Request,
    caller: auth.Reads,
    created_after: Moment_ = None,
    created_before: Moment_ = None,
    source: Annotated[str | None, Query(description="`web` lists nothing: all are made by the API.")] = None,
    cursor: words.Cursor = None,
) -> Response:
    """List the key's predictions, newest first, a hundred at a time."""
    if source not in {None, "web"}:
        raise words.invalid(faults.one_of("source", source, ["web"]))
    here = gateway.of(request)
    older_than, newer_than = words.places(cursor)
    rows: list[Generation] = []
    if source is None:
        rows = await generations.page(
            here.core.database,
            key=caller.key,
            older_than=older_than,
            newer_than=newer_than,
            created_after=created_after and _in_utc(created_after),
            created_before=created_before and _in_utc(created_before),
            at_most=PAGE + 1,
        )
    has_more = len(rows) > PAGE
    rows = (rows[-PAGE:] if newer_than else rows[:PAGE]) if has_more else rows
    has_older = bool(rows) and (has_more or newer_than is not None)
    has_newer = bool(rows) and (has_more if newer_than else older_than is not None)
    return words.answer(
        {
            "previous": words.link(request, rows[0].id if has_newer else None, is_back=True),
            "next": words.link(request, rows[-1].id if has_older else None),
            "results": await here.core.predictions.all(rows, origin=here.origin_of(request)),
        }
    )


@own.get("/predictions/{id}", response_model=PredictionTold, responses=words.refuses(404))
async def show(request: Request, caller: auth.Reads, id: Ident) -> Response:
    """Show a prediction of the key's."""
    here = gateway.of(request)
    row = await here.core.generations.get(id, actor=caller.actor())
    return words.answer(await here.core.predictions.told(row, origin=here.origin_of(request)))


@own.post("/predictions/{id}/cancel", response_model=PredictionTold, responses=words.refuses(404))
async def cancel(request: Request, caller: auth.Generates, id: Ident) -> Response:
    """End a prediction; one that has ended is shown as it is."""
    here = gateway.of(request)
    await here.core.generations.cancel(id, actor=caller.actor())
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(_until_ended(here, id), CANCEL_S)
    row = await here.core.generations.get(id, actor=caller.actor())
    return words.answer(await here.core.predictions.told(row, origin=here.origin_of(request)))


async def _until_ended(here: Gateway, ident: str) -> None:
    """Wait until one that is to be cancelled has ended; upstream is asked as soon as it has it."""
    async with contextlib.aclosing(here.core.feed.watch(ident)) as events:
        async for event in events:
            if event.state is None or State(event.state).is_final:
                return
            if event.state == State.RUNNING and event.kind is not Kind.PROGRESS:
                await here.core.progress.advance(ident)


async def _create(
    request: Request,
    caller: Caller,
    what: Runnable,
    body: dict[str, Any],
    *,
    prefer: str | None,
    cancel_after: str | None,
) -> Response:
    """Admit it, wait for its end if that is wished, and tell of it as it stands."""
    here = gateway.of(request)
    read = _read(request, what, body, cancel_after)
    preferred_s = creates.wait_s(prefer)
    wait_s = None if preferred_s is None else waiting.granted_s(request, preferred_s)
    origin = here.origin_of(request)

    async def act(hand: Hand) -> Response:
        submitted = await here.core.generations.submit(
            Wanted(
                model=what.model,
                input=read.input,
                version=what.version,
                deployment=what.deployment,
                deadline_s=read.deadline_s,
                cache=Cache.OFF,
                callback_url=read.facts.webhook,
                is_checked=True,
            ),
            actor=caller.actor(),
            answering=hand.answering,
            asked=Asked(predictions.DIALECT, read.facts.document()),
            own_key=auth.own_key(request),
        )
        hand.admitted()
        limits.tell(request, submitted.pace)
        (ident,) = submitted.ids
        headers = {"Location": f"{origin}{words.BASE}/predictions/{ident}"}
        if wait_s is not None:
            headers["Preference-Applied"] = str(prefer).strip() if wait_s == preferred_s else f"wait={wait_s}"
        if wait_s is None and submitted.queued:
            # It is as it was just written: nothing of it has to be read.
            (row,) = submitted.queued
            told = here.core.predictions.show(row, read.facts, (), origin=origin, moment=Moment.CREATED)
        else:
            told = await _as_it_stands(request, ident, caller, read, wait_s)
        return words.answer(told, 201, headers)

    return await answering.once(request, route=words.path(request), act=act)


def _read(request: Request, what: Runnable, body: dict[str, Any], cancel_after: str | None) -> _Create:
    """Check the rest of a create."""
    here = gateway.of(request)
    values = creates.check_input(what, body["input"])
    webhook = body.get("webhook")
    if webhook is not None and callbacks.is_own(request, webhook):
        raise words.invalid([faults.Fault("format", "webhook", "The webhook must not be the gateway itself")])
    deadline_s = creates.cancel_after_s(cancel_after)
    events, stated = creates.events(body)
    facts = Facts(
        origin=here.origin_of(request),
        version=what.shown,
        is_text=what.is_text,
        has_deadline=deadline_s is not None,
        webhook=webhook,
        events=events,
        stated_events=stated,
        links=creates.links(values),
    )
    return _Create(what, body, facts, values, deadline_s or creates.DEADLINE_MOST_S)


async def _as_it_stands(
    request: Request, ident: str, caller: Caller, read: _Create, wait_s: int | None
) -> dict[str, Any]:
    """Tell of what was admitted. From here on nothing is a failure of the request: the answer is what is known."""
    here = gateway.of(request)
    origin = here.origin_of(request)
    try:
        has_ended = wait_s is not None and await waiting.until_final(
            here, ident, timeout_s=wait_s, request=request
        )
        row = await here.core.generations.get(ident, actor=caller.actor())
        # Official clients take any status but `starting` for the end, so a wait that was in vain says that.
        moment = Moment.NOW if has_ended else Moment.CREATED
        return await here.core.predictions.told(row, origin=origin, moment=moment)
    except ClientDisconnect:
        raise
    except Exception:
        # It is admitted and paid for, whatever keeps us from looking at it.
        log.exception("generation %s was admitted and could not be read", ident)
        return _unread(ident, read, origin)


def _unread(ident: str, read: _Create, origin: str) -> dict[str, Any]:
    """Tell of a prediction by what was asked for."""
    url = f"{origin}{words.BASE}/predictions/{ident}"
    return {
        "id": ident,
        "model": read.what.model,
        "version": read.facts.version,
        "input": read.body["input"],
        "logs": "",
        "output": None,
        "data_removed": False,
        "error": None,
        "source": "api",
        "status": "starting",
        "created_at": predictions.moment_text(datetime.now(UTC), digits=3),
        "urls": {"get": url, "cancel": f"{url}/cancel", "web": f"{origin}/api/generations/{ident}"},
    }


def _in_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


router = words.mounted(own)
