"""What `pip install tintype` gives without any extra: the client, quickly imported, nothing of a server."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., subprocess.CompletedProcess[str]]

ROOT = Path(__file__).resolve().parents[2]
LIGHT = ROOT / ".environments" / "light"
SERVER = (
    "starlette",
    "uvicorn",
    "fastapi",
    "psycopg",
    "procrastinate",
    "PIL",
    "av",
    "typer",
    "rich",
    "keyring",
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that a user would install, built from this checkout."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def light(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Run Python where only the base dependencies and the wheel's content are installed."""
    assert (LIGHT / "ready").exists(), "the light environment is missing; run `make others`"
    site = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(LIGHT / "bin" / "python"), *arguments],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(site)},
            cwd=site,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


def test_the_wheel_holds_code_data_and_the_typing_mark_only(wheel: Path) -> None:
    """Data files travel with the code; tests and tools stay behind."""
    names = zipfile.ZipFile(wheel).namelist()

    assert {"tintype/__init__.py", "tintype/py.typed", "tintype/catalogue/models.json"} <= set(names)
    assert {name.split("/")[0].split("-")[0] for name in names} == {"tintype"}
    assert not [name for name in names if "__pycache__" in name]


def test_importing_tintype_loads_nothing_else(light: Run) -> None:
    """The package's own import brings in neither HTTP nor pydantic."""
    done = light("-c", "import sys, tintype; print(*sorted(sys.modules))")

    assert done.returncode == 0, done.stderr
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert not loaded & {"httpx2", "pydantic", "dotenv", *SERVER}


def test_the_client_works_without_extras(light: Run) -> None:
    """A client can be built and its models listed by name with the base dependencies alone."""
    done = light(
        "-W",
        "error",
        "-c",
        "from tintype import AsyncClient, Client, ReplicateClient; Client('r8_light').close()",
    )

    assert done.returncode == 0, done.stderr


def test_the_command_says_what_to_install(light: Run) -> None:
    """The command of a light install answers with one line that names the extra, and code 2."""
    done = light("-c", "import sys; from tintype.cli import main; sys.exit(main())")

    assert done.returncode == 2
    assert "tintype[cli]" in done.stderr
    assert "Traceback" not in done.stderr


def test_importing_tintype_loads_nothing_of_the_server_where_it_is_installed() -> None:
    """With every extra installed, the import and the client stay as light."""
    program = "import sys, tintype; tintype.Client('r8_light').close(); print(*sys.modules)"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert not {name.partition(".")[0] for name in done.stdout.split()} & set(SERVER)
