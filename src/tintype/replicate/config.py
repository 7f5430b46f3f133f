"""The file `tintype.toml`: where it is, and what it says.

It is the one that `TINTYPE_CONFIG` names, which its operator vouches for, or the working folder's, which may be a
stranger's.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tintype.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE = "tintype.toml"
NAME = "TINTYPE_CONFIG"


@dataclass(frozen=True, slots=True)
class Config:
    """What a file says, by names in lower case without `tintype_`. `is_named` says that TINTYPE_CONFIG named it."""

    path: Path
    is_named: bool = False
    values: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def text(self, name: str) -> str:
        """Return a text, empty where there is none. Raises ConfigurationError for what is no text."""
        value = self.values.get(name, "")
        if not isinstance(value, str):
            raise ConfigurationError(f"{name} in {self.path} is to be a text in quotes")
        return value.strip()


def read(environ: Mapping[str, str] | None = None, folder: Path | None = None) -> Config:
    """Read the file; without values where there is none.

    Raises ConfigurationError for one that cannot be read, or that is named and not there.
    """
    surroundings = os.environ if environ is None else environ
    if named := surroundings.get(NAME, "").strip():
        return at(Path(named).expanduser())
    path = (folder or Path()) / FILE
    return Config(path, values=_values(path)) if path.is_file() else Config(path)


def at(path: Path) -> Config:
    """Read the file of this path, which somebody named. Raises ConfigurationError where that cannot be."""
    return Config(path, is_named=True, values=_values(path))


def _values(path: Path) -> dict[str, Any]:
    import tomllib  # noqa: PLC0415 - only where there is a file to read

    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as fault:
        raise ConfigurationError(f"{path} cannot be read: {fault.strerror}") from fault
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path} cannot be read: it is not UTF-8") from None
    except tomllib.TOMLDecodeError as fault:
        # Its message holds a place and single characters, never a value.
        raise ConfigurationError(f"{path} is not TOML: {fault}") from None


__all__ = ["FILE", "NAME", "Config", "at", "read"]
