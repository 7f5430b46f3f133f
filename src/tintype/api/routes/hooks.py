"""`/hooks/replicate/…`: where upstream's webhooks arrive; kept, answered at once, and then obeyed."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Annotated

from fastapi import Path, Request, Response

from tintype.api import gateway, routing
from tintype.api.problems import Problem
from tintype.service.buying import HOOKS
from tintype.service.inbox import BODY_MAX_BYTES

router = routing.router(tags=["webhooks"])

BODY_S = 10.0
"""How long a webhook's body may take to arrive; upstream sends one that was refused again."""
SMALL_BYTES = 256 * 1024
_REPLICATE = {
    "description": "A prediction, as Replicate sends it, signed in `webhook-id`, `webhook-timestamp` and "
    "`webhook-signature` (Standard Webhooks).",
    "required": True,
    "content": {
        "application/json": {
            "schema": {"type": "object"},
            "example": {"id": "ufawqhfynnddngldkgtslldrkq", "status": "succeeded", "output": ["https://…"]},
        }
    },
}


@router.post(
    HOOKS + "{token}",
    status_code=204,
    response_class=Response,
    responses=routing.refuses(401, 413, 502, is_open=True),
    openapi_extra={"requestBody": _REPLICATE},
)
async def receive(
    request: Request, token: Annotated[str, Path(description="The token of the create that asked for it.")]
) -> None:
    """Take upstream's word about a prediction. Who calls is proven by the signature; what comes twice is kept once."""
    body = await _body(request, token)
    await gateway.of(request).core.inbox.receive(token, request.headers, body)


async def _body(request: Request, token: str) -> bytes:
    """Return the bytes as they came, which are what is signed. Raises Problem for too many, or too slow ones.

    Who sends is proven at their end only. So a large one is read for a token that is known, and large ones wait for
    each other: strangers fill no memory and hold up nobody.
    """
    body = bytearray()
    inbox = gateway.of(request).core.inbox
    try:
        async with asyncio.timeout(BODY_S), AsyncExitStack() as held:
            async for piece in request.stream():
                if len(body) <= SMALL_BYTES < len(body) + len(piece):
                    await inbox.check_known(token)
                    await held.enter_async_context(inbox.room)
                body += piece
                if len(body) > BODY_MAX_BYTES:
                    raise Problem(
                        "too_large",
                        f"a webhook has at most {BODY_MAX_BYTES:,} bytes",
                        headers={"Connection": "close"},
                    )
    except TimeoutError:
        raise Problem("timeout", f"the webhook did not arrive within {BODY_S:g} s") from None
    return bytes(body)
