"""Cursors of lists: a place that only this installation can have named, for one list of one key.

cursors = Cursors(seal.derived(b"cursors"))
next = cursors.write("generations", key, rows[-1].id)
before = cursors.read("generations", key, cursor)          # raises Problem bad_cursor
"""

from __future__ import annotations

import base64
import binascii
import hmac

from tintype.api.problems import Problem

_CODE_BYTES = 12


class Cursors:
    """Writes and reads them. `secret` is at least 32 random bytes, the same in every process."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def write(self, what: str, key: str, place: str) -> str:
        """Return the cursor of a place in one of a key's lists."""
        content = place.encode()
        return base64.urlsafe_b64encode(self._code(what, key, content) + content).decode().rstrip("=")

    def read(self, what: str, key: str, cursor: str | None) -> str | None:
        """Return the place that a cursor names, None for none. Raises Problem for one that was not made here."""
        if cursor is None:
            return None
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        code, content = raw[:_CODE_BYTES], raw[_CODE_BYTES:]
        # What is written twice in different ways is no cursor of ours either.
        is_ours = hmac.compare_digest(code, self._code(what, key, content)) and content.isascii()
        if not is_ours or self.write(what, key, content.decode()) != cursor:
            raise Problem("bad_cursor", "cursor: give the `next` of a page as it is, or leave it out")
        return content.decode()

    def _code(self, what: str, key: str, content: bytes) -> bytes:
        text = b"\0".join((what.encode(), key.encode(), content))
        return hmac.digest(self._secret, text, "sha256")[:_CODE_BYTES]
