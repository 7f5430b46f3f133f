"""`/api/usage`: what was asked for and what became of it, as JSON or CSV."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import Annotated, Any

from fastapi import Query, Request, Response

from tintype.api import auth, gateway, routing
from tintype.api import present_administration as present
from tintype.api.schemas.shapes import Day, Moment
from tintype.api.schemas.usage import UsageLine, UsageTold
from tintype.domain import spreadsheets
from tintype.domain.access import Scope
from tintype.service import usage
from tintype.service.usage import By

router = routing.router("/api/usage", tags=["usage"])

CSV = "text/csv; charset=utf-8"

From = Moment | Day
_DOCUMENTED: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            "text/csv": {"schema": {"type": "string"}, "example": "name,generations,…\r\nalice,120,…\r\n"}
        },
        "description": "The report.",
    }
}


class Format(StrEnum):
    """How the report is written."""

    JSON = "json"
    CSV = "csv"


@router.get("", response_model=UsageTold, responses={**_DOCUMENTED, **routing.refuses(404)})
async def report(
    request: Request,
    caller: auth.Reads,
    by: Annotated[By, Query(description="What it is grouped by; days are those of UTC.")] = By.DAY,
    since: Annotated[From | None, Query(description="From then on: a time, or a day in UTC.")] = None,
    until: Annotated[From | None, Query(description="Up to then, which is not in it.")] = None,
    key: Annotated[
        str | None,
        Query(max_length=100, description="Of a key alone, by id or name; another's takes `admin`."),
    ] = None,
    format: Annotated[Format, Query(description="`csv` begins names that look like formulas with a '.")] = (
        Format.JSON
    ),
) -> UsageTold | Response:
    """Sum up what was asked for in a span of time: of this key, or with the scope `admin` of all."""
    here = gateway.of(request)
    whose = (
        None if key is None and Scope.ADMIN in caller.scopes else await auth.key_meant(request, caller, key)
    )
    simulated = here.core.upstream.simulated
    span = {"since": _moment(since), "until": _moment(until)}
    lines = await usage.report(here.core.database, by=by, simulated=simulated, key=whose, **span)
    if format is Format.CSV:
        return Response(_written([present.usage(one) for one in lines]), media_type=CSV)
    # With tags a generation counts several times, and none without them.
    once = lines
    if by is By.TAG:
        once = await usage.report(here.core.database, by=By.DAY, simulated=simulated, key=whose, **span)
    return UsageTold(
        by=by,
        simulated=simulated,
        data=[present.usage(one) for one in lines],
        total=present.usage(usage.total(once)),
        **span,
    )


def _moment(stated: datetime | date | None) -> datetime | None:
    if stated is None or isinstance(stated, datetime):
        return stated
    return datetime.combine(stated, time(), UTC)


def _written(lines: list[UsageLine]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(UsageLine.model_fields), lineterminator="\r\n")
    writer.writeheader()
    for one in lines:
        writer.writerow({name: spreadsheets.cell(value) for name, value in one.model_dump().items()})
    return text.getvalue()
