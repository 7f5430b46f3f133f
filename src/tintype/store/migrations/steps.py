"""What revisions are made of: a SQL file of ours, or a stretch of Procrastinate's own migrations."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from alembic import op

VERSIONS = Path(__file__).parent / "versions"


def run(name: str) -> None:
    """Run a SQL file of `versions/`."""
    execute((VERSIONS / f"{name}.sql").read_text(encoding="utf-8"))


def procrastinate(*, after: str, upto: str) -> None:
    """Run Procrastinate's own migrations after one, up to and with another, named by their files.

    Named ends, so that a newer package leaves the outcome as it is; ValueError when it lacks them.
    """
    folder = resources.files("procrastinate") / "sql" / "migrations"
    files = {file.name: file for file in folder.iterdir() if file.name.endswith(".sql")}
    wanted = [name for name in sorted(files) if after < name.removesuffix(".sql") <= upto]
    if not wanted or wanted[-1] != f"{upto}.sql":
        raise ValueError(f"The installed Procrastinate lacks its migration {upto}.")
    for name in wanted:
        execute(files[name].read_text(encoding="utf-8"))


def newest_of_procrastinate() -> str:
    """Return the name of the newest migration in the installed package."""
    folder = resources.files("procrastinate") / "sql" / "migrations"
    return max(file.name.removesuffix(".sql") for file in folder.iterdir() if file.name.endswith(".sql"))


def execute(text: str) -> None:
    """Run any number of statements as they are: a percent sign is one."""
    cursor = op.get_bind().connection.cursor()
    try:
        cursor.execute(text)
    finally:
        cursor.close()
