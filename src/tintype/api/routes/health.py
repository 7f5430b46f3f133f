"""`/healthz` and `/readyz`: whether the process runs, and whether it can do its work."""

from __future__ import annotations

from fastapi import Request, Response
from pydantic import Field

import tintype
from tintype.api import auth, gateway, routing
from tintype.api.schemas.shapes import Told
from tintype.domain.access import Scope

router = routing.router(tags=["health"])


class Health(Told):
    """That the process runs."""

    status: str = Field(examples=["ok"])
    version: str = Field(examples=["0.1.0"])


class PartTold(Told):
    """One thing that the gateway needs."""

    name: str = Field(examples=["database"])
    good: bool
    detail: str = Field(examples=["answers"])


class Ready(Told):
    """Whether it can do its work, and each thing that this takes."""

    ready: bool
    parts: list[PartTold]


@router.get("/healthz", response_model=Health, responses=routing.refuses(is_open=True))
async def healthz() -> Health:
    """Say that the process runs; asks nobody."""
    return Health(status="ok", version=tintype.__version__)


@router.get(
    "/readyz",
    response_model=Ready,
    responses={503: {"model": Ready}, **{k: v for k, v in routing.refuses().items() if k != 503}},
    openapi_extra={"security": [{}, {"key": []}]},
)
async def readyz(request: Request, response: Response) -> Ready:
    """Say whether database, storage, upstream and a worker are there; 503 while one is not."""
    if auth.foreign(request) is not None:
        await auth.caller(request, None, Scope.READ)
    parts = await gateway.of(request).readiness.look()
    is_ready = all(part.is_good for part in parts)
    response.status_code = 200 if is_ready else 503
    return Ready(
        ready=is_ready,
        parts=[PartTold(name=one.name, good=one.is_good, detail=one.detail) for one in parts],
    )
