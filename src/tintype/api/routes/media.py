"""`/media/…` and `/share/…`: stored outputs behind links that open by themselves, without a key (rule 24)."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Path, Query, Request, Response

from tintype.api import auth, gateway, present, routing, stored
from tintype.api.problems import Problem
from tintype.api.routes.generations import Ident
from tintype.api.schemas.media import ShareAsked, SharedTold, ShareTold
from tintype.api.stored import File
from tintype.domain import errors
from tintype.service.links import Place, Shared
from tintype.store import outputs

router = routing.router(tags=["media"])

Maker = Annotated[str, Path(description="The generation's id.", examples=["01k9w3t8m2q7r5v6x0y4z1a2b3"])]
Position = Annotated[
    str, Path(description="The output's place among those of the generation.", examples=["0"])
]
Name = Annotated[str, Path(description="The code that nobody can guess, and an ending.")]
Download = Annotated[bool, Query(description="Have a browser save it in place of showing it.")]

_BYTES: dict[str, Any] = {"content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}
_FILE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file.", **_BYTES},
    206: {"description": "The range of the file that was asked for.", **_BYTES},
    304: {"description": "The caller has it already."},
    **routing.refuses(404, 410, 416, is_open=True),
}


@router.head("/media/{id}/{position}/{name}", include_in_schema=False)
@router.get("/media/{id}/{position}/{name}", response_class=Response, responses=_FILE)
async def show(
    request: Request, id: Maker, position: Position, name: Name, *, download: Download = False
) -> Response:
    """Give a stored output or its thumbnail; the link is told with its generation. Takes Range and If-None-Match."""
    place = gateway.of(request).links.place(f"/media/{id}/{position}/{name}")
    if place is None:
        raise _unknown()
    return await _answer(request, place, cache=stored.FOR_EVER, is_saved=download)


@router.head("/share/{id}/{position}/{name}", include_in_schema=False)
@router.get("/share/{id}/{position}/{name}", response_class=Response, responses=_FILE)
async def show_shared(
    request: Request, id: Maker, position: Position, name: Name, *, download: Download = False
) -> Response:
    """Give an output that was shared, until its link ends."""
    shared = gateway.of(request).links.shared(f"/share/{id}/{position}/{name}")
    if shared is None:
        raise _unknown()
    left_s = shared.ends_at - int(time.time())
    if left_s <= 0:
        raise Problem("gone", "this link has ended; who shared it can share it again")
    return await _answer(request, shared.place, cache=f"private, max-age={left_s}", is_saved=download)


@router.post(
    "/api/generations/{id}/share", response_model=ShareTold, responses=routing.refuses(404, 409, 413, 415)
)
async def share(body: ShareAsked, request: Request, caller: auth.Reads, id: Ident) -> ShareTold:
    """Make links to the outputs that end by themselves; the links told with the generation do not."""
    here = gateway.of(request)
    row = await here.core.generations.get(id, actor=caller.actor())
    kept = await outputs.of(here.core.database, row.id)
    if not kept:
        raise errors.NotPossibleNow(f"generation {row.id} is {row.state} and has no outputs to share")
    chosen = [one for one in kept if body.position in {None, one.position}]
    if not chosen:
        raise Problem("not_found", f"generation {row.id} has no output {body.position}; it has {len(kept)}")
    ends_at = int(time.time()) + body.expires_in
    origin = here.origin_of(request)
    return ShareTold(
        expires_at=datetime.fromtimestamp(ends_at, UTC),
        links=[
            SharedTold(
                position=one.position,
                url=origin
                + here.links.shared_path(
                    Shared(Place(row.id, one.position), ends_at),
                    extension=present.extension(one.content_type),
                ),
                content_type=one.content_type,
            )
            for one in chosen
        ],
    )


async def _answer(request: Request, place: Place, *, cache: str, is_saved: bool) -> Response:
    core = gateway.of(request).core
    found = await outputs.linked(core.database, place.generation_id, place.position)
    if found is not None and found.is_deleted:
        raise stored.gone()
    if found is None or found.sha256 is None or found.content_type is None:
        raise _unknown()
    sha256, content_type = found.sha256, found.content_type
    parts = [found.model.rpartition("/")[2], place.generation_id, str(place.position + 1)]
    if place.is_thumbnail:
        if found.thumbnail_sha256 is None:
            raise Problem("not_found", "this output has no thumbnail, or not yet")
        sha256, content_type = found.thumbnail_sha256, "image/webp"
        parts.append("thumbnail")
    name = stored.name_of(*parts, extension=present.extension(content_type))
    return await stored.answer(request, core.files, File(sha256, content_type, name, cache, is_saved))


def _unknown() -> Problem:
    return Problem("not_found", "no such file is linked here; take the link as it was told")
