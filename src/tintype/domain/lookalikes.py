"""Write texts as they look, so that words that look alike compare as equal. Pure.

lookalikes.folded("G\u03bf\u00adr\u00c9")      # "gore": a Greek letter, a soft hyphen, an accent
lookalikes.is_blank("\u200b")                  # True: nothing of it can be seen

One case, one form of each letter, one space between words; without characters that cannot be seen and without accents.
Letters of Cyrillic and Greek that look like one of Latin, small or as capitals, become it. The marks of other scripts
stay, where they make another letter.
"""

from __future__ import annotations

import unicodedata
from typing import Final

_LATIN: Final = str.maketrans(
    {
        **dict(zip("авеѕіјкмнорстухԁԛԝһѵӏгүє", "abesijkmhopctyxdqwhvlrye", strict=True)),
        **dict(zip("αβεζηικμνορτυχω", "abezhikmvoptuxw", strict=True)),
        **dict(zip("ɑɡıɩøłđħŧʟɪɴʀᴀᴄᴅᴇᴊᴋᴍᴏᴘꜱᴛᴜᴠᴡᴢ", "agiioldhtlinracdejkmopstuvwz", strict=True)),
    }
)  # fmt: skip
# Letters and signs by their category, and not to be seen all the same.
_FILLERS: Final = frozenset("\u115f\u1160\u17b4\u17b5\u2800" + "".join(map(chr, range(0xFE00, 0xFE10))))
_LATIN_TO_CYRILLIC_END: Final = "\u0530"
# Of Latin, Greek and Cyrillic; the classes below are of other scripts, where a mark makes another letter.
_ACCENTS_FROM: Final = 200
_OVERLAY: Final = 1


def folded(text: str) -> str:
    """Return a text as it is compared."""
    if text.isascii():
        return _spaced(text.casefold())
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    seen = unicodedata.normalize("NFC", _without_marks(plain).translate(_LATIN))
    return _spaced(seen)


def parted(text: str) -> str:
    """Return a text with spaces for what cannot be seen, as what parts words in the eyes of some readers."""
    if text.isascii():
        return text
    return "".join(" " if unicodedata.category(one) == "Cf" else one for one in text)


def is_blank(text: str) -> bool:
    """Whether nothing of a text can be seen."""
    return not text.strip() or (not text.isascii() and not folded(text).strip())


def _without_marks(text: str) -> str:
    kept: list[str] = []
    for one in text:
        category = unicodedata.category(one)
        if category == "Cf" or one in _FILLERS or (category[0] == "M" and _is_accent(one, kept)):
            continue
        kept.append(one)
    return "".join(kept)


def _is_accent(mark: str, kept: list[str]) -> bool:
    """Whether a mark changes how a letter looks, and not which one it is: any at all after a Latin one, or alone."""
    combining = unicodedata.combining(mark)
    return (
        combining >= _ACCENTS_FROM
        or combining == _OVERLAY
        or not kept
        or kept[-1] < _LATIN_TO_CYRILLIC_END
        or unicodedata.category(mark) == "Me"
    )


def _spaced(text: str) -> str:
    return " ".join(text.split())


__all__ = ["folded", "is_blank", "parted"]
