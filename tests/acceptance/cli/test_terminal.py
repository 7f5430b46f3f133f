"""What a person sees at a terminal: progress, and the picture itself where colours are wanted."""

from __future__ import annotations

import os
import pty
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.cli.conftest import COMMAND

if TYPE_CHECKING:
    from tests.acceptance.cli.conftest import Shell

HALF_BLOCK = "▀"


def at_a_terminal(shell: Shell, *arguments: str, **environment: str) -> str:
    """Run a command with a terminal as its standard output and error, and return what it showed."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [COMMAND, *arguments],
        cwd=shell.folder,
        env={**shell.environment, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "40", **environment},
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 65536):
            shown += piece
    except OSError:
        # Linux ends a terminal with an error when nobody holds its other side.
        pass
    finally:
        os.close(ours)
    assert process.wait(timeout=30) == 0, shown.decode()
    return shown.decode()


def test_progress_and_the_picture_are_shown(connected: Shell) -> None:
    shown = at_a_terminal(connected, "generate", "--direct", "a boat")

    assert "flux-schnell" in shown
    assert "saved" in shown
    assert "100%" in shown
    assert shown.count(HALF_BLOCK) > 500
    assert "a-boat-flux-schnell.webp" in shown


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [(["--no-preview"], {}), ([], {"NO_COLOR": "1"}), ([], {"TERM": "dumb"}), (["--json"], {})],
)
def test_no_picture_where_none_is_wanted(
    connected: Shell, arguments: list[str], environment: dict[str, str]
) -> None:
    shown = at_a_terminal(connected, "generate", "--direct", "a boat", *arguments, **environment)

    assert HALF_BLOCK not in shown
    assert "a-boat-flux-schnell.webp" in shown
