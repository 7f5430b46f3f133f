"""What every test stands on: how much hypothesis tries, and an environment without the caller's secrets."""

from __future__ import annotations

import gc
import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Two hundred examples by default, a thousand in `make chaos`; in CI fifty, the same ones each time.
settings.register_profile(
    "default",
    max_examples=200,
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("ci", settings.get_profile("default"), max_examples=50, derandomize=True)
settings.register_profile("chaos", settings.get_profile("default"), max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "default"))

# A script's background ignores Ctrl-C, and programs inherit that; the tests interrupt what they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

_OWN_SETTINGS = ("REPLICATE_", "TINTYPE_")
_HERE = Path(__file__).parent
_TURNS = {"docs": -1, "sdk": -1, "unit": 1}
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")


@pytest.fixture(scope="session", autouse=True)
def _no_settings_of_the_caller() -> None:
    """Keep the caller's token, upstream, proxies and keyring out of the tests and of the programs they start."""
    for name in list(os.environ):
        if name.startswith(_OWN_SETTINGS) or name.lower() in _PROXIES:
            del os.environ[name]
    # As on a server. The keyring of a desktop may hold a token, too, and takes a while to be found.
    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"


# Nobody looks for garbage among thousands of tests, again and again; a tenth of the time went there.
gc.disable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest and end with what is quick, so that no process ends long after the others."""
    items.sort(key=lambda one: _TURNS.get(one.path.relative_to(_HERE).parts[0], 0))


def pytest_collection_finish() -> None:
    """Set aside what was collected, and look for garbage among what the tests leave."""
    gc.collect()
    gc.freeze()
    gc.enable()


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name cases of bytes by their argument: bytes may hold a time, and processes that share tests compare names."""
    return argname if isinstance(val, bytes) else None
