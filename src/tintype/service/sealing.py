"""Keep short secrets encrypted in the database, under a key that is not in it.

The key is a file of the data folder, made on first use and readable by its owner alone.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tintype.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

KEY_BYTES = 32
_NONCE_BYTES = 12
_FILE = "secrets.key"


class Seal:
    """Closes and opens secrets with AES-256-GCM."""

    __slots__ = ("_cipher", "_key")

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)
        self._key = key

    def close(self, secret: bytes) -> bytes:
        """Encrypt."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret, None)

    def derived(self, purpose: bytes) -> bytes:
        """Return another secret of 32 bytes for a purpose, always the same."""
        return HKDF(hashes.SHA256(), KEY_BYTES, salt=None, info=b"tintype " + purpose).derive(self._key)

    def open(self, sealed: bytes) -> bytes:
        """Decrypt. Raises ConfigurationError when it was closed under another key."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], None)
        except InvalidTag:
            raise ConfigurationError(
                f"a stored secret was encrypted with another key; copy {_FILE} from the data folder that made it"
            ) from None


def load(folder: Path) -> Seal:
    """Read the key of a data folder, making it when there is none. Safe for processes that start together."""
    path = folder / _FILE
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f"{_FILE}.{os.getpid()}"
    if not path.exists():
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.write(handle, os.urandom(KEY_BYTES))
            os.fsync(handle)
        finally:
            os.close(handle)
        try:
            # Whoever comes first makes it; a link never replaces what is there.
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise ConfigurationError(f"{path} is not a key of {KEY_BYTES} bytes; restore it from a backup")
    return Seal(key)
