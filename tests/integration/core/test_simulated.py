"""A studio without a token: the built-in simulator in place of upstream, apart from real work."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.integration.core.buying.conftest import until
from tintype import Studio, errors
from tintype.local import simulated

if TYPE_CHECKING:
    from pathlib import Path


async def test_without_a_token_work_is_simulated_in_a_database_of_its_own(data: Path) -> None:
    """Rule 2: marked, apart from real work, and still there after a restart of everything."""
    async with Studio(data=data) as first:
        made = await first.generate("a lighthouse")
        origin = first.core.upstream.origin

    async with Studio(data=data) as second:
        (row,) = await second.list()
        again = await second.core.upstream.look(made.prediction_id or "")

    assert (row.id, row.is_simulated, second.is_built_in) == (made.id, True, True)
    assert (second.core.upstream.origin, again is not None) == (origin, True)
    assert os.listdir(data) == ["simulated"]  # noqa: PTH208 - nothing waits for it


async def test_a_named_upstream_without_a_token_is_refused(data: Path) -> None:
    with pytest.raises(errors.ConfigurationError, match="no token for it"):
        async with Studio(base_url="http://127.0.0.1:1", data=data):
            pass


async def test_users_share_one_simulator_and_a_killed_one_comes_back(tmp_path: Path) -> None:
    folder = tmp_path / "upstream"
    async with simulated.Upstream(folder) as first:
        async with simulated.Upstream(folder) as second:
            assert (first.origin, _pids(folder)) == (second.origin, _pids(folder))
            (pid,) = _pids(folder)
        assert _pids(folder) == [pid]

        os.kill(pid, signal.SIGKILL)
        async with simulated.Upstream(folder) as third:
            assert third.origin == first.origin
            # Whoever works looks after it twice a second.
            await until(lambda: _is_another(folder, pid))


async def _is_another(folder: Path, pid: int) -> bool:
    return _pids(folder) not in ([], [pid])


def _pids(folder: Path) -> list[int]:
    """Name the processes that hold the simulator's state."""
    found = subprocess.run(
        ["pgrep", "-f", f"tintype.simulator.*{folder}"], capture_output=True, text=True, check=False
    )
    return [int(one) for one in found.stdout.split()]
