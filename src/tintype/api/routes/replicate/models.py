"""`/replicate/v1/models` and what is found there: models and versions, readmes, examples, search, collections."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import Path, Request, Response

from tintype.api import gateway
from tintype.api.problems import Problem
from tintype.api.routes.replicate import words
from tintype.api.routes.replicate.words import Cursor
from tintype.api.schemas.replicate import (
    CollectionSaid,
    HardwareSaid,
    Listed,
    ModelSaid,
    PredictionTold,
    SearchSaid,
    VersionSaid,
)
from tintype.domain.access import Scope
from tintype.replicate import wire
from tintype.service.browsing import Asked, Told

QUERY_MAX_BYTES = 4_096
_JSON = "application/json; charset=utf-8"

own = words.own_router("models", needs=Scope.READ)

Owner = Annotated[str, Path(examples=["black-forest-labs"])]
Name = Annotated[str, Path(examples=["flux-schnell"])]
Version = Annotated[str, Path(description="The version's id: 64 hex digits.")]
Slug = Annotated[str, Path(examples=["text-to-image"])]


@own.get("/models", response_model=Listed[ModelSaid], responses=words.refuses(404))
async def index(
    request: Request,
    cursor: Cursor = None,
    sort_by: str | None = None,
    sort_direction: str | None = None,
) -> Response:
    """List upstream's models."""
    return await read(request, "/models", cursor=cursor, sort_by=sort_by, sort_direction=sort_direction)


@own.api_route("/models", methods=["QUERY"], include_in_schema=False)
async def search(request: Request) -> Response:
    """Search upstream's models; the words are the body, as they are or as a JSON string."""
    content = b""
    async for piece in request.stream():
        content += piece
        if len(content) > QUERY_MAX_BYTES:
            raise Problem("too_large", "The search query is too long")
    asked = Asked("QUERY", "/models", body=content, content_type="text/plain")
    return told(await gateway.of(request).core.browsing.read(asked, base=words.base(request)))


@own.get("/models/{owner}/{name}", response_model=ModelSaid, responses=words.refuses(404))
async def show(request: Request, owner: Owner, name: Name) -> Response:
    """Show a model with its latest version."""
    return await read(request, _model(owner, name))


@own.get("/models/{owner}/{name}/versions", response_model=Listed[VersionSaid], responses=words.refuses(404))
async def versions(request: Request, owner: Owner, name: Name, cursor: Cursor = None) -> Response:
    """List the versions of a model."""
    return await read(request, f"{_model(owner, name)}/versions", cursor=cursor)


@own.get("/models/{owner}/{name}/versions/{id}", response_model=VersionSaid, responses=words.refuses(404))
async def version(request: Request, owner: Owner, name: Name, id: Version) -> Response:
    """Show a version with its schema."""
    return await read(request, f"{_model(owner, name)}/versions/{_part(id)}")


@own.get(
    "/models/{owner}/{name}/examples", response_model=Listed[PredictionTold], responses=words.refuses(404)
)
async def examples(request: Request, owner: Owner, name: Name, cursor: Cursor = None) -> Response:
    """List example predictions of a model."""
    return await read(request, f"{_model(owner, name)}/examples", cursor=cursor)


@own.get(
    "/models/{owner}/{name}/readme",
    response_class=Response,
    responses={
        200: {
            "description": "Markdown.",
            "content": {"text/plain": {"schema": {"type": "string"}, "example": "# FLUX.1 [schnell]\n"}},
        },
        **words.refuses(404),
    },
)
async def readme(request: Request, owner: Owner, name: Name) -> Response:
    """Show a model's readme."""
    return await read(request, f"{_model(owner, name)}/readme")


@own.get("/collections", response_model=Listed[CollectionSaid], responses=words.refuses(404))
async def collections(request: Request, cursor: Cursor = None) -> Response:
    """List upstream's collections of models."""
    return await read(request, "/collections", cursor=cursor)


@own.get("/collections/{slug}", response_model=CollectionSaid, responses=words.refuses(404))
async def collection(request: Request, slug: Slug) -> Response:
    """Show a collection with its models."""
    return await read(request, f"/collections/{_part(slug)}")


@own.get("/hardware", response_model=list[HardwareSaid], responses=words.refuses())
async def hardware(request: Request) -> Response:
    """List the machines that models run on."""
    return await read(request, "/hardware")


@own.get("/search", response_model=SearchSaid, responses=words.refuses())
async def search_all(request: Request, query: str | None = None, limit: str | None = None) -> Response:
    """Search models, collections and pages."""
    return await read(request, "/search", query=query, limit=limit)


async def read(request: Request, path: str, **query: str | None) -> Response:
    """Answer with what upstream says at a path."""
    asked = Asked("GET", path, {name: value for name, value in query.items() if value is not None})
    return told(await gateway.of(request).core.browsing.read(asked, base=words.base(request)))


def told(said: Told) -> Response:
    """Answer with what upstream said: its document, its text, or its refusal of what was asked for."""
    if said.text is not None and said.status < 300:
        return Response(said.text, said.status, media_type="text/plain; charset=utf-8")
    if said.document is None and said.text is None:
        return Response(status_code=said.status)
    if said.status >= 400:
        return Response(json.dumps(_refusal(said)), said.status, media_type=_JSON)
    return words.answer(said.document, said.status)


def _refusal(said: Told) -> dict[str, Any]:
    if isinstance(said.document, dict):
        return {"detail": words.NOT_FOUND, "status": said.status} | said.document
    return {"detail": words.NOT_FOUND if said.status == 404 else "Refused", "status": said.status}


def _model(owner: str, name: str) -> str:
    return f"/models/{_part(owner)}/{_part(name)}"


def _part(text: str) -> str:
    return wire.part(text)


router = words.mounted(own)
