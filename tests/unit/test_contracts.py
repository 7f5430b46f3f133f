"""The allow-list contract says which import breaks it, and which exception nothing needs any more."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).resolve().parents[2]
CONFIG = """
[importlinter]
root_packages =
    shop
include_external_packages = True
contract_types =
    only: tools.contracts.OnlyContract

[importlinter:contract:one]
name = The till knows money only
type = only
source_modules =
    shop.till
allowed =
    shop.money
{more}
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A package with a till, money, and a window that the till must not know."""
    package = tmp_path / "shop"
    package.mkdir()
    for name in ("__init__", "money", "window", "till"):
        (package / f"{name}.py").write_text("")
    return tmp_path


def _lint(folder: Path, more: str = "") -> subprocess.CompletedProcess[str]:
    (folder / ".importlinter").write_text(CONFIG.format(more=more))
    return subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache", "--no-logo"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(folder), str(ROOT)))},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_standard_library_and_the_listed_are_allowed(shop: Path) -> None:
    """What is listed, what comes with Python, and the package itself."""
    (shop / "shop" / "till.py").write_text("import json\nfrom shop import money\nimport shop.till\n")

    assert _lint(shop).returncode == 0


def test_another_module_breaks_the_contract_with_its_line(shop: Path) -> None:
    """Also where it is imported inside a function."""
    (shop / "shop" / "till.py").write_text("def look():\n    from shop import window\n    return window\n")

    done = _lint(shop)

    assert done.returncode == 1
    assert "shop.till imports shop.window (l.2)" in done.stdout


def test_an_exception_is_allowed_as_long_as_it_is_needed(shop: Path) -> None:
    """An exception that nothing needs any more is reported."""
    exception = "exceptions =\n    shop.till -> shop.window\n"
    (shop / "shop" / "till.py").write_text("import shop.window\n")
    needed = _lint(shop, exception)
    (shop / "shop" / "till.py").write_text("")

    unneeded = _lint(shop, exception)

    assert needed.returncode == 0, needed.stdout
    assert unneeded.returncode == 1
    assert "not needed any more" in unneeded.stdout


def test_the_simulator_names_no_type_of_what_it_tests() -> None:
    """Not even imports for annotations alone lead from the simulator to the rest of the package."""
    graph = grimp.build_graph("tintype", exclude_type_checking_imports=False, cache_dir=None)

    leaving = {
        (importer, imported)
        for importer in {"tintype.simulator", *graph.find_descendants("tintype.simulator")}
        for imported in graph.find_modules_directly_imported_by(importer)
        if not imported.startswith("tintype.simulator")
    }

    assert leaving == set()
