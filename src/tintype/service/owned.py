"""Links of ours among inputs: what they lead to, if it is the caller's own (rule 23).

sha256 = await owned(url, actor)        # None for an address elsewhere

A link to an output holds a code that only we can make, so it is ours at whatever address the gateway is reached. The
address of an upload holds an id that nobody guesses, and is opened for its owner alone; one that is not there is ours
where the gateway was reached at that host, or says that it is.

A link is read as those who follow links and those who answer them read it, so that no spelling leads past this.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urlsplit

from tintype.domain import errors, ids
from tintype.store import uploads

if TYPE_CHECKING:
    from collections.abc import Callable

    from tintype.domain.access import Actor
    from tintype.service.links import Links
    from tintype.store.database import Database

_LINK_MAX = 64 * 1024
"""The longest line that a server reads as a request."""
_UNQUOTED_MAX = 4
_SCHEME = re.compile(r"(https?):[/\\]*", re.IGNORECASE)
_AROUND = "".join(map(chr, range(33)))
_WITHIN = str.maketrans("", "", "\t\n\r")
_FILE = re.compile(r"(?:/api|/replicate(?:/v1)?)/files/([0-9a-z]{26}|[0-9a-f]{64})(?:/download)?")


class Owned:
    """Knows the links of one installation; `origin` is where it says that it is reached."""

    def __init__(
        self,
        database: Database,
        links: Links,
        *,
        origin: str | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._links = links
        self._here = None if origin is None else _host(_split(origin))
        self._now = now

    async def __call__(self, url: str, actor: Actor) -> str | None:
        """Return the SHA-256 of the file that a text links to; None for one that is no link of ours.

        Raises InputError for a link of ours that leads to nothing of the actor's, or not any more.
        """
        link = _split(url)
        if link is None:
            return None
        path = _path(link)
        shared = self._links.shared(path)
        place = self._links.place(path) if shared is None else shared.place
        if shared is not None and shared.ends_at <= self._now():
            raise _not_theirs()
        if place is None:
            return await self._upload(path, actor, is_here=self._is_here(link, actor))
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

    async def _upload(self, path: str, actor: Actor, *, is_here: bool) -> str | None:
        """Return the hash of an upload, or of what an earlier generation of the actor's was given."""
        found = _FILE.fullmatch(path)
        if found is None:
            return None
        sha256, is_theirs = None, True
        if not ids.is_ulid(found[1]):
            given = await uploads.given(self._database, found[1], key_id=actor.key)
            sha256 = None if given is None else given.sha256
        elif (owner := await uploads.owner(self._database, found[1])) is not None:
            sha256, is_theirs = owner.sha256, owner.key_id == actor.key
        if not is_theirs or (sha256 is None and is_here):
            raise _not_theirs()
        return sha256

    def _is_here(self, link: SplitResult, actor: Actor) -> bool:
        reached = None if actor.host is None else _host(_split(f"{link.scheme}://{actor.host}"))
        return _host(link) in {self._here, reached} - {None}


def _split(text: str) -> SplitResult | None:
    """Return the parts of a text that is a link, None for one that is none; what surrounds a link is not of it."""
    if len(text) > _LINK_MAX:
        return None
    link = text.strip(_AROUND).translate(_WITHIN)
    scheme = _SCHEME.match(link)
    if scheme is None:
        return None
    try:
        return urlsplit(f"{scheme[1].lower()}://{link[scheme.end() :]}".replace("\\", "/"))
    except ValueError:
        return None


def _host(link: SplitResult | None) -> tuple[str, int | None] | None:
    """Return a link's host and port, None for the usual ones; None where it has none that can be read."""
    try:
        if link is None or link.hostname is None:
            return None
        return link.hostname.rstrip("."), None if link.port in {80, 443} else link.port
    except ValueError:
        return None


def _path(link: SplitResult) -> str:
    """Return a link's path as a server looks it up: unquoted, without dots and slashes that lead nowhere."""
    path = link.path
    for _ in range(_UNQUOTED_MAX):
        path = unquote(path)
    parts: list[str] = []
    for part in path.replace("\\", "/").split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in {"", "."}:
            parts.append(part)
    return "/" + "/".join(parts)


def _not_theirs() -> errors.InputError:
    return errors.InputError("a link among the inputs leads to nothing of yours, or not any more")
