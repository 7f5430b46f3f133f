"""One of several processes that change keys at the same time; a fleet tells it what.

A task is {"create": name}, {"rotate": name}, {"revoke": name} or {"address": address}; the outcome has the secret,
what is left to the address, or the error's code.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

from tintype.domain.errors import TintypeError
from tintype.domain.rates import Rate
from tintype.service import addresses
from tintype.service.keys import Keys
from tintype.store.database import Database


async def serve() -> None:
    """Do what the lines of the standard input say until it ends."""
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        order = json.loads(line)
        async with Database(order["url"], connections_max=16, wait_s=30.0) as db:
            done = await asyncio.gather(*(_once(db, **task) for task in order["tasks"]))
        sys.stdout.write(json.dumps([[one] for one in done]) + "\n")
        sys.stdout.flush()


async def _once(
    db: Database,
    *,
    create: str | None = None,
    rotate: str | None = None,
    revoke: str | None = None,
    address: str | None = None,
) -> dict[str, Any]:
    keys = Keys(db, randomness=os.urandom)
    try:
        if create is not None:
            return {"secret": (await keys.create(create, by="local")).secret}
        if rotate is not None:
            return {"secret": (await keys.rotate(rotate, by="local", overlap_s=0.0)).secret}
        if revoke is not None:
            return {"revoked": (await keys.revoke(revoke, by="local")).id}
        room = await addresses.take(db, address or "", "pictures", Rate(10, 60))
    except TintypeError as error:
        return {"error": error.code}
    return {"left": room.left, "ends_in_s": room.ends_in_s}


if __name__ == "__main__":
    asyncio.run(serve())
