"""Which columns of a generation change with what upstream says of it, and what is kept of that. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tintype.domain import texts
from tintype.domain.generation import State

if TYPE_CHECKING:
    from tintype.domain.generation import Decision
    from tintype.replicate.results import Prediction
    from tintype.store.generations import Generation

_LOOK_S = 1.0
_KEPT = frozenset(
    {
        "id",
        "status",
        "model",
        "version",
        "output",
        "error",
        "metrics",
        "urls",
        "created_at",
        "started_at",
        "completed_at",
        "data_removed",
        "deadline",
        "logs",
    }
)
_LOGS_MAX = 20_000


def changes(
    row: Generation, decision: Decision, record: Prediction | None, *, first_look_s: float
) -> dict[str, Any]:
    """Name the columns that a decision about a row, and upstream's record behind it, change besides those it names."""
    after, before = decision.facts, row.facts
    changed: dict[str, Any] = {}
    if before.state.is_final:
        return changed
    if before.prediction_id is not None and after.prediction_id is None:
        changed["prediction"] = None
    is_ours = record is not None and after.prediction_id == record.id
    if record is not None and is_ours and before.state is not State.CAPTURING:
        changed |= _seen_changes(row, record, is_moving=after.state != before.state)
    if after.state != before.state:
        changed |= _due(after.state, first_look_s)
    elif after.cancel_wished and not before.cancel_wished:
        changed["due_in_s"] = _LOOK_S
    return changed


def _seen_changes(row: Generation, record: Prediction, *, is_moving: bool) -> dict[str, Any]:
    facts = facts_of(record)
    old = row.prediction or {}
    if not is_moving and old.get("status") == facts["status"] and old.get("output") == facts.get("output"):
        return {}
    changes: dict[str, Any] = {"prediction": facts}
    if row.submitted_at is None or row.prediction_id != record.id:
        changes["submitted_at"] = record.created_at
    for name in ("started_at", "completed_at"):
        moment = getattr(record, name)
        if moment is not None:
            changes[name] = moment
    return changes


def _due(state: State, first_look_s: float) -> dict[str, Any]:
    """Say when a sweep looks at a generation that came into a state."""
    if state is State.RUNNING:
        return {"due_in_s": first_look_s}
    if state is State.UNKNOWN:
        return {"due_in_s": 0.0}
    return {"due_at": None}


def facts_of(record: Prediction) -> dict[str, Any]:
    """Return what is kept of upstream's record: not the input, which may hold what nobody else should read."""
    # What lies too deep cannot even be dumped.
    shallow = {"output": texts.keepable(record.output), "metrics": texts.keepable(record.metrics)}
    told = record.model_copy(update=shallow).model_dump(mode="json", include=set(_KEPT))
    for name, part in (("logs", slice(-_LOGS_MAX, None)), ("error", slice(_LOGS_MAX))):
        if isinstance(told.get(name), str):
            told[name] = told[name][part]
    facts: dict[str, Any] = texts.keepable(told)
    return facts


def told(decision: Decision) -> dict[str, Any]:
    """Return the body of the event that listeners get."""
    code = decision.facts.failure_code
    return {} if code is None else {"code": code}


__all__ = ["changes", "facts_of", "told"]
