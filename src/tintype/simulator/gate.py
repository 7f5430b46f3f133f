"""Let requests through with the simulator's date, or do to them what the fault script says."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

from tintype.simulator import connections, problems, replies

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from tintype.simulator.clock import Clock
    from tintype.simulator.faults import Faults
    from tintype.simulator.rules import Rule
    from tintype.simulator.traffic import Traffic

    Act = Callable[[ASGIApp, Rule, Scope, Receive, Send], Awaitable[None]]

CONTROL = "/_sim"
OUTPUTS = "/pbxt/"
DRIP_INTERVAL_S = 0.05


class Gate:
    """The outermost layer: it dates every answer, and faults live in it. The control paths meet no faults."""

    def __init__(self, app: ASGIApp, faults: Faults, clock: Clock, traffic: Traffic) -> None:
        self._app = app
        self._faults = faults
        self._clock = clock
        self._traffic = traffic
        self._date = (0, b"")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (b"date", self._now())]
            await send(message)

        path: str = scope["path"].removeprefix("/v1")
        if path == CONTROL or path.startswith(f"{CONTROL}/"):
            await self._app(scope, receive, send_dated)
            return
        self._traffic.begin()
        try:
            rule = self._rule(scope, path)
            if rule is None:
                await self._app(scope, receive, send_dated)
            else:
                await _ACTS[rule.do](self._app, rule, scope, receive, send_dated)
        finally:
            self._traffic.end()

    def _now(self) -> bytes:
        second = int(self._clock.now())
        if second != self._date[0]:
            self._date = (second, formatdate(second, usegmt=True).encode())
        return self._date[1]

    def _rule(self, scope: Scope, path: str) -> Rule | None:
        if path.startswith(OUTPUTS) and (rule := self._faults.for_output(path=path)):
            return rule
        header = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1")
        return self._faults.for_request(
            method=scope["method"], path=path, token=header.partition(" ")[2].strip() or None
        )


@dataclass(slots=True)
class _Answer:
    """An answer held back: its start and its whole body."""

    status: int = 500
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)

    async def take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = [(name.lower(), value) for name, value in message.get("headers", ())]
        else:
            self.body += message.get("body", b"")

    async def start(self, send: Send, *, length: int) -> None:
        kept = [pair for pair in self.headers if pair[0] not in (b"content-length", b"transfer-encoding")]
        headers = [*kept, (b"content-length", b"%d" % length)]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})


async def _answered(app: ASGIApp, scope: Scope, receive: Receive) -> _Answer:
    """Process the request and return its answer instead of sending it."""
    answer = _Answer()
    await app(scope, receive, answer.take)
    return answer


async def _processed(app: ASGIApp, rule: Rule, scope: Scope, receive: Receive) -> None:
    """Process the request where the rule's fault comes after that; its answer is lost.

    The wish to wait is taken away: the fault shows as soon as the create is accepted.
    """
    if rule.when == "after":
        await _answered(app, _unwaiting(scope), receive)


def _unwaiting(scope: Scope) -> Scope:
    return {**scope, "headers": [pair for pair in scope["headers"] if pair[0] != b"prefer"]}


async def _answer(app: ASGIApp, rule: Rule, scope: Scope, receive: Receive, send: Send) -> None:
    if rule.when == "after":
        await _processed(app, rule, scope, receive)
    else:
        while (message := await receive()).get("more_body"):
            pass
        if message["type"] == "http.disconnect":
            return
    body, media_type = _body(rule.status, rule.body)
    headers = [(name.lower().encode(), value.encode()) for name, value in rule.headers.items()]
    if media_type and not any(name == b"content-type" for name, _ in headers):
        headers.append((b"content-type", media_type.encode()))
    await _Answer(rule.status, headers).start(send, length=len(body))
    await send({"type": "http.response.body", "body": body})


def _body(status: int, body: Any) -> tuple[bytes, str]:
    if body is None:
        return b"", ""
    if isinstance(body, str):
        return body.encode(), "text/html; charset=utf-8" if body.lstrip().startswith("<") else "text/plain"
    return json.dumps(body).encode(), problems.MEDIA_TYPE if status >= 400 else replies.MEDIA_TYPE


async def _delay(app: ASGIApp, rule: Rule, scope: Scope, receive: Receive, send: Send) -> None:
    if rule.when == "before":
        await asyncio.sleep(rule.delay_s)
        await app(scope, receive, send)
        return
    answer = await _answered(app, scope, receive)
    await asyncio.sleep(rule.delay_s)
    await answer.start(send, length=len(answer.body))
    await send({"type": "http.response.body", "body": bytes(answer.body)})


async def _reset(app: ASGIApp, rule: Rule, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 - nothing is sent
    await _processed(app, rule, scope, receive)
    connections.reset(scope)
    await connections.until_gone(receive)


async def _truncate(app: ASGIApp, rule: Rule, scope: Scope, receive: Receive, send: Send) -> None:
    answer = await _answered(app, scope, receive)
    # At least one byte is promised and not sent, whatever the share and however short the body.
    sent = min(int(len(answer.body) * rule.keep), max(0, len(answer.body) - 1))
    await answer.start(send, length=max(1, len(answer.body)))
    await send({"type": "http.response.body", "body": bytes(answer.body[:sent]), "more_body": True})
    connections.close(scope)
    await connections.until_gone(receive)


async def _malform(app: ASGIApp, rule: Rule, scope: Scope, receive: Receive, send: Send) -> None:
    answer = await _answered(app, scope, receive)
    # A complete answer as HTTP sees it, and a text that no JSON reader accepts.
    body = bytes(answer.body[: int(len(answer.body) * rule.keep)]).rstrip(b"]}") + b'{"'
    await answer.start(send, length=len(body))
    await send({"type": "http.response.body", "body": body})


async def _drip(app: ASGIApp, rule: Rule, scope: Scope, receive: Receive, send: Send) -> None:
    answer = await _answered(app, scope, receive)
    piece = max(1, int(rule.bytes_per_s * DRIP_INTERVAL_S))
    pause_s = piece / rule.bytes_per_s
    await answer.start(send, length=len(answer.body))
    for start in range(0, len(answer.body), piece):
        await send(
            {"type": "http.response.body", "body": bytes(answer.body[start:][:piece]), "more_body": True}
        )
        await asyncio.sleep(pause_s)
    await send({"type": "http.response.body", "body": b""})


async def _black_hole(app: ASGIApp, rule: Rule, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 - nothing is sent
    await _processed(app, rule, scope, receive)
    try:
        await connections.until_gone(receive)
    except asyncio.CancelledError:
        # The server stops: still no answer, only the end of the connection.
        connections.reset(scope)
        await connections.until_gone(receive)


async def _ignore_wait(app: ASGIApp, rule: Rule, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 - the rule says no more
    await app(_unwaiting(scope), receive, send)


async def _missing(app: ASGIApp, rule: Rule, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 - the file is not looked for
    await problems.not_found().response()(scope, receive, send)


_ACTS: Mapping[str, Act] = {
    "answer": _answer,
    "delay": _delay,
    "reset": _reset,
    "truncate": _truncate,
    "malform": _malform,
    "drip": _drip,
    "black_hole": _black_hole,
    "ignore_wait": _ignore_wait,
    "missing": _missing,
    "slow": _drip,
}
