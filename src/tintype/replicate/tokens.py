"""The token: a type that never prints it, where it is looked for, and the OS keyring."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, Protocol

from tintype.domain.errors import ConfigurationError, KeyringUnavailable, TokenMissing
from tintype.replicate import config

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMES = ("REPLICATE_API_TOKEN", "REPLICATE_API_KEY")
"""The variables that may hold the token, in the order of looking."""
ARGUMENT = "argument"
DOTENV = ".env"
CONFIG = config.FILE
KEYRING = "keyring"

_SERVICE = "tintype"
_ACCOUNT = "replicate"


class Token:
    """A token that prints masked and does not pickle; `reveal()` gives its text."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        clean = text.strip()
        if not clean or not clean.isascii() or not clean.isprintable() or " " in clean:
            raise ConfigurationError(
                "the token is empty or holds characters that no token has; copy it again from "
                "replicate.com/account/api-tokens"
            )
        self._text = clean

    def reveal(self) -> str:
        """The token itself, for the Authorization header only."""
        return self._text

    def __repr__(self) -> str:
        return "Token(****)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a token is not pickled; make a new client in the other process")


@dataclass(frozen=True, slots=True)
class Found:
    """A token and where it was found: argument, a variable's name, .env, tintype.toml, or keyring."""

    token: Token
    source: str


class Backend(Protocol):
    """The three calls of a keyring that are used."""

    def get_password(self, service_name: str, username: str, /) -> str | None:
        """Give the password, or None."""

    def set_password(self, service_name: str, username: str, password: str, /) -> None:
        """Keep the password."""

    def delete_password(self, service_name: str, username: str, /) -> None:
        """Forget the password."""


def resolve(
    argument: str | None,
    *,
    environ: Mapping[str, str] | None = None,
    folder: Path | None = None,
    keyring: Backend | None = None,
) -> Found:
    """Find the token: argument, environment, `.env`, `tintype.toml`, keyring. Raises TokenMissing naming all ways."""
    if argument is not None:
        return Found(Token(argument), ARGUMENT)
    surroundings = os.environ if environ is None else environ
    for name in NAMES:
        if surroundings.get(name, "").strip():
            return Found(Token(surroundings[name]), name)
    file = read_dotenv(folder)
    for name in NAMES:
        if file.get(name, "").strip():
            return Found(Token(file[name]), DOTENV)
    said = config.read(surroundings, folder)
    for name in NAMES:
        if text := said.text(name.lower()):
            return Found(Token(text), CONFIG)
    try:
        kept = stored(keyring)
    except KeyringUnavailable:
        kept = None
    if kept is not None:
        return Found(kept, KEYRING)
    raise TokenMissing(
        "no Replicate token: set REPLICATE_API_TOKEN (or REPLICATE_API_KEY) in the environment or in a .env file "
        "here, replicate_api_token in tintype.toml, run `tintype token set` to keep one in the keyring, or pass token=…"
    )


def read_dotenv(folder: Path | None = None, *, file: Path | None = None) -> dict[str, str]:
    """Read the `.env` of a folder, by default the working one, or a file; empty where there is none.

    It sets no variable, and puts none into a value. Raises ConfigurationError for a file that cannot be read.
    """
    path = (folder or Path()) / ".env" if file is None else file
    if not path.is_file():
        return {}
    from dotenv import dotenv_values  # noqa: PLC0415 - only where there is a file to read

    try:
        values = dotenv_values(path, interpolate=False)
    except (OSError, UnicodeDecodeError) as fault:
        raise ConfigurationError(f"{path} cannot be read: {type(fault).__name__}") from fault
    return {name: value for name, value in values.items() if value is not None}


def stored(keyring: Backend | None = None) -> Token | None:
    """The token in the OS keyring, or None. Raises KeyringUnavailable."""
    text = _on_keyring(keyring, "get_password", _SERVICE, _ACCOUNT)
    return Token(text) if text else None


def store(token: str, keyring: Backend | None = None) -> None:
    """Keep a token in the OS keyring. Raises KeyringUnavailable; there is no plain file instead."""
    _on_keyring(keyring, "set_password", _SERVICE, _ACCOUNT, Token(token).reveal())


def delete(keyring: Backend | None = None) -> bool:
    """Take the token out of the OS keyring; false when there was none. Raises KeyringUnavailable."""
    if stored(keyring) is None:
        return False
    _on_keyring(keyring, "delete_password", _SERVICE, _ACCOUNT)
    return True


def _on_keyring(keyring: Backend | None, act: str, *arguments: str) -> str | None:
    if keyring is None:
        try:
            import keyring as system  # noqa: PLC0415 - slow to import, and not always installed
        except ImportError:
            raise _unavailable("the keyring package is not installed (pip install 'tintype[cli]')") from None
        keyring = system
    try:
        result: str | None = getattr(keyring, act)(*arguments)
    except Exception as fault:  # noqa: BLE001 - backends raise what their desktop raises; each means the same here
        # Without its traceback: the frames of the backend hold the token.
        raise _unavailable(type(fault).__name__) from fault.with_traceback(None)
    return result


def _unavailable(why: str) -> KeyringUnavailable:
    return KeyringUnavailable(f"no keyring on this machine ({why}); set REPLICATE_API_TOKEN instead")
