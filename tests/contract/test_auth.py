"""Who may call: tokens, schemes, and what strangers are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract import wire

if TYPE_CHECKING:
    from tintype.testing import Simulator


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Token", "token"])
def test_both_schemes_open_the_account(simulator: Simulator, scheme: str) -> None:
    """The scheme is read in any case; the same token is the same account."""
    known = simulator.account()
    headers = {"Authorization": f"{scheme} {simulator.token}"}

    seen = wire.send(simulator.url, "GET", "/v1/account", headers=headers)

    assert (seen.status, seen.json()["username"]) == (200, known["username"])


@pytest.mark.parametrize(
    ("headers", "detail"),
    [
        ({}, "You did not pass an authentication token"),
        ({"Authorization": ""}, "You did not pass an authentication token"),
        ({"Authorization": "Bearer"}, "You did not pass an authentication token"),
        ({"Authorization": "Bearer sk-other"}, "You did not pass a valid authentication token"),
        ({"Authorization": "Bearer r8_"}, "You did not pass a valid authentication token"),
        ({"Authorization": "Basic r8_one"}, "You did not pass a valid authentication token"),
        ({"Authorization": "r8_one"}, "You did not pass a valid authentication token"),
    ],
)
def test_strangers_are_told_why(simulator: Simulator, headers: dict[str, str], detail: str) -> None:
    """No token and a wrong token have words of their own, with and without a path that exists."""
    seen = wire.send(simulator.url, "GET", "/v1/account", headers=headers)

    assert seen.status == 401
    assert seen.headers["content-type"] == "application/problem+json"
    assert seen.json() == {"title": "Unauthenticated", "detail": detail, "status": 401}


def test_accounts_do_not_see_each_other(simulator: Simulator) -> None:
    """What belongs to another account is not there."""
    other = simulator.new_token()
    created = wire.create(simulator.url, simulator.token, headers={"Prefer": "wait"}).json()

    for method, path in (
        ("GET", f"/v1/predictions/{created['id']}"),
        ("POST", f"/v1/predictions/{created['id']}/cancel"),
    ):
        assert wire.send(simulator.url, method, path, token=other).status == 404
    assert wire.send(simulator.url, "GET", "/v1/predictions", token=other).json()["results"] == []
    secrets = {
        wire.send(simulator.url, "GET", "/v1/webhooks/default/secret", token=token).json()["key"]
        for token in (simulator.token, other)
    }
    assert len(secrets) == 2


def test_a_method_that_a_path_does_not_know_is_405(simulator: Simulator) -> None:
    """The answer is a problem and lists what is allowed."""
    seen = wire.send(simulator.url, "PUT", "/v1/models", token=simulator.token)

    assert seen.status == 405
    assert seen.headers["allow"] == "GET, HEAD, POST, QUERY"
    assert seen.json() == {"detail": 'Method "PUT" not allowed.', "status": 405}


def test_a_path_that_does_not_exist_is_404(simulator: Simulator) -> None:
    """Also with a prefix that is doubled."""
    for path in ("/v1/nothing", "/nothing", "/v1/v1/account", "/"):
        seen = wire.send(simulator.url, "GET", path, token=simulator.token)

        assert (seen.status, seen.json()["status"]) == (404, 404)


def test_the_date_is_the_simulators(simulator: Simulator) -> None:
    """Advancing the clock moves the date that clients compare with."""
    dates = []
    for _ in range(2):
        dates.append(wire.send(simulator.url, "GET", "/v1/account", token=simulator.token).headers["date"])
        simulator.advance(86_400 * 400)

    assert int(dates[1].split()[3]) - int(dates[0].split()[3]) in (1, 2)
