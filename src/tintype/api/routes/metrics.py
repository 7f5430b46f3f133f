"""`/metrics`: what Prometheus asks for (rule 24: with a key that reads, or from this machine)."""

from __future__ import annotations

from fastapi import Request, Response

from tintype.api import auth, gateway, routing
from tintype.domain.access import Scope
from tintype.telemetry import metrics

router = routing.router(tags=["health"])

_TEXT = {
    "description": "Metrics in Prometheus' text format.",
    "content": {"text/plain": {"schema": {"type": "string"}, "example": "tintype_database_up 1.0\n"}},
}


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: _TEXT, **routing.refuses()},
    openapi_extra={"security": [{}, {"key": []}]},
)
async def tell(request: Request) -> Response:
    """Tell what was counted and how things stand. No label names a user or a key."""
    if auth.foreign(request) is not None:
        await auth.caller(request, None, Scope.READ)
    here = gateway.of(request)
    return Response(
        await metrics.exposition(here.meters, here.watch), headers={"Content-Type": metrics.CONTENT_TYPE}
    )
