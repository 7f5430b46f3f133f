"""A generation as those see it who work in their own process: what was asked, how far it is, what it cost."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tintype.domain import errors, money, steps
from tintype.domain.generation import State
from tintype.replicate import outputs as names
from tintype.store import approvals

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from tintype.domain.breakdown import Alternative
    from tintype.domain.choosing import Choice
    from tintype.service.estimates import Part
    from tintype.store.generations import Generation as Row
    from tintype.store.outputs import Output as Kept


@dataclass(frozen=True, slots=True)
class StoredOutput:
    """A stored output: its hash (SHA-256, hexadecimal), type, size in bytes and, where known, pixels and seconds.

    `made_by` are the finishing steps that made it here, None for what a model made.
    """

    generation_id: str
    position: int
    sha256: str
    content_type: str
    size_bytes: int
    width: int | None
    height: int | None
    seconds: float | None
    made_by: str | None = None

    @property
    def dpi(self) -> int | None:
        """The dots per inch of a file for the print shop, None for what is none."""
        return steps.dpi(self.made_by, self.width, self.height)

    @property
    def extension(self) -> str:
        """What its file's name ends with, such as `.webp`."""
        return names.extension("", self.content_type, b"")


@dataclass(frozen=True, slots=True)
class Approval:
    """A proof's picture that was approved, and its final; `pick` counts the pictures from 1."""

    proof_id: str
    pick: int
    final_id: str


@dataclass(frozen=True, slots=True)
class Generation:
    """One generation. Amounts are whole nano-dollars; `held_nano_usd` is 0 once it has ended.

    `approvals` name the proof that it is the final of, and the finals that it is the proof of.
    `choice` is why the mode `auto` took its model, `warnings` what of it the model cannot do: told once.
    """

    id: str
    order_id: str | None
    model: str
    input: Mapping[str, Any] = field(repr=False)
    state: State
    is_simulated: bool
    percent: float | None
    estimate_nano_usd: int
    held_nano_usd: int
    cost_nano_usd: int | None
    failure_code: str | None
    failure_message: str | None
    prediction_id: str | None
    is_cached: bool
    tags: tuple[str, ...]
    metadata: Mapping[str, Any]
    created_at: datetime
    finished_at: datetime | None
    outputs: tuple[StoredOutput, ...]
    approvals: tuple[Approval, ...] = ()
    choice: Choice | None = None
    warnings: tuple[str, ...] = ()

    @property
    def is_final(self) -> bool:
        """Whether it has ended."""
        return self.state.is_final

    @property
    def cost_usd(self) -> Decimal | None:
        """What was booked, in dollars; None while it goes on."""
        return None if self.cost_nano_usd is None else _usd(self.cost_nano_usd)

    @property
    def held_usd(self) -> Decimal:
        """What is held for it, in dollars."""
        return _usd(self.held_nano_usd)

    def raise_for_failure(self) -> Generation:
        """Return it when it succeeded. Raises GenerationFailed otherwise."""
        if self.state is State.SUCCEEDED:
            return self
        why = self.failure_message or self.failure_code or f"it is {self.state}"
        error = errors.GenerationFailed(
            f"generation {self.id} {self.state}: {why}" if self.is_final else f"generation {self.id}: {why}",
            prediction_id=self.prediction_id,
        )
        error.generation_id, error.failure_code = self.id, self.failure_code
        raise error


@dataclass(frozen=True, slots=True)
class Moment:
    """How far a generation is: its state, percent where the model tells it, the end of its logs."""

    generation_id: str
    state: State
    percent: float | None = None
    logs: str = ""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a request is expected to cost, and the most that it can: that much is held. By which price rule.

    `parts` say it for each step, `takes_s` how long all of it usually takes, with its turn; `alternatives` are models
    that do the same cheaper or faster, `warnings` what of it the model cannot do.
    """

    expected_nano_usd: int
    at_most_nano_usd: int
    rule: str
    parts: tuple[Part, ...] = ()
    takes_s: float = 0.0
    alternatives: tuple[Alternative, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def expected_usd(self) -> Decimal:
        """The expected price in dollars."""
        return _usd(self.expected_nano_usd)

    @property
    def at_most_usd(self) -> Decimal:
        """The most it can cost, in dollars."""
        return _usd(self.at_most_nano_usd)


def of(row: Row, kept: Sequence[Kept] = ()) -> Generation:
    """Make what is shown of a row with its approvals, and its stored outputs."""
    state = State(row.state)
    return Generation(
        id=row.id,
        order_id=row.order_id,
        model=row.model,
        input=row.input,
        state=state,
        is_simulated=row.simulated,
        percent=row.progress_percent,
        estimate_nano_usd=row.estimate_nano_usd,
        held_nano_usd=0 if state.is_final else row.hold_nano_usd,
        cost_nano_usd=row.cost_nano_usd,
        failure_code=row.failure_code,
        failure_message=row.failure_message,
        prediction_id=row.prediction_id,
        is_cached=row.cached_from is not None,
        tags=tuple(row.tags),
        metadata=row.metadata,
        created_at=row.created_at,
        finished_at=row.finished_at,
        outputs=tuple(stored(one) for one in kept),
        approvals=tuple(Approval(one.proof_id, one.pick + 1, one.final_id) for one in approvals.of(row)),
    )


def stored(one: Kept) -> StoredOutput:
    """Make what is shown of a stored output."""
    return StoredOutput(
        generation_id=one.generation_id,
        position=one.position,
        sha256=one.sha256,
        content_type=one.content_type,
        size_bytes=one.size_bytes,
        width=one.width,
        height=one.height,
        seconds=None if one.duration_ms is None else one.duration_ms / 1000,
        made_by=one.note if one.position >= steps.MADE_HERE else None,
    )


def _usd(nano_usd: int) -> Decimal:
    return Decimal(nano_usd) / money.NANO_PER_USD


__all__ = ["Approval", "Estimate", "Generation", "Moment", "StoredOutput", "of", "stored"]
