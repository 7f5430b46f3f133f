"""Answers as rows: which were written to their end, and how generations were asked for.

An admission writes them along with its generations; see `admission.Answering` and `admission.Asked`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tintype.store.database import Database, Session


@dataclass(frozen=True, slots=True)
class Asked:
    """How a generation was asked for: the dialect that it is told of in, and what that shape needs to know."""

    generation_id: str
    dialect: str
    facts: dict[str, Any] = field(repr=False)


async def end(on: Database | Session, ended: Mapping[str, bool]) -> None:
    """Note for each hand whether its answer was written to its end. A hand that wrote nothing is left aside."""
    await on.run("end_answers", hands=list(ended), wholes=list(ended.values()))


async def asked(on: Database | Session, ids: Sequence[str]) -> dict[str, Asked]:
    """Return how generations were asked for, by their ids; those in our own shape are not among it."""
    return {one.generation_id: one for one in await on.all("asked_of", Asked, ids=list(ids))}


async def hold(on: Session, holder: int) -> bool:
    """Say that a process is alive, as long as this connection lasts; False when its number is taken."""
    is_ours: bool = await on.value("hold_presence", holder=holder)
    return is_ours


async def leave(on: Session, holder: int) -> None:
    """Say that a process is not there any more."""
    await on.value("leave_presence", holder=holder)
