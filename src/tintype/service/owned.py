"""Links of ours among inputs: what they lead to, if it is the caller's own (rule 23).

sha256 = await owned(url, actor)        # None for an address elsewhere

A link to an output holds a code that only we can make, so it is ours at whatever address the gateway is reached. The
address of an upload holds an id that nobody guesses, and is opened for its owner alone.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tintype.domain import errors, ids
from tintype.store import uploads

if TYPE_CHECKING:
    from collections.abc import Callable

    from tintype.domain.access import Actor
    from tintype.service.links import Links, Place
    from tintype.store.database import Database

_SCHEMES = ("http://", "https://")
_FILE = re.compile(r"(?:/api|/replicate(?:/v1)?)/files/([0-9a-z]{26}|[0-9a-f]{64})(?:/download)?")


class Owned:
    """Knows the links of one installation."""

    def __init__(self, database: Database, links: Links, *, now: Callable[[], float] = time.time) -> None:
        self._database = database
        self._links = links
        self._now = now

    async def __call__(self, url: str, actor: Actor) -> str | None:
        """Return the SHA-256 of the file that a text links to; None for one that is no link of ours.

        Raises InputError for a link of ours that leads to nothing of the actor's, or not any more.
        """
        if not url.lower().startswith(_SCHEMES):
            return None
        try:
            path = urlsplit(url).path
        except ValueError:
            return None
        place = self._links.place(path) or self._shared(path)
        if place is None:
            return await self._upload(path, actor)
        sha256: str | None = await self._database.value(
            "owned_output",
            generation_id=place.generation_id,
            position=place.position,
            is_thumbnail=place.is_thumbnail,
            key=actor.key,
            user=actor.user,
        )
        if sha256 is None:
            raise _not_theirs()
        return sha256

    async def _upload(self, path: str, actor: Actor) -> str | None:
        """Return the hash of an upload, or of what an earlier generation of the actor's was given."""
        found = _FILE.fullmatch(path)
        if found is None:
            return None
        if not ids.is_ulid(found[1]):
            given = await uploads.given(self._database, found[1], key_id=actor.key)
            return None if given is None else given.sha256
        owner = await uploads.owner(self._database, found[1])
        if owner is None:
            return None
        if owner.key_id != actor.key:
            raise _not_theirs()
        return owner.sha256

    def _shared(self, path: str) -> Place | None:
        shared = self._links.shared(path)
        return shared.place if shared is not None and shared.ends_at > self._now() else None


def _not_theirs() -> errors.InputError:
    return errors.InputError("a link among the inputs leads to nothing of yours, or not any more")
