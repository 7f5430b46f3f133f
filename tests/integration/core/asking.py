"""Ask for generations in few words, and end them."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tintype.domain import ids
from tintype.domain.access import Actor
from tintype.domain.budget import Measure, Scope
from tintype.store import admission, generations, limits, upstreams

if TYPE_CHECKING:
    from datetime import datetime

    from tintype.store.database import Database

USD = 1_000_000_000
ALICE = Actor(key="local", user="alice", project="shop")


def new_id() -> str:
    """Return a fresh id."""
    return ids.ulid(time_ms=time.time_ns() // 1_000_000, randomness=secrets.token_bytes(10))


def wanted(**changes: Any) -> admission.Wanted:
    """Return one generation that is asked for: a picture for a dollar, unless it says otherwise."""
    values: dict[str, Any] = {
        "id": new_id(),
        "model": "black-forest-labs/flux-schnell",
        "input": {"prompt": "a lighthouse"},
        "estimate_nano_usd": USD,
        "hold_nano_usd": USD,
        "price_rule": "test",
        "deadline_s": 600.0,
        "images": 1,
    }
    return admission.Wanted(**(values | changes))


@dataclass(frozen=True, slots=True)
class Asking:
    """A database, and the account that is bought from."""

    db: Database
    upstream_id: int
    actor: Actor = field(default=ALICE)

    @classmethod
    async def of(cls, db: Database) -> Asking:
        """Pin an account to buy from."""
        pinned = await upstreams.pin(db, origin="https://api.example", account="abc", simulated=False)
        return cls(db, pinned)

    async def __call__(
        self,
        *several: admission.Wanted,
        actor: Actor | None = None,
        at: datetime | None = None,
        idempotency: admission.Idempotency | None = None,
        order: admission.Order | None = None,
        **changes: Any,
    ) -> admission.Answer:
        """Ask for these, or for one with these changes."""
        request = admission.Request(
            actor=actor or self.actor,
            upstream_id=self.upstream_id,
            wanted=several or (wanted(**changes),),
            idempotency=idempotency,
            order=order,
        )
        return await admission.admit(self.db, request, at=at)

    async def admitted(self, *several: admission.Wanted, **options: Any) -> list[str]:
        """Ask, and return the ids of what was admitted."""
        answer = await self(*several, **options)
        assert isinstance(answer, admission.Admitted), answer
        return [place.id for place in answer.places]

    async def refused(self, *several: admission.Wanted, **options: Any) -> admission.Refusal:
        """Ask, and return the refusal in front."""
        answer = await self(*several, **options)
        assert isinstance(answer, admission.Refused), answer
        return answer.refusals[0]

    async def limit(
        self,
        amount: int,
        *,
        measure: Measure = Measure.MONEY,
        period: str = "total",
        scope: Scope = Scope.ALL,
        subject: str = "",
        zone: str = "UTC",
    ) -> int:
        """Make a limit, and return its id."""
        return await limits.put(
            self.db, scope=scope, subject=subject, measure=measure, period=period, amount=amount, zone=zone
        )

    async def end(
        self, ident: str, state: str = "succeeded", *, cost: int = 0, images: int = 0, video_ms: int = 0
    ) -> generations.Moved | None:
        """Bring a generation to an end."""
        async with self.db.transaction() as work:
            return await generations.move(
                work,
                ident,
                {"state": state},
                settle=generations.Settlement(cost, images=images, video_ms=video_ms),
            )

    async def counter(self, limit_id: int) -> tuple[int, int]:
        """Return what is held and spent in all windows of a limit."""
        held, spent = await self.row(
            "SELECT coalesce(sum(held), 0)::bigint, coalesce(sum(spent), 0)::bigint FROM counters"
            " WHERE limit_id = %s",
            limit_id,
        )
        return held, spent

    async def row(self, statement: str, *values: Any) -> Any:
        """Run a statement of the test's own and return its first row."""
        async with self.db.connection() as session:
            cursor = await session.connection.execute(statement.encode(), values)
            return await cursor.fetchone() if cursor.description else None

    async def output(self, ident: str, sha256: str = "a" * 64) -> None:
        """Give a generation one stored output."""
        await self.row(
            "INSERT INTO objects (sha256, content_type, size_bytes) VALUES (%s, 'image/png', 1)"
            " ON CONFLICT DO NOTHING",
            sha256,
        )
        await self.row(
            "INSERT INTO outputs (generation_id, position, sha256, content_type, size_bytes)"
            " VALUES (%s, 0, %s, 'image/png', 1)",
            ident,
            sha256,
        )

    async def jobs(self) -> list[str]:
        """Return the ids of generations with a job to submit them, first in line first."""
        found = await self.row(
            "SELECT coalesce(jsonb_agg(args ->> 'generation_id' ORDER BY priority DESC, id), '[]')"
            " FROM procrastinate_jobs WHERE status = 'todo' AND queue_name = 'submit'"
        )
        return list(found[0])


__all__ = ["ALICE", "USD", "Asking", "new_id", "wanted"]
