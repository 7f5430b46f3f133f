"""No leaks: the token, the prompt and queries are in no log, `repr`, message, traceback or pickle of ours."""

from __future__ import annotations

import logging
import pickle
import traceback
from typing import TYPE_CHECKING, Any

import pytest

from tintype.domain import errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.integration.client.conftest import Asked
    from tintype.testing import Simulator

FLUX = "black-forest-labs/flux-schnell"
TOKEN = "r8_tokenmarker00000000000000000000000000"
PROMPT = "promptmarker"
QUERY = "querymarker"
CREATE = {"method": "POST", "path": "*/predictions"}

FAULTS: list[dict[str, Any]] = [
    {"do": "reset"},
    {"do": "reset", "when": "after"},
    {"do": "answer", "status": 500},
    {"do": "answer", "status": 401, "body": {"detail": "no"}},
    {"do": "answer", "status": 422, "body": {"detail": "no", "invalid_fields": [{"field": "input.x"}]}},
    {"do": "truncate"},
    {"do": "malform"},
    {"do": "black_hole"},
    {"do": "drip", "bytes_per_s": 40},
]


def _traces(error: BaseException) -> Iterator[str]:
    yield "".join(traceback.format_exception(error))
    link: BaseException | None = error
    while link is not None:
        yield f"{link} {link!r} {link.args}"
        link = link.__cause__ or link.__context__


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_failures_show_neither_token_nor_prompt_nor_query(
    make: Callable[..., Asked], simulator: Simulator, caplog: pytest.LogCaptureFixture, fault: dict[str, Any]
) -> None:
    caplog.set_level(logging.DEBUG)
    asked = make(simulator.url, TOKEN, read_s=0.2)
    simulator.faults([fault])
    questions: list[Callable[[Any], Any]] = [
        lambda client: client.predictions.create(
            FLUX, {"prompt": PROMPT}, webhook=f"https://h.test/?t={QUERY}"
        ),
        lambda client: client.run(FLUX, {"prompt": PROMPT, "image": PROMPT.encode()}, wait_s=0),
        lambda client: client.search(QUERY),
        lambda client: client.predictions.list(cursor=f"/v1/predictions?cursor={QUERY}"),
        lambda client: client.files.download("x", owner="me", expiry=1, signature=QUERY),
    ]

    for question in questions:
        with pytest.raises(errors.TintypeError) as caught:
            asked.ask(question)
        shown = [*_traces(caught.value), repr(asked.client)]
        # What a debugger or an error tracker shows of our frames must not hold the token either.
        framed = "".join(
            traceback.TracebackException.from_exception(caught.value, capture_locals=True).format()
        )
        assert TOKEN not in framed
        assert TOKEN.encode() not in pickle.dumps(caught.value)
        for text in shown:
            assert TOKEN not in text
            assert PROMPT not in text
            assert QUERY not in text

    # The simulator runs in this process, and its server logs requests as servers do.
    for record in (one for one in caplog.records if not one.name.startswith("uvicorn")):
        text = f"{record.getMessage()} {record.args}"
        assert TOKEN not in text
        assert PROMPT not in text
        assert QUERY not in text


def test_our_log_is_at_debug_alone_and_says_method_path_status_ms_and_attempt(
    make: Callable[..., Asked], simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "tintype")
    asked = make(simulator.url, TOKEN)
    simulator.faults([{"do": "answer", "status": 503, "path": "/account", "count": 1}])

    asked.ask(lambda client: client.account.get())
    asked.ask(lambda client: client.search(QUERY))
    asked.ask(lambda client: client.run(FLUX, {"prompt": PROMPT}))

    ours = [record for record in caplog.records if record.name.startswith("tintype.replicate")]
    assert {record.levelno for record in ours} == {logging.DEBUG}
    messages = [record.getMessage() for record in ours]
    assert messages[0].startswith("GET /account 503 in ")
    assert messages[1].endswith(" ms, attempt 2")
    assert messages[2].startswith("GET /search 200 in ")
    assert messages[3].startswith(f"POST /models/{FLUX}/predictions 201 in ")


def test_records_and_clients_print_without_what_they_hold(
    make: Callable[..., Asked], simulator: Simulator
) -> None:
    asked = make(simulator.url, TOKEN)
    made = asked.ask(lambda client: client.predictions.create(FLUX, {"prompt": PROMPT}, wait_s=5))
    (output,) = asked.client.predictions.outputs(made)

    for thing in (
        asked.client,
        asked.client.predictions,
        made,
        output,
        asked.client._desk,
        asked.client._desk.line,
    ):
        assert TOKEN not in repr(thing)
        assert PROMPT not in repr(thing)


def test_clients_and_their_parts_are_not_pickled(make: Callable[..., Asked]) -> None:
    asked = make("http://127.0.0.1:9", TOKEN)

    for thing in (asked.client, asked.client.predictions, asked.client._desk, asked.client._desk.upstream):
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(thing)
