"""The command line: `tintype generate`, `video`, `models`, `token`, `simulator`, `doctor`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done, 1 failed upstream, 2 bad input, 130 interrupted.

    `arguments` default to the process's own. Never raises for what a user can meet; one line on standard
    error says what was wrong and what to do next.
    """
    try:
        from tintype.cli import app  # noqa: PLC0415 - the light client installs without typer, which this needs
    except ModuleNotFoundError as error:
        if error.name != "typer":
            raise
        sys.stderr.write(
            "tintype: the command line is not installed; add it with: pip install 'tintype[cli]'\n"
        )
        return 2
    return app.run(arguments)
