"""The secret that an account's webhooks are signed with."""

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

    async def get(_request: Request, account: Account) -> Response:
        return replies.reply({"key": account.secret})

    return [calls.resource("/webhooks/default/secret", GET=calls.operation(world, get))]
