"""`/api/deliveries`: callbacks of a key's generations, their log, and what signs them."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query, Request

from tintype.api import auth, callbacks, gateway, routing
from tintype.api import present_administration as present
from tintype.api.schemas.deliveries import (
    DeliveryPage,
    DeliveryTold,
    DeliveryWithLog,
    SecretAsked,
    SecretTold,
    State,
    TestAsked,
    TestTold,
)
from tintype.service import notices
from tintype.store import deliveries
from tintype.store.deliveries import Place

router = routing.router("/api/deliveries", tags=["deliveries"])

Ident = Annotated[
    str,
    Path(description="The callback's id.", max_length=60, examples=["msg_5f0c1d2e3a4b5c6d7e8f90a1b2c3d4e5"]),
]
Whose = Annotated[
    str | None,
    Query(max_length=100, description="Of another key, by id or name; that takes the scope `admin`."),
]
_LIST = "deliveries"


@router.get("", response_model=DeliveryPage, responses=routing.refuses(404))
async def index(
    request: Request,
    caller: auth.Reads,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    cursor: Annotated[str | None, Query(description="`next` of the page before.")] = None,
    state: State | None = None,
    generation: Annotated[str | None, Query(max_length=60, description="Of one generation alone.")] = None,
    key: Whose = None,
) -> DeliveryPage:
    """List the callbacks of the key's generations, those of the newest generations first."""
    here = gateway.of(request)
    rows = await deliveries.page(
        here.core.database,
        key_id=await auth.key_meant(request, caller, key),
        generation_id=generation,
        state=state,
        before=_read(here.cursors.read(_LIST, caller.key, cursor)),
        at_most=limit,
    )
    following = None
    if len(rows) == limit:
        last = Place(rows[-1].generation_id, rows[-1].event_number, rows[-1].id)
        following = here.cursors.write(_LIST, caller.key, _written(last))
    return DeliveryPage(data=[present.delivery(one) for one in rows], next=following)


@router.post("/test", response_model=TestTold, responses=routing.refuses(413, 415))
async def test(body: TestAsked, request: Request, caller: auth.Generates) -> TestTold:
    """Send a callback of type `test` to a URL, now and once, signed as all of the key's, and tell how it went."""
    url = callbacks.address(request, body.url, field="url")
    reply = await notices.test(url, key_id=caller.key, tools=gateway.of(request).core.notices)
    return TestTold(
        delivered=reply.status is not None and 200 <= reply.status < 300,
        status=reply.status,
        error=reply.error,
        elapsed_ms=round(reply.elapsed_s * 1000),
    )


@router.get("/secret", response_model=SecretTold, responses=routing.refuses())
async def secret(request: Request, caller: auth.Generates) -> SecretTold:
    """Tell the secret that signs the key's callbacks, made on first use."""
    core = gateway.of(request).core
    return SecretTold(secret=await notices.secret(caller.key, db=core.database, seal=core.seal))


@router.post("/secret/rotate", response_model=SecretTold, responses=routing.refuses(413, 415))
async def rotate_secret(
    request: Request, caller: auth.Generates, body: SecretAsked | None = None
) -> SecretTold:
    """Replace the secret that signs the key's callbacks. The old one signs along for `overlap_s` yet."""
    core = gateway.of(request).core
    overlap_s = (body or SecretAsked()).overlap_s
    return SecretTold(
        secret=await notices.rotate(
            caller.key, by=caller.key, db=core.database, seal=core.seal, overlap_s=overlap_s
        )
    )


@router.get("/{id}", response_model=DeliveryWithLog, responses=routing.refuses(404))
async def show(request: Request, caller: auth.Reads, id: Ident, key: Whose = None) -> DeliveryWithLog:
    """Show a callback with the log of its attempts."""
    db = gateway.of(request).core.database
    row = await notices.delivery(id, key_id=await auth.key_meant(request, caller, key), db=db)
    log = [present.attempt(one) for one in await deliveries.attempts(db, row.id)]
    return DeliveryWithLog(**present.delivery(row).model_dump(), log=log)


@router.post("/{id}/redeliver", status_code=202, response_model=DeliveryTold, responses=routing.refuses(404))
async def redeliver(request: Request, caller: auth.Generates, id: Ident, key: Whose = None) -> DeliveryTold:
    """Send a callback anew, whatever became of it, for another 24 hours."""
    whose = await auth.key_meant(request, caller, key)
    db = gateway.of(request).core.database
    return present.delivery(await notices.redeliver(id, key_id=whose, by=caller.key, db=db))


def _written(place: Place) -> str:
    return f"{place.generation_id}.{place.event_number}.{place.id}"


def _read(written: str | None) -> Place | None:
    if written is None:
        return None
    generation_id, number, ident = written.split(".")
    return Place(generation_id, int(number), ident)
