"""Files: upload, list, read, delete, and download by a signed link."""

from __future__ import annotations

import hmac
import json
from typing import TYPE_CHECKING, Any

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.responses import Response

from tintype.simulator import calls, origins, pages, problems, replies, uploads

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from tintype.simulator.records import Account, File
    from tintype.simulator.world import World

NAME_MAX = 255
TYPE_DEFAULT = "application/octet-stream"
# Whatever surrounds the content in a multipart body.
ENVELOPE_BYTES_MAX = 1024 * 1024


def routes(world: World) -> list[BaseRoute]:
    """Return the routes of this module."""
    for file in list(world.files):
        uploads.watch(world, file)
    shelf = Files(world)
    return [
        calls.resource(
            "/files",
            GET=calls.operation(world, shelf.listing),
            POST=calls.operation(world, shelf.create),
        ),
        calls.resource(
            "/files/{id}",
            GET=calls.operation(world, shelf.get),
            DELETE=calls.operation(world, shelf.delete),
        ),
        calls.resource("/files/{id}/download", GET=calls.open_operation(shelf.download)),
    ]


class Files:
    """The operations on files."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def listing(self, request: Request, account: Account) -> Response:
        """Return a page of the account's files, newest first."""
        found = [file for file in self._world.files.of(account.token) if self._is_there(file)]
        page = pages.cut(
            found[::-1],
            cursor=pages.cursor_of(request),
            size=pages.PREDICTIONS_PER_PAGE,
            key=lambda file: f"{file.created_s:017.6f} {file.id}",
            descending=True,
        )
        origin = self._origin(request)
        return replies.reply(
            pages.body(request, page, lambda file: uploads.show(file, origin=origin), origin=origin)
        )

    async def create(self, request: Request, account: Account) -> Response:
        """Keep an uploaded file for 24 hours."""
        form = await _form(request)
        try:
            content = form.get("content")
            if not isinstance(content, UploadFile):
                raise problems.invalid_fields([("required", "", "content is required")])
            if (content.size or 0) > uploads.BYTES_MAX:
                raise problems.too_large()
            name = await _text(form, "filename") or content.filename or "upload"
            if len(name) > NAME_MAX:
                raise problems.invalid_fields(
                    [("string_lte", "filename", f"String length must be less than or equal to {NAME_MAX}")]
                )
            file = uploads.add(
                self._world,
                account,
                content=await content.read(),
                name=name,
                content_type=await _text(form, "type") or content.content_type or TYPE_DEFAULT,
                metadata=await _metadata(form),
            )
        finally:
            await form.close()
        return replies.reply(uploads.show(file, origin=self._origin(request)), status=201)

    async def get(self, request: Request, account: Account) -> Response:
        """Return what is known of one file."""
        return replies.reply(uploads.show(self._find(request, account), origin=self._origin(request)))

    async def delete(self, request: Request, account: Account) -> Response:
        """Delete a file."""
        uploads.remove(self._world, self._find(request, account).id)
        return replies.nothing()

    async def download(self, request: Request) -> Response:
        """Return the bytes of a file to whoever holds a link that its owner signed."""
        world, query = self._world, request.query_params
        file = uploads.find(world, request.path_params["id"])
        if file is None:
            raise _not_found()
        account = world.accounts.by_token(file.account)
        owner, expiry = query.get("owner", ""), query.get("expiry", "")
        expected = uploads.signature(
            uploads.signing_secret(world, account), owner=owner, identity=file.id, expiry=expiry
        )
        # A plus sign that was not escaped in the link arrives as a space.
        is_signed = hmac.compare_digest(
            expected.encode(), query.get("signature", "").replace(" ", "+").encode()
        )
        is_current = expiry.isdecimal() and int(expiry[:12]) > world.clock.now()
        content = (
            world.blobs.get(file.blob) if is_signed and is_current and owner == account.username else None
        )
        if content is None:
            raise _not_found()
        return Response(content, media_type="application/octet-stream")

    def _find(self, request: Request, account: Account) -> File:
        file = uploads.find(self._world, request.path_params["id"])
        if file is None or file.account != account.token:
            raise _not_found()
        return file

    def _is_there(self, file: File) -> bool:
        return file.expires_s > self._world.clock.now()

    def _origin(self, request: Request) -> str:
        return origins.origin(self._world.settings, request.scope)


async def _form(request: Request) -> FormData:
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise problems.Problem(415, "Files are uploaded as multipart/form-data")
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > uploads.BYTES_MAX + ENVELOPE_BYTES_MAX:
        # The body is read to its end, else the client meets a closed connection instead of the answer.
        async for _ in request.stream():
            pass
        raise problems.too_large()
    try:
        return await request.form(max_files=4, max_fields=16)
    except (HTTPException, MultiPartException) as error:
        raise problems.Problem(400, "The multipart body cannot be read") from error


async def _text(form: FormData, name: str) -> str | None:
    """Return a part as text, whether it was sent as a field or as a blob."""
    part = form.get(name)
    if isinstance(part, UploadFile):
        try:
            return (await part.read()).decode()
        except UnicodeDecodeError as error:
            raise problems.invalid_fields([("invalid_type", name, "Must be UTF-8 text")]) from error
    return part


async def _metadata(form: FormData) -> dict[str, Any]:
    text = await _text(form, "metadata")
    if not text:
        return {}
    try:
        metadata = json.loads(text)
    except (ValueError, RecursionError):
        metadata = None
    if not isinstance(metadata, dict):
        raise problems.invalid_fields([("invalid_type", "metadata", "Must be a JSON object")])
    return metadata


def _not_found() -> problems.Problem:
    return problems.not_found("File not found")
