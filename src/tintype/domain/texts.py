"""Make of what others say what PostgreSQL keeps: it takes no NUL, and no half of a surrogate pair. Pure."""

from __future__ import annotations

from typing import Any

DEPTH_MAX = 64
"""How deep lists and objects may lie in each other; what lies deeper is left out."""
_NO_CHARACTER = "\ufffd"


def keepable(value: Any, depth: int = 0) -> Any:
    """Return a value of JSON as it can be kept; what cannot stands as U+FFFD in the text it was in."""
    match value:
        case str():
            return value if value.isascii() and "\0" not in value else _whole(value)
        case dict():
            if depth >= DEPTH_MAX:
                return None
            return {keepable(str(name)): keepable(part, depth + 1) for name, part in value.items()}
        case list() | tuple():
            if depth >= DEPTH_MAX:
                return None
            return [keepable(part, depth + 1) for part in value]
    return value


def _whole(text: str) -> str:
    # Two halves that follow one another are one character, whoever has cut it.
    halves = text.encode("utf-16-le", errors="surrogatepass")
    return halves.decode("utf-16-le", errors="replace").replace("\0", _NO_CHARACTER)


__all__ = ["DEPTH_MAX", "keepable"]
