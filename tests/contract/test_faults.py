"""Every fault of a request and of an output file, as it is seen on the wire."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

import pytest

from tests.contract import wire
from tintype.testing import ControlError
from tintype.testing import simulator as run_simulator

if TYPE_CHECKING:
    from tintype.testing import Simulator

PREDICTIONS = {"method": "POST", "path": "/predictions"}


def test_an_answer_replaces_the_real_one(simulator: Simulator) -> None:
    """Status, headers and body are the rule's, and nothing was created."""
    body = {"detail": "No upstream"}
    simulator.faults(
        [{"do": "answer", **PREDICTIONS, "status": 503, "headers": {"Retry-After": "3"}, "body": body}]
    )

    seen = wire.create(simulator.url, simulator.token)

    assert (seen.status, seen.json()) == (503, body)
    assert seen.headers["retry-after"] == "3"
    assert seen.headers["content-type"] == "application/problem+json"
    assert simulator.bills()["predictions"] == 0


def test_an_answer_may_be_a_page_or_nothing(simulator: Simulator) -> None:
    """Gateways answer 5xx with HTML or with an empty body."""
    simulator.faults(
        [
            {"do": "answer", "status": 502, "body": "<html>Bad gateway</html>", "count": 1},
            {"do": "answer", "status": 504},
        ]
    )

    page = wire.send(simulator.url, "GET", "/v1/account", token=simulator.token)
    empty = wire.send(simulator.url, "GET", "/v1/account", token=simulator.token)

    assert (page.status, page.headers["content-type"]) == (502, "text/html; charset=utf-8")
    assert page.body == b"<html>Bad gateway</html>"
    assert (empty.status, empty.body) == (504, b"")


@pytest.mark.parametrize("path", ["/v1/account", "/account"])
def test_v1_is_optional_in_rules_as_it_is_in_requests(simulator: Simulator, path: str) -> None:
    """Whichever way a rule and a request are written, they meet."""
    simulator.faults([{"do": "answer", "path": path, "status": 503}])

    seen = [
        wire.send(simulator.url, "GET", asked, token=simulator.token) for asked in ("/v1/account", "/account")
    ]

    assert [one.status for one in seen] == [503, 503]


def test_an_answer_after_the_create_was_accepted(simulator: Simulator) -> None:
    """The client sees a 500, and the prediction is there and billed."""
    simulator.faults([{"do": "answer", "when": "after", **PREDICTIONS, "status": 500}])

    seen = wire.create(simulator.url, simulator.token, headers={"Prefer": "wait"})

    assert seen.status == 500
    assert simulator.bills(simulator.token)["predictions"] == 1


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_delay_counts_wall_seconds(simulator: Simulator, when: str) -> None:
    """The answer is the real one, only later."""
    simulator.faults([{"do": "delay", "when": when, "delay_s": 0.2}])

    seen = wire.send(simulator.url, "GET", "/v1/account", token=simulator.token)

    assert seen.status == 200
    assert seen.first_s >= 0.2


def test_a_wish_to_wait_can_be_ignored(simulator: Simulator) -> None:
    """The request is served as if it had not asked: at once, without Preference-Applied."""
    simulator.faults([{"do": "ignore_wait", **PREDICTIONS}])

    seen = wire.create(simulator.url, simulator.token, "[[delay=30]]", headers={"Prefer": "wait"})

    assert (seen.status, seen.json()["status"]) == (201, "starting")
    assert "preference-applied" not in seen.headers
    assert seen.last_s < 5


def test_a_reset_before_buys_nothing(simulator: Simulator) -> None:
    """A real TCP reset, and no prediction."""
    simulator.faults([{"do": "reset", **PREDICTIONS, "count": 1}])

    seen = wire.create(simulator.url, simulator.token)

    assert (seen.data, seen.end) == (b"", "reset")
    assert simulator.bills()["predictions"] == 0
    assert wire.create(simulator.url, simulator.token).status == 201


def test_a_reset_after_the_create_was_accepted_is_billed(simulator: Simulator) -> None:
    """The prediction exists and is billed; a wish to wait does not delay the reset."""
    simulator.faults(
        [{"do": "reset", "when": "after", "method": "POST", "path": "*/predictions", "count": 1}]
    )

    seen = wire.create(simulator.url, simulator.token, "[[delay=30]]", headers={"Prefer": "wait"})

    assert (seen.data, seen.end) == (b"", "reset")
    assert seen.last_s < 5
    simulator.advance(60)
    bills = simulator.bills(simulator.token)
    assert (bills["predictions"], bills["total_usd"]) == (1, "0.003")
    assert [one["status"] for one in simulator.predictions()] == ["succeeded"]


def test_a_truncated_answer_ends_early(simulator: Simulator) -> None:
    """Content-Length promises more than comes, and the connection is closed."""
    simulator.faults([{"do": "truncate", "keep": 0.25, "path": "/account"}])

    seen = wire.send(simulator.url, "GET", "/v1/account", token=simulator.token)

    assert (seen.status, seen.end) == (200, "closed")
    assert len(seen.body) == int(seen.headers["content-length"]) // 4


def test_malformed_json_is_complete_as_http(simulator: Simulator) -> None:
    """Content-Length is right; the body is no JSON."""
    simulator.faults([{"do": "malform"}])

    seen = wire.send(simulator.url, "GET", "/v1/account", token=simulator.token)

    assert seen.status == 200
    assert len(seen.body) == int(seen.headers["content-length"])
    with pytest.raises(json.JSONDecodeError):
        seen.json()


def test_a_drip_is_slow_and_complete(simulator: Simulator) -> None:
    """The body comes in small pieces, at the rule's rate."""
    plain = wire.send(simulator.url, "GET", "/v1/account", token=simulator.token)
    simulator.faults([{"do": "drip", "bytes_per_s": len(plain.body) * 4}])

    seen = wire.send(simulator.url, "GET", "/v1/account", token=simulator.token)

    assert seen.body == plain.body
    assert seen.last_s - seen.first_s >= 0.15


@pytest.mark.parametrize(("when", "bought"), [("before", 0), ("after", 1)])
def test_a_black_hole_never_answers(simulator: Simulator, when: str, bought: int) -> None:
    """The connection stays open and silent; what was bought depends on the rule."""
    simulator.faults([{"do": "black_hole", "when": when, **PREDICTIONS}])

    seen = wire.create(simulator.url, simulator.token, within_s=0.3)

    assert (seen.data, seen.end) == (b"", "silent")
    assert simulator.bills()["predictions"] == bought


def test_a_black_hole_ends_with_the_server() -> None:
    """A simulator that stops does not wait for those who wait for nothing."""
    ends: list[wire.Seen] = []
    with run_simulator() as running:
        running.faults([{"do": "black_hole", "path": "/account"}])
        waiting = threading.Thread(
            target=lambda: ends.append(wire.send(running.url, "GET", "/v1/account", token=running.token))
        )
        waiting.start()
        while running.fired() != [1]:
            pass
    waiting.join(5)

    assert [one.data for one in ends] == [b""]
    assert ends[0].last_s < 5


def test_rules_match_by_method_path_and_token(simulator: Simulator) -> None:
    """A pattern sees the path without `/v1`; a token is one account's."""
    other = simulator.new_token()
    rule = {"do": "answer", "status": 418, "method": "GET", "path": "/models/*/versions", "token": other}
    simulator.faults([rule])
    path = f"/models/{wire.FAST}"

    def status(method: str, path: str, token: str) -> int:
        return wire.send(simulator.url, method, path, token=token).status

    assert status("GET", f"/v1{path}/versions", other) == 418
    assert status("GET", f"{path}/versions", other) == 418
    assert status("GET", f"/v1{path}/versions", simulator.token) == 200
    assert status("GET", f"/v1{path}", other) == 200
    assert status("POST", f"/v1{path}/versions", other) == 405
    assert simulator.fired() == [2]


def test_rules_skip_and_count(simulator: Simulator) -> None:
    """The first matches pass, the next ones meet the rule; then the next rule has its turn."""
    simulator.faults(
        [
            {"do": "answer", "status": 500, "skip": 1, "count": 2},
            {"do": "answer", "status": 503, "skip": 1, "count": 1},
        ]
    )

    statuses = [
        wire.send(simulator.url, "GET", "/v1/hardware", token=simulator.token).status for _ in range(6)
    ]

    assert statuses == [200, 500, 500, 503, 200, 200]
    assert simulator.fired() == [2, 1]


def test_a_probability_is_drawn_from_the_seed(simulator: Simulator) -> None:
    """The same script does the same to the same requests, another seed something else."""

    def statuses(seed: int) -> list[int]:
        simulator.faults([{"do": "answer", "status": 500, "probability": 0.5}], seed=seed)
        return [wire.send(simulator.url, "GET", "/hardware", token=simulator.token).status for _ in range(24)]

    first, again, other = statuses(7), statuses(7), statuses(8)

    assert first == again != other
    assert set(first) == {200, 500}


def test_control_is_never_touched(simulator: Simulator) -> None:
    """A rule for everything leaves the way to take it back."""
    simulator.faults([{"do": "reset"}])

    assert simulator.health()["status"] == "ok"
    simulator.clear_faults()
    assert wire.send(simulator.url, "GET", "/v1/account", token=simulator.token).status == 200


def _output(simulator: Simulator) -> str:
    seen = wire.create(simulator.url, simulator.token, headers={"Prefer": "wait"})
    url: str = seen.json()["output"][0]
    return url.removeprefix(simulator.url)


def test_an_output_file_is_missing(simulator: Simulator) -> None:
    """The file answers 404 although its prediction succeeded."""
    path = _output(simulator)
    simulator.faults([{"on": "output", "do": "missing", "count": 1}])

    assert wire.send(simulator.url, "GET", path).status == 404
    assert wire.send(simulator.url, "GET", path).status == 200


def test_an_output_file_is_truncated(simulator: Simulator) -> None:
    """Half of the file comes, and the connection is closed."""
    path = _output(simulator)
    simulator.faults([{"on": "output", "do": "truncate"}])

    seen = wire.send(simulator.url, "GET", path)

    assert seen.end == "closed"
    assert 0 < len(seen.body) == int(seen.headers["content-length"]) // 2


def test_an_output_file_is_slow(simulator: Simulator) -> None:
    """The whole file comes, at the rule's rate; other requests are not touched."""
    path = _output(simulator)
    whole = wire.send(simulator.url, "GET", path).body
    simulator.faults([{"on": "output", "do": "slow", "bytes_per_s": len(whole) * 4}])

    seen = wire.send(simulator.url, "GET", path)

    assert seen.body == whole
    assert seen.last_s - seen.first_s >= 0.15
    assert wire.send(simulator.url, "GET", "/v1/account", token=simulator.token).last_s < 0.15


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        ({}, "rules[0].do"),
        ({"do": "explode"}, "rules[0].do"),
        ({"do": "drop"}, "rules[0].do"),
        ({"on": "output", "do": "reset"}, "rules[0].do"),
        ({"on": "mail", "do": "drop"}, "rules[0].on"),
        ({"do": "answer", "status": 99}, "rules[0].status"),
        ({"do": "answer", "status": True}, "rules[0].status"),
        ({"do": "answer", "headers": {"a": "b\r\nc"}}, "rules[0].headers"),
        ({"do": "answer", "headers": {"a b": "c"}}, "rules[0].headers"),
        ({"do": "answer", "headers": {"": "c"}}, "rules[0].headers"),
        ({"do": "answer", "method": "post"}, "rules[0].method"),
        ({"do": "delay", "delay_s": -1}, "rules[0].delay_s"),
        ({"do": "drip", "bytes_per_s": 0}, "rules[0].bytes_per_s"),
        ({"do": "reset", "probability": 2}, "rules[0].probability"),
        ({"do": "reset", "count": 0}, "rules[0].count"),
        ({"do": "reset", "when": "now"}, "rules[0].when"),
        ({"do": "reset", "pathh": "*"}, "rules[0].pathh"),
        ({"on": "webhook", "do": "drop", "event": "end"}, "rules[0].event"),
    ],
)
def test_a_wrong_rule_is_refused_by_its_field(
    simulator: Simulator, rule: dict[str, object], field: str
) -> None:
    """The script that was there stays."""
    simulator.faults([{"do": "delay"}])

    with pytest.raises(ControlError) as refused:
        simulator.faults([rule])

    assert str(refused.value).startswith(f"{field}: ")
    assert simulator.fired() == [0]
