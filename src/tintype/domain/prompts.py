"""Refuse prompts that cannot be meant or are not allowed: empty, too long, with control characters, or blocked. Pure.

prompts.check("a boat")                              # InputError says what is wrong, and where
rules = prompts.Blocked(("gore", "some brand"))
rules.check({"prompt": "a boat", "steps": 4})        # whole words, however they are written
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tintype.domain import errors, lookalikes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LENGTH_MAX = 10_000
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def check(text: str) -> None:
    """Raise InputError for a prompt that is empty, too long, or holds a control character other than line breaks."""
    if lookalikes.is_blank(text):
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
    """Words and phrases that no prompt may hold, as whole words; none of them by default.

    Words that look alike are the same. That is no moderation: what is meant by other words is not found.
    """

    words: tuple[str, ...] = ()
    _named: Mapping[str, str] = field(init=False, repr=False, compare=False)
    _sought: re.Pattern[str] | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Read the list once: with thousands of words each prompt is still gone through once."""
        named = {lookalikes.folded(word): word.strip() for word in self.words}
        named.pop("", None)
        parts = map(re.escape, sorted(named, key=len, reverse=True))
        sought = re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)") if named else None
        object.__setattr__(self, "_named", named)
        object.__setattr__(self, "_sought", sought)

    def check(self, values: Mapping[str, Any]) -> None:
        """Raise InputError naming the word, where an input that is a prompt holds a blocked one.

        What is to be left out of a picture may be named by any word.
        """
        if self._sought is None:
            return
        for name, text in _texts(values):
            for written in {text, lookalikes.parted(text)}:
                if found := self._sought.search(lookalikes.folded(written)):
                    raise errors.InputError(
                        f"the {name.replace('_', ' ')} holds {self._named[found[0]]!r}, "
                        "which this installation does not allow"
                    )


def _texts(values: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for name, value in values.items():
        if "prompt" in name and "negative" not in name:
            parts = value if isinstance(value, list | tuple) else [value]
            yield from ((name, part) for part in parts if isinstance(part, str))


__all__ = ["LENGTH_MAX", "Blocked", "check"]
