"""API keys: made, shown once, exchanged with an overlap, revoked, and recognised on every request.

    made = await keys.create("shop", scopes={Scope.GENERATE}, by="local")      # made.secret is told this once
    caller = await keys.authenticate(secret, address="203.0.113.7")

A secret is `tt_` and 256 random bits. The database holds its SHA-256 alone, and is asked by that, so that the time that
this takes tells nothing of the secret. What was found is believed for a quarter of a second: a key that was revoked
elsewhere is refused after that, one that was revoked here at once.
"""

from __future__ import annotations

import asyncio
import base64
import functools
import hashlib
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tintype import masking
from tintype.domain import access, budget, errors, ids
from tintype.domain.access import Caller, Scope
from tintype.service import addresses, audit, budgets
from tintype.store import keys as store

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from datetime import datetime

    from tintype.domain.catalogue import Catalogue
    from tintype.domain.rates import Rate
    from tintype.service.budgets import Cap
    from tintype.store.database import Database, Session
    from tintype.store.keys import Key

PREFIX = "tt_"
SECRET_BYTES = 32
BELIEVED_S = 0.25
OVERLAP_S = 24 * 3600.0
_SECRET = re.compile(r"tt_[A-Za-z0-9_-]{43}")
_KNOWN_MAX = 10_000
_NAME_MAX = 100


@dataclass(frozen=True, slots=True)
class Made:
    """A key that was made or exchanged, with its secret, which nobody can tell again."""

    key: Key
    secret: str = field(repr=False)


def models_meant(known: Catalogue, names: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return the models that a key is to be held to, by their slugs, and warnings.

    One with an owner that the catalogue does not know may be upstream's, or a deployment: it is taken, with a warning.
    Raises UnknownModel for another.
    """
    slugs, warnings = [], []
    for name in names:
        found = known.find_ours(name)
        slugs.append(name if found is None else found.slug)
        if found is None and not any(own.partition(":")[0] == name for own in known.own):
            near = known.nearest(name)
            hint = f"; did you mean {near!r}?" if near else ""
            warnings.append(
                f"{name!r} is not in the catalogue: the key may use it if Replicate has a model of that very name{hint}"
            )
    return slugs, warnings


class Keys:
    """The keys of one database. `wrong` is how many wrong keys an address may show; any number without."""

    def __init__(
        self,
        database: Database,
        *,
        randomness: Callable[[int], bytes],
        wrong: Rate | None = None,
        now: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._randomness = randomness
        self._wrong = wrong
        self._now = now
        self._monotonic = monotonic
        self._believed: dict[bytes, tuple[Caller, float]] = {}
        self._asking: dict[bytes, asyncio.Future[Caller | None]] = {}
        self._changes = 0
        self._exist = False
        self._exist_until = 0.0

    async def create(
        self,
        name: str,
        *,
        by: str,
        scopes: Collection[Scope] = (Scope.GENERATE, Scope.READ),
        models: Sequence[str] | None = None,
        expires_at: datetime | None = None,
        caps: Sequence[Cap] = (),
    ) -> Made:
        """Make a key with its limits, all or nothing; `by` is the id of the key that asks.

        Raises NameTaken, and InputError for a name that is none, no scopes, or a time that has passed.
        """
        if (
            not 0 < len(name) <= _NAME_MAX
            or not name.isprintable()
            or name in {access.LOCAL, "*"}
            or "/" in name
        ):
            raise errors.InputError(
                f"a key's name has 1 to {_NAME_MAX} printable characters without a slash, and is not local or *"
            )
        if ids.is_ulid(name):
            raise errors.InputError(
                "a key's name cannot look like an id, so that the one is not taken for the other"
            )
        if not scopes:
            raise errors.InputError("a key without scopes could do nothing; give it generate, read or admin")
        if expires_at is not None and expires_at.timestamp() <= self._now():
            raise errors.InputError("the key would have expired already; give a time to come")
        ident = ids.ulid(time_ms=int(self._now() * 1000), randomness=self._randomness(ids.RANDOM_BYTES))
        secret, written = self._new()
        async with self._database.transaction() as work:
            is_new = await store.make(
                work,
                ident=ident,
                name=name,
                scopes=sorted(scopes),
                models=models,
                expires_at=expires_at,
                secret=written,
            )
            if not is_new:
                raise errors.NameTaken(
                    f"there is a key {name!r} already; take another name, or rotate that one"
                )
            whom = budgets.Subject(budget.Scope.KEY, ident)
            for cap in caps:
                await budgets.put_in(work, whom, cap, by=by)
            facts = {
                "name": name,
                "scopes": sorted(scopes),
                "models": None if models is None else list(models),
            }
            await audit.note(work, by=by, action="key.create", subject=f"key:{ident}", facts=facts)
            (key,) = await store.every(work, named=ident)
        self._exist = True
        return Made(key, secret)

    async def every(self, *, before: str | None = None, at_most: int | None = None) -> list[Key]:
        """List keys, revoked ones too, the newest first; `before` is the last id of the page before."""
        return await store.every(self._database, before=before, at_most=at_most)

    async def get(self, named: str) -> Key:
        """Return the key of an id or a name. Raises KeyUnknown."""
        found = await store.every(self._database, named=named)
        if not found:
            raise _unknown(named)
        return found[0]

    async def rotate(self, named: str, *, by: str, overlap_s: float = OVERLAP_S) -> Made:
        """Give a key a new secret; the one before counts for `overlap_s` yet. Raises KeyUnknown, NotPossibleNow."""
        if not 0 <= overlap_s <= 30 * 86_400:
            raise errors.InputError("the overlap is 0 seconds to 30 days")
        secret, written = self._new()
        async with self._database.transaction() as work:
            before = await _live(work, named)
            await store.exchange(work, before.id, written, overlap_s=overlap_s)
            facts = {"name": before.name, "overlap_s": overlap_s}
            await audit.note(work, by=by, action="key.rotate", subject=f"key:{before.id}", facts=facts)
            (key,) = await store.every(work, named=before.id)
        self._forget()
        return Made(key, secret)

    async def revoke(self, named: str, *, by: str) -> Key:
        """Refuse a key from now on; what it asked for goes on and settles. Raises KeyUnknown, NotPossibleNow."""
        async with self._database.transaction() as work:
            before = await _live(work, named)
            await store.revoke(work, before.id)
            facts = {"name": before.name}
            await audit.note(work, by=by, action="key.revoke", subject=f"key:{before.id}", facts=facts)
            (key,) = await store.every(work, named=before.id)
        self._forget()
        return key

    async def authenticate(self, secret: str, *, address: str) -> Caller:
        """Return whose secret it is. Raises KeyRefused, or TooManyAttempts for an address that guesses."""
        digest = hashlib.sha256(secret.encode(errors="surrogatepass")).digest()
        believed = self._believed.get(digest)
        if believed is not None and self._monotonic() < believed[1]:
            return believed[0]
        caller = await self._asked(digest) if _SECRET.fullmatch(secret) else None
        if caller is None:
            if self._wrong is not None:
                await addresses.attempt_failed(self._database, address, self._wrong)
            raise errors.KeyRefused(
                "this API key is not accepted: it is none of ours, has expired or was revoked"
            )
        return caller

    async def any_exist(self) -> bool:
        """Whether a key was ever made: from then on nobody passes without one."""
        if not self._exist and self._monotonic() >= self._exist_until:
            self._exist = await store.any_exist(self._database)
            self._exist_until = self._monotonic() + BELIEVED_S
        return self._exist

    async def ended(self, idents: Collection[str]) -> set[str]:
        """Return which of these keys count no more: revoked, expired, or never there.

        The local owner is none of them until there is a key, and one of them from then on.
        """
        keys = set(idents) - {access.LOCAL}
        ended = keys - await store.that_count(self._database, keys) if keys else set()
        if access.LOCAL in idents and await self.any_exist():
            ended.add(access.LOCAL)
        return ended

    async def _asked(self, digest: bytes) -> Caller | None:
        """Ask whose secret it is, once for all who want to know at the same time."""
        asking = self._asking.get(digest)
        if asking is None:
            asking = self._asking[digest] = asyncio.ensure_future(self._look(digest))
            asking.add_done_callback(functools.partial(self._answered, digest))
        # Whoever leaves does not take the answer from the others.
        return await asyncio.shield(asking)

    async def _look(self, digest: bytes) -> Caller | None:
        began, changes = self._monotonic(), self._changes
        found = await store.holder(self._database, digest)
        if found is None or not found.is_good:
            self._believed.pop(digest, None)
            return None
        caller = Caller(
            found.id,
            found.name,
            frozenset(Scope(one) for one in found.scopes),
            None if found.models is None else frozenset(found.models),
            found.expires_at,
        )
        # What was read before a key was changed here is worth one answer, and no belief.
        if changes == self._changes:
            if len(self._believed) >= _KNOWN_MAX:
                self._believed.clear()
            believed_s = BELIEVED_S if found.counts_for_s is None else min(BELIEVED_S, found.counts_for_s)
            self._believed[digest] = (caller, began + believed_s)
        return caller

    def _answered(self, digest: bytes, asked: asyncio.Future[Caller | None]) -> None:
        if self._asking.get(digest) is asked:
            del self._asking[digest]
        # When nobody waits any more, a failure is of no interest.
        if not asked.cancelled():
            asked.exception()

    def _forget(self) -> None:
        """Believe nothing that was read before now."""
        self._changes += 1
        self._believed.clear()
        self._asking.clear()

    def _new(self) -> tuple[str, store.Secret]:
        text = base64.urlsafe_b64encode(self._randomness(SECRET_BYTES)).rstrip(b"=").decode()
        secret = PREFIX + text
        return secret, store.Secret(hashlib.sha256(secret.encode()).digest(), secret[-4:])


async def _live(work: Session, named: str) -> Key:
    """Lock a key that is not revoked. Raises KeyUnknown, NotPossibleNow."""
    found = await store.lock(work, named)
    if found is None:
        raise _unknown(named)
    if found.revoked_at is not None:
        raise errors.NotPossibleNow(f"the key {found.name!r} was revoked, for good; make a new one")
    return found


def _unknown(named: str) -> errors.KeyUnknown:
    return errors.KeyUnknown(
        f"there is no key {masking.without_tokens(named)[:60]!r}; see: tintype keys list"
    )


__all__ = ["Keys", "Made"]
