"""What the documents show is what happens: every Python and shell block is run."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.docs import blocks
from tests.integration.core.conftest import server, url
from tintype.testing import simulator

if TYPE_CHECKING:
    from collections.abc import Iterator

# Fixtures: a database of the document's own, cloned from one that was made once.
__all__ = ["server", "url"]

_ALL = blocks.documents()
_RUNNABLE = [path for path in _ALL if blocks.RUN.intersection(blocks.languages(path.read_text()))]


def _name(path: Path) -> str:
    return str(path.relative_to(blocks.ROOT))


@pytest.fixture
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str) -> Iterator[None]:
    """Give the blocks an empty folder, a home and a database of their own, and a simulator as their Replicate."""
    home = tmp_path / "home"
    work = tmp_path / "work"
    home.mkdir()
    work.mkdir()
    # Below the temporary folder itself: pytest's own folders are closed to the account that PostgreSQL runs as.
    with (
        tempfile.TemporaryDirectory(prefix="tt-", ignore_cleanup_errors=True) as data,
        simulator(speed=100) as running,
    ):
        Path(data).chmod(0o755)
        monkeypatch.setenv("HOME", str(home))
        monkeypatch.setenv("TINTYPE_DATA", data)
        monkeypatch.setenv("TINTYPE_DATABASE_URL", url)
        monkeypatch.setenv("TINTYPE_REPLICATE_URL", running.url)
        monkeypatch.setenv("REPLICATE_API_TOKEN", "r8_the_documents_example_token")
        monkeypatch.chdir(work)
        yield


@pytest.mark.parametrize("path", _RUNNABLE, ids=_name)
@pytest.mark.usefixtures("_in_an_empty_folder")
def test_every_block_of_the_document_runs(path: Path) -> None:
    """The blocks run in order, those of Python in one namespace, as a reader would run them."""
    for example in blocks.parse(path).examples():
        example.evaluate()


@pytest.mark.parametrize("path", _ALL, ids=_name)
def test_no_block_is_left_out(path: Path) -> None:
    """Each fence is either run or of a kind that holds no code, and nothing of HTML hides a block."""
    text = path.read_text()

    languages = blocks.languages(text)

    assert set(languages) <= blocks.RUN | blocks.SHOWN, "name each block's language, one that is known here"
    wanted = sum(language in blocks.RUN for language in languages)
    assert len({example.line for example in blocks.parse(path).examples()}) >= wanted
    assert not re.search(r"<!--.*?(skip|code)", text, re.DOTALL)


@pytest.mark.parametrize("path", _ALL, ids=_name)
def test_every_link_leads_somewhere(path: Path) -> None:
    """A link to a file of the repository has that file behind it."""
    links = re.findall(r"\]\(([^)#\s]+)", path.read_text())

    dead = [link for link in links if "://" not in link and not (path.parent / link).exists()]

    assert dead == []


def test_the_readme_shows_python_and_shell() -> None:
    """The first page has an example for each of the two."""
    assert set(blocks.languages((blocks.ROOT / "README.md").read_text())) >= blocks.RUN
