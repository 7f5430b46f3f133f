"""What can go wrong with stored files.

    TintypeError
    └── FilesError                files
        ├── StorageFull           storage_full: no room, or a quota is used up; making room helps
        ├── StorageAway           storage_away: the place does not answer, or breaks; later may help
        ├── StorageRefused        storage_refused: wrong credentials, no such bucket, no permission
        ├── ObjectMissing         object_missing: nothing is stored under this hash
        ├── ObjectTooLarge        object_too_large: more than was allowed, with `size_max_bytes`
        └── RangeNotThere         range_not_there: asked for bytes beyond the end, with `size_bytes`

No message holds a credential or the address of a signed request.
"""

from __future__ import annotations

import errno

from tintype.domain.errors import TintypeError


class FilesError(TintypeError):
    """A file was not stored, read or deleted."""

    code = "files"


class StorageFull(FilesError):
    """There is no room for more. What was begun is removed."""

    code = "storage_full"


class StorageAway(FilesError):
    """The place where files are kept does not answer, or breaks while it does."""

    code = "storage_away"


class StorageRefused(FilesError):
    """The place where files are kept refuses us: credentials, permissions, or a bucket that is not there."""

    code = "storage_refused"


class ObjectMissing(FilesError):
    """Nothing is stored under this hash."""

    code = "object_missing"


class ObjectTooLarge(FilesError):
    """More bytes came than were allowed; nothing of them is kept."""

    code = "object_too_large"

    def __init__(self, message: str, *, size_max_bytes: int) -> None:
        super().__init__(message)
        self.size_max_bytes = size_max_bytes


class RangeNotThere(FilesError):
    """The range begins at or beyond the end of the file, whose size is `size_bytes`."""

    code = "range_not_there"

    def __init__(self, message: str, *, size_bytes: int) -> None:
        super().__init__(message)
        self.size_bytes = size_bytes


# EFBIG: the largest file that a limit of the process allows.
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_REFUSED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR})


def of_disk(fault: OSError, place: str) -> FilesError:
    """Put a failure of the operating system into our words; `place` is the folder."""
    if fault.errno in _FULL:
        return StorageFull(
            f"There is no room left in {place} ({fault.strerror}). Make room, or move the files elsewhere with "
            "TINTYPE_STORAGE_URL; captures that wait go on by themselves.",
            can_retry=True,
        )
    if fault.errno in _REFUSED:
        return StorageRefused(
            f"Files cannot be kept in {place} ({fault.strerror}). Make the folder writable for this user, or set "
            "TINTYPE_STORAGE_URL to another one."
        )
    return StorageAway(f"The folder {place} does not work ({fault.strerror}).", can_retry=True)


__all__ = [
    "FilesError",
    "ObjectMissing",
    "ObjectTooLarge",
    "RangeNotThere",
    "StorageAway",
    "StorageFull",
    "StorageRefused",
    "of_disk",
]
