"""SQL by name: one statement per file under `queries/`, its first line saying what it guarantees."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent / "queries"


class Queries:
    """The statements of a folder, each read when it is first asked for."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        self._read: dict[str, bytes] = {}

    def __getitem__(self, name: str) -> bytes:
        """Return a statement without its comments; KeyError when there is no such file.

        As bytes: the driver takes text for a literal of the program only.
        """
        found = self._read.get(name)
        if found is None:
            found = self._read[name] = self._load(name)
        return found

    def names(self) -> list[str]:
        """List every statement there is."""
        return sorted(file.stem for file in self._folder.glob("*.sql"))

    def _load(self, name: str) -> bytes:
        try:
            text = (self._folder / f"{name}.sql").read_text(encoding="utf-8")
        except FileNotFoundError as error:
            raise KeyError(name) from error
        # A comment may hold a percent sign, which the driver would take for a placeholder.
        lines = [line for line in text.splitlines() if not line.lstrip().startswith("--")]
        return "\n".join(lines).strip().rstrip(";").encode()
