"""`/api/batches`: rows × a template within one budget, bought in pieces as room is there."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable
from enum import StrEnum
from typing import Annotated, Any

from fastapi import Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import StreamingResponse
from pydantic import ValidationError

from tintype.api import auth, gateway, limits, present, routing, uploading
from tintype.api import present_batches as telling
from tintype.api.routes.generations import IdempotencyKey
from tintype.api.schemas.batches import (
    BatchAsked,
    BatchDescribed,
    BatchPage,
    BatchResumed,
    BatchTold,
    RowPage,
    RowState,
)
from tintype.domain import money, tables
from tintype.domain.access import Caller
from tintype.service import reports
from tintype.service.rows import Template
from tintype.store.outputs import Output

router = routing.router("/api/batches", tags=["batches"])

FILE_MAX_BYTES = 100 * 1024 * 1024
CSV = "text/csv; charset=utf-8"
PNG = "image/png"
Ident = Annotated[str, Path(description="The batch's id.", examples=["01k9w3t8m2q7r5v6x0y4z1a2b3"])]
_LIST = "batches"
_FORM = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "properties": {
                    "content": {"type": "string", "format": "binary", "minLength": 1},
                    "metadata": {"type": "string", "description": "`BatchDescribed` as JSON."},
                },
                "required": ["content"],
                "additionalProperties": False,
            }
        },
    },
}
_DOCUMENTED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The report.",
        "content": {
            "text/csv": {"schema": {"type": "string"}, "example": "row,line,state,…\r\n1,2,succeeded,…\r\n"},
            PNG: {"schema": {"type": "string", "format": "binary"}},
            "application/json": {
                "schema": {"type": "object", "required": ["batch", "rows"]},
                "example": {
                    "batch": {"id": "01k9w3t8m2q7r5v6x0y4z1a2b3", "state": "ended"},
                    "rows": [{"row": 1, "line": 2, "state": "succeeded"}],
                },
            },
        },
    }
}


class Format(StrEnum):
    """How the report is written: rows as CSV or JSON, or pictures on a contact sheet."""

    JSON = "json"
    CSV = "csv"
    PNG = "png"


@router.post("", status_code=202, response_model=BatchTold, responses=routing.refuses(409, 413, 415))
async def submit(
    body: BatchAsked,
    request: Request,
    caller: auth.Generates,
    idempotency_key: IdempotencyKey = None,
) -> BatchTold:
    """Take rows that are sent as JSON. A broken one is told of, and keeps none of the others."""
    return await _accepted(request, tables.given(body.rows), body, caller, idempotency_key)


@router.post(
    "/file",
    status_code=202,
    response_model=BatchTold,
    responses=routing.refuses(409, 413, 415),
    openapi_extra={"requestBody": _FORM},
)
async def upload(
    request: Request, caller: auth.Generates, idempotency_key: IdempotencyKey = None
) -> BatchTold:
    """Take rows as a file: the part `content` of a form, named .csv or .jsonl; `metadata` is the rest, as JSON."""
    too_large = f"a file of rows has at most {FILE_MAX_BYTES // 1024**2} MB"
    async with uploading.read(request, size_max_bytes=FILE_MAX_BYTES, too_large=too_large) as sent:
        try:
            described = BatchDescribed.model_validate(sent.metadata)
        except ValidationError as fault:
            raise RequestValidationError(
                [{**one, "loc": ("body", "metadata", *one["loc"])} for one in fault.errors()]
            ) from None
        rows = tables.read(sent.file.file, tables.kind(sent.name))
        return await _accepted(request, rows, described, caller, idempotency_key)


@router.get("", response_model=BatchPage, responses=routing.refuses())
async def index(
    request: Request,
    caller: auth.Reads,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    cursor: Annotated[str | None, Query(description="`next` of the page before.")] = None,
    user: Annotated[str | None, Query(max_length=255, min_length=1)] = None,
) -> BatchPage:
    """List the key's batches, newest first."""
    here = gateway.of(request)
    rows = await here.core.batches.list(
        actor=caller.actor(user=user),
        before=here.cursors.read(_LIST, caller.key, cursor),
        at_most=limit,
    )
    return BatchPage(
        data=[telling.outline(row) for row in rows],
        next=here.cursors.write(_LIST, caller.key, rows[-1].id) if len(rows) == limit else None,
    )


@router.get("/{id}", response_model=BatchTold, responses=routing.refuses(404))
async def show(request: Request, caller: auth.Reads, id: Ident) -> BatchTold:
    """Show how a batch stands: its rows by state, its money, how long the rest will take."""
    return telling.batch(await gateway.of(request).core.batches.get(id, actor=caller.actor()))


@router.get("/{id}/rows", response_model=RowPage, responses=routing.refuses(404))
async def rows(
    request: Request,
    caller: auth.Reads,
    id: Ident,
    after: Annotated[int, Query(ge=0, le=2**31 - 1, description="Rows behind this one.")] = 0,
    state: RowState | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> RowPage:
    """List a batch's rows in the order of the file, with their outputs."""
    here = gateway.of(request)
    found = await here.core.batches.rows(id, actor=caller.actor(), after=after, state=state, at_most=limit)
    lines = await reports.with_outputs(here.core.database, found)
    origin = here.origin_of(request)
    return RowPage(
        data=[telling.row(line, links=here.links, origin=origin) for line in lines],
        next=found[-1].number if len(found) == limit else None,
    )


@router.get("/{id}/report", response_model=None, responses={**_DOCUMENTED, **routing.refuses(404)})
async def report(
    request: Request,
    caller: auth.Reads,
    id: Ident,
    format: Format = Format.JSON,
    page: Annotated[
        int,
        Query(ge=1, le=100_000, description=f"Of the contact sheet, {reports.SHEET_MAX} rows on each."),
    ] = 1,
) -> Response:
    """Report what became of every row; `png` is a contact sheet of the first output of each."""
    here = gateway.of(request)
    actor = caller.actor()
    found = await here.core.batches.get(id, actor=actor)
    if format is Format.PNG:
        return Response(await here.core.reports.sheet(id, actor=actor, page=page), media_type=PNG)
    origin = here.origin_of(request)

    def where(one: Output) -> str:
        return present.output(one, links=here.links, origin=origin).url

    lines = here.core.reports.lines(id, actor=actor)
    told = (reports.document(line, where) async for line in lines)
    if format is Format.CSV:
        return StreamingResponse(_csv(told), media_type=CSV)
    return StreamingResponse(_json(telling.batch(found), told), media_type="application/json")


@router.post("/{id}/cancel", response_model=BatchTold, responses=routing.refuses(404))
async def cancel(request: Request, caller: auth.Generates, id: Ident) -> BatchTold:
    """Buy nothing more of a batch, and end what runs of it; what has ended stays as it is."""
    return telling.batch(await gateway.of(request).core.batches.cancel(id, actor=caller.actor()))


@router.post(
    "/{id}/resume", status_code=202, response_model=BatchTold, responses=routing.refuses(404, 409, 413, 415)
)
async def resume(
    request: Request, caller: auth.Generates, id: Ident, body: BatchResumed | None = None
) -> BatchTold:
    """Buy what was left undone, and again what failed, with another budget where one is given.

    Nothing that succeeded is bought again.
    """
    stated = None if body is None or body.budget_usd is None else money.from_usd(str(body.budget_usd))
    found = await gateway.of(request).core.batches.resume(id, actor=caller.actor(), budget_nano_usd=stated)
    return telling.batch(found)


async def _accepted(
    request: Request,
    rows: Iterable[tables.Row],
    body: BatchDescribed,
    caller: Caller,
    idempotency_key: str | None,
) -> BatchTold:
    core = gateway.of(request).core
    actor = caller.actor(user=body.user, project=body.project)
    asked = await core.batches.accept(
        rows,
        _template(body),
        actor=actor,
        name=body.name,
        budget_nano_usd=None if body.budget_usd is None else money.from_usd(str(body.budget_usd)),
        idempotency_key=idempotency_key,
        own_key=auth.own_key(request),
    )
    limits.tell_place(request, f"/api/batches/{asked.id}", is_repeated=asked.is_repeated)
    return telling.batch(await core.batches.get(asked.id, actor=actor))


def _template(body: BatchDescribed) -> Template:
    return Template(
        prompt=body.prompt,
        model=body.model,
        mode=body.mode,
        n=body.n,
        aspect_ratio=body.aspect_ratio,
        size=body.size,
        seed=body.seed,
        negative_prompt=body.negative_prompt,
        format=body.format,
        quality=body.quality,
        is_transparent=body.transparent,
        profile=body.profile,
        input=body.input,
        is_strict=body.strict,
        duplicates=body.duplicates,
        hold_max_nano_usd=None if body.max_usd is None else money.from_usd(str(body.max_usd)),
        deadline_s=body.deadline,
        cache=body.cache,
        metadata=body.metadata,
        tags=tuple(body.tags),
    )


async def _csv(told: AsyncIterator[dict[str, Any]]) -> AsyncIterator[str]:
    yield reports.head()
    async for one in told:
        yield reports.written(one)


async def _json(standing: BatchTold, told: AsyncIterator[dict[str, Any]]) -> AsyncIterator[str]:
    """Write the whole as it is read, so that a long one takes no memory."""
    yield f'{{"batch":{standing.model_dump_json()},"rows":['
    divider = ""
    async for one in told:
        yield divider + json.dumps(one)
        divider = ","
    yield "]}"
