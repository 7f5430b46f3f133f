"""Read the documents of the repository and run their blocks: Python in this process, shell with bash."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sybil import Document, Sybil
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser

if TYPE_CHECKING:
    from sybil import Example

ROOT = Path(__file__).resolve().parents[2]
RUN = frozenset({"python", "sh"})
# What a block may hold without being run: output, data, diagrams.
SHOWN = frozenset({"text", "json", "toml", "mermaid"})
_FENCE = re.compile(r"^[ >]*(?P<fence>`{3,}|~{3,})[ ]*(?P<language>[^\n`]*)$", re.MULTILINE)


# Written from the code when the site is built; another test reads them.
GENERATED = frozenset({ROOT / "docs/reference/python.md", ROOT / "docs/reference/errors.md"})


def documents() -> list[Path]:
    """List every document that people wrote: the ones at the root, and all below docs/."""
    return sorted(
        {*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")} - GENERATED
    )


def parse(path: Path) -> Document:
    """Find the blocks of a document that are to be run. Without a parser for skipping, none is skipped."""
    sybil = Sybil(parsers=[PythonCodeBlockParser(), CodeBlockParser(language="sh", evaluator=run_shell)])
    return sybil.parse(path)


def run_shell(example: Example) -> None:
    """Run a block with bash where the test is; code 0 is demanded, and what it printed is told otherwise."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", str(example.parsed)],
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, (
        f"{example.path}:{example.line}: the block ended with code {done.returncode}\n"
        f"{example.parsed}\n--- stdout\n{done.stdout}\n--- stderr\n{done.stderr}"
    )


def languages(text: str) -> list[str]:
    """Name the language of each fenced block, in order; an empty name is a block without one."""
    found: list[str] = []
    open_fence = ""
    for match in _FENCE.finditer(text):
        fence = match["fence"]
        if not open_fence:
            open_fence = fence
            found.append(match["language"].strip())
        elif fence.startswith(open_fence) and not match["language"].strip():
            open_fence = ""
    assert not open_fence, "a fenced block is not closed"
    return found
