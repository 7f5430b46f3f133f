"""Generations as they were just admitted, so that nobody has to read what was written a moment ago."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tintype.domain.generation import State
from tintype.store.generations import Generation

if TYPE_CHECKING:
    from tintype.store.admission import Admitted, Request, Wanted


def queued(admitted: Admitted, request: Request, *, simulated: bool) -> tuple[Generation, ...]:
    """Return the rows of what was just admitted, as far as they wait in the queue for a purchase of their own.

    They are as they were written but for their place in the queue, which only the database knows. One that took the
    place of another has more from it; there are none of those.
    """
    if request.replaces is not None:
        return ()
    return tuple(
        _row(one, position, admitted, request, simulated=simulated)
        for position, (place, one) in enumerate(zip(admitted.places, request.wanted, strict=True))
        if place.state is State.QUEUED and place.joined_to is None
    )


def _row(one: Wanted, position: int, admitted: Admitted, request: Request, *, simulated: bool) -> Generation:
    return Generation(
        id=one.id,
        order_id=admitted.order_id,
        position=position,
        key_id=request.actor.key,
        end_user=request.actor.user,
        project=request.actor.project,
        upstream_id=request.upstream_id,
        simulated=simulated,
        model=one.model,
        version=one.version,
        deployment=one.deployment,
        input=dict(one.input),
        secrets=one.secrets,
        estimate_nano_usd=one.estimate_nano_usd,
        hold_nano_usd=one.hold_nano_usd,
        cost_nano_usd=None,
        price_rule=one.price_rule,
        images=one.images,
        video_ms=one.video_ms,
        state=State.QUEUED.value,
        failure_code=None,
        failure_message=None,
        prediction_id=None,
        prediction=None,
        attempts=0,
        attempts_absent=0,
        attempts_failed=0,
        predictions_past=[],
        intent_token=None,
        intent_at=None,
        dead_at=None,
        cancel_wished_at=None,
        deadline_at=admitted.at + timedelta(seconds=one.deadline_s),
        due_at=None,
        progress_percent=None,
        progress=None,
        cache_key=one.cache_key,
        joined_to=None,
        cached_from=None,
        metadata=dict(one.metadata or {}),
        tags=list(one.tags),
        callback_url=one.callback_url,
        virtual_start=0,
        events_last=1,
        created_at=admitted.at,
        submitted_at=None,
        started_at=None,
        completed_at=None,
        finished_at=None,
        settled_at=None,
        deleted_at=None,
        request_id=request.actor.request_id,
    )
