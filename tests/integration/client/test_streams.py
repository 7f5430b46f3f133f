"""Words arrive as they are written, and a stream that ends early is taken up where it ended."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.integration.client.conftest import Asked, Listener, answer
from tintype.domain import errors

if TYPE_CHECKING:
    from collections.abc import Callable

FLUX = "black-forest-labs/flux-schnell"
LLAMA = "meta/meta-llama-3-8b-instruct"


def _stream(*events: tuple[str, str, str]) -> bytes:
    body = b"".join(f"event: {name}\nid: {one}\ndata: {data}\n\n".encode() for name, one, data in events)
    return b"HTTP/1.1 200 X\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n" + body


def _made(url: str) -> bytes:
    return json.dumps({"id": "p1", "status": "processing", "urls": {"stream": url}}).encode()


def test_the_pieces_of_a_text_join_to_the_output(both: Asked) -> None:
    events = both.ask(lambda client: client.stream(LLAMA, {"prompt": "why?"}))
    (prediction,) = both.ask(lambda client: client.predictions.list()).results

    assert [one.event for one in events if one.event != "output"] == ["done"]
    assert "".join(map(str, events)) == "".join(prediction.output)
    assert len(events) > 20


def test_a_model_that_does_not_stream_gives_its_output_at_its_end(both: Asked) -> None:
    events = both.ask(lambda client: client.stream(FLUX, {"prompt": "a", "num_outputs": 2}))

    assert [one.event for one in events] == ["output", "output", "done"]
    assert all(one.data.startswith("http") for one in events[:2])


def test_a_stream_is_taken_up_after_the_last_event_that_came(
    make: Callable[..., Asked], listen: Callable[..., Listener]
) -> None:
    server = listen()
    server.replies[:] = [
        answer(200, _made(f"{server.url}/stream")),
        _stream(("output", "1:0", "Once"), ("output", "1:1", " upon")),
        _stream(("output", "1:2", " a time"), ("done", "1:3", "{}")),
    ]
    asked = make(server.url)

    events = asked.ask(lambda client: client.predictions.stream("p1"))

    assert [one.data for one in events] == ["Once", " upon", " a time", "{}"]
    assert b"last-event-id: 1:1" in server.requests[-1].lower()


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        (("error", "1:1", '{"detail": "out of memory"}'), errors.PredictionFailed),
        (("done", "1:1", '{"reason": "canceled"}'), errors.PredictionCanceled),
        (("done", "1:1", '{"reason": "error"}'), errors.PredictionFailed),
    ],
    ids=["error", "canceled", "failed"],
)
def test_a_stream_that_ends_badly_is_a_typed_error(
    make: Callable[..., Asked],
    listen: Callable[..., Listener],
    event: tuple[str, str, str],
    kind: type[errors.PredictionError],
) -> None:
    server = listen()
    server.replies[:] = [
        answer(200, _made(f"{server.url}/stream")),
        _stream(("output", "1:0", "Once"), event),
    ]
    asked = make(server.url)

    with pytest.raises(kind) as caught:
        asked.ask(lambda client: client.predictions.stream("p1"))

    assert caught.value.prediction_id == "p1"


def test_a_stream_that_is_not_there_is_told_after_the_repeats(
    make: Callable[..., Asked], listen: Callable[..., Listener]
) -> None:
    server = listen()
    server.replies[:] = [answer(200, _made(f"{server.url}/stream")), *[answer(500)] * 4]
    asked = make(server.url)

    with pytest.raises(errors.ServerError):
        asked.ask(lambda client: client.predictions.stream("p1"))

    assert len(server.requests) == 5


def test_the_token_goes_to_no_other_origins_stream(
    make: Callable[..., Asked], listen: Callable[..., Listener]
) -> None:
    server = listen()
    port = server.url.rpartition(":")[2]
    server.replies[:] = [
        answer(200, _made(f"http://localhost:{port}/stream")),
        _stream(("done", "1:0", "{}")),
    ]
    asked = make(server.url, "r8_marker")

    asked.ask(lambda client: client.predictions.stream("p1"))

    assert b"r8_marker" in server.requests[0]
    assert b"r8_marker" not in server.requests[1]
