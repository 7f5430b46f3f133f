"""Data folders that the server's account can reach, users of a server as processes, servers of others."""

from __future__ import annotations

import contextlib
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import folders
from tests.integration.store import users
from tintype.store import binaries, embedded

if TYPE_CHECKING:
    from collections.abc import Iterator

# Debian's own server is installed by `make others`, where that is possible; the wheel's two are always there.
_SYSTEM = Path("/usr/lib/postgresql/15/bin")
_EVERY = [*binaries.VERSIONS, "debian-15"]
_IS_LONG = os.environ.get("HYPOTHESIS_PROFILE") == "chaos"
_ABSENT = Path(__file__).parents[3] / ".environments" / "postgresql-15" / "absent"


@pytest.fixture
def empty_data() -> Iterator[Path]:
    """A data folder below the temporary folder itself: pytest's own folders are closed to other accounts."""
    with folders.opened() as folder:
        yield folder / "data"
        users.end_left_over(folder)


@pytest.fixture(scope="session")
def _made_once() -> Iterator[Path]:
    """A data folder with a server that was started and stopped once: making one takes most of a second."""
    with folders.opened() as folder:
        with embedded.server(folder / "data"):
            pass
        yield folder / "data"


@pytest.fixture
def data(empty_data: Path, _made_once: Path) -> Path:
    """A data folder in which a server ran before."""
    # With owners and modes, which copying in Python leaves out.
    subprocess.run(["cp", "-a", _made_once, empty_data], check=True)
    return empty_data


@pytest.fixture
def start_user(empty_data: Path) -> Iterator[users.Starter]:
    """A function that starts one more process which uses the server of the test's data folder."""
    with contextlib.ExitStack() as stack:
        yield users.Starter(empty_data, stack)


@pytest.fixture(scope="session", params=_EVERY)
def external_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a server that Tintype does not manage: over TCP, with a password (scram)."""
    with _external(request.param) as url:
        yield url


@pytest.fixture(scope="session", params=_EVERY if _IS_LONG else _EVERY[:1])
def one_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The same of the version that the embedded server has; of every version in `make chaos`."""
    with _external(request.param) as url:
        yield url


@contextlib.contextmanager
def _external(name: str) -> Iterator[str]:
    if name == "debian-15" and not (_SYSTEM / "postgres").exists():
        assert _ABSENT.exists(), "Debian's PostgreSQL is missing; run `make others`"
        pytest.skip(_ABSENT.read_text())
    programs = binaries.at(_SYSTEM) if name == "debian-15" else binaries.wheel(name)
    with folders.opened() as folder, users.tcp_server(programs, folder) as url:
        yield url


@pytest.fixture
def other_account() -> str:
    """The name of an account that runs neither the tests nor the server."""
    return users.other_account()
