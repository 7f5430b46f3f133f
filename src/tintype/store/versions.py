"""Versions of models that were seen upstream."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tintype.store.database import Database, Session


@dataclass(frozen=True, slots=True)
class Version:
    """A version: its id, its model, and what it takes as far as its schema was read."""

    id: str
    model: str
    facts: dict[str, Any] | None = field(default=None, repr=False)


async def get(on: Database | Session, ident: str, *, upstream_id: int) -> Version | None:
    """Return a version that was seen, or None."""
    return await on.one("model_version", Version, id=ident, upstream_id=upstream_id)


@dataclass(frozen=True, slots=True)
class Synced:
    """A model when it was last synced: its newest version, and what it takes as far as its schema was read."""

    model: str
    version: str | None
    facts: dict[str, Any] | None = field(default=None, repr=False)


async def synced(on: Database | Session, model: str, *, upstream_id: int) -> Synced | None:
    """Return what a model was when it was last synced, or None."""
    return await on.one("synced_model", Synced, model=model, upstream_id=upstream_id)


async def put_synced(
    on: Database | Session, model: str, *, version: str | None, facts: dict[str, Any] | None, upstream_id: int
) -> None:
    """Note what a model is now."""
    await on.run(
        "put_synced_model",
        upstream_id=upstream_id,
        model=model,
        version=version,
        facts=None if facts is None else Jsonb(facts),
    )


async def put(on: Database | Session, seen: Sequence[Version], *, upstream_id: int) -> None:
    """Note versions; what is known of one already is kept where nothing new is said."""
    by_id = {one.id: one for one in seen}
    await on.run(
        "put_model_versions",
        upstream_id=upstream_id,
        seen=Jsonb([{"id": one.id, "model": one.model, "facts": one.facts} for one in by_id.values()]),
    )
