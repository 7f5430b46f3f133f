"""What holds for the repository's own files."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_LOCKS = sorted(ROOT.glob("requirements/*.lock"))
# A class of one character each, so that this file does not hold what it looks for.
_MACHINE_PATHS = re.compile(r"/[w]ork/|/[r]oot/|/[h]ome/\w+/|/[U]sers/\w+/|[\"' ]/[t]mp/")
_REGISTRIES = re.compile(r"[p]ypi\.org|[p]ythonhosted\.org|[n]pmjs\.(org|com)|[n]pmmirror")


def _files() -> list[Path]:
    """List what is kept under version control, or would be."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.decode()
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def test_no_file_names_a_machine_or_a_registry() -> None:
    """The repository works wherever it is cloned, with any package index."""
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in _files()
        for pattern in (_MACHINE_PATHS, _REGISTRIES)
        if (match := pattern.search(_text(path)))
    ]

    assert found == []


def test_no_source_file_is_over_400_lines() -> None:
    """A file holds one noun; near 400 lines a second idea has moved in."""
    code = {".py", ".sh", ".js", ".mjs", ".html", ".css", ".sql"}

    long = {
        str(path.relative_to(ROOT)): lines
        for path in _files()
        if path.suffix in code and (lines := len(_text(path).splitlines())) > 400
    }

    assert long == {}


def test_the_readme_stays_short() -> None:
    """The first page is under 150 lines."""
    assert len((ROOT / "README.md").read_text().splitlines()) < 150


@pytest.mark.parametrize("lock", _LOCKS, ids=lambda path: path.name)
def test_a_lock_has_hashes_and_no_addresses(lock: Path) -> None:
    """Every package is pinned with its hashes; where it comes from is the machine's business."""
    entries = [line for line in lock.read_text().splitlines() if line and not line.startswith(" ")]
    hashed = re.findall(
        r"^\S.*==.*\\\n(?: +--hash=sha256:[0-9a-f]{64}(?: \\)?\n)+", lock.read_text(), re.MULTILINE
    )

    assert len(entries) == len(hashed) > 0
    assert "://" not in lock.read_text()
    assert "index" not in {line.split("==")[0].strip("- ") for line in entries}


def test_the_lock_holds_every_direct_dependency() -> None:
    """What pyproject.toml asks for, in every extra and group and for building, is in the lock."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked = [
        *project["project"]["dependencies"],
        *(one for extra in project["project"]["optional-dependencies"].values() for one in extra),
        *(one for group in project["dependency-groups"].values() for one in group),
        *project["build-system"]["requires"],
    ]
    names = {re.split(r"[\[<>=!~; ]", requirement)[0].lower() for requirement in asked} - {"tintype"}
    locked = {
        line.split("==")[0].lower() for line in (ROOT / "requirements/dev.lock").read_text().splitlines()
    }

    assert names - locked == set()


def test_the_locks_agree() -> None:
    """The light client is tested with the versions that everything else is tested with."""
    pins = {
        lock.name: dict(re.findall(r"^([\w.-]+)==([^ \\]+)", lock.read_text(), re.MULTILINE))
        for lock in _LOCKS
        if lock.name in {"dev.lock", "client.lock"}
    }

    assert pins["client.lock"].items() <= pins["dev.lock"].items()
    assert len(pins["client.lock"]) < 15


def test_nothing_younger_than_a_week_gets_into_a_lock() -> None:
    """Packages that were taken over are mostly noticed within days."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())

    assert project["tool"]["uv"]["exclude-newer"] == "7 days"
    assert "min-release-age=7" in (ROOT / "tests/sdk/js/.npmrc").read_text()


def test_the_javascript_lock_has_hashes_and_no_addresses() -> None:
    """The lock of npm pins by integrity, without the address that each package was resolved from."""
    lock = (ROOT / "tests/sdk/js/package-lock.json").read_text()

    assert '"resolved"' not in lock
    assert lock.count('"integrity"') == lock.count('"node_modules/')
