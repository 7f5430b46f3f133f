"""A worker in a process of its own, which takes its own life at a named point of its first purchase."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.chaos.points import Trap
from tests.chaos.statements import Told
from tintype import bootstrap, settings
from tintype.replicate import settings as replicate_settings


async def main(url: str, data: str, origin: str, token: str, point: str) -> None:
    """Work until the point is reached."""
    made = settings.load(dotenv=Path(data) / "none.env", data=Path(data))
    place = replicate_settings.resolve(token, base_url=origin)
    async with (
        Told(url, at=Trap(point).reached, application="tintype worker") as database,
        bootstrap.core_on(database, made, place) as core,
    ):
        await core.work()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
