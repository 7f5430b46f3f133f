"""The blocks of the pages of docs/how-to are run too; beside the other documents, as each takes a while."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.docs import blocks, place
from tests.docs.place import in_an_empty_folder, server, url

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["in_an_empty_folder", "server", "url"]


@pytest.mark.parametrize("path", place.runnable(how_to=True), ids=place.name)
@pytest.mark.usefixtures("in_an_empty_folder")
@pytest.mark.timeout(400)
def test_every_block_of_the_page_runs(path: Path) -> None:
    """The blocks run in order, those of Python in one namespace, as a reader would run them."""
    for example in blocks.parse(path).examples():
        example.evaluate()
