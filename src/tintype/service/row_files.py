"""The files that rows are given: read where they are, checked, and named by their hash in the row's input.

    files = RowFiles(folder=Path("rows.csv").parent, check=secret)
    files.placed("image", "boat.png")     # "tintype:sha256:…"
    files.new                             # {"…": b"…"}: to be stored before the row is

A file is bytes, a Path, a data URI or an address. A text that is none of these is a path where a folder is given, from
which it is meant: over HTTP none is, so that no caller reads what is here. Rows may be a stranger's: what their paths
lead to has to lie in that folder, or in one that is allowed beside it, and to be what the input takes.
"""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tintype.domain import errors
from tintype.media import kinds
from tintype.media.kinds import Family
from tintype.service import areas, cells, givens, guarding
from tintype.service.cells import Broken

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from fractions import Fraction

    from tintype.domain.catalogue import Model

SIZE_MAX_BYTES = 100 * 1024 * 1024
"""The largest file that is taken, in bytes."""
_SHOWN = 200
# All that models take. Of a film's kin, some are not known by their brand.
_TAKEN = frozenset({Family.PICTURE, Family.FILM, Family.SOUND})
_BRANDED = b"ftyp"


class RowFiles:
    """Reads the files of one batch, each once; `new` are those that are not stored yet, by their SHA-256.

    From `folder` on paths are meant; `also` are other folders that they may lead to. `areas` are the megapixels of
    those that are pictures, by what names them in a row's input.
    """

    def __init__(
        self,
        *,
        folder: Path | None = None,
        also: Sequence[Path] = (),
        check: guarding.Check = guarding.nothing,
    ) -> None:
        self._folder, self._check = folder, check
        self._allowed = () if folder is None else tuple(one.resolve() for one in (folder, *also))
        self._read: dict[Path, str] = {}
        self._known: set[str] = set()
        self.new: dict[str, bytes] = {}
        self.areas: dict[str, Fraction] = {}

    @property
    def size_bytes(self) -> int:
        """How much is to be stored."""
        return sum(map(len, self.new.values()))

    @property
    def hashes(self) -> frozenset[str]:
        """All that rows were given up to now."""
        return frozenset(self._known)

    def taken(self) -> dict[str, bytes]:
        """Return what is to be stored, once."""
        new, self.new = self.new, {}
        return new

    def all_placed(self, model: Model | None, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return an input with the hashes of its files in their place. Raises Broken."""
        made = dict(values)
        for name, value in values.items():
            wanted = None if model is None else model.inputs.get(name)
            if wanted is not None and not wanted.takes_file:
                continue
            parts = value if isinstance(value, list | tuple) else [value]
            found = [self._placed(name, part, is_file=wanted is not None) for part in parts]
            made[name] = found if isinstance(value, list | tuple) else found[0]
        return made

    def _placed(self, name: str, value: Any, *, is_file: bool) -> Any:
        if cells.is_url(value):
            return value
        # Where it is not known whether an input takes a file, it is said by the sign before it.
        is_path = isinstance(value, str) and not cells.is_data(value) and (is_file or value.startswith("@"))
        if is_path and self._folder is not None:
            path = self._found(name, value.removeprefix("@"), folder=self._folder)
            if path not in self._read:
                self._read[path] = self._kept(name, _taken(name, path, is_known=is_file))
            return givens.MARK + self._read[path]
        if isinstance(value, Path):
            if value not in self._read:
                self._read[value] = self._kept(name, _read(name, value))
            return givens.MARK + self._read[value]
        if isinstance(value, bytes | bytearray) or cells.is_data(value):
            return givens.MARK + self._kept(name, _content(name, value))
        if is_file:
            raise Broken(name, "a file is given by its address, https://…, or as a data URI; upload it first")
        return value

    def _found(self, name: str, text: str, *, folder: Path) -> Path:
        """Return where a path leads in the end. Raises Broken when that is not where files may be."""
        try:
            path = (folder / Path(text).expanduser()).resolve()
        except (OSError, RuntimeError, ValueError):
            raise _missing(name, text) from None
        if not any(path.is_relative_to(one) for one in self._allowed):
            raise Broken(
                name,
                f"{text[:_SHOWN]!r} lies outside the folder of the rows, and is not read: put it there, or allow its "
                "folder with --files-from (files_from in Python)",
            )
        return path

    def _kept(self, name: str, content: bytes) -> str:
        if len(content) > SIZE_MAX_BYTES:
            raise _too_large(name)
        sha256 = hashlib.sha256(content).hexdigest()
        if sha256 not in self._known:
            try:
                guarding.refuse(f"the file in {name!r}", content, self._check)
            except errors.InputError as fault:
                raise Broken(name, str(fault)) from None
            self._known.add(sha256)
            self.new[sha256] = content
            if (area := areas.of_content(content)) is not None:
                self.areas[givens.MARK + sha256] = area
        return sha256


def _taken(name: str, path: Path, *, is_known: bool) -> bytes:
    """Return what a file holds; where the input is known, only what one can take."""
    content = _read(name, path)
    is_fit = kinds.identify(content[: kinds.HEAD_BYTES]).family in _TAKEN or content[4:8] == _BRANDED
    if is_known and not is_fit:
        raise Broken(name, f"{path.name[:_SHOWN]!r} is no picture, film or sound, so it is not given")
    return content


def _read(name: str, path: Path) -> bytes:
    """Return what a file of this machine holds, no more of it than is taken."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise _missing(name, path.name)
        if found.st_size > SIZE_MAX_BYTES:
            raise _too_large(name)
        with path.open("rb") as file:
            return file.read(SIZE_MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        raise _missing(name, path.name) from None
    except OSError as fault:
        raise Broken(name, f"{path.name[:_SHOWN]!r} cannot be read: {fault.strerror}") from None


def _missing(name: str, text: str) -> Broken:
    return Broken(name, f"there is no file {text[:_SHOWN]!r}; paths are meant from the folder of the rows")


def _too_large(name: str) -> Broken:
    return Broken(name, f"a file has at most {SIZE_MAX_BYTES // 1024**2} MB")


def _content(name: str, value: Any) -> bytes:
    try:
        content = givens.content(value)
    except errors.InputError as fault:
        raise Broken(name, str(fault)) from None
    return b"" if content is None else content


__all__ = ["RowFiles"]
