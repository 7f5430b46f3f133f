"""The running server as the operating system sees it: its pid file, its processes, its way up and down.

Standard library only: the supervisor runs it without site-packages.
"""

from __future__ import annotations

import contextlib
import math
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

PORT = 5432
"""The number in the socket's name; nothing listens on a network."""
_POLL_S = 0.01
# PostgreSQL says at least every 10 s how far recovery is; a minute without any sign is none.
SILENCE_S = 60.0
"""For how long nothing moves in a recovery that has come to an end."""
_HANGING_S = 2.0
_HAS_PROC = sys.platform == "linux"


@dataclass(frozen=True, slots=True)
class PidFile:
    """What `postmaster.pid` says: only as fresh as the process that it names."""

    pid: int
    socket_folder: Path | None
    status: str


def read(cluster: Path) -> PidFile | None:
    """Read the pid file; None when there is none or it is not written to its end yet."""
    try:
        lines = (cluster / "postmaster.pid").read_text(errors="surrogateescape").splitlines()
        pid = int(lines[0])
    except (FileNotFoundError, IndexError, ValueError):
        return None
    socket = lines[4].strip() if len(lines) > 4 else ""
    return PidFile(
        pid=pid,
        socket_folder=Path(socket) if socket else None,
        status=lines[7].strip() if len(lines) > 7 else "",
    )


def is_server(pid: int, cluster: Path) -> bool:
    """Tell whether a pid is a living PostgreSQL process of this very cluster.

    A pid file outlives its process, and the number is given to others. A zombie does not count.
    """
    if pid <= 0:
        return False
    if _HAS_PROC:
        try:
            name = Path(f"/proc/{pid}/comm").read_text().strip()
            # PostgreSQL's processes stay in their data directory.
            return (
                name == "postgres" and _state(pid) not in "ZX" and Path(f"/proc/{pid}/cwd").samefile(cluster)
            )
        except OSError:
            return False
    answer = subprocess.run(  # noqa: S603 - a number is all that is handed over
        ["/bin/ps", "-o", "stat=,command=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.strip()
    return not answer.startswith("Z") and "postgres" in answer and str(cluster) in answer


def processes(cluster: Path) -> list[int]:
    """List the living server processes of a cluster, those without a parent too (Linux; else the first)."""
    if _HAS_PROC:
        pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    else:
        found = read(cluster)
        pids = [found.pid] if found else []
    return [pid for pid in pids if is_server(pid, cluster)]


def wait_ready(process: subprocess.Popen[bytes], cluster: Path, log: Path) -> bool:
    """Wait until a started server takes connections; False when it ended instead.

    Recovery after a crash may take long: it is waited for as long as anything moves.
    """
    signs = Signs(cluster, log)
    while process.poll() is None:
        found = read(cluster)
        if found and found.pid == process.pid and found.status == "ready":
            return True
        if signs.silent_s() > SILENCE_S:
            process.kill()
            process.wait()
            return False
        time.sleep(_POLL_S)
    return False


def stop(pid: int, cluster: Path, log: Path) -> None:
    """Stop a server: sessions end, what was committed is kept. Returns when it is down.

    PostgreSQL 18 asked to stop while it recovers from a killed process may hang for ever, so a recovery is
    let finish, and a server that does not move any more is ended as by a crash, which is safe.
    """
    end = time.monotonic() + _HANGING_S
    while _is_recovering(cluster) and time.monotonic() < end:
        time.sleep(_POLL_S)
    signs = Signs(cluster, log)
    _send(pid, signal.SIGINT)
    while is_server(pid, cluster):
        if signs.silent_s() > _HANGING_S:
            _send(pid, signal.SIGQUIT)
        time.sleep(_POLL_S)


def end_orphans(cluster: Path, *, how: signal.Signals) -> None:
    """End server processes whose postmaster was killed; they may sit in a long statement."""
    for pid in processes(cluster):
        _send(pid, how)


def _is_recovering(cluster: Path) -> bool:
    """Tell whether the process that recovers is there (Linux)."""
    for pid in processes(cluster):
        with contextlib.suppress(OSError):
            if Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"postgres: startup"):
                return True
    return False


def _state(pid: int) -> str:
    """Return the letter of a process's state; X when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "X"


def _send(pid: int, how: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, how)


class Signs:
    """Signs of life of a server that is not ready yet: its logs, its files, its processes' time and bytes."""

    def __init__(self, cluster: Path, log: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._cluster = cluster
        self._log = log
        self._clock = clock
        self._seen: object = None
        self._at = clock()
        self._looked = -math.inf

    def silent_s(self) -> float:
        """Return for how many seconds nothing has moved, looking once a second."""
        now = self._clock()
        if now - self._looked >= 1:
            self._looked = now
            seen = self._look()
            if seen != self._seen:
                self._seen, self._at = seen, now
        return now - self._at

    def _look(self) -> object:
        files = [self._cluster / "global" / "pg_control", self._cluster / "pg_wal", self._cluster / "base"]
        with contextlib.suppress(OSError):
            files += self._log.iterdir()
        facts: list[object] = []
        for file in files:
            with contextlib.suppress(OSError):
                found = file.stat()
                facts.append((found.st_size, found.st_mtime_ns))
        for pid in processes(self._cluster):
            for name in ("stat", "io"):
                with contextlib.suppress(OSError):
                    facts.append(Path(f"/proc/{pid}/{name}").read_bytes())
            if _state(pid) == "D":
                # It waits for the disk, which tells nothing meanwhile.
                facts.append(self._clock())
        return facts
