"""The official SDKs, unmodified, in environments of their own, cannot tell the simulator from the service."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tintype.testing import simulator

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HERE = Path(__file__).parent
SDKS = HERE.parents[1] / ".environments" / "sdk"
SCENARIOS = (
    "run",
    "run by version",
    "run by polling",
    "create and get",
    "list",
    "cancel",
    "files",
    "file as input",
    "models",
    "account",
    "deployments",
    "trainings",
    "asyncio",
    "stream",
    "webhook",
    "webhook vector",
    "refusals",
    "failure",
)
_RUNS = [
    pytest.param((sdk, scheme), id=f"{sdk}-{scheme}")
    for sdk in ("python-1", "python-2", "js")
    for scheme in ("http", "https")
]


@pytest.fixture(scope="module")
def endings(request: pytest.FixtureRequest) -> Iterator[Mapping[str, str]]:
    """How each scenario of an SDK ended against a simulator of its own: empty, or the SDK's traceback."""
    sdk, scheme = request.param
    home = SDKS / sdk
    absent = home / "absent"
    if absent.exists():
        pytest.skip(absent.read_text())
    assert (home / "ready").exists(), "the environments of the SDKs are missing; run `make others`"
    with simulator(tls="self-signed" if scheme == "https" else None) as running:
        assert running.url.startswith(f"{scheme}://")
        environment = {"PATH": os.environ["PATH"], "HOME": str(home), "SDK_HOME": str(home)}
        if running.ca is not None:
            environment |= {"SSL_CERT_FILE": str(running.ca), "NODE_EXTRA_CA_CERTS": str(running.ca)}
        yield run(sdk, home, running.url, environment)


def run(
    sdk: str, home: Path, url: str, environment: Mapping[str, str], *, script: str = "scenarios.mjs"
) -> Mapping[str, str]:
    """Run the scenarios of an SDK against an address; returns how each ended."""
    command = [str(home / "bin" / "python"), str(HERE / f"{sdk.replace('-', '_')}.py"), url]
    if sdk == "js":
        command = [str(_node()), str(HERE / "js" / script), url]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    return {line["scenario"]: line["error"] for line in map(json.loads, done.stdout.splitlines())}


@functools.cache
def _node() -> Path:
    """Node from the wheel that the lock names, not the machine's."""
    return Path(sys.executable).parent / "node"


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("endings", _RUNS, indirect=True)
def test_the_official_sdk_works(endings: Mapping[str, str], scenario: str) -> None:
    """What its users do with the SDK has the outcome that they know."""
    assert set(endings) == set(SCENARIOS)
    assert not endings[scenario], endings[scenario]
