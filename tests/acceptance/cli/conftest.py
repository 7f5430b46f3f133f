"""Start the real command line as its own process, in an empty folder with a home of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.integration.core.conftest import data, server, url

if TYPE_CHECKING:
    from tintype.testing import Simulator

# Fixtures: a database of the test's own, cloned from one that was made once.
__all__ = ["data", "server", "url"]

COMMAND = Path(sys.executable).with_name("tintype")
TIMEOUT_S = 60
KEPT = ("PATH", "LANG", "SYSTEMROOT", "PYTHON_KEYRING_BACKEND")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def error_lines(self) -> list[str]:
        """The lines of standard error that the command's end is told in."""
        return [line for line in self.err.splitlines() if line.startswith("tintype: ")]


@dataclass(frozen=True, slots=True)
class Shell:
    """A folder and an environment in which commands run."""

    folder: Path
    environment: dict[str, str]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command and return its process."""
        return subprocess.Popen(
            [COMMAND, *arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, text: str | None = None) -> Ended:
        """Run a command to its end, with `text` as its standard input."""
        done = subprocess.run(
            [COMMAND, *arguments],
            cwd=self.folder,
            env=self.environment,
            input=text if text is not None else "",
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        assert "Traceback" not in done.stderr
        return Ended(done.returncode, done.stdout, done.stderr)

    def files(self) -> list[str]:
        """Name the files in the folder."""
        return sorted(path.name for path in self.folder.iterdir())


@pytest.fixture
def alone(tmp_path: Path, data: Path) -> Shell:
    """A shell without a token."""
    home, folder = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    folder.mkdir()
    kept = {name: value for name, value in os.environ.items() if name in KEPT}
    return Shell(folder, {**kept, "HOME": str(home), "TINTYPE_DATA": str(data), "PYTHONUTF8": "1"})


@pytest.fixture
def connected(alone: Shell, simulator: Simulator) -> Shell:
    """A shell with a token for a simulator."""
    alone.environment["TINTYPE_REPLICATE_URL"] = simulator.url
    alone.environment["REPLICATE_API_TOKEN"] = simulator.token
    return alone


@pytest.fixture
def served(connected: Shell, url: str) -> Shell:
    """A shell with a token for a simulator, and a database that is there already."""
    connected.environment["TINTYPE_DATABASE_URL"] = url
    return connected
