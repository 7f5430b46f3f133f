"""Keep short secrets encrypted in the database, under a key that is not in it.

The key lies where the files are stored, so that every machine that shares database and storage has the same. It is
made on first use; TINTYPE_SECRETS_KEY stands in for it.
"""

from __future__ import annotations

import base64
import os
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tintype.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

    from tintype.media.files import Files
    from tintype.store.database import Database

KEY_BYTES = 32
FILE = "secrets.key"
"""The key's name beside the stored objects."""
_NONCE_BYTES = 12


class Seal:
    """Closes and opens secrets with AES-256-GCM; what was closed under an `older` key opens too."""

    __slots__ = ("_ciphers", "_keys")

    def __init__(self, key: bytes, *older: bytes) -> None:
        self._keys = (key, *older)
        self._ciphers = tuple(map(AESGCM, self._keys))

    def close(self, secret: bytes) -> bytes:
        """Encrypt."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._ciphers[0].encrypt(nonce, secret, None)

    def derived(self, purpose: bytes) -> bytes:
        """Return another secret of 32 bytes for a purpose, always the same."""
        return _derived(self._keys[0], purpose)

    @property
    def marks(self) -> tuple[bytes, ...]:
        """What tells the keys apart and gives none away: the one that closes, then those that open too."""
        return tuple(_derived(one, b"mark") for one in self._keys)

    def open(self, sealed: bytes) -> bytes:
        """Decrypt. Raises ConfigurationError when it was closed under another key."""
        for cipher in self._ciphers:
            try:
                return cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], None)
            except InvalidTag:
                continue
        raise ConfigurationError(
            f"a stored secret was encrypted with another key: bring back the {FILE} that was in the file storage, "
            "or set TINTYPE_SECRETS_KEY to that key"
        )


async def agree(database: Database, seal: Seal) -> None:
    """Hold the database's secrets and a key against each other, before either is used.

    Raises ConfigurationError where other processes seal with another key: their files lie elsewhere too.
    """
    mark, *older = seal.marks
    there = await database.value("seal_mark", mark=mark, older=older)
    if bytes(there) != mark:
        raise ConfigurationError(
            f"the secrets of this database are sealed with another key than the {FILE} of this file storage. All its "
            "processes share one storage: see TINTYPE_STORAGE_URL. Who moves the files takes that key along, or sets "
            "TINTYPE_SECRETS_KEY to it. Is it lost for good, empty the table sealed_with, and this one counts; what "
            "was sealed before cannot be opened then"
        )


async def load(files: Files, *, given: str | None = None, before: Path | None = None) -> Seal:
    """Return the seal of an installation: by the key that was `given` (base64), else by the storage's.

    `before` is a data folder that may hold a key of the time when each had its own: it becomes the storage's when that
    has none, and opens what it closed in any case. Processes that start together agree. Raises ConfigurationError for
    what is no key, and what the storage raises.
    """
    own = _read(before / FILE) if before is not None else None
    older = () if own is None else (own,)
    if given is not None:
        return Seal(parse(given), *older)
    key = await files.first(FILE, os.urandom(KEY_BYTES) if own is None else own)
    if len(key) != KEY_BYTES:
        raise ConfigurationError(
            f"{FILE} in the file storage is not a key of {KEY_BYTES} bytes; restore it from a backup"
        )
    return Seal(key, *older)


def parse(text: str) -> bytes:
    """Return the key that a text in base64 means. Raises ConfigurationError, which does not hold it."""
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise ConfigurationError(f"TINTYPE_SECRETS_KEY is to be {KEY_BYTES} bytes in base64")
    return key


def _derived(key: bytes, purpose: bytes) -> bytes:
    return HKDF(hashes.SHA256(), KEY_BYTES, salt=None, info=b"tintype " + purpose).derive(key)


def _read(path: Path) -> bytes | None:
    """Return the key in a file, None where there is none."""
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        return None
    if len(key) != KEY_BYTES:
        raise ConfigurationError(f"{path} is not a key of {KEY_BYTES} bytes; restore it from a backup")
    return key
