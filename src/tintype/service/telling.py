"""Tell the observer what is committed: what was admitted or refused, and what has ended."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tintype import observing
from tintype.domain.generation import State
from tintype.store import admission

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tintype.domain.access import Actor
    from tintype.observing import Observer
    from tintype.service.progress import Applied
    from tintype.store.admission import Wanted
    from tintype.store.generations import Generation, Origin


def answered(
    observer: Observer, answer: admission.Answer, wanted: Sequence[Wanted], actor: Actor, now: datetime
) -> None:
    """Tell what became of a request; one that was admitted before is not told again."""
    match answer:
        case admission.Admitted(places):
            for place, one in zip(places, wanted, strict=True):
                _begun(observer, place, one, actor, now)
        case admission.Conflict():
            observer.refused("conflict")
        case admission.Paused():
            observer.refused("paused")
        case admission.Refused(refusals):
            observer.refused(refusals[0].measure)


def moved(
    observer: Observer, applied: Applied, cost_nano_usd: int, shared_with: Sequence[Origin], now: datetime
) -> None:
    """Tell of an outcome that became unknown, and of an end with the others that ended along with it."""
    row, state = applied.row, applied.state
    if state is State.UNKNOWN and row.state != State.UNKNOWN:
        observer.unsure(row.model)
    if not state.is_final or State(row.state).is_final:
        return
    told = end(row, state, cost_nano_usd, now, applied.decision.facts.failure_code)
    observer.ended(told)
    for one in shared_with:
        with observer.about(one.id, one.key_id, one.request_id):
            observer.ended(replace(told, id=one.id, key_id=one.key_id, cost_nano_usd=0, cached_from=row.id))


def end(
    row: Generation, state: State, cost_nano_usd: int, now: datetime, failure_code: str | None = None
) -> observing.Ended:
    """Return the end of a generation."""
    return observing.Ended(
        id=row.id,
        model=row.model,
        kind=observing.kind_of(images=row.images, video_ms=row.video_ms),
        key_id=row.key_id,
        state=state.value,
        cost_nano_usd=cost_nano_usd,
        created_at=row.created_at,
        seconds=max((now - row.created_at).total_seconds(), 0.0),
        failure_code=failure_code,
    )


def _begun(observer: Observer, place: admission.Place, one: Wanted, actor: Actor, now: datetime) -> None:
    prompt = one.input.get("prompt")
    kind = observing.kind_of(images=one.images, video_ms=one.video_ms)
    begin = observing.Begun(
        id=place.id,
        model=one.model,
        kind=kind,
        key_id=actor.key,
        estimate_nano_usd=one.estimate_nano_usd,
        hold_nano_usd=one.hold_nano_usd,
        prompt=prompt if isinstance(prompt, str) else None,
        request_id=actor.request_id,
        joined_to=place.joined_to,
        cached_from=place.cached_from,
    )
    observer.begun(begin)
    if place.cached_from is not None and place.state.is_final:
        at_once = observing.Ended(
            id=place.id,
            model=one.model,
            kind=kind,
            key_id=actor.key,
            state=place.state.value,
            cost_nano_usd=0,
            created_at=now,
            seconds=0.0,
            cached_from=place.cached_from,
        )
        observer.ended(at_once)
