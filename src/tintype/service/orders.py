"""Orders: what was asked for together. State, cost and outputs are those of their generations (rule 1).

    order = await orders.get(order_id, actor=actor)
    order.state, order.cost_nano_usd, order.generations, order.outputs

A generation that failed and was repeated alone is replaced by its repetition; what it cost stays in the sum.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tintype.domain import errors, ids, ordering
from tintype.domain.generation import State
from tintype.store import generations, outputs

if TYPE_CHECKING:
    from datetime import datetime

    from tintype.domain.access import Actor
    from tintype.domain.ordering import Standing
    from tintype.service.progress import Progress
    from tintype.store.database import Database
    from tintype.store.generations import Generation
    from tintype.store.outputs import Output

PAGE_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Outline:
    """An order as it stands in a list. `states` are its generations', by their position.

    Amounts are nano-dollars: expected, held now, booked up to now. `finished_at` is None until all has ended.
    """

    id: str
    key_id: str
    kind: str
    plan: dict[str, Any] = field(repr=False)
    metadata: dict[str, Any]
    created_at: datetime
    states: list[str]
    estimate_nano_usd: int
    held_nano_usd: int
    cost_nano_usd: int
    finished_at: datetime | None

    @property
    def state(self) -> Standing:
        """How it stands."""
        return ordering.standing(State(one) for one in self.states)


@dataclass(frozen=True, slots=True)
class Order:
    """An order whole: its generations by their position, and all that they made, in the same order."""

    outline: Outline
    generations: tuple[Generation, ...]
    outputs: tuple[Output, ...]

    @property
    def id(self) -> str:
        """Its id."""
        return self.outline.id

    @property
    def state(self) -> Standing:
        """How it stands."""
        return self.outline.state

    @property
    def cost_nano_usd(self) -> int:
        """What was booked for it up to now, repeated generations with it."""
        return self.outline.cost_nano_usd


class Orders:
    """Looks at orders, and cancels them."""

    def __init__(self, database: Database, progress: Progress) -> None:
        self._database = database
        self._progress = progress

    async def get(self, ident: str, *, actor: Actor) -> Order:
        """Return an order of the actor's. Raises UnknownOrder."""
        outline = None
        if ids.is_ulid(ident):
            outline = await self._database.one(
                "order_of_owner", Outline, id=ident, key=actor.key, user=actor.user
            )
        if outline is None:
            raise errors.UnknownOrder(f"there is no order {ident[:64]!r}")
        rows = await generations.of_order(self._database, ident)
        made = await outputs.of_order(self._database, ident)
        return Order(outline, tuple(row for row in rows if row.deleted_at is None), tuple(made))

    async def list(
        self, *, actor: Actor, kind: str | None = None, before: str | None = None, at_most: int = 100
    ) -> list[Outline]:
        """Return a page of the actor's orders, newest first; `before` is the last id of the page before."""
        return await self._database.all(
            "orders_of_owner",
            Outline,
            key=actor.key,
            user=actor.user,
            kind=kind,
            before=before,
            at_most=min(max(at_most, 1), PAGE_MAX),
        )

    async def cancel(self, ident: str, *, actor: Actor) -> Order:
        """Wish that all of an order ends; free where it was not bought yet. What has ended stays as it is."""
        order = await self.get(ident, actor=actor)
        for row in order.generations:
            if not State(row.state).is_final:
                await self._progress.cancel(row.id)
        return await self.get(ident, actor=actor)


__all__ = ["Order", "Orders", "Outline"]
