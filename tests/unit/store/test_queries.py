"""SQL is data: each file is one statement and says on its first line what it guarantees."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from tintype.store import queries, schema
from tintype.store.queries import Queries

if TYPE_CHECKING:
    from pathlib import Path

_FILES = sorted(queries.FOLDER.glob("*.sql"))


@pytest.mark.parametrize("file", _FILES, ids=lambda file: file.stem)
def test_a_file_is_one_statement_that_says_what_it_guarantees(file: Path) -> None:
    """The style page: one statement per file, named as it is called, one sentence on top."""
    text = file.read_text(encoding="utf-8")
    top = re.match(r"(-- .+\n)+", text)
    assert top
    rest = text[top.end() :]

    assert re.match(r"-- [A-Z](.|\n)+\.\n$", top[0])
    assert re.fullmatch(r"[a-z_]+", file.stem)
    assert ";" not in re.sub(r"'[^']*'", "", rest).rstrip().removesuffix(";")
    assert Queries()[file.stem]


def test_comments_do_not_reach_the_driver(tmp_path: Path) -> None:
    """A percent sign in a comment would be taken for a placeholder."""
    (tmp_path / "share.sql").write_text("-- Gives 100% of it.\n  -- more\nSELECT 1;\n")

    assert Queries(tmp_path)["share"] == b"SELECT 1"


def test_an_unknown_statement_is_a_key_error() -> None:
    """A name without a file is a mistake in the program."""
    with pytest.raises(KeyError, match="no_such"):
        Queries()["no_such"]


def test_every_file_is_known_by_name() -> None:
    """What is there is listed."""
    assert Queries().names() == [file.stem for file in _FILES]


def test_revisions_are_one_chain_and_say_the_oldest_code() -> None:
    """Rule 20: each migration states the oldest code that still works with it; numbers follow each other."""
    config = Config()
    config.set_main_option("script_location", str(schema.VERSIONS.parent))
    scripts = ScriptDirectory.from_config(config)

    chain = [script.revision for script in scripts.walk_revisions()]
    oldest = [script.module.OLDEST_CODE for script in scripts.walk_revisions()]

    assert scripts.get_heads() == [schema.head()]
    assert chain[::-1] == [f"{number:04}" for number in range(1, len(chain) + 1)]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", code) for code in oldest)


@pytest.mark.parametrize(
    ("older", "newer"), [("0.9.0", "0.10.0"), ("0.1.0", "1.0.0"), ("0.1.0", "0.1.0.1"), ("0.2.0rc1", "0.2.1")]
)
def test_versions_are_compared_as_numbers(older: str, newer: str) -> None:
    """0.10 is newer than 0.9."""
    assert schema._order(older) < schema._order(newer)
