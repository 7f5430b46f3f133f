"""What is offered to other people's tests: a fixture, a marker, a context manager, and clear words."""

from __future__ import annotations

import os
import subprocess
import sys
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.contract import wire
from tintype.testing import ControlError, Simulator
from tintype.testing import simulator as run_simulator

if TYPE_CHECKING:
    from pathlib import Path

TESTS_OF_A_USER = """
import json
import urllib.request
from datetime import UTC, datetime

import pytest


def account(simulator):
    request = urllib.request.Request(
        simulator.api_url + "/account", headers={"Authorization": f"Bearer {simulator.token}"}
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


@pytest.mark.parametrize("number", range(3))
def test_each_test_has_a_fresh_one(simulator, number):
    assert simulator.health()["accounts"] == 0
    assert account(simulator)["type"] == "user"
    assert simulator.health()["accounts"] == 1


def ahead_s(simulator):
    told = datetime.fromisoformat(simulator.health()["now"])
    return (told - datetime.now(UTC)).total_seconds()


def test_one_moves_the_clock(simulator):
    simulator.advance(3_600)
    assert ahead_s(simulator) > 3_500


def test_the_next_has_the_time_of_the_wall(simulator):
    assert ahead_s(simulator) < 60


@pytest.mark.simulator(credit_usd="1.25", limits="replicate")
def test_marked_ones_have_settings_of_their_own(simulator):
    assert simulator.account()["credit_usd"] == "1.25"
"""


def _python(
    *arguments: str, cwd: Path | None = None, path: Path | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        cwd=cwd,
        env={**os.environ, **({} if path is None else {"PYTHONPATH": str(path)})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_fixture_is_there_without_being_asked_for(tmp_path: Path) -> None:
    """Installing is enough: no conftest, no import, no warning, strict markers."""
    (tmp_path / "test_app.py").write_text(TESTS_OF_A_USER)

    ended = _python("-m", "pytest", "-q", "-W", "error", "--strict-markers", "-p", "no:asyncio", cwd=tmp_path)

    assert "6 passed" in ended.stdout, ended.stdout + ended.stderr
    assert ended.returncode == 0


def test_importing_is_cheap() -> None:
    """Neither the server nor pytest is loaded until it is used."""
    ended = _python(
        "-c",
        "import sys, tintype.testing;"
        "print([name for name in ('starlette', 'uvicorn', 'pytest', 'httpx2', 'PIL') if name in sys.modules])",
    )

    assert (ended.stdout, ended.stderr) == ("[]\n", "")


def test_without_the_simulator_it_says_what_to_install(tmp_path: Path) -> None:
    """A machine with the light client only: the command stands in the error."""
    (tmp_path / "starlette.py").write_text(
        "raise ModuleNotFoundError(\"No module named 'starlette'\", name='starlette')"
    )

    ended = _python("-c", "from tintype.testing import simulator\nwith simulator(): pass", path=tmp_path)

    assert ended.returncode == 1
    assert ended.stderr.strip().splitlines()[-1] == (
        "ModuleNotFoundError: the simulator needs starlette; run: pip install 'tintype[simulator]'"
    )


def test_a_setting_that_cannot_be_meant_is_named() -> None:
    """Before anything is started."""
    with pytest.raises(ValueError, match="speed"), run_simulator(speed=0):
        pass


def test_several_run_side_by_side() -> None:
    """Each on a port of its own, and each knows of its own predictions only."""
    with run_simulator() as one, run_simulator() as other:
        wire.create(one.url, one.token, headers={"Prefer": "wait"})

        assert one.url != other.url
        assert (one.bills()["predictions"], other.bills()["predictions"]) == (1, 0)


def test_it_does_what_tests_ask_for(simulator: Simulator) -> None:
    """Credit, faults, the clock, a listing over all pages."""
    simulator.credit(Decimal(50))
    for _ in range(101):
        wire.create(simulator.url, simulator.token)

    predictions = simulator.predictions()

    assert len({one["id"] for one in predictions}) == 101
    assert [one["id"] for one in predictions] == sorted((one["id"] for one in predictions), reverse=True)
    assert simulator.predictions(simulator.new_token()) == []
    with pytest.raises(ControlError, match="advance_s"):
        simulator.advance(-1)


def test_one_with_a_seed_repeats_itself() -> None:
    """Secrets are the same from run to run."""
    secrets = []
    for _ in range(2):
        with run_simulator(seed=7) as running:
            secrets.append(running.account("r8_one")["webhook_secret"])

    assert secrets[0] == secrets[1]


def test_a_self_signed_one_is_controlled_over_https() -> None:
    """The object trusts the simulator's own authority."""
    with run_simulator(tls="self-signed") as running:
        assert running.url.startswith("https://")
        assert running.ca is not None
        assert running.health()["status"] == "ok"
