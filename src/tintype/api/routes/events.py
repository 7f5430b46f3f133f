"""`…/events`: generations as they move, told live (server-sent events)."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import Header, Path, Query, Request, Response

from tintype.api import auth, gateway, routing, stream
from tintype.api.routes.generations import Ident
from tintype.domain import feed as rules
from tintype.domain.access import Scope
from tintype.store import feed

router = routing.router("/api", tags=["events"])

OrderIdent = Annotated[str, Path(description="The order's id.", examples=["01k9w3t8m2q7r5v6x0y4z1a2b3"])]
Last = Annotated[
    str | None,
    Header(
        alias="Last-Event-ID",
        description="The id of the event that was seen last; a browser sends it by itself.",
    ),
]
LastAsked = Annotated[
    str | None, Query(alias="last_event_id", description="The same, for who cannot set headers.")
]

_EXAMPLE = """\
event: ready
retry: 1617
data: {}

id: 3
event: state
data: {"generation_id":"01k9w3t8m2q7r5v6x0y4z1a2b3","number":3,"state":"running","at":"2026-03-01T12:00:00+00:00"}

id: 3
event: progress
data: {"generation_id":"01k9w3t8m2q7r5v6x0y4z1a2b3","number":3,"state":"running","percent":40.0,"logs":" 40%","logs_length":4,"output":null}

"""  # noqa: E501 - as it is sent


def _answers(description: str, *statuses: int) -> dict[int | str, dict[str, Any]]:
    return {
        200: {
            "description": description,
            "content": {"text/event-stream": {"schema": {"type": "string"}, "example": _EXAMPLE}},
        },
        **routing.refuses(*statuses),
    }


_OVER: dict[int | str, dict[str, Any]] = {
    204: {"description": "All of it was seen, and nothing comes any more; a browser stays away then."}
}


@router.get(
    "/generations/{id}/events",
    response_class=Response,
    responses=_answers("State for state until it has ended, and progress at most twice a second.", 404)
    | _OVER,
)
async def of_generation(
    request: Request, caller: auth.Reads, id: Ident, last: Last = None, last_asked: LastAsked = None
) -> Response:
    """Follow a generation. It begins with the state as it is, or behind the event that was seen last.

    Events are `ready`, `state`, `progress`, and `reset` with the whole state where the id is not known or the reader
    was too slow. A comment comes every 15 seconds.
    """
    here, after = gateway.of(request), last or last_asked or None
    row = await here.core.generations.get(id, actor=caller.actor())
    if row.finished_at is not None and after == str(row.events_last):
        return Response(status_code=204)
    here.streams.check_room()
    return stream.Events(here.streams, caller.key, partial(here.core.feed.follow, row.id, after=after))


@router.get(
    "/orders/{id}/events",
    response_class=Response,
    responses=_answers("What happens to its generations until all have ended.", 404) | _OVER,
)
async def of_order(
    request: Request, caller: auth.Reads, id: OrderIdent, last: Last = None, last_asked: LastAsked = None
) -> Response:
    """Follow all generations of an order. It begins with a `reset` that tells how all stand."""
    here, after = gateway.of(request), last or last_asked or None
    order = await here.core.orders.get(id, actor=caller.actor())
    seen = rules.cursor(after or "")
    if order.outline.finished_at is not None and seen is not None:
        parts = await feed.of_order(here.core.database, order.id)
        if all(part.cursor <= seen for part in parts):
            return Response(status_code=204)
    here.streams.check_room()
    return stream.Events(
        here.streams, caller.key, partial(here.core.feed.follow_order, order.id, after=after)
    )


@router.get(
    "/events",
    response_class=Response,
    responses=_answers("Every change of state, in the order in which they came to be."),
)
async def of_all(
    request: Request,
    caller: auth.Reads,
    last: Last = None,
    last_asked: LastAsked = None,
    *,
    of_all_keys: Annotated[
        bool, Query(alias="all", description="Of all keys; this needs the scope `admin`.")
    ] = False,
) -> Response:
    """Follow all generations of the key. It begins with what comes next, or behind the event that was seen last.

    A `reset` lists all that have not ended; it comes where the id is unknown or too long ago.
    """
    here, after = gateway.of(request), last or last_asked or None
    if of_all_keys:
        auth.check(caller, Scope.ADMIN)
    here.streams.check_room()
    follow = partial(here.core.feed.follow_all, key_id=None if of_all_keys else caller.key, after=after)
    return stream.Events(here.streams, caller.key, follow)
