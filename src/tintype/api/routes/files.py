"""`/api/files`: upload files to give them as input; they go to the store as they come."""

from __future__ import annotations

import re
from collections.abc import AsyncIterable
from typing import Annotated, Any

from fastapi import Path, Query, Request, Response

from tintype.api import auth, forms, gateway, routing, stored
from tintype.api.problems import Problem
from tintype.api.schemas.files import FilePage, FileTold
from tintype.api.stored import File
from tintype.media.files_errors import ObjectTooLarge
from tintype.service.uploads import SIZE_MAX_BYTES, Described
from tintype.store.uploads import Upload

router = routing.router("/api/files", tags=["files"])

Ident = Annotated[str, Path(description="The upload's id.", examples=["01k9w3t8m2q7r5v6x0y4z1a2b3"])]
_LIST = "files"
# As ours is called, and Replicate's.
_PARTS = frozenset({"file", "content"})
_KIND = re.compile(r"[a-z0-9][a-z0-9.+-]{0,60}/[a-z0-9][a-z0-9.+-]{0,60}")
_FORM = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "properties": {"file": {"type": "string", "format": "binary", "minLength": 1}},
                "required": ["file"],
                "additionalProperties": False,
            }
        },
        "*/*": {"schema": {"type": "string", "format": "binary"}},
    },
}
_BYTES: dict[str, Any] = {"content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}


@router.post(
    "",
    status_code=201,
    response_model=FileTold,
    responses=routing.refuses(413, 415),
    openapi_extra={"requestBody": _FORM},
)
async def upload(
    request: Request,
    caller: auth.Generates,
    name: Annotated[
        str | None,
        Query(
            max_length=255,
            description="What it is called, where the body is the file itself.",
            examples=["boat.png"],
        ),
    ] = None,
) -> FileTold:
    """Upload a file: as the part `file` of a form, or as the body itself."""
    if forms.is_form(request):
        return _told(request, await _of_form(request, caller.key))
    said = _described(name, request.headers.get("content-type", "").partition(";")[0].strip().lower())
    return _told(request, await _kept(request, request.stream(), caller.key, said))


@router.get("", response_model=FilePage, responses=routing.refuses())
async def index(
    request: Request,
    caller: auth.Reads,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    cursor: Annotated[str | None, Query(description="`next` of the page before.")] = None,
) -> FilePage:
    """List the key's uploads, newest first."""
    here = gateway.of(request)
    before = here.cursors.read(_LIST, caller.key, cursor)
    rows = await here.core.uploads.page(key_id=caller.key, before=before, at_most=limit)
    return FilePage(
        data=[_told(request, row) for row in rows],
        next=here.cursors.write(_LIST, caller.key, rows[-1].id) if len(rows) == limit else None,
    )


@router.get("/{id}", response_model=FileTold, responses=routing.refuses(404))
async def show(request: Request, caller: auth.Reads, id: Ident) -> FileTold:
    """Show an upload of the key's."""
    return _told(request, await gateway.of(request).core.uploads.get(id, key_id=caller.key))


@router.head("/{id}/download", include_in_schema=False)
@router.get(
    "/{id}/download",
    response_class=Response,
    responses={
        200: {"description": "The file.", **_BYTES},
        206: {"description": "The range of the file that was asked for.", **_BYTES},
        304: {"description": "The caller has it already."},
        **routing.refuses(404, 410, 416),
    },
)
async def download(request: Request, caller: auth.Reads, id: Ident) -> Response:
    """Give an upload of the key's back."""
    core = gateway.of(request).core
    found = await core.uploads.get(id, key_id=caller.key)
    name = stored.name_of(found.name, extension="")
    file = File(
        found.sha256,
        found.content_type,
        name,
        cache="private, no-cache",
        is_saved=True,
        is_foreign=True,
    )
    return await stored.answer(request, core.files, file)


@router.delete("/{id}", status_code=204, response_class=Response, responses=routing.refuses(404))
async def delete(request: Request, caller: auth.Generates, id: Ident) -> None:
    """Delete an upload of the key's. What was made with it stays, and keeps what it was given."""
    await gateway.of(request).core.uploads.remove(id, key_id=caller.key)


async def _of_form(request: Request, key_id: str) -> Upload:
    """Keep the file of a form. Raises Problem for a form without one, or with anything else."""
    kept = None
    async for part in forms.parts(request):
        if part.name not in _PARTS or kept is not None:
            raise Problem(
                "bad_input",
                f"the form has a part {part.name[:60]!r}; it is to have one, called file",
                headers={"Connection": "close"},
            )
        said = _described(part.filename, part.content_type)
        kept = await _kept(request, part.pieces(), key_id, said)
    if kept is None:
        raise Problem("bad_input", "the form has no part called file")
    return kept


async def _kept(request: Request, pieces: AsyncIterable[bytes], key_id: str, said: Described) -> Upload:
    core = gateway.of(request).core
    try:
        return await core.uploads.keep(_some(pieces), key_id=key_id, said=said)
    except ObjectTooLarge:
        raise Problem(
            "too_large",
            f"a file has at most {SIZE_MAX_BYTES:,} bytes here; give larger ones by an address",
            # What is still on its way is not read.
            headers={"Connection": "close"},
        ) from None


def _described(name: str | None, kind: str | None) -> Described:
    """Return what is said of a file, without signs that cannot be kept or shown."""
    shown = "".join(sign if sign.isprintable() else "?" for sign in name or "file")
    return Described(shown, kind if kind and _KIND.fullmatch(kind) else None)


async def _some(pieces: AsyncIterable[bytes]) -> AsyncIterable[bytes]:
    """Give the pieces on. Raises Problem when there are none."""
    is_empty = True
    async for piece in pieces:
        is_empty = is_empty and not piece
        yield piece
    if is_empty:
        raise Problem("bad_input", "the file is empty")


def _told(request: Request, row: Upload) -> FileTold:
    return FileTold(
        id=row.id,
        url=f"{gateway.of(request).origin_of(request)}/api/files/{row.id}",
        name=row.name,
        content_type=row.content_type,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )
