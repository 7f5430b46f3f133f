"""Limits: what is announced, what is refused, and in which words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract import wire
from tintype.simulator import problems
from tintype.simulator.throttle import Kind, Throttle

if TYPE_CHECKING:
    from tintype.testing import Simulator


def test_what_is_left_is_announced(simulator: Simulator) -> None:
    """Creates, other calls and looks at one prediction have allowances of their own."""
    created = wire.create(simulator.url, simulator.token, headers={"Prefer": "wait"})
    path = f"/v1/predictions/{created.json()['id']}"
    looked = wire.send(simulator.url, "GET", path, token=simulator.token)
    other = wire.send(simulator.url, "GET", "/v1/account", token=simulator.token)

    left = [int(seen.headers["ratelimit-remaining"]) for seen in (created, looked, other)]
    assert left == [599, 59_999, 2_999]
    assert {seen.headers["ratelimit-reset"] for seen in (created, looked, other)} == {"1"}


def test_a_limited_token_is_always_throttled(simulator: Simulator) -> None:
    """The refusal says how long to wait, in the body and in a header."""
    for method, path in (("GET", "/v1/account"), ("POST", "/v1/predictions")):
        seen = wire.send(simulator.url, method, path, token="r8_limited_one")

        assert seen.status == 429
        assert seen.headers["content-type"] == "application/problem+json"
        assert seen.headers["retry-after"] == "1"
        assert (seen.headers["ratelimit-remaining"], seen.headers["ratelimit-reset"]) == ("0", "1")
        assert seen.json() == {
            "detail": "Request was throttled. Your rate limit resets in ~1s.",
            "status": 429,
            "retry_after": 1,
        }


def test_little_credit_slows_creates(simulator: Simulator) -> None:
    """Six a minute with a burst of one, and a wording of its own; other calls are not slowed."""
    simulator.credit("4.99")

    first, second = (wire.create(simulator.url, simulator.token) for _ in range(2))

    assert (first.status, second.status) == (201, 429)
    refusal = second.json()
    assert refusal["retry_after"] in (9, 10)
    assert "reduced to 6 requests per minute with a burst of 1 requests" in refusal["detail"]
    assert "less than $5.0 in credit" in refusal["detail"]
    assert wire.send(simulator.url, "GET", "/v1/account", token=simulator.token).status == 200
    simulator.advance(refusal["retry_after"])
    assert wire.create(simulator.url, simulator.token).status == 201
    assert simulator.bills(simulator.token)["predictions"] == 2


def test_no_credit_is_402(simulator: Simulator) -> None:
    """Creates are refused for want of credit; reading goes on."""
    simulator.credit(0)

    for token in (simulator.token, "r8_broke_one"):
        seen = wire.create(simulator.url, token)

        assert (seen.status, seen.json()["title"]) == (402, "Insufficient credit")
        assert "purchase credit" in seen.json()["detail"]
        assert wire.send(simulator.url, "GET", "/v1/predictions", token=token).status == 200
    assert simulator.bills()["predictions"] == 0


@pytest.mark.simulator(limits="replicate")
def test_limits_of_replicate_are_kept_over_the_wire(simulator: Simulator) -> None:
    """Calls count down, and an advanced clock gives them back."""
    left = [
        int(wire.send(simulator.url, "GET", "/account", token=simulator.token).headers["ratelimit-remaining"])
        for _ in range(3)
    ]
    simulator.advance(61)
    again = wire.send(simulator.url, "GET", "/account", token=simulator.token)

    assert left == [2_999, 2_998, 2_997]
    assert again.headers["ratelimit-remaining"] == "2999"


@pytest.mark.parametrize(("kind", "most"), [(Kind.CREATE, 600), (Kind.OTHER, 3_000)])
def test_no_minute_holds_more_than_the_limit(kind: Kind, most: int) -> None:
    """The window slides: a call is free again a minute after it was made, not at the turn of a minute."""
    throttle = Throttle("replicate")
    for number in range(most):
        permit = throttle.admit("r8_one", kind, now=1000 + number * 50 / most)
    assert permit.remaining == 0

    with pytest.raises(problems.Problem) as refused:
        throttle.admit("r8_one", kind, now=1055)

    assert (refused.value.status, refused.value.members["retry_after"]) == (429, 5)
    assert throttle.admit("r8_two", kind, now=1055).remaining == most - 1
    assert throttle.admit("r8_one", kind, now=1060).remaining == 0
    with pytest.raises(problems.Problem):
        throttle.admit("r8_one", kind, now=1060)


def test_looks_count_as_other_calls() -> None:
    """A look is announced against 60,000 and spends one of 3,000."""
    throttle = Throttle("replicate")

    assert throttle.admit("r8_one", Kind.LOOK, now=0).remaining == 59_999
    assert throttle.admit("r8_one", Kind.OTHER, now=0).remaining == 2_998


def test_without_limits_nothing_is_refused() -> None:
    """The announced rest never falls below 0, and is whole again in the next second."""
    throttle = Throttle("none")

    left = [throttle.admit("r8_one", Kind.CREATE, now=1000.5).remaining for _ in range(700)]

    assert left[0] == 599
    assert left[-1] == 0
    assert throttle.admit("r8_one", Kind.CREATE, now=1001).remaining == 599
