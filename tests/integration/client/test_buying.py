"""Paid once: a create is repeated only where nothing can have been bought, and what was bought is found."""

from __future__ import annotations

import json
import socket
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.client.conftest import Asked, Listener, answer
from tintype.domain import errors

if TYPE_CHECKING:
    from collections.abc import Callable

    from tintype.testing import Simulator

FLUX = "black-forest-labs/flux-schnell"
CREATE = {"method": "POST", "path": "*/predictions"}
ID = "ufawqhfynnddngldkgtslldrkq"
STARTING = json.dumps({"id": ID, "status": "starting", "model": FLUX}).encode()


def _create(asked: Asked, **more: Any) -> Any:
    return asked.ask(lambda client: client.predictions.create(FLUX, {"prompt": "a", "seed": 7}, **more))


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    "fault",
    [
        {"do": "reset"},
        {"do": "answer", "status": 500},
        {"do": "answer", "status": 502, "body": "<html>"},
        {"do": "answer", "status": 408},
        {"do": "black_hole"},
    ],
    ids=["reset", "500", "502", "408", "black hole"],
)
def test_without_a_clear_answer_the_outcome_is_unknown_and_found(
    make: Callable[..., Asked], simulator: Simulator, fault: dict[str, Any], when: str
) -> None:
    """It is sent once; looking tells whether it was bought."""
    asked = make(simulator.url, simulator.token, read_s=0.3)
    simulator.faults([{**fault, **CREATE, "when": when}])

    with pytest.raises(errors.OutcomeUnknown) as caught:
        _create(asked)
    simulator_fired = simulator.fired()
    simulator.clear_faults()
    found = asked.ask(lambda client: client.predictions.find(caught.value))

    bought = 1 if when == "after" else 0
    assert simulator_fired == [1]
    assert simulator.bills()["predictions"] == bought
    assert [one.input for one in found] == [{"prompt": "a", "seed": 7}] * bought
    sent = caught.value.sent
    assert sent is not None
    assert (sent.model, sent.input) == (FLUX, {"prompt": "a", "seed": 7})
    assert sent.sent_at <= sent.ended_at


@pytest.mark.parametrize("do", ["truncate", "malform"])
def test_an_unreadable_answer_to_a_create_is_found_by_what_it_named(
    both: Asked, simulator: Simulator, do: str
) -> None:
    simulator.faults([{"do": do, **CREATE}])

    with pytest.raises(errors.OutcomeUnknown) as caught:
        _create(both)
    simulator.clear_faults()
    (found,) = both.ask(lambda client: client.predictions.find(caught.value))

    assert simulator.bills()["predictions"] == 1
    assert found.input == {"prompt": "a", "seed": 7}


def test_a_webhook_finds_its_own_among_equals(both: Asked, simulator: Simulator) -> None:
    """Two equal creates, one of them unknown: the address of the webhook tells them apart."""
    _create(both, webhook="http://127.0.0.1:9/one")
    simulator.faults([{"do": "reset", "when": "after", **CREATE}])

    with pytest.raises(errors.OutcomeUnknown) as caught:
        _create(both, webhook="http://127.0.0.1:9/two")
    simulator.clear_faults()
    (found,) = both.ask(lambda client: client.predictions.find(caught.value))

    assert found.webhook == "http://127.0.0.1:9/two"


def test_a_failed_connect_is_repeated_and_then_told(make: Callable[..., Asked]) -> None:
    """Nothing listens: no byte was sent, so nothing is unknown."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
    asked = make(url)

    with pytest.raises(errors.ConnectFailed) as caught:
        _create(asked)

    assert caught.value.can_retry is True
    assert caught.value.__cause__ is not None


def test_a_throttled_create_is_repeated_as_upstream_asks(
    make: Callable[..., Asked], listen: Callable[..., Listener]
) -> None:
    throttled = answer(429, b'{"detail": "Request was throttled.", "status": 429, "retry_after": 0}')
    server = listen(throttled, answer(429, b"{}", "Retry-After: 1"), answer(201, STARTING))
    asked = make(server.url)

    started = time.monotonic()
    made = _create(asked)

    assert made.id == ID
    assert len(server.requests) == 3
    assert time.monotonic() - started >= 1.0


def test_a_throttle_that_is_longer_than_the_deadline_is_told_at_once(
    make: Callable[..., Asked], listen: Callable[..., Listener]
) -> None:
    server = listen(answer(429, b'{"retry_after": 30}'))
    asked = make(server.url)

    with pytest.raises(errors.RateLimited) as caught:
        _create(asked, deadline_s=5)

    assert caught.value.retry_after_s == 30
    assert len(server.requests) == 1


def test_a_drip_that_never_ends_is_unknown_in_time(make: Callable[..., Asked], simulator: Simulator) -> None:
    """Every byte comes within the read timeout, the whole answer does not."""
    simulator.faults([{"do": "drip", **CREATE, "bytes_per_s": 50}])
    asked = make(simulator.url, simulator.token, read_s=0.5)

    started = time.monotonic()
    with pytest.raises(errors.OutcomeUnknown):
        _create(asked)

    assert time.monotonic() - started < 5
    assert simulator.bills()["predictions"] == 1


def test_a_create_never_goes_out_on_a_connection_that_idled_for_two_seconds(
    make: Callable[..., Asked], listen: Callable[..., Listener]
) -> None:
    """Creates after a short pause share a connection; after a long one a new one is made. Looks keep theirs."""
    account = answer(200, b'{"type": "user", "username": "me"}')
    made = answer(201, STARTING)
    server = listen(made, made, account, made, account)
    asked = make(server.url)

    _create(asked)
    _create(asked)
    asked.ask(lambda client: client.account.get())
    time.sleep(2.1)  # the promise is about this very time
    _create(asked)
    asked.ask(lambda client: client.account.get())

    assert server.connections == [0, 0, 1, 2, 1]


def test_a_connection_that_idles_while_the_process_is_held_up_carries_no_create(
    make: Callable[..., Asked], listen: Callable[..., Listener]
) -> None:
    """The pool has handed the connection out already when the process stops for two seconds."""
    server = listen(answer(201, STARTING), answer(201, STARTING))
    asked = make(server.url)
    stops = iter([2.1, 0.0])

    def is_still_good() -> bool:
        time.sleep(next(stops))  # asked between the handing out and the first byte
        return True

    _create(asked)
    made = _create(asked, is_still_good=is_still_good)

    assert made.id == ID
    assert server.connections == [0, 1]


def test_what_buys_nothing_is_repeated_until_it_comes_through(both: Asked, simulator: Simulator) -> None:
    for rule in (
        {"do": "answer", "status": 500},
        {"do": "answer", "status": 429, "body": {"retry_after": 0}},
        {"do": "reset"},
        {"do": "truncate"},
        {"do": "malform"},
    ):
        simulator.faults([{**rule, "path": "/account", "count": 3}])
        assert both.ask(lambda client: client.account.get()).type == "user"
        assert simulator.fired() == [3]


def test_after_three_repeats_the_failure_is_told(both: Asked, simulator: Simulator) -> None:
    simulator.faults([{"do": "answer", "status": 503, "path": "/account"}])

    with pytest.raises(errors.ServerError) as caught:
        both.ask(lambda client: client.account.get())

    assert (caught.value.status, caught.value.can_retry) == (503, True)
    assert simulator.fired() == [4]


def test_a_cancel_and_an_upload_are_repeated_and_a_deletion_may_be_done_already(
    both: Asked, simulator: Simulator
) -> None:
    made = both.ask(lambda client: client.predictions.create(FLUX, {"prompt": "[[stuck]]"}))
    simulator.faults([{"do": "reset", "when": "after", "path": "*", "count": 1}])
    ended = both.ask(lambda client: client.predictions.cancel(made.id))
    simulator.faults([{"do": "reset", "when": "after", "path": "/files", "count": 1}])
    file = both.ask(lambda client: client.files.create(b"hello"))
    simulator.faults([{"do": "reset", "when": "after", "method": "DELETE", "path": "*", "count": 1}])
    both.ask(lambda client: client.files.delete(file.id))

    assert ended.is_final
    with pytest.raises(errors.NotFound):
        both.ask(lambda client: client.files.get(file.id))


def test_a_client_of_sixty_a_minute_says_when_its_limit_is_later_than_the_deadline(
    make: Callable[..., Asked], simulator: Simulator
) -> None:
    asked = make(simulator.url, simulator.token, limits=None)

    for _ in range(60):
        _create(asked, deadline_s=5)
    with pytest.raises(errors.TimedOut, match="nothing was sent"):
        _create(asked, deadline_s=5)

    assert simulator.bills()["predictions"] == 60


def test_a_create_that_is_not_good_any_more_is_given_up_on_the_open_connection(
    both: Asked, simulator: Simulator
) -> None:
    """Rule 3: the caller's check is the last thing before the first byte; nothing was bought, nothing is repeated."""
    asked: list[int] = []

    def is_still_good() -> bool:
        asked.append(1)
        return False

    with pytest.raises(errors.NotSent):
        _create(both, is_still_good=is_still_good)

    assert asked == [1]
    assert simulator.bills()["predictions"] == 0
    assert _create(both, is_still_good=lambda: True).id
