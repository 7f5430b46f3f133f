"""Refuse prompts that cannot be meant or are not allowed: empty, too long, with control characters, or blocked. Pure.

prompts.check("a boat")                              # InputError says what is wrong, and where
rules = prompts.Blocked(("gore", "some brand"))
rules.check({"prompt": "a boat", "steps": 4})        # whole words, whatever their case and accents of width
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tintype.domain import errors

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LENGTH_MAX = 10_000
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def check(text: str) -> None:
    """Raise InputError for a prompt that is empty, too long, or holds a control character other than line breaks."""
    if not text.strip():
        raise errors.InputError("the prompt is empty; say what is to be made")
    if len(text) > LENGTH_MAX:
        raise errors.InputError(f"the prompt has {len(text):,} characters; {LENGTH_MAX:,} are taken")
    if found := _CONTROL.search(text):
        raise errors.InputError(
            f"the prompt holds the control character U+{ord(found[0]):04X} at position {found.start() + 1}; "
            "take it out"
        )


@dataclass(frozen=True, slots=True)
class Blocked:
    """Words and phrases that no prompt may hold, as whole words; none of them by default."""

    words: tuple[str, ...] = ()
    _sought: re.Pattern[str] | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Read the list once: with thousands of words each prompt is still gone through once."""
        parts = sorted(
            {re.escape(_plain(word)) for word in self.words if word.strip()}, key=len, reverse=True
        )
        sought = re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)") if parts else None
        object.__setattr__(self, "_sought", sought)

    def check(self, values: Mapping[str, Any]) -> None:
        """Raise InputError naming the word, where an input that is a prompt holds a blocked one.

        What is to be left out of a picture may be named by any word.
        """
        if self._sought is None:
            return
        for name, text in _texts(values):
            if found := self._sought.search(_plain(text)):
                raise errors.InputError(
                    f"the {name.replace('_', ' ')} holds {found[0]!r}, which this installation does not allow"
                )


def _texts(values: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for name, value in values.items():
        if "prompt" in name and "negative" not in name:
            parts = value if isinstance(value, list | tuple) else [value]
            yield from ((name, part) for part in parts if isinstance(part, str))


def _plain(text: str) -> str:
    """Return a text as words are compared: one case, one form of each letter, one space between."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


__all__ = ["LENGTH_MAX", "Blocked", "check"]
