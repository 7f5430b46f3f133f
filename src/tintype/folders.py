"""Where Tintype keeps what belongs to this machine. Standard library only, so that any command may ask."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

DATA_NAME = "TINTYPE_DATA"
ROOTS_DATA = Path("/var/lib/tintype")
"""Root's data on Linux: PostgreSQL never runs as root, and its account may not enter root's own folder."""


def data(environ: Mapping[str, str] | None = None) -> Path:
    """Return the data folder: TINTYPE_DATA, else the platform's place for a user's data."""
    surroundings = os.environ if environ is None else environ
    stated = surroundings.get(DATA_NAME, "").strip()
    return Path(stated).expanduser().absolute() if stated else platform_data(surroundings)


def platform_data(
    environ: Mapping[str, str] | None = None, platform: str = sys.platform, *, is_root: bool | None = None
) -> Path:
    """Return the platform's folder for a user's data, with `tintype` below it."""
    surroundings = os.environ if environ is None else environ
    if platform == "win32":
        base = surroundings.get("LOCALAPPDATA")
        return (Path(base) if base else Path.home() / "AppData" / "Local") / "tintype"
    if platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "tintype"
    base = surroundings.get("XDG_DATA_HOME")
    # A relative path there is to be ignored, says the standard that names the variable.
    if base and Path(base).is_absolute():
        return Path(base) / "tintype"
    if os.geteuid() == 0 if is_root is None else is_root:
        return ROOTS_DATA
    return Path.home() / ".local" / "share" / "tintype"
