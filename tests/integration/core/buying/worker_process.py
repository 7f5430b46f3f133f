"""A worker in a process of its own, which takes its own life at a named point of its first purchase."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from tintype import bootstrap, settings
from tintype.replicate import settings as replicate_settings
from tintype.service.buying import Points
from tintype.store.database import Database


async def main(url: str, data: str, origin: str, token: str, point: str) -> None:
    """Work until the point is reached."""

    async def reached(name: str) -> None:
        if name == point:
            os.kill(os.getpid(), signal.SIGKILL)

    made = settings.load(dotenv=Path(data) / "none.env", data=Path(data))
    place = replicate_settings.resolve(token, base_url=origin)
    async with (
        Database(url, application="tintype worker") as database,
        bootstrap.core_on(database, made, place, points=Points(reached)) as core,
    ):
        await core.work()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
