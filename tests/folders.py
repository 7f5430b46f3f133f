"""Folders that the database's account may enter, which pytest's own are closed to."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


_MEMORY = Path("/dev/shm")  # noqa: S108 - each makes a folder of its own in it
_MEMORY_LEAST_BYTES = 4 * 1024**3


@contextlib.contextmanager
def opened() -> Iterator[Path]:
    """Make a folder; it is gone afterwards.

    It is in memory where there is room, as a cluster has a thousand files and a clone of a database five hundred: made
    on a busy disk, they take more time than what is tested.
    """
    folder = Path(tempfile.mkdtemp(prefix="tt-", dir=_MEMORY if _has_memory() else None))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        # What was killed just now may be writing yet.
        shutil.rmtree(folder, ignore_errors=True)


def _has_memory() -> bool:
    return (
        _MEMORY.is_dir()
        and os.access(_MEMORY, os.W_OK)
        and shutil.disk_usage(_MEMORY).free >= _MEMORY_LEAST_BYTES
    )
