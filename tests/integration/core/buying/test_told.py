"""From asking to telling: outputs stored, listeners and a user's URL told, through the whole core."""

from __future__ import annotations

import asyncio
import hashlib
import json
from typing import TYPE_CHECKING

from standardwebhooks import Webhook

from tests.integration.core import outlet as outlets
from tests.integration.core.asking import ALICE
from tests.integration.core.buying.conftest import opened, until
from tests.integration.core.outlet import Says
from tintype.media import provenance
from tintype.service import notices
from tintype.store import outputs

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.core.buying.conftest import Shop
    from tintype.store.database import Database
    from tintype.store.outputs import Output
    from tintype.testing import Simulator


async def test_a_generation_is_stored_and_told(db: Database, data: Path, simulator: Simulator) -> None:
    """Rules 17 and 18: states in order, the bytes under their hash, a thumbnail, and a signed callback."""
    async with outlets.running() as receiver, opened(db, data, simulator, allow_loopback_urls=True) as shop:
        url = receiver.says("/hook", Says(status=200))

        ident = await shop.ask(callback_url=url, input={"prompt": "a boat", "output_format": "png"})
        async with asyncio.timeout(30):
            states = [event.state async for event in shop.core.feed.watch(ident, after="0")]
            await receiver.came.wait()

        (kept,) = await outputs.of(db, ident)
        content = b"".join([piece async for piece in (await shop.core.files.open(kept.sha256)).pieces])
        secret = await notices.secret(ALICE.key, db=db, seal=shop.core.notices.seal)
        (asked,) = receiver.asked
        Webhook(secret).verify(asked.body, asked.headers)
        told = json.loads(asked.body)
        assert states[0] == "queued"
        assert states[-2:] == ["capturing", "succeeded"]
        assert hashlib.sha256(content).hexdigest() == kept.sha256
        assert provenance.KEYWORD.encode() + b"\0" + ident.encode() in content
        assert (told["type"], told["data"]["id"]) == ("generation.succeeded", ident)
        assert [one["sha256"] for one in told["data"]["outputs"]] == [kept.sha256]
        assert (await _pictured(shop, ident)).thumbnail_sha256 is not None


async def _pictured(shop: Shop, ident: str) -> Output:
    """Wait for the thumbnail, which comes when it comes."""

    async def ask() -> Output | None:
        (kept,) = await outputs.of(shop.core.database, ident)
        return kept if kept.thumbnail_sha256 else None

    found: Output = await until(ask)
    return found
