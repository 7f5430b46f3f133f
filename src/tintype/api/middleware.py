"""The one layer around all routes: request ids, the access log, limits of size and time, headers of safety.

Plain ASGI: one wrapper of `receive` and `send` for each request, and nothing else on the hot path.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect, Request

from tintype.api import problems, proxies
from tintype.domain import ids
from tintype.telemetry import journal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from tintype.api.gateway import Gateway

BODY_MAX_BYTES = 10 * 1024 * 1024
BODY_S = 60.0
"""How long a body may take to arrive."""
REQUEST_S = 360.0
"""How long it may take until an answer begins."""
REQUEST_SLACK_S = 10.0
"""How much longer than the setting: routes that wait have that one themselves, and tell what goes on."""
LINGER_S, LINGER_MAX_BYTES = 1.0, 32 * 1024 * 1024
"""How long, and how much of, a body is read that nobody wants when the connection is about to close.

The system resets a connection that is closed with something unread, and its caller may never see the answer.
"""
STOPPED_AGAIN_S = 5.0
# Paths that take files: streamed to the store, which has a limit of its own.
_STREAMED = ("/api/files", "/api/batches/file", "/replicate/v1/files", "/replicate/files", "/hooks/")
_OPENING = re.compile(r"^/(media|share|hooks/replicate|streams)/.*", re.DOTALL)
PATH_SHOWN_MAX = 300
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_SAFETY = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)
# What a server itself may read of a request whose answer has begun.
_KEPT = frozenset({"type", "asgi", "http_version", "method", "scheme", "path", "client", "server"})

log = logging.getLogger("tintype.access")


class Front:
    """Wraps an application. `now` and `randomness` make request ids; `is_debug` shows what nobody foresaw.

    `around` is put around all that answers within, which the answers of this layer itself are among.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        randomness: Callable[[int], bytes],
        body_max_bytes: int = BODY_MAX_BYTES,
        request_s: float = REQUEST_S,
        is_debug: bool = False,
        around: Callable[[ASGIApp], ASGIApp] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._around = around or (lambda answers: answers)
        self._app = self._around(app)
        self._randomness = randomness
        self._body_max_bytes = body_max_bytes
        self._request_s = request_s
        self._is_debug = is_debug
        self._monotonic = monotonic
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        visit = _Visit(self, scope, receive, send)
        scope.setdefault("state", {})["request_id"] = visit.request_id
        journal.bind(request_id=visit.request_id)
        try:
            async with asyncio.timeout(self._request_s) as visit.limit:
                scope["state"]["limit"] = visit.limit
                scope["state"]["visit"] = visit
                await self._app(scope, visit.receive, visit.send)
        except ClientDisconnect:
            # It left in the middle of its own request: nobody is there to be answered.
            visit.status = 499
        except asyncio.CancelledError as error:
            _forgive(error, visit.here)
            visit.is_limited = False
            if not visit.has_started:
                await self._answer(visit, _cut_short(), scope, receive)
        except Exception as error:
            visit.is_limited = False
            problem = problems.of(error)
            if isinstance(error, TimeoutError) and visit.limit.expired():
                problem = problems.Problem(
                    "timeout",
                    "the request took longer than it may; what was accepted goes on and is in its list, and asked "
                    "again under the same Idempotency-Key it is named",
                )
            if problem is None:
                log.exception("no answer to %s %s", scope["method"], shown(scope["path"]))
                problem = problems.internal(error, is_shown=self._is_debug and _is_from_here(scope))
            if visit.has_started:
                raise
            await self._answer(visit, problem, scope, receive)
        finally:
            visit.tell()
        if visit.then is not None:
            then, here = visit.then, visit.here
            _lighten(scope)
            del visit
            await _to_its_end(then(receive, send), here)

    async def _answer(self, visit: _Visit, problem: problems.Problem, scope: Scope, receive: Receive) -> None:
        answer = self._around(problems.answer(Request(scope), problem))
        await answer(scope, receive, visit.send)


class _Visit:
    """One request under way. `then` is what goes on when the application has returned: a stream."""

    __slots__ = (
        "_began",
        "_deadline",
        "_front",
        "_is_closing",
        "_is_read",
        "_is_told",
        "_left",
        "_receive",
        "_scope",
        "_send",
        "has_started",
        "is_limited",
        "limit",
        "request_id",
        "status",
        "then",
    )

    def __init__(self, front: Front, scope: Scope, receive: Receive, send: Send) -> None:
        self._front, self._scope, self._receive, self._send = front, scope, receive, send
        self._began = front._monotonic()  # noqa: SLF001 - the two are one layer
        self._deadline = self._began + BODY_S
        self._left: int | None = None if scope["path"].startswith(_STREAMED) else front._body_max_bytes  # noqa: SLF001
        self._is_read = self._is_closing = self._is_told = False
        self.has_started = False
        self.is_limited = True
        self.limit = asyncio.timeout(None)
        self.status = 0
        self.then: Callable[[Receive, Send], Awaitable[None]] | None = None
        self.request_id = self._taken() or self._made()

    @property
    def here(self) -> Gateway | None:
        """The gateway that was asked."""
        made: Gateway | None = self._scope["state"].get("gateway")
        return made

    async def receive(self) -> Message:
        """Hand on a message, refusing a body that is too large or comes too slowly."""
        left_s = self._deadline - self._front._monotonic()  # noqa: SLF001
        if self._left is None or self.has_started:
            message = await self._receive()
            self._is_read = self._is_read or not message.get("more_body", False)
            return message
        most = self._front._body_max_bytes  # noqa: SLF001
        if self._left == most and self._stated_bytes() > most:
            # Before anything of it is read.
            raise self._too_large()
        try:
            async with asyncio.timeout(max(left_s, 0.001)):
                message = await self._receive()
        except TimeoutError:
            raise problems.Problem("bad_request", f"the body did not arrive within {BODY_S:g} s") from None
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            self._is_read = not message.get("more_body", False)
            if self._left < 0:
                raise self._too_large()
            if self._is_read:
                # What comes next is only the news that the caller has gone.
                self._left = None
        return message

    async def send(self, message: Message) -> None:
        """Hand on a message; the first gets the headers that it has not stated itself."""
        if message["type"] == "http.response.start":
            self.has_started = True
            if self.is_limited:
                # From now on it takes as long as its reader does.
                self.limit.reschedule(None)
            self.status = message["status"]
            headers = message.setdefault("headers", [])
            headers = message["headers"] = list(headers)
            stated = {name for name, _ in headers}
            headers.append((b"x-request-id", self.request_id.encode()))
            headers.extend(one for one in _SAFETY if one[0] not in stated)
            state = self._scope["state"]
            headers.extend(one for one in state.get("pace", ()) if one[0] not in stated)
            if self.status < 300:
                headers.extend(one for one in state.get("told", ()) if one[0] not in stated)
            if _is_stopping(self.here) and b"connection" not in stated:
                # Nothing more is to be sent on a connection that is about to close.
                headers.append((b"connection", b"close"))
            self._is_closing = (b"connection", b"close") in headers
        elif self._is_closing and not self._is_read and not message.get("more_body", False):
            await self._send({**message, "more_body": True})
            await self._linger()
            message = {"type": "http.response.body", "body": b""}
        await self._send(message)

    async def _linger(self) -> None:
        """Read on what nobody wants, so that the answer arrives before the connection closes."""
        # A process that stops may end meanwhile.
        self.tell()
        left = LINGER_MAX_BYTES
        try:
            async with asyncio.timeout(LINGER_S):
                while not self._is_read and left > 0:
                    message = await self._receive()
                    left -= len(message.get("body", b""))
                    self._is_read = not message.get("more_body", False)
        except TimeoutError:
            # It is slow, and was answered.
            return
        except asyncio.CancelledError as error:
            _forgive(error, self.here)

    def tell(self) -> None:
        """Count the request, and write its line of the access log, once."""
        if self._is_told:
            return
        self._is_told = True
        seconds = self._front._monotonic() - self._began  # noqa: SLF001
        here = self.here
        if here is not None:
            route = self._scope["state"].get("route") or getattr(self._scope.get("route"), "path", None)
            here.meters.answered(self._scope["method"], route, self.status, seconds)
        if log.isEnabledFor(logging.INFO):
            facts = {
                "method": self._scope["method"],
                "path": shown(self._scope["path"]),
                "status": self.status,
                "ms": round(seconds * 1000, 1),
            }
            log.info("answered", extra=facts)

    def _too_large(self) -> problems.Problem:
        most = self._front._body_max_bytes  # noqa: SLF001
        return problems.Problem(
            "too_large",
            f"the body has more than {most:,} bytes; send files to /api/files and name their URL",
            headers={"Connection": "close"},
        )

    def _stated_bytes(self) -> int:
        """Return how large the body is said to be, 0 where nothing is said."""
        stated = (value for name, value in self._scope["headers"] if name == b"content-length")
        return int(next((value for value in stated if value.isdigit()), 0))

    def _taken(self) -> str | None:
        for name, value in self._scope["headers"]:
            if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
                return str(value.decode())
        return None

    def _made(self) -> str:
        time_ms = int(self._front._now() * 1000)  # noqa: SLF001
        return ids.ulid(time_ms=time_ms, randomness=self._front._randomness(ids.RANDOM_BYTES))  # noqa: SLF001


def shown(path: str) -> str:
    """Return a path as it may be logged: what opens something by itself is masked, what nobody would read cut."""
    return _OPENING.sub(r"/\1/****", path[:PATH_SHOWN_MAX])


def _is_stopping(here: Gateway | None) -> bool:
    return here is not None and here.stopping.is_set()


async def _to_its_end(answer: Awaitable[None], here: Gateway | None) -> None:
    try:
        await answer
    except asyncio.CancelledError as error:
        _forgive(error, here)


def _forgive(cancelled: asyncio.CancelledError, here: Gateway | None) -> None:
    """Go on where it was a server that stops whose patience ended. Raises what was caught everywhere else."""
    if not _is_stopping(here):
        raise cancelled
    task = asyncio.current_task()
    if task is not None:
        task.uncancel()


def _cut_short() -> problems.Problem:
    return problems.Problem(
        "stopping",
        "the gateway is stopping, and the request took longer than it could wait; what was accepted goes on, and asked "
        "again under the same Idempotency-Key it is named",
        retry_after_s=STOPPED_AGAIN_S,
    )


def _is_from_here(scope: Scope) -> bool:
    peer = (scope.get("client") or ("", 0))[0]
    return proxies.is_from_here(peer, (name.decode("latin-1") for name, _ in scope["headers"]))


def _lighten(scope: Scope) -> None:
    """Let go of what came with a request and was made for it, when the answer may go on for hours."""
    # The server holds the list too, and reads it no more.
    scope["headers"].clear()
    for name in scope.keys() - _KEPT:
        del scope[name]
