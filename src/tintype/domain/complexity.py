"""Say how much a prompt asks for, and what kind of picture it asks for, by its words. Pure.

    found = complexity.of('A poster that says "OPEN", three cats, intricate line art')
    found.score          # 0 (anything will do) to 1 (only the best will do)
    found.parts          # how it is made up: {"length": 0.04, "subjects": 0.11, …}
    complexity.kind('a studio photo of a shoe')      # Subject.PHOTO

It reads words, not meaning: English ones, and quotation marks of any language.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Subject(StrEnum):
    """What kind of picture a prompt asks for."""

    LETTERING = "lettering"
    LOGO = "logo"
    PHOTO = "photo"
    DRAWING = "drawing"
    OTHER = "other"


WORDS_FULL = 60
"""A prompt of so many words is as long as one gets, for this."""
SUBJECTS_FULL = 6
STYLES_FULL = 4
WEIGHTS: Mapping[str, float] = {
    "length": 0.30, "subjects": 0.25, "style": 0.20, "lettering": 0.15, "counts": 0.10,
}  # fmt: skip
_QUOTED = re.compile(r"[\"“”„«»「『][^\"“”„«»」』]{1,80}[\"“”«»」』]|(?<!\w)'[^'\n]{1,80}'(?!\w)")
_LETTERING = re.compile(
    r"\b(?:text|words?|letters|lettering|caption|headline|typography|slogan|saying|says|reads|reading|inscription)\b"
)
_COUNTS = re.compile(r"\b(?:two|three|four|five|six|seven|eight|nine|ten|dozen|[2-9]|[1-9]\d)\b")
_PARTS = re.compile(r",|;|\band\b|\bwith\b|\bbeside\b|\bbehind\b|\bin front of\b|\bholding\b|\bnext to\b")
_STYLES = re.compile(
    r"\b(?:photorealistic|hyperrealistic|realistic|intricate|detailed|ornate|cinematic|8k|4k|ultra|award-winning|"
    r"masterpiece|volumetric|bokeh|baroque|isometric|art nouveau|art deco|watercolou?rs?|oil painting|engraving|"
    r"texture|reflections?|depth of field|golden hour|anatomically|symmetr\w+|in the style of)\b"
)
_KINDS = (
    (Subject.LOGO, re.compile(r"\b(?:logo|icon|emblem|badge|sticker|monogram|brand mark|vector)\b")),
    (
        Subject.PHOTO,
        re.compile(
            r"\b(?:photo\w*|portrait|studio shot|dslr|\d+ ?mm|bokeh|product shot|macro|aerial|realistic|cinematic)\b"
        ),
    ),
    (
        Subject.DRAWING,
        re.compile(
            r"\b(?:illustration|drawing|sketch|watercolou?rs?|painting|painted|cartoon|anime|line art|comic|engraving|"
            r"woodcut|pastel|gouache|ink)\b"
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Complexity:
    """How much a prompt asks for: the sum of its parts, each up to its weight."""

    parts: Mapping[str, float]
    words: int
    wants_lettering: bool

    @property
    def score(self) -> float:
        """From 0 to 1."""
        return min(1.0, sum(self.parts.values()))


def of(prompt: str) -> Complexity:
    """Say how much a prompt asks for."""
    text = prompt.casefold()
    words = len(text.split())
    lettering = wants_lettering(prompt)
    shares = {
        "length": min(1.0, words / WORDS_FULL),
        "subjects": min(1.0, len(_PARTS.findall(text)) / SUBJECTS_FULL),
        "style": min(1.0, len(set(_STYLES.findall(text))) / STYLES_FULL),
        "lettering": float(lettering),
        "counts": float(bool(_COUNTS.search(text))),
    }
    return Complexity(
        {name: round(WEIGHTS[name] * share, 3) for name, share in shares.items()}, words, lettering
    )


def kind(prompt: str) -> Subject:
    """Say what kind of picture a prompt asks for; legible text outweighs the rest."""
    if wants_lettering(prompt):
        return Subject.LETTERING
    text = prompt.casefold()
    return next((subject for subject, sought in _KINDS if sought.search(text)), Subject.OTHER)


def wants_lettering(prompt: str) -> bool:
    """Whether text is to be read in the picture: something is quoted, or a word says so."""
    return bool(_QUOTED.search(prompt)) or bool(_LETTERING.search(prompt.casefold()))


__all__ = ["WEIGHTS", "Complexity", "Subject", "kind", "of", "wants_lettering"]
