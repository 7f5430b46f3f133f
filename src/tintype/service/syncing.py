"""Read what a model is upstream, keep it, and say what changed: since the last time, or beside the book.

    synced = await syncing.sync("stability-ai/sdxl", browsing=…, db=…, upstream_id=…, known=catalogue)

Its newest version and what it takes go into the database, every version is learned. Prices stay the book's: upstream's
API tells none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from tintype.domain import schemas
from tintype.store import versions

if TYPE_CHECKING:
    from tintype.domain.catalogue import Catalogue
    from tintype.service.browsing import Browsing
    from tintype.store.database import Database


@dataclass(frozen=True, slots=True)
class Synced:
    """A model as upstream has it: how many versions, the newest, and what it was the last time.

    `changes` are sentences on its inputs, beside the last time or else the book; None where neither knows any.
    """

    model: str
    versions: int
    version: str | None
    version_before: str | None
    changes: tuple[str, ...] | None
    beside: Literal["last time", "book"]


async def sync(
    slug: str, *, browsing: Browsing, db: Database, upstream_id: int, known: Catalogue
) -> Synced | None:
    """Sync one model; None where upstream knows none of this name. Raises InputError, UpstreamError, DatabaseAway."""
    found = await browsing.every_version(slug)
    if found is None:
        return None
    newest = found.newest
    version = newest.get("id")
    facts = schemas.facts(newest.get("openapi_schema"))
    before = await versions.synced(db, slug, upstream_id=upstream_id)
    facts_before = None if before is None else before.facts
    then = _book(known, slug) if facts_before is None else facts_before["inputs"]
    await versions.put_synced(
        db, slug, version=version if isinstance(version, str) else None, facts=facts, upstream_id=upstream_id
    )
    return Synced(
        slug,
        found.versions,
        version if isinstance(version, str) else None,
        None if before is None else before.version,
        None if facts is None or then is None else tuple(schemas.changes(then, facts["inputs"])),
        "book" if facts_before is None else "last time",
    )


def _book(known: Catalogue, slug: str) -> dict[str, Any] | None:
    found = known.get(slug)
    if found is None:
        return None
    return {name: schemas.stated(field) for name, field in found.inputs.items()}


__all__ = ["Synced", "sync"]
