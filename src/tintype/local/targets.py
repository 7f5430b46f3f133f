"""Files that are to be made where none is yet: tried before anything is bought for them.

await targets.tried("film.mp4")         # FileExistsError, FileNotFoundError, … before, not after
"""

from __future__ import annotations

import asyncio
from pathlib import Path


async def tried(to: Path | str) -> Path:
    """Return a path where a new file can be written; nothing is left there. Raises OSError, as writing it would."""
    path = Path(to)
    await asyncio.to_thread(_try, path)
    return path


def told(error: OSError, words: str) -> OSError:
    """Return the same kind of error with more words, where its reason is told."""
    if error.errno is None:
        return OSError(f"{error}; {words}")
    return OSError(error.errno, f"{error.strerror}; {words}", error.filename)


def _try(path: Path) -> None:
    with path.open("xb"):
        pass
    path.unlink()


__all__ = ["told", "tried"]
