"""Links to stored outputs that open by themselves: nobody can guess them, and they stay the same (rule 24).

A link holds the generation's id, the output's place and a code made of both under a secret. So the same output has the
same link until it is deleted, and nothing has to be written down for it. The links that expire are those that are
shared: they hold their end as well, under the same secret.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tintype.domain import ids
from tintype.media import kinds

if TYPE_CHECKING:
    from tintype.store.outputs import Output

CODE_BYTES = 16
_PATH = re.compile(r"/media/([0-9a-z]{26})/(\d{1,4})/(thumbnail-)?([A-Za-z0-9_-]{22})(?:\.[a-z0-9]{1,8})?")
_STREAM = re.compile(r"/streams/([0-9a-z]{26})/([A-Za-z0-9_-]{22})")
_SHARED = re.compile(r"/share/([0-9a-z]{26})/(\d{1,4})/(\d{1,12})-([A-Za-z0-9_-]{22})(?:\.[a-z0-9]{1,8})?")


@dataclass(frozen=True, slots=True)
class Place:
    """What a link leads to: an output of a generation, or its thumbnail."""

    generation_id: str
    position: int
    is_thumbnail: bool = False


@dataclass(frozen=True, slots=True)
class Shared:
    """What a shared link leads to, and until when: seconds since 1970."""

    place: Place
    ends_at: int


class Links:
    """Makes and reads links. `secret` is at least 32 random bytes, the same in every process."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def path(self, place: Place, *, extension: str = "") -> str:
        """Return the path of a link, such as `/media/01k…/0/CODE.webp`."""
        kind = "thumbnail-" if place.is_thumbnail else ""
        return f"/media/{place.generation_id}/{place.position}/{kind}{self._code(place)}{extension}"

    def url(self, output: Output, *, origin: str) -> str:
        """Return the address of a stored output at an origin."""
        place = Place(output.generation_id, output.position)
        return origin + self.path(place, extension=kinds.extension(output.content_type))

    def place(self, path: str) -> Place | None:
        """Return what a path leads to; None for one that was not made here."""
        found = _PATH.fullmatch(path)
        if found is None or not ids.is_ulid(found[1]):
            return None
        place = Place(found[1], int(found[2]), is_thumbnail=found[3] is not None)
        return place if hmac.compare_digest(self._code(place), found[4]) else None

    def stream_path(self, generation_id: str) -> str:
        """Return the path at which a generation's text can be followed, such as `/streams/01k…/CODE`."""
        return f"/streams/{generation_id}/{self._code_of(f'stream {generation_id}')}"

    def streamed(self, path: str) -> str | None:
        """Return whose text a path leads to; None for one that was not made here."""
        found = _STREAM.fullmatch(path)
        if found is None or not ids.is_ulid(found[1]):
            return None
        return found[1] if hmac.compare_digest(self._code_of(f"stream {found[1]}"), found[2]) else None

    def shared_path(self, shared: Shared, *, extension: str = "") -> str:
        """Return the path of a link that ends, such as `/share/01k…/0/1790000000-CODE.webp`."""
        place = shared.place
        code = self._code_of(_text(shared))
        return f"/share/{place.generation_id}/{place.position}/{shared.ends_at}-{code}{extension}"

    def shared(self, path: str) -> Shared | None:
        """Return what a shared path leads to, also after its end; None for one that was not made here."""
        found = _SHARED.fullmatch(path)
        if found is None or not ids.is_ulid(found[1]):
            return None
        shared = Shared(Place(found[1], int(found[2])), int(found[3]))
        return shared if hmac.compare_digest(self._code_of(_text(shared)), found[4]) else None

    def _code(self, place: Place) -> str:
        return self._code_of(f"media {place.generation_id} {place.position} {place.is_thumbnail}")

    def _code_of(self, text: str) -> str:
        code = hmac.digest(self._secret, text.encode(), hashlib.sha256)[:CODE_BYTES]
        return base64.urlsafe_b64encode(code).rstrip(b"=").decode()


def _text(shared: Shared) -> str:
    return f"share {shared.place.generation_id} {shared.place.position} {shared.ends_at}"
