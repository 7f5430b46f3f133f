"""The reference names everything: public names, error codes, commands, settings have a heading each."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import tintype
from tests.docs import blocks
from tests.unit import seen
from tintype.cli.app import COMMANDS
from tintype.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


def _headings(text: str) -> set[str]:
    return set(re.findall(r"^##+ `([^`]+)`", text, re.MULTILINE))


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The pages that are written from the code."""
    folder = tmp_path_factory.mktemp("reference")
    subprocess.run([sys.executable, str(ROOT / "tools/reference.py"), str(folder)], check=True)
    return {path.stem: path.read_text() for path in folder.iterdir()}


def test_every_public_name_has_a_heading(pages: dict[str, str]) -> None:
    """With the methods of the clients below it, and a sentence for each."""
    headings = _headings(pages["python"])

    assert set(tintype.__all__) <= headings
    assert {
        "Client.run",
        "Client.close",
        "Client.predictions",
        "Client.predictions.find",
        "AsyncClient.run",
        "ReplicateClient.generate_image",
    } <= headings
    assert not re.search(r"^### .*\n\n(```text\n.*\n```\n\n)?\n*(#|\Z)", pages["python"], re.MULTILINE)


def test_every_error_code_has_a_heading(pages: dict[str, str]) -> None:
    """No two errors share a heading, and the drawing of the tree stands above."""
    codes = re.findall(r"^## `([^`]+)`", pages["errors"], re.MULTILINE)

    assert len(codes) == len(set(codes)) > 15
    assert {"outcome_unknown", "rate_limited", "content_refused", "retention_passed"} <= set(codes)
    assert "└──" in pages["errors"]


def test_every_command_has_a_heading() -> None:
    """What `tintype --help` lists is described."""
    headings = _headings((ROOT / "docs/reference/cli.md").read_text())

    assert {f"tintype {name}" for name in COMMANDS} <= headings


def test_every_setting_has_a_heading() -> None:
    """Each variable that the code reads is described, and no other."""
    sources = [path.read_text() for path in (ROOT / "src/tintype").rglob("*.py")]
    read = {name for text in sources for name in re.findall(r'"((?:TINTYPE|REPLICATE_API)_[A-Z_]+)"', text)}
    read |= {f"TINTYPE_{name}".upper() for name in Settings.model_fields}

    assert _headings((ROOT / "docs/reference/settings.md").read_text()) == read


def test_every_metric_is_described_with_its_labels() -> None:
    page = (ROOT / "docs/reference/metrics.md").read_text()
    rows = re.findall(r"^\| `((?:tintype|replicate)_\w+)` \| ([^|]*)\|", page, re.MULTILINE)
    described = {name: frozenset(re.findall(r"`(\w+)`", labels)) for name, labels in rows}

    assert len(rows) == len(described)
    assert described == seen.families()


def test_every_rule_that_the_code_names_is_written_down() -> None:
    rules = re.findall(r"^([0-9]+)\. ", (ROOT / "docs/reference/rules.md").read_text(), re.MULTILINE)
    sources = [
        path
        for folder in ("src/tintype", "tests")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".py", ".sql"}
    ]
    named = [one for path in sources for one in re.findall(r"\b[Rr]ules? ([0-9][^.):]*)", path.read_text())]

    assert rules == [str(number) for number in range(1, len(rules) + 1)]
    assert {number for one in named for number in re.findall("[0-9]+", one)} <= set(rules)


def test_every_module_of_the_service_has_a_place_in_the_architecture() -> None:
    page = (ROOT / "ARCHITECTURE.md").read_text()
    (table,) = re.findall(r"^## What is where in the service\n(.*?)^## ", page, re.MULTILINE | re.DOTALL)
    modules = {path.stem for path in (ROOT / "src/tintype/service").glob("[!_]*.py")}

    named = re.findall(r"`([a-z_]+)`", table)

    assert sorted(named) == sorted(modules)


def test_every_page_is_found_from_the_first() -> None:
    """By a link of the index, or of the decisions' own; and by the site's navigation, but for single decisions."""
    docs = ROOT / "docs"
    linked = {
        (page.parent / link).resolve()
        for page in (docs / "index.md", docs / "decisions/index.md")
        for link in re.findall(r"\]\(([^)#]+)\)", page.read_text())
    }
    navigation = set(re.findall(r'"([\w/-]+\.md)"', (ROOT / "zensical.toml").read_text()))

    pages = {page for page in docs.rglob("*.md") if page not in blocks.GENERATED}
    assert pages - {docs / "index.md"} <= linked
    assert {str(page.relative_to(docs)) for page in pages if not page.stem[:4].isdigit()} <= navigation


def test_every_default_is_stated() -> None:
    """The section of a setting says its default, as the environment would."""
    page = (ROOT / "docs/reference/settings.md").read_text()
    sections = dict(re.findall(r"^##+ `([^`]+)`\n(.*?)(?=^##|\Z)", page, re.MULTILINE | re.DOTALL))
    made = Settings(data=ROOT)

    for name in Settings.model_fields.keys() - {"data"}:
        value = getattr(made, name)
        text = f"{value:g}" if isinstance(value, bool | float) else str(value)
        text = ",".join(value) if isinstance(value, tuple) else text
        stated = re.search(r"default[^.`]*`([^`]+)`", sections[f"TINTYPE_{name.upper()}"])
        assert value in (None, (), {}) or (stated is not None and stated[1] == text), name


def test_no_docstring_shows_code_that_is_not_run(pages: dict[str, str]) -> None:
    """Examples stand in the documents, where they are run."""
    assert not {language for page in pages.values() for language in blocks.languages(page)} & blocks.RUN
