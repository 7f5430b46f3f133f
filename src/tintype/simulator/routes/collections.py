"""Named lists of models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tintype.simulator import calls, catalogue, origins, pages, problems, replies

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from tintype.simulator.models import Collection
    from tintype.simulator.records import Account
    from tintype.simulator.world import World

PER_PAGE = 100


def routes(world: World) -> list[BaseRoute]:
    """Return the routes of this module."""

    async def listing(request: Request, _account: Account) -> Response:
        found = sorted(world.collections.values(), key=lambda one: one.slug)
        page = pages.cut(found, cursor=pages.cursor_of(request), size=PER_PAGE, key=lambda one: one.slug)
        origin = origins.origin(world.settings, request.scope)
        return replies.reply(pages.body(request, page, _show, origin=origin))

    async def get(request: Request, account: Account) -> Response:
        collection = world.collections.get(request.path_params["slug"])
        if collection is None:
            raise problems.not_found("The specified collection does not exist")
        origin = origins.origin(world.settings, request.scope)
        pairs = [slug.partition("/") for slug in collection.members]
        found = [catalogue.find(world, owner, name, account=account.token) for owner, _, name in pairs]
        models = [catalogue.show(world, entry, origin=origin) for entry in found if entry is not None]
        return replies.reply(
            _show(collection) | {"full_description": collection.full_description, "models": models}
        )

    return [
        calls.resource("/collections", GET=calls.operation(world, listing)),
        calls.resource("/collections/{slug}", GET=calls.operation(world, get)),
    ]


def _show(collection: Collection) -> dict[str, str]:
    return {
        "name": collection.name,
        "slug": collection.slug,
        "description": collection.description,
    }
