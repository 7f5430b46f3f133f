"""What a gateway calls back with: its signature checked."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from standardwebhooks import Webhook

from tests.integration.gateway.storing import store
from tintype.service import notices, sealing
from tintype.store.database import Database

if TYPE_CHECKING:
    from tests.integration.gateway.serving import Serving
    from tests.receiving import Call


def verified(here: Serving, call: Call) -> dict[str, Any]:
    """Check a callback's signature, and return what it says."""

    async def secret() -> str:
        async with Database(here.database_url) as database:
            return await notices.secret("local", db=database, seal=await sealing.load(store(here)))

    told: dict[str, Any] = Webhook(asyncio.run(secret())).verify(call.body, call.headers)
    return told
