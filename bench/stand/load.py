"""Make load with wrk: the same POST again and again, over so many connections."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

_SCRIPT = Path(__file__).with_name("post.lua")


@dataclass(frozen=True, slots=True)
class Result:
    """What a stretch of load came to. `refused` are answers other than 2xx and 3xx, `broken` those that never came."""

    requests: int
    seconds: float
    refused: int
    broken: int
    p50_ms: float
    p99_ms: float

    @property
    def per_s(self) -> float:
        """Good answers a second."""
        return (self.requests - self.refused) / self.seconds


def program(name: str) -> str:
    """Return where a program is that `make peers` installs; servers stand where only root's search path leads."""
    found = shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin")))
    assert found is not None, f"{name} is missing: make peers"
    return found


def post(
    url: str,
    body: bytes,
    *,
    connections: int,
    seconds: float,
    authorization: str = "",
    timeout_s: float = 30.0,
) -> Result:
    """Post a body for so long, each connection as fast as it is answered."""
    done = subprocess.run(
        [
            program("wrk"),
            "-t1",
            f"-c{connections}",
            f"-d{max(round(seconds), 1)}s",
            f"--timeout={timeout_s:.0f}s",
            f"-s{_SCRIPT}",
            url,
        ],
        env=os.environ | {"BENCH_BODY": body.decode(), "BENCH_AUTHORIZATION": authorization},
        capture_output=True,
        text=True,
        check=True,
    )
    [line] = [line for line in done.stdout.splitlines() if line.startswith("figures ")]
    return Result(**json.loads(line.removeprefix("figures ")))
