"""API keys and their secrets, of which the database knows the hashes alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from tintype.store.database import Database, Session


@dataclass(frozen=True, slots=True)
class Key:
    """A key. `state` is good, expired or revoked; `hints` are the last characters of its good secrets, newest first."""

    id: str
    name: str
    scopes: list[str]
    models: list[str] | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    state: str
    hints: list[str]


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose secret was shown, and whether it counts; `counts_for_s` is how long it does yet, None without end."""

    id: str
    name: str
    scopes: list[str]
    models: list[str] | None
    expires_at: datetime | None
    is_good: bool
    counts_for_s: float | None


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret as it is written down: its SHA-256, and its last characters for telling it from others."""

    hash: bytes = field(repr=False)
    hint: str


async def make(
    work: Session,
    *,
    ident: str,
    name: str,
    scopes: Sequence[str],
    models: Sequence[str] | None,
    expires_at: datetime | None,
    secret: Secret,
) -> bool:
    """Make a key; False when one that is not revoked has its name."""
    return (
        await work.run(
            "make_key",
            id=ident,
            name=name,
            scopes=list(scopes),
            models=None if models is None else list(models),
            expires_at=expires_at,
            hash=secret.hash,
            hint=secret.hint,
        )
        == 1
    )


async def holder(on: Database | Session, hash_: bytes) -> Holder | None:
    """Return whose secret has this hash, noting the use. It waits for nobody who changes the key."""
    return await on.one("key_of_secret", Holder, hash=hash_)


async def any_exist(on: Database | Session) -> bool:
    """Whether a key was ever made."""
    return bool(await on.value("any_key"))


async def that_count(on: Database | Session, idents: Collection[str]) -> set[str]:
    """Return those of these keys that are neither revoked nor past their time."""
    return {one.id for one in await on.all("keys_that_count", _Named, ids=list(idents))}


async def every(
    on: Database | Session, *, named: str | None = None, before: str | None = None, at_most: int | None = None
) -> list[Key]:
    """List keys, the newest first; with `named` those of this id or name, else a page of those before an id."""
    return await on.all("keys_all", Key, named=named, before=before, at_most=at_most)


async def lock(work: Session, named: str) -> Key | None:
    """Let nobody else change the key of this id or name until the transaction ends, and return it as it is then."""
    ident = await work.value("lock_named_key", named=named)
    if ident is None:
        return None
    # A statement of its own, which sees what was committed while the lock was waited for.
    (found,) = await every(work, named=ident)
    return found


async def exchange(work: Session, ident: str, secret: Secret, *, overlap_s: float) -> None:
    """Give a key a new secret; those before count for `overlap_s` yet."""
    await work.run("retire_secrets", key_id=ident, overlap_s=overlap_s)
    await work.run("put_key_secret", key_id=ident, hash=secret.hash, hint=secret.hint)


async def revoke(work: Session, ident: str) -> bool:
    """Revoke a key for good; False when it was before."""
    return await work.run("revoke_key", key_id=ident) == 1


@dataclass(frozen=True, slots=True)
class _Named:
    id: str
