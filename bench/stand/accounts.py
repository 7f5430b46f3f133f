"""What processes use: processor seconds and memory, a process with all its descendants."""

from __future__ import annotations

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")


def tree(pid: int) -> list[int]:
    """Return a process and its descendants."""
    parents: dict[int, list[int]] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit() and (fields := _fields(int(entry.name))):
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [pid]
    for one in found:
        found += parents.get(one, [])
    return found


def parent(pid: int) -> int:
    """Return the parent of a process; 0 when it is gone."""
    fields = _fields(pid)
    return int(fields[1]) if fields else 0


def cpu_s(*pids: int) -> float:
    """Return what processes have used so far, with children that have ended and were waited for."""
    return sum(sum(map(int, fields[11:15])) for pid in pids if (fields := _fields(pid))) / _TICKS


def tree_cpu_s(pid: int) -> float:
    """Return what a process and its descendants have used so far."""
    return cpu_s(*tree(pid))


def private_bytes(*pids: int) -> int:
    """Return what processes hold for themselves, shared memory counted by its share."""
    total = 0
    for pid in pids:
        try:
            lines = (_PROC / str(pid) / "smaps_rollup").read_text(encoding="ascii").splitlines()
        except (FileNotFoundError, ProcessLookupError):
            continue
        total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    return total


def postmaster(data: Path) -> int:
    """Return the process of the embedded server of a data folder."""
    [file] = (data / "postgres").glob("**/postmaster.pid")
    return int(file.read_text(encoding="utf-8").split()[0])


def _fields(pid: int) -> list[str]:
    """Return the fields of `/proc/PID/stat` behind the name, which may hold blanks; empty when it is gone."""
    try:
        text = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return []
    return text.rpartition(")")[2].split()
