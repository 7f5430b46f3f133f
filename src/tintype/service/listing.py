"""Find generations among an owner's: which, and page by page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tintype.domain import ids, texts
from tintype.store import generations

if TYPE_CHECKING:
    from datetime import datetime

    from tintype.domain.access import Actor
    from tintype.domain.generation import State
    from tintype.store.database import Database
    from tintype.store.generations import Generation


OPEN_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Filters:
    """Which generations are wanted: those that all of it fits. `text` is looked for in prompt, model, state and tags.

    `states` are any of them, `tags` all of them; `since` and `until` bound when it was asked for.
    """

    states: tuple[State, ...] = ()
    model: str | None = None
    project: str | None = None
    tags: tuple[str, ...] = ()
    order_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str = ""


async def page(
    database: Database, actor: Actor, filters: Filters, *, before: str | None, at_most: int
) -> list[Generation]:
    """Return the newest of an actor's generations that were asked for before `before`."""
    if filters.order_id is not None and not ids.is_ulid(filters.order_id):
        return []
    return await database.all(
        "generations_of_owner",
        generations.Generation,
        key=actor.key,
        user=actor.user,
        states=[state.value for state in filters.states] or None,
        model=texts.keepable(filters.model),
        project=texts.keepable(filters.project),
        tags=texts.keepable(list(filters.tags)) or None,
        order_id=filters.order_id,
        after=filters.since,
        until=filters.until,
        text=texts.keepable(filters.text) or None,
        before=before,
        at_most=at_most,
    )


async def open_ids(database: Database, actor: Actor) -> list[str]:
    """Return the ids of an actor's generations that have not ended, oldest first."""
    rows = await database.all("open_generations", _Open, key=actor.key, user=actor.user, at_most=OPEN_MAX)
    return [row.id for row in rows]


@dataclass(frozen=True, slots=True)
class _Open:
    id: str


__all__ = ["Filters", "open_ids", "page"]
