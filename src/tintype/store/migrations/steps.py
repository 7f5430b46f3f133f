"""What revisions are made of: a SQL file of ours, or a stretch of Procrastinate's own migrations."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from alembic import op

VERSIONS = Path(__file__).parent / "versions"


def run(name: str) -> None:
    """Run a SQL file of `versions/`."""
    execute((VERSIONS / f"{name}.sql").read_text(encoding="utf-8"))


def procrastinate(*, upto: str) -> None:
    """Bring Procrastinate's tables up to one of its own migrations, named by its file.

    The first time its whole schema is made as the installed package has it, which may be newer. Which of its
    migrations a database has had stands in `tintype_engine`, so none runs twice. ValueError when the package
    lacks the one that is named.
    """
    folder = resources.files("procrastinate") / "sql"
    files = {
        file.name.removesuffix(".sql"): file
        for file in (folder / "migrations").iterdir()
        if file.name.endswith(".sql")
    }
    if upto not in files:
        raise ValueError(f"The installed Procrastinate lacks its migration {upto}; upgrade it")
    had = _had()
    if had:
        fresh = sorted(name for name in files if name <= upto and name not in had)
        for name in fresh:
            execute(files[name].read_text(encoding="utf-8"))
    else:
        fresh = sorted(files)
        execute((folder / "schema.sql").read_text(encoding="utf-8"))
    cursor = op.get_bind().connection.cursor()
    cursor.executemany("INSERT INTO tintype_engine (migration) VALUES (%s)", [(name,) for name in fresh])
    cursor.close()


def _had() -> set[str]:
    cursor = op.get_bind().connection.cursor()
    cursor.execute("SELECT migration FROM tintype_engine")
    had = {row[0] for row in cursor.fetchall()}
    cursor.close()
    return had


def execute(text: str) -> None:
    """Run any number of statements as they are: a percent sign is one."""
    cursor = op.get_bind().connection.cursor()
    try:
        cursor.execute(text)
    finally:
        cursor.close()
