"""Turn rows into what is told: one place for each noun, so that it looks the same wherever it is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tintype.api.schemas.generations import (
    FailureTold,
    FilmTold,
    FinalTold,
    GenerationTold,
    OrderOutline,
    OrderTold,
    OutputTold,
    ProofTold,
)
from tintype.api.schemas.shapes import usd, usd_or_none
from tintype.domain import steps
from tintype.domain.generation import State
from tintype.media import kinds
from tintype.service.links import Place
from tintype.store import approvals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tintype.service.links import Links
    from tintype.service.orders import Order, Outline
    from tintype.store.films import Film
    from tintype.store.generations import Generation
    from tintype.store.outputs import Output


def generation(
    row: Generation,
    kept: Sequence[Output],
    *,
    links: Links,
    origin: str,
    warnings: Sequence[str] = (),
) -> GenerationTold:
    """Tell of a generation with its stored outputs and its approvals."""
    state, approved = State(row.state), approvals.of(row)
    failure = None
    if row.failure_code is not None:
        failure = FailureTold(code=row.failure_code, message=row.failure_message)
    return GenerationTold(
        id=row.id,
        order_id=row.order_id,
        state=state,
        model=row.model,
        version=row.version,
        input=row.input,
        user=row.end_user,
        project=row.project,
        simulated=row.simulated,
        cached=row.cached_from is not None,
        percent=row.progress_percent,
        estimate_usd=usd(row.estimate_nano_usd),
        held_usd=usd(0 if state.is_final else row.hold_nano_usd),
        cost_usd=usd_or_none(row.cost_nano_usd),
        outputs=[output(one, links=links, origin=origin) for one in kept],
        failure=failure,
        metadata=row.metadata,
        tags=list(row.tags),
        prediction_id=row.prediction_id,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        deadline_at=row.deadline_at,
        proof=next(
            (
                ProofTold(generation_id=one.proof_id, pick=one.pick + 1, approved_at=one.approved_at)
                for one in approved
                if one.final_id == row.id
            ),
            None,
        ),
        finals=[
            FinalTold(generation_id=one.final_id, pick=one.pick + 1, approved_at=one.approved_at)
            for one in approved
            if one.proof_id == row.id
        ],
        warnings=list(warnings),
    )


def outline(found: Outline) -> OrderOutline:
    """Tell of an order as it stands."""
    return OrderOutline(**_standing(found))


def order(
    found: Order,
    *,
    links: Links,
    origin: str,
    warnings: Sequence[str] = (),
    joined: Film | None = None,
) -> OrderTold:
    """Tell of an order with its generations and their outputs, and the film that its clips are `joined` to."""
    return OrderTold(
        **_standing(found.outline),
        generations=[
            generation(
                row,
                [one for one in found.outputs if one.generation_id == row.id],
                links=links,
                origin=origin,
            )
            for row in found.generations
        ],
        film=None if joined is None else film(joined, links=links, origin=origin),
        warnings=list(warnings),
    )


def film(one: Film, *, links: Links, origin: str) -> FilmTold:
    """Tell of a film, with its link once it is made."""
    failure = None
    if one.failure_code is not None:
        failure = FailureTold(code=one.failure_code, message=one.failure_message)
    path = links.path(Place(one.order_id, 0), extension=extension(one.content_type or ""))
    poster = links.path(Place(one.order_id, 0, is_thumbnail=True), extension=".webp")
    return FilmTold(
        state=one.state,
        url=origin + path if one.sha256 is not None else None,
        poster_url=origin + poster if one.poster_sha256 is not None else None,
        size_bytes=one.size_bytes,
        width=one.width,
        height=one.height,
        seconds=None if one.duration_ms is None else one.duration_ms / 1000,
        failure=failure,
    )


def _standing(found: Outline) -> dict[str, Any]:
    return {
        "id": found.id,
        "kind": found.kind,
        "state": found.state,
        "states": found.states,
        "estimate_usd": usd(found.estimate_nano_usd),
        "held_usd": usd(found.held_nano_usd),
        "cost_usd": usd(found.cost_nano_usd),
        "created_at": found.created_at,
        "finished_at": found.finished_at,
    }


def output(one: Output, *, links: Links, origin: str) -> OutputTold:
    """Tell of a stored output, with its links."""
    place = Place(one.generation_id, one.position)
    thumbnail = Place(one.generation_id, one.position, is_thumbnail=True)
    made_by = one.note if one.position >= steps.MADE_HERE else None
    return OutputTold(
        position=one.position,
        url=origin + links.path(place, extension=extension(one.content_type)),
        thumbnail_url=origin + links.path(thumbnail, extension=".webp") if one.thumbnail_sha256 else None,
        content_type=one.content_type,
        size_bytes=one.size_bytes,
        sha256=one.sha256,
        width=one.width,
        height=one.height,
        seconds=None if one.duration_ms is None else one.duration_ms / 1000,
        made_by=made_by,
        dpi=steps.dpi(made_by, one.width, one.height),
    )


def extension(content_type: str) -> str:
    """Return what the name of a file of this type ends with, its dot included."""
    return kinds.extension(content_type)
