"""What `make` tells and does before anything is installed."""

from __future__ import annotations

import os
import re
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TARGETS = {
    "help",
    "setup",
    "demo",
    "serve",
    "simulator",
    "check",
    "test",
    "chaos",
    "fuzz",
    "bench",
    "docs",
    "lock",
}


def _make(*arguments: str) -> subprocess.CompletedProcess[str]:
    # As a person would call it: not as a part of the make that runs the tests.
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))
    }
    return subprocess.run(
        ["make", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_make_lists_every_target_with_a_sentence() -> None:
    """Without a target, `make` says what there is."""
    listed = dict(re.findall(r"^  make (\w+) +(\S.*\.)$", _make().stdout, re.MULTILINE))

    assert set(listed) == TARGETS


def test_a_machine_without_a_fitting_python_is_told_what_to_do() -> None:
    """The message names the versions and how to name an interpreter."""
    done = _make("-B", ".venv/ready", "PYTHON=")

    assert done.returncode != 0
    assert "Python 3.11 to 3.14" in done.stderr
    assert "make setup PYTHON=" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_second_setup_costs_nothing() -> None:
    """What is up to date is not made again."""
    _make("setup")
    started = time.monotonic()

    done = _make("setup")

    assert done.returncode == 0, done.stderr
    assert time.monotonic() - started < 2


def test_ci_runs_what_people_run() -> None:
    """The continuous checks are the two targets, nothing hidden."""
    script = (ROOT / ".ci/run").read_text()

    assert re.findall(r"^make .*$", script, re.MULTILINE) == ["make check", "make test"]
    assert os.access(ROOT / ".ci/run", os.X_OK)
