"""The command line: `tintype generate`, `video`, `models`, `token`, `simulator`, `doctor`."""

from __future__ import annotations

import gc
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

# Objects that may come to be until it is looked for garbage among them.
_GARBAGE = 20_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done, 1 failed upstream, 2 bad input, 130 interrupted.

    `arguments` default to the process's own. Never raises for what a user can meet; one line on standard
    error says what was wrong and what to do next.
    """
    _open_streams()
    # Nearly all that is made at the start stays: to look through it for garbage meanwhile takes a tenth of the start.
    gc.set_threshold(_GARBAGE)
    try:
        from tintype.cli import app  # noqa: PLC0415 - the light client installs without typer, which this needs
    except KeyboardInterrupt:
        sys.stderr.write("tintype: interrupted\n")
        return 130
    except ModuleNotFoundError as error:
        if error.name != "typer":
            raise
        sys.stderr.write(
            "tintype: the command line is not installed; add it with: pip install 'tintype[cli]'\n"
        )
        return 2
    return app.run(arguments)


def _open_streams() -> None:
    """Give a process that was started with closed streams some that go nowhere, as all code counts on them."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8"))
