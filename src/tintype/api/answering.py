"""Answer POSTs of clients that ask again without saying that it is the same (rule 8).

    return await answering.once(request, route="/predictions", act=act)     # act(hand) admits, and makes the answer

Whether the answer was written to its end is noted when it has been, and its caller is listened to all the while: who
hung up and asks again is given what was bought the first time.
"""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect
from starlette.responses import Response

from tintype.api import gateway, problems, waiting
from tintype.service.answers import CallerLeft

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from tintype.service.answers import Hand

RETRIES = "x-stainless-retry-count"
"""The header in which SDKs of one maker say that they repeat a request."""


async def once(request: Request, *, route: str, act: Callable[[Hand], Awaitable[Response]]) -> Response:
    """Return what `act` makes of a request, watched over until it is written.

    `route` stands for what is asked; with the key and the body it makes two requests equal. `act` hands
    `hand.answering` to the admission and calls `hand.admitted()` behind it.
    """
    fingerprint = hashlib.sha256(route.encode() + b"\0" + await request.body()).hexdigest()
    answers = gateway.of(request).answers
    hand = answers.take(fingerprint, repetition=_repetition(request))
    leaving = asyncio.create_task(waiting.until_gone(request.receive))
    request.state.leaving = leaving
    leaving.add_done_callback(lambda done: None if done.cancelled() else hand.leave())
    try:
        await answers.ready(hand)
        # Lets the news of a connection that is closed already arrive: nothing is bought for nobody.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        made = await act(hand)
    except BaseException as error:
        refusal = problems.of(error) if isinstance(error, Exception) and hand.is_admitted else None
        if refusal is None:
            leaving.cancel()
            hand.end(is_whole=False)
            if isinstance(error, CallerLeft):
                raise ClientDisconnect from error
            raise
        # What was admitted and not made is an answer too, and counts when it was written.
        made = problems.answer(request, refusal)
    return _Watched(made, hand, leaving)


class _Watched(Response):
    """An answer of which is noted whether it was written to its end."""

    def __init__(self, made: Response, hand: Hand, leaving: asyncio.Task[None]) -> None:
        self._made = made
        self._hand = hand
        self._leaving = leaving
        self.status_code = made.status_code
        self.background = None
        self.body = made.body
        self.raw_headers = made.raw_headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Write it. Whoever is gone by then, or goes meanwhile, has not got it."""
        try:
            # Lets the news of a connection that was closed just now arrive.
            await asyncio.sleep(0)
            await self._made(scope, receive, send)
            self._hand.end(is_whole=not self._leaving.done())
        finally:
            self._leaving.cancel()
            self._hand.end(is_whole=False)


def _repetition(request: Request) -> int:
    stated = request.headers.get(RETRIES, "")
    return int(stated[:6]) if stated.isascii() and stated.isdigit() else 0
