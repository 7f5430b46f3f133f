"""Bytes that are needed later (uploads, inputs of drawings), shared by their hash and counted by use."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class Blobs:
    """Bytes by SHA-256, in memory or as files of a folder.

    `put` and `keep` count one use each, `release` takes one back; at none the bytes go.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._memory: dict[str, bytes] = {}
        self._uses: dict[str, int] = {}
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def put(self, content: bytes) -> str:
        """Keep the bytes once more and return their hash."""
        name = hashlib.sha256(content).hexdigest()
        if self._folder is None:
            self._memory.setdefault(name, content)
        elif not (path := self._folder / name).exists():
            # A name appears only with all its bytes: a kill in between leaves a part file that nobody reads.
            part = path.with_suffix(".part")
            part.write_bytes(content)
            part.replace(path)
        self._uses[name] = self._uses.get(name, 0) + 1
        return name

    def keep(self, name: str) -> None:
        """Count one more use of bytes already there, as when records are read from the journal."""
        self._uses[name] = self._uses.get(name, 0) + 1

    def get(self, name: str) -> bytes | None:
        """Return the bytes, or None when they are gone."""
        if self._folder is None:
            return self._memory.get(name)
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            return None

    def release(self, name: str) -> None:
        """Take one use back; the last one removes the bytes."""
        left = self._uses.get(name, 1) - 1
        if left > 0:
            self._uses[name] = left
            return
        self._uses.pop(name, None)
        self._memory.pop(name, None)
        if self._folder is not None:
            (self._folder / name).unlink(missing_ok=True)

    def sweep(self) -> None:
        """Remove files of the folder that no record uses, as a kill in between leaves."""
        if self._folder is not None:
            for path in self._folder.iterdir():
                if path.name not in self._uses:
                    path.unlink(missing_ok=True)

    def clear(self) -> None:
        """Remove everything."""
        self._uses.clear()
        self._memory.clear()
        self.sweep()
