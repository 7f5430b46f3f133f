"""The kinds of machine that models run on: a bare list, not a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tintype.simulator import calls, replies

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from tintype.simulator.records import Account
    from tintype.simulator.world import World


def routes(world: World) -> list[BaseRoute]:
    """Return the routes of this module."""

    async def get(_request: Request, _account: Account) -> Response:
        return replies.reply([{"name": one.name, "sku": one.sku} for one in world.hardware.values()])

    return [calls.resource("/hardware", GET=calls.operation(world, get))]
