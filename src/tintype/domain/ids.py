"""Make ids: ULIDs in lower case, 26 characters that sort by time. Time and randomness are handed in."""

from __future__ import annotations

LENGTH = 26
RANDOM_BYTES = 10
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_TIME_MS_MAX = 2**48 - 1


def ulid(*, time_ms: int, randomness: bytes) -> str:
    """Return the id of a moment (milliseconds since 1970) and ten random bytes."""
    if not 0 <= time_ms <= _TIME_MS_MAX:
        raise ValueError(f"{time_ms} ms is outside the time that an id can hold")
    if len(randomness) != RANDOM_BYTES:
        raise ValueError(f"an id takes {RANDOM_BYTES} random bytes, not {len(randomness)}")
    number = time_ms << 80 | int.from_bytes(randomness, "big")
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))


def number(ident: str) -> int:
    """Return the 128 bits of an id; ValueError when it is none."""
    if not is_ulid(ident):
        raise ValueError(f"{ident!r} is not an id")
    bits = 0
    for letter in ident:
        bits = bits << 5 | _ALPHABET.index(letter)
    return bits


def time_ms(ident: str) -> int:
    """Return the moment of an id, in milliseconds since 1970; ValueError when it is none."""
    return number(ident) >> 80


def is_ulid(text: str) -> bool:
    """Tell whether a text has the shape of an id."""
    return len(text) == LENGTH and text[0] in "01234567" and all(letter in _ALPHABET for letter in text)
