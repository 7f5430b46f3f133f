"""What the documents show is what happens: every Python and shell block is run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.docs import blocks, place
from tests.docs.place import in_an_empty_folder, server, url

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["in_an_empty_folder", "server", "url"]

_ALL = blocks.documents()


@pytest.mark.parametrize("path", place.runnable(how_to=False), ids=place.name)
@pytest.mark.usefixtures("in_an_empty_folder")
@pytest.mark.timeout(400)
def test_every_block_of_the_document_runs(path: Path) -> None:
    """The blocks run in order, those of Python in one namespace, as a reader would run them."""
    for example in blocks.parse(path).examples():
        example.evaluate()


@pytest.mark.parametrize("path", _ALL, ids=place.name)
def test_no_block_is_left_out(path: Path) -> None:
    """Each fence is either run or of a kind that holds no code, and nothing of HTML hides a block."""
    text = path.read_text()

    languages = blocks.languages(text)

    assert set(languages) <= blocks.RUN | blocks.SHOWN, "name each block's language, one that is known here"
    wanted = sum(language in blocks.RUN for language in languages)
    assert len({example.line for example in blocks.parse(path).examples()}) >= wanted
    assert not re.search(r"<!--.*?(skip|code)", text, re.DOTALL)


@pytest.mark.parametrize("path", _ALL, ids=place.name)
def test_every_link_leads_somewhere(path: Path) -> None:
    """A link to a file of the repository has that file behind it."""
    links = re.findall(r"\]\(([^)#\s]+)", path.read_text())

    dead = [link for link in links if "://" not in link and not (path.parent / link).exists()]

    assert dead == []


def test_the_readme_shows_python_and_shell() -> None:
    """The first page has an example for each of the two."""
    assert set(blocks.languages((blocks.ROOT / "README.md").read_text())) >= blocks.RUN
