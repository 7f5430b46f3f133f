"""`/healthz` and `/readyz`: whether the process runs, and whether it can do its work."""

from __future__ import annotations

from pydantic import Field

import tintype
from tintype.api import routing
from tintype.api.schemas.shapes import Told

router = routing.router(tags=["health"])


class Health(Told):
    """That the process runs."""

    status: str = Field(examples=["ok"])
    version: str


@router.get("/healthz", response_model=Health)
async def healthz() -> Health:
    """Say that the process runs; asks nobody."""
    return Health(status="ok", version=tintype.__version__)
