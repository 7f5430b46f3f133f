"""One open description of a lock file, freed by the kernel when its last holder dies.

`flock` rather than record locks: it belongs to the open file, so that two parts of one process hold two
locks, a child can be given one, and `kill -9` frees it.
"""

from __future__ import annotations

import errno
import fcntl
import os
import time
from typing import TYPE_CHECKING

from tintype.store import errors

if TYPE_CHECKING:
    from pathlib import Path

_POLL_S = 0.01
_UNSUPPORTED = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)


class Lock:
    """A lock file opened anew: two of them on one path exclude each other, also within one process."""

    def __init__(self, path: Path, *, uid: int | None = None, gid: int | None = None) -> None:
        self.path = path
        self.fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        if uid is not None and gid is not None and os.geteuid() == 0:
            os.fchown(self.fd, uid, gid)

    def try_shared(self) -> bool:
        """Take or keep a share; False when somebody holds it alone. A lock held before is lost then."""
        return self._try(fcntl.LOCK_SH)

    def try_exclusive(self) -> bool:
        """Take it alone; False when anybody holds it. A share held before is lost then."""
        return self._try(fcntl.LOCK_EX)

    def wait_shared(self) -> None:
        """Wait for a share. Who holds it alone is about to end or to be killed, so this needs no limit."""
        while not self.try_shared():
            time.sleep(_POLL_S)

    def wait_exclusive(self, *, timeout_s: float | None = None) -> bool:
        """Wait until nobody else holds it; without a limit the kernel wakes us and waiting costs nothing."""
        if timeout_s is None:
            fcntl.flock(self.fd, fcntl.LOCK_EX)
            return True
        end = time.monotonic() + timeout_s
        while not self.try_exclusive():
            if time.monotonic() > end:
                return False
            time.sleep(_POLL_S)
        return True

    def release(self) -> None:
        """Let go and keep the file open."""
        fcntl.flock(self.fd, fcntl.LOCK_UN)

    def close(self) -> None:
        """Let go unless a child inherited the description. Closing twice is harmless."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def _try(self, kind: int) -> bool:
        try:
            fcntl.flock(self.fd, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno not in _UNSUPPORTED:
                raise
            raise errors.DataFolderUnusable(
                f"{self.path.parent}: this file system has no locks. Put the data on a local disk with "
                "TINTYPE_DATA, or use a server of your own with TINTYPE_DATABASE_URL.",
                reason=errors.Reason.NO_LOCKS,
            ) from error
        return True
