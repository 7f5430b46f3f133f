"""Wrap an operation of the API: who calls, within which limits, and how a problem is answered.

`operation(world, handle, kind=…)` makes an ASGI endpoint from `async def handle(request, account)`,
and `resource(path, GET=…, POST=…)` makes one route of the operations on a path.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.routing import Route

from tintype.simulator import auth, problems, throttle

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from tintype.simulator.records import Account
    from tintype.simulator.world import World

    Handle = Callable[[Request, Account], Awaitable[Response]]
    OpenHandle = Callable[[Request], Awaitable[Response]]


class Operation:
    """An endpoint that asks for a token, counts the call, and adds the rate limit headers.

    A create on an account without credit is 402 before anything else is looked at.
    """

    def __init__(self, world: World, handle: Handle, kind: throttle.Kind) -> None:
        self._world = world
        self._handle = handle
        self._kind = kind

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        request = Request(scope, receive)
        headers: list[tuple[bytes, bytes]] = []
        try:
            account = auth.account_of(request, self._world)
            headers = self._admit(account).headers()
            response = await self._handle(request, account)
        except problems.Problem as problem:
            response = problem.response()

        async def send_with_limits(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *headers]
            await send(message)

        await response(scope, receive, send_with_limits)

    def _admit(self, account: Account) -> throttle.Permit:
        world = self._world
        if auth.is_limited(account.token):
            raise problems.throttled(1)
        is_create = self._kind is throttle.Kind.CREATE
        if is_create and account.credit_nano_usd <= 0:
            raise problems.insufficient_credit()
        low_credit = is_create and account.credit_nano_usd < throttle.LOW_CREDIT_USD * 10**9
        return world.throttle.admit(account.token, self._kind, now=world.clock.now(), low_credit=low_credit)


class OpenOperation:
    """An endpoint that asks for no token: signed downloads, output files, streams, the control paths."""

    def __init__(self, handle: OpenHandle) -> None:
        self._handle = handle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        try:
            response = await self._handle(Request(scope, receive))
        except problems.Problem as problem:
            response = problem.response()
        await response(scope, receive, send)


class Resource:
    """An endpoint that leads each method to its operation; others are 405 with what is allowed."""

    def __init__(self, methods: Mapping[str, ASGIApp]) -> None:
        self._methods = dict(methods)
        if "GET" in methods:
            self._methods["HEAD"] = methods["GET"]
        self._allowed = ", ".join(sorted(self._methods))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        app = self._methods.get(scope["method"])
        if app is None:
            problem = problems.Problem(
                405, f'Method "{scope["method"]}" not allowed.', headers={"Allow": self._allowed}
            )
            await problem.response()(scope, receive, send)
        else:
            await app(scope, receive, send)


def resource(path: str, **methods: ASGIApp) -> Route:
    """Return the route of all operations on a path, which is written without `/v1`."""
    return Route(path, Resource(methods), methods=None)


def operation(world: World, handle: Handle, *, kind: throttle.Kind = throttle.Kind.OTHER) -> ASGIApp:
    """Return the endpoint of an operation that needs a token."""
    return Operation(world, handle, kind)


def open_operation(handle: OpenHandle) -> ASGIApp:
    """Return the endpoint of an operation that anyone may call."""
    return OpenOperation(handle)
