"""The schema of a database as texts, one per table or function; run as a program it writes them down.

python -m tests.integration.store.schema_files
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import tempfile
from pathlib import Path

from tintype.store import binaries, embedded, schema

FOLDER = Path(schema.__file__).parent / "schema"
_ENGINE = "procrastinate_"
# Settings of the dump itself, and a word that is another in each dump.
_NOISE = re.compile(r"--|\\|SET |SELECT pg_catalog|$")
_TABLE = re.compile(r"(?:TABLE ONLY|TABLE|ON|SEQUENCE) public\.(\w+)")


def dumped(url: str, *, engine: bool = False) -> dict[str, str]:
    """Return the objects of a database by name: Tintype's, or those of the job engine."""
    text = subprocess.run(
        [binaries.wheel().program("pg_dump"), "--schema-only", "--no-owner", "--no-privileges", url],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found: dict[str, list[str]] = {}
    pieces = re.split(r"^-- Name: (.+?); Type: (.+?); Schema: .*$", text, flags=re.MULTILINE)[1:]
    for name, kind, piece in zip(pieces[::3], pieces[1::3], pieces[2::3], strict=True):
        body = "\n".join(line for line in piece.splitlines() if not _NOISE.match(line))
        owner = name.partition("(")[0].split()[0]
        table = _TABLE.search(body)
        if table and kind not in {"FUNCTION", "PROCEDURE"}:
            owner = table[1]
        if kind != "SCHEMA" and owner.startswith(_ENGINE) == engine:
            found.setdefault(owner, []).append(body)
    return {owner: "\n".join(bodies) + "\n" for owner, bodies in sorted(found.items())}


def kept() -> dict[str, str]:
    """Return the objects that are written down."""
    return {file.stem: file.read_text(encoding="utf-8") for file in sorted(FOLDER.glob("*.sql"))}


def write() -> None:
    """Migrate an empty database and write its objects down, in place of those before."""
    with tempfile.TemporaryDirectory(prefix="tt-") as folder:
        Path(folder).chmod(0o755)
        with embedded.server(Path(folder) / "data") as server:
            asyncio.run(schema.migrate(server.url))
            objects = dumped(server.url)
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.sql"):
        old.unlink()
    for name, text in objects.items():
        (FOLDER / f"{name}.sql").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
