"""`/replicate/v1/files`: upload, list, read, delete, and download by a signed link."""

from __future__ import annotations

import time
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import Path, Query, Request, Response

from tintype.api import auth, gateway, stored, uploading
from tintype.api.routes.replicate import words
from tintype.api.schemas.replicate import FilePage, FileTold
from tintype.api.stored import File
from tintype.domain.access import Scope
from tintype.media.files_errors import ObjectTooLarge
from tintype.service import predictions
from tintype.service.uploads import SIZE_MAX_BYTES, Described, FileUnknown
from tintype.store.uploads import Upload

PAGE = 100
TOO_LARGE = "Files must be less than 100MB in size"
NOT_FOUND = "File not found"
_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["content"],
                    "properties": {
                        "content": {"type": "string", "format": "binary"},
                        "filename": {"type": "string"},
                        "type": {"type": "string"},
                        "metadata": {"type": "string", "contentMediaType": "application/json"},
                    },
                }
            }
        },
    }
}

own = words.own_router("files")

Ident = Annotated[str, Path(description="The file's id.", examples=["01k9w3t8m2q7r5v6x0y4z1a2b3"])]


@own.post(
    "/files",
    status_code=201,
    response_model=FileTold,
    responses=words.refuses(409, 413, 415),
    openapi_extra=_FORM,
)
async def create(request: Request, caller: auth.Generates) -> Response:
    """Keep a file for 24 hours; its `urls.get` is what goes into an input."""
    here = gateway.of(request)
    async with uploading.read(request, size_max_bytes=SIZE_MAX_BYTES, too_large=TOO_LARGE) as sent:
        said = Described(sent.name, sent.content_type, sent.metadata)
        try:
            made = await here.core.uploads.keep(sent.pieces(), key_id=caller.key, said=said)
        except ObjectTooLarge:
            raise words.too_large(TOO_LARGE) from None
    return words.answer(_told(request, made), 201)


@own.get("/files", response_model=FilePage, responses=words.refuses())
async def index(request: Request, caller: auth.Reads, cursor: words.Cursor = None) -> Response:
    """List the key's uploads, newest first, a hundred at a time."""
    before, _ = words.places(cursor)
    found = await gateway.of(request).core.uploads.page(key_id=caller.key, before=before, at_most=PAGE + 1)
    page = found[:PAGE]
    return words.answer(
        {
            "previous": None,
            "next": words.link(request, page[-1].id if len(found) > PAGE else None),
            "results": [_told(request, one) for one in page],
        }
    )


@own.get("/files/{id}", response_model=FileTold, responses=words.refuses(404))
async def show(request: Request, caller: auth.Reads, id: Ident) -> Response:
    """Show what is known of a file: an upload of the key's, or what a prediction of its was given."""
    return words.answer(_told(request, await _found(request, id, caller.key)))


@own.delete("/files/{id}", status_code=204, response_class=Response, responses=words.refuses(404))
async def delete(request: Request, caller: auth.Generates, id: Ident) -> Response:
    """Delete an upload."""
    try:
        await gateway.of(request).core.uploads.remove(id, key_id=caller.key)
    except FileUnknown:
        raise words.not_found(NOT_FOUND) from None
    return Response(status_code=204)


@own.get(
    "/files/{id}/download",
    response_class=Response,
    responses={
        200: {
            "description": "The file.",
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        },
        206: {
            "description": "The range of the file that was asked for.",
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        },
        304: {"description": "The caller has it already."},
        **words.refuses(404, 410, 416),
    },
)
async def download(
    request: Request,
    id: Ident,
    owner: Annotated[str, Query(max_length=64)] = "",
    expiry: Annotated[str, Query(max_length=16)] = "",
    signature: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """Give a file to whoever holds a link that was signed, or to its owner."""
    here = gateway.of(request)
    if signature:
        # A plus sign that was not escaped arrives as a space.
        is_signed = here.core.uploads.is_signed(
            id, owner=owner, expiry=expiry, signature=signature.replace(" ", "+")
        )
        if not is_signed:
            raise words.not_found(NOT_FOUND)
    else:
        owner = (await auth.caller(request, None, Scope.READ)).key
    found = await _found(request, id, owner)
    return await stored.answer(
        request,
        here.core.files,
        File(
            found.sha256,
            "application/octet-stream",
            stored.name_of(found.name, extension=""),
            cache="private, max-age=60",
            is_saved=True,
        ),
    )


async def _found(request: Request, ident: str, key_id: str) -> Upload:
    try:
        return await gateway.of(request).core.uploads.get(ident, key_id=key_id)
    except FileUnknown:
        raise words.not_found(NOT_FOUND) from None


def _told(request: Request, upload: Upload) -> dict[str, Any]:
    address = f"{words.base(request)}/files/{quote(upload.id, safe='')}"
    expiry = str(max(int(upload.expires_at.timestamp()), int(time.time()) + 60))
    signature = gateway.of(request).core.uploads.signature(upload.id, owner=upload.key_id, expiry=expiry)
    signed = urlencode({"owner": upload.key_id, "expiry": expiry, "signature": signature})
    return {
        "id": upload.id,
        "name": upload.name,
        "content_type": upload.content_type,
        "size": upload.size_bytes,
        "etag": upload.md5 or upload.sha256[:32],
        "checksums": {"sha256": upload.sha256, "md5": upload.md5},
        "metadata": upload.metadata,
        "created_at": predictions.moment_text(upload.created_at, digits=3),
        "expires_at": predictions.moment_text(upload.expires_at, digits=3),
        "urls": {"get": address, "download": f"{address}/download?{signed}"},
    }


router = words.mounted(own)
