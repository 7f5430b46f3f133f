"""Choose a model by what it is for. Pure."""

from __future__ import annotations

from enum import StrEnum

from tintype.domain import errors


class Mode(StrEnum):
    """A model chosen by what it is for; which one each stands for is a setting."""

    PROOF = "proof"
    STANDARD = "standard"
    FINAL = "final"


def mode(word: str) -> Mode:
    """Read a mode. Raises InputError naming those that there are."""
    try:
        return Mode(word)
    except ValueError:
        raise errors.InputError(f"{word[:40]!r} is no mode; there are {', '.join(Mode)}") from None
