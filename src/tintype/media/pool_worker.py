"""One process of the pool: reads a request per line, works under limits, answers with a line.

Started as `python -m tintype.media.pool_worker MEMORY_BYTES CPU_S FILE_BYTES`. It ends when its input ends, and on
Linux in the middle of its work too when who started it is killed: nobody is there to take the film.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import signal
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tintype.media import sheets, thumbnails

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_NICE = 10
_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Answer requests until there are no more."""
    memory_max_bytes, cpu_s, file_max_bytes = (int(text) for text in sys.argv[1:4])
    _end_with_parent()
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    # A decoder that prints must not break into the answers.
    os.dup2(2, 1)
    _limit(memory_max_bytes=memory_max_bytes, file_max_bytes=file_max_bytes)
    for line in requests:
        _limit_time(cpu_s)
        answers.write(json.dumps(_answer(json.loads(line))).encode() + b"\n")
        answers.flush()


def join(sources: list[str], target: str, crossfade_s: float = 0) -> dict[str, Any]:
    """Join films into an MP4 at `target`; return its width, height and duration_ms."""
    from tintype.media import clips, video  # noqa: PLC0415 - pictures need not wait for it

    try:
        made = video.join([Path(one) for one in sources], Path(target), crossfade_s=crossfade_s)
    except clips.UnreadableClip as fault:
        raise thumbnails.Unreadable(f"clip {fault.number + 1} {fault.reason}") from fault
    except clips.CannotJoin as fault:
        raise thumbnails.Unreadable(str(fault)) from fault
    return {"width": made.width, "height": made.height, "duration_ms": round(made.seconds * 1000)}


def finish(source: str, target: str, steps: list[str], ident: str) -> dict[str, Any]:
    """Do finishing steps on a picture; see `printing.finish`."""
    from tintype.media import printing  # noqa: PLC0415 - others need not wait for it

    return printing.finish(source, target, steps, ident)


WORK: Mapping[str, Callable[..., dict[str, Any]]] = {
    **thumbnails.WORK,
    **sheets.WORK,
    "join": join,
    "finish": finish,
}
"""What a process can be asked for."""


def _answer(request: dict[str, object]) -> dict[str, object]:
    work = WORK[str(request.pop("do"))]
    try:
        with warnings.catch_warnings():
            return {"done": work(**request)}
    except thumbnails.Unreadable as fault:
        return {"failed": str(fault)}
    except OSError as fault:
        if fault.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        return {"full": os.strerror(fault.errno)}
    except MemoryError:
        return {"failed": "it needs more memory than is allowed"}


def _end_with_parent() -> None:
    """Have the system kill this process when the one that started it is gone."""
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415 - of use on Linux alone

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _limit(*, memory_max_bytes: int, file_max_bytes: int) -> None:
    """Give up what a decoder has no need of: memory without end, core files, a place before others."""
    try:
        import resource  # noqa: PLC0415 - Windows has none
    except ImportError:
        return
    limits = {
        resource.RLIMIT_AS: memory_max_bytes,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: file_max_bytes,
    }
    for name, most in limits.items():
        # macOS refuses some; the time limit holds there all the same.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(name, (most, most))
    os.nice(_NICE)
    # Linux weighs sessions before it weighs the processes within them, and the pool's are sessions of their own.
    with contextlib.suppress(OSError), open("/proc/self/autogroup", "w", encoding="ascii") as file:  # noqa: PTH123 - no need for pathlib here
        file.write(str(_NICE))
    # Should the machine run out of memory, this is what it may take first.
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:  # noqa: PTH123 - no need for pathlib here
        file.write("900")


def _limit_time(cpu_s: int) -> None:
    """Allow so much more of the processor from now on; the system ends us beyond it."""
    try:
        import resource  # noqa: PLC0415 - Windows has none
    except ImportError:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + cpu_s + 1, hard))


if __name__ == "__main__":
    main()
