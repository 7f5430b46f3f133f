"""Versions of a model: list, read, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tintype.simulator import calls, catalogue, origins, pages, problems, replies
from tintype.simulator.routes import models

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from tintype.simulator.catalogue import Entry, Version
    from tintype.simulator.records import Account
    from tintype.simulator.world import World


def routes(world: World) -> list[BaseRoute]:
    """Return the routes of this module."""

    async def listing(request: Request, account: Account) -> Response:
        found = catalogue.versions(world, models.find(world, request, account))
        page = pages.cut(
            found,
            cursor=pages.cursor_of(request),
            size=pages.MODELS_PER_PAGE,
            key=lambda version: version.order,
            descending=True,
        )
        origin = origins.origin(world.settings, request.scope)
        return replies.reply(pages.body(request, page, catalogue.show_version, origin=origin))

    async def get(request: Request, account: Account) -> Response:
        return replies.reply(catalogue.show_version(find(world, request, account)[1]))

    async def delete(request: Request, account: Account) -> Response:
        entry, version = find(world, request, account)
        if entry.made is None or entry.made.account != account.token:
            raise problems.Problem(
                403, "You do not have permission to delete this version", title="Forbidden"
            )
        if any(one.version == version.id for one in world.deployments):
            raise problems.Problem(409, "A version that a deployment uses cannot be deleted")
        world.user_versions.remove(version.id)
        return replies.nothing(202)

    path = "/models/{owner}/{name}/versions"
    return [
        calls.resource(path, GET=calls.operation(world, listing)),
        calls.resource(
            f"{path}/{{id}}", GET=calls.operation(world, get), DELETE=calls.operation(world, delete)
        ),
    ]


def find(world: World, request: Request, account: Account) -> tuple[Entry, Version]:
    """Return the model and the version that a request's path names. Raises Problem 404."""
    entry = models.find(world, request, account)
    for version in catalogue.versions(world, entry):
        if version.id == request.path_params["id"]:
            return entry, version
    raise problems.not_found("The requested version does not exist")
