"""`/streams/…`: what a text model writes, as it writes it, behind a link that opens by itself."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Annotated, Any

from fastapi import Header, Path, Request, Response
from starlette.responses import StreamingResponse

from tintype.api import gateway, routing
from tintype.api.gateway import Gateway
from tintype.api.problems import Problem
from tintype.service.texts import Event

HEARTBEAT_S = 15.0
_BEAT = b":\n\n"

_EXAMPLE = "event: output\nid: 1772366400:0\ndata: Once\n\nevent: done\nid: 1772366401:1\ndata: {}\n\n"

router = routing.router(tags=["replicate: streams"])


@router.get(
    "/streams/{id}/{code}",
    response_class=Response,
    responses={
        200: {
            "description": "Server-sent events: output, logs, error, done.",
            "content": {"text/event-stream": {"schema": {"type": "string"}, "example": _EXAMPLE}},
        },
        **routing.refuses(404, is_open=True),
    },
)
async def follow(
    request: Request,
    id: Annotated[str, Path(examples=["01k9w3t8m2q7r5v6x0y4z1a2b3"])],
    code: Annotated[str, Path(description="The code that nobody can guess.")],
    last_event_id: Annotated[str | None, Header(description="Goes on behind this event.")] = None,
) -> Response:
    """Follow a text; the link is told with its prediction, in `urls.stream`."""
    here = gateway.of(request)
    ident = here.links.streamed(f"/streams/{id}/{code}")
    if ident is None:
        raise Problem("not_found", "no such text is linked here; take the link as it was told")
    return StreamingResponse(
        _written(here, ident, _after(last_event_id)),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _written(here: Gateway, ident: str, after: int) -> AsyncGenerator[bytes]:
    """Write the events, and a comment where none comes for a while; it ends when the gateway stops."""
    async with contextlib.aclosing(_events(here, ident, after)) as events:
        coming: asyncio.Future[Any] = asyncio.ensure_future(anext(events))
        stopping: asyncio.Future[Any] = asyncio.ensure_future(here.stopping.wait())
        try:
            while not stopping.done():
                await asyncio.wait(
                    {coming, stopping}, timeout=HEARTBEAT_S, return_when=asyncio.FIRST_COMPLETED
                )
                if not coming.done():
                    yield _BEAT
                    continue
                try:
                    event = coming.result()
                except StopAsyncIteration:
                    return
                yield _line(event)
                coming = asyncio.ensure_future(anext(events))
        finally:
            for task in (coming, stopping):
                task.cancel()
            await asyncio.gather(coming, stopping, return_exceptions=True)


async def _events(here: Gateway, ident: str, after: int) -> AsyncGenerator[Event]:
    followed: AsyncIterator[Any] = here.core.texts.follow(ident, after=after)
    async for event in followed:
        yield event


def _line(event: Event) -> bytes:
    data = "".join(f"data: {line}\n" for line in event.data.split("\n"))
    return f"event: {event.name}\nid: {int(time.time())}:{event.number}\n{data}\n".encode()


def _after(last_event_id: str | None) -> int:
    """Return how many pieces a reader has had; an id that is none of ours begins anew."""
    _, _, number = (last_event_id or "").partition(":")
    return int(number) + 1 if number.isascii() and number.isdigit() and len(number) < 10 else 0
