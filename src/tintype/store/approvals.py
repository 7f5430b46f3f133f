"""Which proofs were approved, and their finals."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tintype.store.database import Database, Session
    from tintype.store.generations import Generation


@dataclass(frozen=True, slots=True)
class Approval:
    """A picked proof and its final; `pick` counts the outputs of the proof from 0."""

    proof_id: str
    pick: int
    final_id: str
    approved_at: datetime


def of(row: Generation) -> list[Approval]:
    """Return the approvals that a generation had a part in, as proof or as final, in the order of approval."""
    return [
        Approval(**{**one, "approved_at": datetime.fromisoformat(one["approved_at"])}) for one in row.approved
    ]


async def final_of(on: Database | Session, proof_id: str, pick: int) -> str | None:
    """Return the id of the final that was made of a picked proof, None where there is none."""
    found: str | None = await on.value("final_of", proof_id=proof_id, pick=pick)
    return found


__all__ = ["Approval", "final_of", "of"]
