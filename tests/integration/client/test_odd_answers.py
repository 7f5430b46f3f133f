"""Odd answers, proxies and processes: nothing that was bought is lost, and the token stays where it belongs."""

from __future__ import annotations

import asyncio
import gc
import gzip
import json
import os
import signal
import traceback
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.client.conftest import Asked, Listener, answer
from tintype import AsyncClient, Client, Limits
from tintype.domain import errors

if TYPE_CHECKING:
    from collections.abc import Callable

FLUX = "black-forest-labs/flux-schnell"
ID = "ufawqhfynnddngldkgtslldrkq"
TOKEN = "r8_tokenmarker00000000000000000000000000"
RECORD = {"id": ID, "status": "succeeded", "model": FLUX, "output": "a word"}


def _record(**more: Any) -> bytes:
    return json.dumps({**RECORD, **more}).encode()


@pytest.mark.parametrize(
    "reply",
    [
        answer(201, _record(), "Date: Fri, 31 Dec 9999 23:59:59 -0500"),
        answer(201, _record(), "Date: Fri, 31 Dec 2020 23:59:59 +99999999999999"),
        answer(201, _record(created_at="2026-01-01T00:00:00", completed_at="2026-01-01T00:00:02Z")),
    ],
    ids=["a date past all dates", "a zone past all zones", "a time without a zone"],
)
def test_a_strange_time_loses_nothing_that_was_bought(
    make: Callable[..., Asked], listen: Callable[..., Listener], reply: bytes
) -> None:
    asked = make(listen(reply).url)

    (output,) = asked.ask(lambda client: client.run(FLUX, {"prompt": "a"}))

    assert (output.text, output.prediction_id) == ("a word", ID)


def test_a_record_with_an_impossible_time_still_names_what_was_bought(
    make: Callable[..., Asked], listen: Callable[..., Listener]
) -> None:
    asked = make(listen(answer(201, _record(created_at="9999-12-31T23:59:59-05:00"))).url)

    with pytest.raises(errors.OutcomeUnknown) as caught:
        asked.ask(lambda client: client.run(FLUX, {"prompt": "a"}))

    assert caught.value.prediction_id == ID


@pytest.mark.parametrize(
    "reply",
    [
        answer(401, json.dumps({"detail": f"no such token {TOKEN}"}).encode()),
        answer(422, json.dumps({"invalid_fields": [{"field": "x", "description": TOKEN}]}).encode()),
        answer(500, json.dumps({"detail": f"while serving {TOKEN}"}).encode()),
        answer(201, _record(status="failed", error=f"{TOKEN} was used")),
    ],
    ids=["401", "422", "500", "failed"],
)
def test_an_upstream_that_quotes_the_token_is_not_quoted(
    make: Callable[..., Asked], listen: Callable[..., Listener], reply: bytes
) -> None:
    asked = make(listen(reply).url, TOKEN)

    with pytest.raises(errors.UpstreamError) as caught:
        asked.ask(lambda client: client.run(FLUX, {"prompt": "a"}))

    shown = "".join(traceback.format_exception(caught.value))
    assert "****" in shown or isinstance(caught.value, errors.InvalidInput)
    assert TOKEN not in shown
    assert TOKEN not in repr(vars(caught.value))


@pytest.mark.parametrize(
    "address", ["http://[", "https://\u202e.replicate.com/", "https://stream.replicate.com:0/"]
)
def test_a_stream_at_no_address_is_refused(
    make: Callable[..., Asked], listen: Callable[..., Listener], address: str
) -> None:
    running = _record(status="processing", output=None, urls={"stream": address})
    asked = make(listen(answer(201, running)).url)

    with pytest.raises(errors.OutputRefused, match="the stream's address"):
        asked.ask(lambda client: client.stream(FLUX, {"prompt": "a"}))


def test_a_deadline_may_be_infinite_but_not_no_number(
    make: Callable[..., Asked], listen: Callable[..., Listener]
) -> None:
    asked = make(listen(None).url)

    with pytest.raises(errors.OutcomeUnknown):
        asked.ask(lambda client: client.run(FLUX, {"prompt": "a"}, deadline_s=float("inf")))
    with pytest.raises(errors.InputError, match="deadline_s"):
        asked.ask(lambda client: client.run(FLUX, {"prompt": "a"}, deadline_s=float("nan")))
    with pytest.raises(errors.InputError, match="cancel_after_s"):
        asked.ask(lambda client: client.run(FLUX, {"prompt": "a"}, cancel_after_s=float("inf")))


def test_of_an_endless_refusal_only_the_beginning_is_read(
    make: Callable[..., Asked], listen: Callable[..., Listener]
) -> None:
    zeros = gzip.compress(bytes(300 * 1024 * 1024), compresslevel=1)
    server = listen(
        answer(422, b"x" * 20_000_000),
        *[answer(200, zeros, "Content-Encoding: gzip", "Connection: close")] * 4,
    )
    asked = make(server.url)

    tracemalloc.start()
    with pytest.raises(errors.InvalidInput):
        asked.ask(lambda client: client.account.get())
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert most < 5_000_000
    with pytest.raises(errors.ServerError, match="larger than"):
        asked.ask(lambda client: client.account.get())


def test_what_goes_to_this_machine_never_goes_through_a_proxy(
    make: Callable[..., Asked], listen: Callable[..., Listener], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not encrypted, and the token is in it."""
    proxy, server = listen(), listen(answer(200, b'{"type": "user", "username": "me"}'))
    for name in ("http_proxy", "all_proxy"):
        monkeypatch.setenv(name, proxy.url)

    asked = make(server.url, TOKEN)

    assert asked.ask(lambda client: client.account.get()).username == "me"
    assert proxy.requests == []


def test_a_forked_process_makes_connections_of_its_own(listen: Callable[..., Listener]) -> None:
    """On a shared one, the answers to the two processes would be mixed up."""
    account = answer(200, b'{"type": "user", "username": "me"}')
    server = listen(account, account, account)
    with Client("r8_tests", base_url=server.url) as client:
        client.account.get()
        process = os.fork()
        if process == 0:
            signal.alarm(10)
            client.account.get()
            os._exit(0)
        assert os.waitpid(process, 0)[1] == 0
        client.account.get()

    assert server.connections == [0, 1, 0]


@pytest.mark.filterwarnings(
    "ignore:.*unclosed.*"
)  # the connections of a loop that ended before it was closed
def test_a_client_of_an_ended_loop_works_and_closes_in_another(listen: Callable[..., Listener]) -> None:
    account = answer(200, b'{"type": "user", "username": "me"}')
    client = AsyncClient("r8_tests", base_url=listen(account, account).url, limits=Limits.none())

    for _ in range(2):
        assert asyncio.run(client.account.get()).username == "me"
    asyncio.run(client.aclose())
    gc.collect()


@pytest.mark.parametrize("status", ["nothing yet", "starting"])
async def test_a_cancelled_task_says_what_may_run_on(listen: Callable[..., Listener], status: str) -> None:
    started = () if status == "nothing yet" else (answer(201, _record(status=status, output=None)),)
    server = listen(*started, *[b""] * 2)
    async with AsyncClient("r8_tests", base_url=server.url) as client:
        with pytest.raises(TimeoutError) as caught:
            await asyncio.wait_for(client.run(FLUX, {"prompt": "a"}), 0.5)

    shown = "".join(traceback.format_exception(caught.value))
    said = f"prediction {ID} still runs upstream" if started else "it may have bought something"
    assert said in shown
