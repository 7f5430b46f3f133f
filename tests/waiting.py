"""Wait for what other processes bring about."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def until(is_so: Callable[[], bool], *, within_s: float = 30.0) -> None:
    """Wait until something is so, which other processes bring about; fails when it is not in time."""
    deadline = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < deadline, "it did not happen in time"
        # Nothing of theirs can be waited on from here: they are asked again.
        time.sleep(0.05)
