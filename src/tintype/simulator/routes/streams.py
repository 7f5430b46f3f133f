"""Serve the streams of text models. The address is the secret: no token is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from tintype.simulator import calls, problems, streams

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from tintype.simulator.world import World


def routes(world: World) -> list[BaseRoute]:
    """Return the route of streams."""

    async def stream(request: Request) -> Response:
        prediction = world.outputs.find(request.path_params["token"])
        if prediction is None or prediction.ending:
            raise problems.not_found()
        first = streams.number_after(request.headers.get("last-event-id"))
        return StreamingResponse(
            streams.events(world, prediction, first=first),
            headers={"cache-control": "no-store"},
            media_type="text/event-stream",
        )

    return [Route("/streams/{token}", calls.open_operation(stream), methods=["GET"])]
