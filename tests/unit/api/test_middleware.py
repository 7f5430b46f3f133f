"""The layer around all routes answers what escapes from them."""

from __future__ import annotations

import asyncio
import json
import os
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from tintype import catalogue
from tintype.api import problems
from tintype.api.middleware import Front
from tintype.api.stopping import Stopping
from tintype.domain import errors
from tintype.telemetry.metrics import Meters

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send


async def _asked(app: Any, *, here: Any = None, **options: Any) -> tuple[int, dict[str, Any]]:
    """Ask an application within the layer; returns status and body."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "client": ("127.0.0.1", 1)}
    scope["state"] = {"gateway": here}
    await Front(app, randomness=os.urandom, **options)(scope, receive, send)
    return sent[0]["status"], json.loads(b"".join(one.get("body", b"") for one in sent[1:]))


async def test_an_error_that_escapes_is_a_problem() -> None:
    async def refuses(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise errors.InputError("there is nothing to be made")

    status, told = await _asked(refuses)

    assert (status, told["code"], told["detail"]) == (422, "bad_input", "there is nothing to be made")


async def test_what_takes_too_long_is_answered_504() -> None:
    async def waits(_scope: Scope, _receive: Receive, _send: Send) -> None:
        await asyncio.Event().wait()

    # Within what is put around all answers.
    begun: list[Any] = []

    def around(answers: Any) -> Any:
        async def counted(scope: Scope, receive: Receive, send: Send) -> None:
            begun.append(answers)
            await answers(scope, receive, send)

        return counted

    status, told = await _asked(waits, request_s=0.01, around=around)

    assert (status, told["code"]) == (504, "timeout")
    assert (begun[0], len(begun)) == (waits, 2)


@pytest.mark.parametrize("error", [ValueError("a secret"), RecursionError()])
async def test_what_nobody_foresaw_says_nothing(error: Exception) -> None:
    async def breaks(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise error

    status, told = await _asked(breaks)

    assert (status, told["code"]) == (500, "internal")
    assert "secret" not in json.dumps(told)


async def test_what_a_stopping_server_cuts_short_is_answered_503() -> None:
    """And a cancellation from elsewhere goes on."""

    async def waits(_scope: Scope, _receive: Receive, _send: Send) -> None:
        await asyncio.Event().wait()

    for is_stopping in (True, False):
        here = SimpleNamespace(stopping=Stopping(), meters=Meters(catalogue.load()))
        asked = asyncio.create_task(_asked(waits, here=here))
        await asyncio.sleep(0)
        if is_stopping:
            here.stopping.set()
        asked.cancel()
        if is_stopping:
            status, told = await asked
            assert (status, told["code"]) == (503, "stopping")
        else:
            with pytest.raises(asyncio.CancelledError):
                await asked


async def test_a_body_that_nobody_wants_is_read_before_the_end(caplog: pytest.LogCaptureFixture) -> None:
    """Else the system resets the connection, and the answer may not arrive. Its line is written before."""
    caplog.set_level("INFO", "tintype.access")
    parts = iter([True, True, False])
    sent: list[Message] = []

    async def receive() -> Message:
        assert [one.__dict__["status"] for one in caplog.records] == [413]
        return {"type": "http.request", "body": b"a", "more_body": next(parts)}

    async def send(message: Message) -> None:
        if sent and not message.get("more_body", False):
            assert not list(parts), "it ended too early"
        sent.append(message)

    async def refuses(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise problems.Problem("too_large", "it is too large", headers={"Connection": "close"})

    here = SimpleNamespace(stopping=Stopping(), meters=Meters(catalogue.load()))
    # It says once that it closes, also where all connections do.
    here.stopping.set()
    scope = {"type": "http", "method": "POST", "path": "/", "headers": [], "client": ("127.0.0.1", 1)}
    await Front(refuses, randomness=os.urandom)({**scope, "state": {"gateway": here}}, receive, send)

    assert [value for name, value in sent[0]["headers"] if name == b"connection"] == [b"close"]
    assert [one.get("more_body", False) for one in sent] == [False, True, False]
    assert len(caplog.records) == 1
