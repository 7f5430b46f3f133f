"""Refuse inputs that hold a key: they would leave for upstream, and be kept (rule 23). Pure.

guarding.refuse("the input", values, guarding.naming(key))
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tintype.domain import errors

Check = Callable[[bytes], bool]
"""Whether some bytes hold what must not leave."""


LENGTH_LEAST = 16
"""What is shorter is no key, and may stand in any text."""


def nothing(_content: bytes) -> bool:
    """Find nothing."""
    return False


def naming(*secrets: str) -> Check:
    """Return the check for these secrets, wherever they stand in a text or a file; no short word is a secret."""
    sought = tuple(secret.encode() for secret in secrets if len(secret) >= LENGTH_LEAST)

    def check(content: bytes) -> bool:
        return any(one in content for one in sought)

    return check


def either(*checks: Check) -> Check:
    """Return the check that finds what any of these does."""

    def check(content: bytes) -> bool:
        return any(one(content) for one in checks)

    return check


def refuse(what: str, value: Any, check: Check) -> None:
    """Raise InputError when a value holds what the check finds: texts, names and bytes, however deep.

    The error names where, and nothing that was found.
    """
    match value:
        case str():
            # What is no Unicode is refused elsewhere, and in its own words.
            found = check(value.encode(errors="surrogatepass"))
        case bytes() | bytearray() | memoryview():
            found = check(bytes(value))
        case Mapping():
            for name, part in value.items():
                refuse(what, name, check)
                refuse(what, part, check)
            return
        case list() | tuple():
            for part in value:
                refuse(what, part, check)
            return
        case _:
            return
    if found:
        raise errors.InputError(
            f"{what} holds your own key, or this installation's token: it would be sent on, or kept. Take it out, and "
            "replace the key if it was sent anywhere before"
        )


__all__ = ["Check", "either", "naming", "nothing", "refuse"]
