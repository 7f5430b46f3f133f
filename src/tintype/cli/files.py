"""Names for what is saved: told from prompt, model and seed, safe on every system, and never taken twice."""

from __future__ import annotations

import re
import unicodedata
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from tintype.cli import exits

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WORDS_LENGTH_MAX = 48


def stem(prompt: str, *, model: str, seed: int | None = None) -> str:
    """Make a file name without its ending: the words of the prompt, the model's name, the seed.

    Only letters and digits of any script, dots and dashes: such a name is valid on Linux, macOS and Windows.
    """
    words = _words(prompt)[:WORDS_LENGTH_MAX].rstrip("-") or "untitled"
    parts = [words, _words(model.rpartition("/")[2], keep=".")]
    if seed is not None:
        parts.append(str(seed))
    return "-".join(part for part in parts if part)


def folder(path: Path) -> Path:
    """Return the folder to save into, made where it is not there. Raises Refusal where nothing can be written there."""
    from tempfile import TemporaryFile  # noqa: PLC0415 - not needed to answer --help

    try:
        path.mkdir(parents=True, exist_ok=True)
        # Asking for the right to write would not tell of a file system that is read-only.
        with TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise exits.Refusal(
            f"cannot save into {path}: {error.strerror}; choose another folder with --out"
        ) from None
    return path


@contextmanager
def new_file(where: Path, name: str, suffix: str) -> Iterator[tuple[Path, BinaryIO]]:
    """Open a file that was not there before: `name.png`, else `name-2.png` and so on.

    The file is gone again when the block ends with an error.
    """
    path, file = _created(where, name, suffix)
    try:
        with file:
            yield path, file
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _created(where: Path, name: str, suffix: str) -> tuple[Path, BinaryIO]:
    for number in range(1, 100_000):
        path = where / (f"{name}{suffix}" if number == 1 else f"{name}-{number}{suffix}")
        try:
            return path, path.open("xb")
        except FileExistsError:
            continue
        except OSError as error:
            raise exits.Refusal(
                f"cannot write {path}: {error.strerror}; choose another folder with --out"
            ) from None
    raise exits.Refusal(f"{where} is full of files called {name}; choose another folder with --out")


def _words(text: str, *, keep: str = "") -> str:
    plain = unicodedata.normalize("NFC", text.casefold())
    return re.sub(rf"[^\w{re.escape(keep)}]+|_+", "-", plain).strip("-.")
