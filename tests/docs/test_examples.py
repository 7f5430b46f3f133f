"""The examples are short, and do what they say."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import folders
from tests.integration.core.conftest import server, url

if TYPE_CHECKING:
    from tintype.testing import Simulator

# Fixtures: a database of the example's own.
__all__ = ["server", "url"]

EXAMPLES = sorted((Path(__file__).resolve().parents[2] / "examples").glob("*.py"))
PRINTED = {
    "host_app.py": "stored: True http://localhost/media/",
    "one_picture.py": "saved as lighthouse.png",
    "many_at_once.py": "prediction_failed",
    "webhook_receiver.py": "succeeded",
}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_the_example_runs(example: Path, simulator: Simulator, tmp_path: Path, url: str) -> None:
    """Each runs by itself against the simulator and prints what its reader waits for."""
    with folders.opened() as data:
        done = subprocess.run(
            [sys.executable, "-W", "error", str(example)],
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(tmp_path),
                "TINTYPE_DATA": str(data),
                "TINTYPE_DATABASE_URL": url,
                "TINTYPE_REPLICATE_URL": simulator.url,
                "REPLICATE_API_TOKEN": simulator.token,
            },
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert done.returncode == 0, done.stderr
    assert PRINTED[example.name] in done.stdout


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_the_example_is_short(example: Path) -> None:
    """Forty lines are what one reads."""
    assert len(example.read_text().splitlines()) <= 40
