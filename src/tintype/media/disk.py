"""Objects in a folder of this machine, durable when `keep` returns.

obstore's local store does not fsync, so this one is ours: the file is fsynced, renamed to its place, and the
folder that holds the name is fsynced too. A reader sees the whole file or none.

What root makes in a folder of somebody else's belongs to that one: `sudo` once must not keep its owner out of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import time
from typing import TYPE_CHECKING

from tintype.media.files_errors import ObjectMissing, RangeNotThere, of_disk

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator
    from pathlib import Path

PIECE_BYTES = 256 * 1024
_LEFT_OVER_S = 2 * 60 * 60


class Disk:
    """A folder with `objects/ab/cdef…`, and `drafts/` on the same file system."""

    is_local = True

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.drafts = folder / "drafts"

    def prepare(self) -> None:
        """Make the folders, closed to other users, and remove drafts that a killed process left behind."""
        try:
            if not self.folder.is_dir():
                made = next(path for path in (self.folder, *self.folder.parents) if path.parent.is_dir())
                self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                for path in (self.folder, *self.folder.parents):
                    give(path, like=made.parent)
                    if path == made:
                        break
            for path in (self.folder / "objects", self.drafts):
                if not path.is_dir():
                    path.mkdir(mode=0o700, exist_ok=True)
                    give(path, like=self.folder)
            sync_folder(self.folder)
        except OSError as fault:
            raise of_disk(fault, str(self.folder)) from fault
        sweep(self.drafts)

    async def keep(self, draft: Path, *, key: str, size_bytes: int) -> None:  # noqa: ARG002 - clouds need the size
        """Move a draft to its place; it is on the disk when this returns."""
        await asyncio.to_thread(self._keep, draft, key)

    async def has(self, key: str) -> bool:
        """Whether an object is there."""
        return await asyncio.to_thread((self.folder / key).is_file)

    async def size(self, key: str) -> int:
        """Return an object's size in bytes; raises ObjectMissing."""
        return (await asyncio.to_thread(self._stat, key)).st_size

    async def pieces(self, key: str, start: int, end: int) -> AsyncGenerator[bytes]:
        """Give the bytes from `start` up to before `end`."""
        try:
            file = await asyncio.to_thread(os.open, self.folder / key, os.O_RDONLY)
        except FileNotFoundError as fault:
            raise missing(key) from fault
        except OSError as fault:
            raise of_disk(fault, str(self.folder)) from fault
        try:
            while start < end:
                piece = await asyncio.to_thread(os.pread, file, min(PIECE_BYTES, end - start), start)
                if not piece:
                    raise RangeNotThere("the file is shorter than it was", size_bytes=start)
                start += len(piece)
                yield piece
        finally:
            os.close(file)

    @contextlib.asynccontextmanager
    async def local(self, key: str) -> AsyncIterator[Path]:
        """Give a path at which the object can be read; it must not be written to."""
        await asyncio.to_thread(self._stat, key)
        yield self.folder / key

    async def delete(self, key: str) -> None:
        """Remove an object; one that is not there is fine."""
        try:
            await asyncio.to_thread((self.folder / key).unlink, missing_ok=True)
        except OSError as fault:
            raise of_disk(fault, str(self.folder)) from fault

    async def first(self, key: str, content: bytes) -> bytes:
        """Return what is under the key, made of the content when there is nothing; nobody else may read it."""
        return await asyncio.to_thread(self._first, key, content)

    def _first(self, key: str, content: bytes) -> bytes:
        target, draft = self.folder / key, new_draft(self.drafts)
        try:
            if not target.exists():
                handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(handle, "wb") as file:
                    file.write(content)
                give(draft, like=self.folder)
                sync_file(draft)
                # A link never replaces what is there.
                with contextlib.suppress(FileExistsError):
                    os.link(draft, target)
                sync_folder(self.folder)
            return target.read_bytes()
        except OSError as fault:
            raise of_disk(fault, str(self.folder)) from fault
        finally:
            draft.unlink(missing_ok=True)

    def _keep(self, draft: Path, key: str) -> None:
        target = self.folder / key
        try:
            give(draft, like=self.folder)
            sync_file(draft)
            if not target.parent.is_dir():
                target.parent.mkdir(mode=0o700, exist_ok=True)
                give(target.parent, like=self.folder)
                sync_folder(target.parent.parent)
            # Over one that is there already, too: it has the same bytes, and these ones are known to be on the disk.
            draft.replace(target)
            sync_folder(target.parent)
        except OSError as fault:
            raise of_disk(fault, str(self.folder)) from fault

    def _stat(self, key: str) -> os.stat_result:
        try:
            return (self.folder / key).stat()
        except FileNotFoundError as fault:
            raise missing(key) from fault
        except OSError as fault:
            raise of_disk(fault, str(self.folder)) from fault


def missing(key: str) -> ObjectMissing:
    """Return the error for an object that is not there."""
    return ObjectMissing(f"nothing is stored under {key}")


def new_draft(folder: Path) -> Path:
    """Return a path for a new draft; `sweep` knows it by its ending."""
    return folder / f"{secrets.token_hex(16)}.part"


def sweep(folder: Path, *, now_s: float | None = None) -> int:
    """Remove drafts that nobody has written to for two hours, longer than any capture takes; return their number."""
    before_s, removed = (time.time() if now_s is None else now_s) - _LEFT_OVER_S, 0
    for path in folder.glob("*.part"):
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_mtime < before_s:
                # Films are joined in a folder of their own.
                shutil.rmtree(path) if path.is_dir() else path.unlink()
                removed += 1
    return removed


def give(path: Path, *, like: Path) -> None:
    """Let what root has made belong to whom another folder belongs to; nothing for everybody else."""
    if os.name == "nt" or os.geteuid() != 0:
        return
    owner = like.stat()
    # A container's root may own a folder and not be allowed to give anything away.
    with contextlib.suppress(PermissionError):
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def sync_file(path: Path) -> None:
    """Have a file's bytes on the disk."""
    file = os.open(path, os.O_RDWR)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def sync_folder(path: Path) -> None:
    """Have a folder's names on the disk; where folders cannot be opened (Windows) the system does it itself."""
    if os.name == "nt":
        return
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
