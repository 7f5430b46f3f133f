"""The files that rows are given: read where they are, checked, and named by their hash in the row's input.

    files = RowFiles(folder=Path("rows.csv").parent, check=secret)
    files.placed("image", "boat.png")     # "tintype:sha256:…"
    files.new                             # {"…": b"…"}: to be stored before the row is

A file is bytes, a Path, a data URI or an address. A text that is none of these is a path where a folder is given, from
which it is meant: over HTTP none is, so that no caller reads what is here.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tintype.domain import errors
from tintype.service import areas, cells, givens, guarding
from tintype.service.cells import Broken

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

    from tintype.domain.catalogue import Model

SIZE_MAX_BYTES = 100 * 1024 * 1024
"""The largest file that is taken, in bytes."""


class RowFiles:
    """Reads the files of one batch, each once; `new` are those that are not stored yet, by their SHA-256.

    `areas` are the megapixels of those that are pictures, by what names them in a row's input.
    """

    def __init__(self, *, folder: Path | None = None, check: guarding.Check = guarding.nothing) -> None:
        self._folder, self._check = folder, check
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
            value = self._folder / Path(value.removeprefix("@")).expanduser()
        if isinstance(value, Path):
            if value not in self._read:
                self._read[value] = self._kept(name, _content(name, value))
            return givens.MARK + self._read[value]
        if isinstance(value, bytes | bytearray) or cells.is_data(value):
            return givens.MARK + self._kept(name, _content(name, value))
        if is_file:
            raise Broken(name, "a file is given by its address, https://…, or as a data URI; upload it first")
        return value

    def _kept(self, name: str, content: bytes) -> str:
        if len(content) > SIZE_MAX_BYTES:
            raise Broken(name, f"a file has at most {SIZE_MAX_BYTES // 1024**2} MB")
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


def _content(name: str, value: Any) -> bytes:
    if isinstance(value, Path) and not value.is_file():
        raise Broken(name, f"there is no file {value.name!r}; paths are meant from the folder of the rows")
    try:
        content = givens.content(value)
    except errors.InputError as fault:
        raise Broken(name, str(fault)) from None
    return b"" if content is None else content


__all__ = ["RowFiles"]
