"""Where the blocks of a document run: as at a reader's who has just begun."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import folders
from tests.docs import blocks
from tests.integration.core.conftest import server, url
from tintype.testing import simulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Fixtures: a database of the document's own, cloned from one that was made once.
__all__ = ["in_an_empty_folder", "name", "runnable", "server", "url"]

HOW_TO = blocks.ROOT / "docs" / "how-to"


def name(path: Path) -> str:
    """Name a document by its path."""
    return str(path.relative_to(blocks.ROOT))


def runnable(*, how_to: bool) -> list[Path]:
    """List the documents with blocks to run: the pages of docs/how-to, or all others."""
    return [
        path
        for path in blocks.documents()
        if path.is_relative_to(HOW_TO) == how_to
        and blocks.RUN.intersection(blocks.languages(path.read_text()))
    ]


@pytest.fixture
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str) -> Iterator[None]:
    """Give the blocks an empty folder, a home and a database of their own, and a simulator as their Replicate."""
    home = tmp_path / "home"
    work = tmp_path / "work"
    home.mkdir()
    work.mkdir()
    with (
        folders.opened() as data,
        simulator(speed=100) as running,
    ):
        monkeypatch.setenv("HOME", str(home))
        monkeypatch.setenv("TINTYPE_DATA", str(data))
        monkeypatch.setenv("TINTYPE_DATABASE_URL", url)
        monkeypatch.setenv("TINTYPE_REPLICATE_URL", running.url)
        monkeypatch.setenv("REPLICATE_API_TOKEN", "r8_the_documents_example_token")
        monkeypatch.chdir(work)
        yield
