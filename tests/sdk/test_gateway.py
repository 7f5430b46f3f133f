"""The official SDKs, unmodified, with a key in place of the token and the gateway in place of the service."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from tests.integration.core.conftest import server
from tests.integration.gateway import serving
from tests.sdk.test_official_sdks import SCENARIOS, SDKS, run
from tintype import testing
from tintype.simulator import certificates

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.integration.gateway.serving import Serving
    from tintype.store import embedded

__all__ = ["server"]

_AI = ("image", "several images", "image of a version", "slow image", "refusals")
# Over https, where these SDKs make file objects of outputs; over http they hand on the address.
_RUNS = [
    pytest.param((sdk, scheme), id=f"{sdk}-{scheme}")
    for sdk, scheme in (
        ("python-1", "https"),
        ("python-2", "https"),
        ("js", "https"),
    )
]
# What each SDK's scenarios call themselves.
_NAMES = {"python-1": "python_one", "python-2": "python_two", "js": "javascript"}


@pytest.fixture(scope="module")
def endings(
    request: pytest.FixtureRequest, server: embedded.Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mapping[str, str]]:
    """How each scenario of an SDK ended against a gateway of its own: empty, or the SDK's traceback."""
    sdk, scheme = request.param
    home = SDKS / sdk
    if (home / "absent").exists():
        pytest.skip((home / "absent").read_text())
    assert (home / "ready").exists(), "the environments of the SDKs are missing; run `make others`"
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "SDK_HOME": str(home)}
    options: tuple[str, ...] = ()
    if scheme == "https":
        files = certificates.self_signed(tmp_path_factory.mktemp("tls"), host="127.0.0.1")
        options = ("--tls-cert", str(files.cert), "--tls-key", str(files.key))
        environment |= {"SSL_CERT_FILE": str(files.ca), "NODE_EXTRA_CA_CERTS": str(files.ca)}
    with (
        serving.database(server) as url,
        testing.simulator() as upstream,
        serving.gateway(
            url,
            upstream,
            *options,
            environment={"TINTYPE_CREATES_PER_MINUTE": "100000", "TINTYPE_PASS_THROUGH": "1"},
        ) as here,
    ):
        assert here.origin.startswith(f"{scheme}://")
        environment["SDK_TOKENS"] = json.dumps(_keys(here, _NAMES[sdk]))
        yield run(sdk, home, f"{here.origin}/replicate", environment)


def _keys(here: Serving, name: str) -> dict[str, str]:
    """Make a key for each token that the scenarios use."""
    options = {
        f"r8_{name}": ("--scopes", "generate,read,admin"),
        f"r8_{name}_pages": (),
        f"r8_broke_{name}": ("--budget-usd", "0"),
        f"r8_limited_{name}": ("--images-per-day", "0"),
    }
    return {token: _key(here, token, *more) for token, more in options.items()}


def _key(here: Serving, name: str, *options: str) -> str:
    made = here.run("keys", "create", "--name", name, "--json", *options)
    assert made.returncode == 0, made.stderr
    secret: str = json.loads(made.stdout)["key"]
    return secret


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("endings", _RUNS, indirect=True)
def test_the_official_sdk_works_with_a_key(endings: Mapping[str, str], scenario: str) -> None:
    """What its users do has the outcome that they know, with another address and a key of ours."""
    assert set(endings) == set(SCENARIOS)
    assert not endings[scenario], endings[scenario]


def test_the_ai_sdk_makes_pictures_with_a_key(
    server: embedded.Server, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """`@ai-sdk/replicate` 3, over https."""
    home = SDKS / "js"
    files = certificates.self_signed(tmp_path_factory.mktemp("tls"), host="127.0.0.1")
    options = ("--tls-cert", str(files.cert), "--tls-key", str(files.key))
    with (
        serving.database(server) as url,
        testing.simulator() as upstream,
        serving.gateway(url, upstream, *options) as here,
    ):
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "SDK_HOME": str(home),
            "NODE_EXTRA_CA_CERTS": str(files.ca),
            "SDK_TOKENS": json.dumps({"ai": _key(here, "ai")}),
        }
        endings = run("js", home, f"{here.origin}/replicate", environment, script="ai.mjs")

    assert {scenario: error for scenario, error in endings.items() if error} == {}
    assert tuple(endings) == _AI
