"""Turn what operators look at into what is told: keys, limits, usage, callbacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tintype.api.schemas.budgets import BudgetTold
from tintype.api.schemas.deliveries import AttemptTold, DeliveryTold
from tintype.api.schemas.deliveries import State as DeliveryState
from tintype.api.schemas.estimates import LimitTold
from tintype.api.schemas.keys import KeyTold
from tintype.api.schemas.keys import State as KeyState
from tintype.api.schemas.shapes import usd
from tintype.api.schemas.usage import UsageLine
from tintype.domain.access import Scope
from tintype.domain.budget import Measure
from tintype.service import budgets

if TYPE_CHECKING:
    from tintype.service.budgets import Limit
    from tintype.service.usage import Line
    from tintype.store.deliveries import Attempt, Delivery
    from tintype.store.keys import Key
    from tintype.store.limits import Standing


def key(row: Key) -> KeyTold:
    """Tell of a key."""
    return KeyTold(
        id=row.id,
        name=row.name,
        scopes=[Scope(one) for one in row.scopes],
        models=row.models,
        state=KeyState(row.state),
        hints=row.hints,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
    )


def limit(row: Limit) -> BudgetTold:
    """Tell of a limit."""

    def written(amount: int) -> str:
        return budgets.shown(row.measure, amount)

    return BudgetTold(
        id=row.id,
        subject=str(row.of),
        measure=Measure(row.measure),
        period=budgets.period_shown(row.period),
        zone=row.zone,
        amount=written(row.amount),
        override_amount=None if row.override_amount is None else written(row.override_amount),
        override_until=row.override_until,
        held=written(row.held),
        spent=written(row.spent),
        left=written(max(row.amount_now - row.held - row.spent, 0)),
        begins_anew_at=row.window_end,
    )


def left(row: Standing) -> LimitTold:
    """Tell what is left of a limit to somebody, and nothing of what others spent."""
    return LimitTold(
        scope=row.scope,
        measure=row.measure,
        period=budgets.period_shown(row.period),
        amount=budgets.shown(row.measure, row.amount),
        left=budgets.shown(row.measure, max(row.amount - row.held - row.spent, 0)),
        begins_anew_at=row.window_end,
    )


def usage(line: Line) -> UsageLine:
    """Tell of the use of one key, user, project, model, tag or day."""
    return UsageLine(
        name=line.name,
        key_name=line.key_name,
        generations=line.generations,
        succeeded=line.succeeded,
        failed=line.failed,
        canceled=line.canceled,
        unfinished=line.unfinished,
        cached=line.cached,
        images=line.images,
        video_seconds=line.video_ms / 1000,
        cost_usd=usd(line.cost_nano_usd),
        held_usd=usd(line.held_nano_usd),
        saved_usd=usd(line.saved_nano_usd),
        saved_by_proofs_usd=usd(line.saved_by_proofs_nano_usd),
    )


def delivery(row: Delivery) -> DeliveryTold:
    """Tell of a callback."""
    return DeliveryTold(
        id=row.id,
        generation_id=row.generation_id,
        event_number=row.event_number,
        kind=row.kind,
        url=row.url,
        state=DeliveryState(row.state),
        attempts=row.attempts,
        created_at=row.created_at,
        next_at=row.next_at if row.state == "waiting" else None,
        ends_at=row.ends_at,
        delivered_at=row.delivered_at,
    )


def attempt(row: Attempt) -> AttemptTold:
    """Tell of one try."""
    return AttemptTold(
        number=row.number, at=row.at, status=row.status, error=row.error, elapsed_ms=row.elapsed_ms
    )
